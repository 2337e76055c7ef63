"""get, describe, explain and the other commands that change nothing."""

import json
import subprocess
import time

from session import KubectlCase, config_map


class Get(KubectlCase):
    def test_tables_of_a_deployment_and_what_it_owns(self):
        self.roll_out("web")
        self.assertEqual(["NAME", "READY", "UP-TO-DATE", "AVAILABLE", "AGE"], self.columns("get deployments")[0])
        self.assertEqual(["web", "2/2", "2", "2"], self.columns("get deploy web")[1][:4])
        self.assertEqual(["NAME", "DESIRED", "CURRENT", "READY", "AGE"], self.columns("get rs")[0])
        self.assertEqual(["2", "2", "2"], self.columns("get rs")[1][1:4])
        rows = self.columns("get pods")
        self.assertEqual(["NAME", "READY", "STATUS", "RESTARTS", "AGE"], rows[0])
        self.assertEqual([["1/1", "Running", "0"]] * 2, [row[1:4] for row in rows[1:]])

    def test_wide_tables(self):
        self.roll_out("web", 1)
        self.assertEqual(["CONTAINERS", "IMAGES", "SELECTOR"], self.columns("get deploy -o wide")[0][-3:])
        self.assertEqual(["main", "web:1", "app=web"], self.columns("get deploy -o wide")[1][-3:])
        heading, pod = self.columns("get pods -o wide")
        self.assertEqual(["IP", "NODE", "NOMINATED NODE", "READINESS GATES"], heading[-4:])
        self.assertRegex(pod[-3], "^node-[12]$")
        self.assertEqual(["INTERNAL-IP", "EXTERNAL-IP", "OS-IMAGE", "KERNEL-VERSION", "CONTAINER-RUNTIME"],
                         self.columns("get nodes -o wide")[0][-5:])
        self.k("expose deployment web --port=80")
        self.assertEqual("app=web", self.columns("get svc -o wide")[1][-1])

    def test_tables_of_the_other_kinds(self):
        self.k("create sa robot")
        self.k("create role reader --verb=get --resource=pods")
        self.k("create rolebinding reads --role=reader --serviceaccount=" + self.namespace + ":robot")
        self.k("create configmap one --from-literal=a=1 --from-literal=b=2")
        self.k("create secret generic two --from-literal=a=1")
        self.assertEqual(["one", "2"], self.columns("get cm one")[1][:2])
        self.assertEqual(["two", "Opaque", "1"], self.columns("get secrets two")[1][:3])
        self.assertEqual(["NAME", "CREATED AT"], self.columns("get roles")[0])
        self.assertEqual(["reads", "Role/reader"], self.columns("get rolebindings")[1][:2])
        self.assertEqual(["NAME", "SECRETS", "AGE"], self.columns("get serviceaccounts")[0])
        self.assertEqual([self.namespace, "Active"], self.columns(f"get namespace {self.namespace}")[1][:2])
        self.assertEqual(["NAME", "STATUS", "ROLES", "AGE", "VERSION"], self.columns("get nodes")[0])
        self.assertEqual(["node-1", "Ready"], self.columns("get nodes")[1][:2])
        self.assertEqual(["NAME", "HOLDER", "AGE"], self.columns("get leases -A")[0][1:])

    def test_yaml_json_and_name(self):
        self.k("create -f -", stdin=config_map("one", "x", key="value: 1\nline 2\n"))
        self.says("get cm one -o yaml", "apiVersion: v1\n", "kind: ConfigMap\n", "key: |\n    value: 1\n    line 2\n")
        one = self.json("get cm one")
        self.assertEqual({"key": "value: 1\nline 2\n"}, one["data"])
        self.assertEqual("List", self.json("get cm,secret")["kind"])
        self.assertEqual("configmap/one\n", self.k("get cm one -o name"))
        self.assertNotIn("managedFields", one["metadata"])

    def test_jsonpath_templates_and_custom_columns(self):
        self.k("create -f -", stdin=config_map("a", v="1") + config_map("b", v="2"))
        self.assertEqual("1 2", self.k("get cm a b -o jsonpath='{.items[*].data.v}'"))
        self.assertEqual("a=1;b=2;", self.k(
            "get cm a b -o jsonpath='{range .items[*]}{.metadata.name}={.data.v};{end}'"))
        self.assertEqual("2", self.k("get cm b -o go-template='{{.data.v}}'"))
        self.assertEqual([["WHO", "V", "W"], ["a", "1", "<none>"], ["b", "2", "<none>"]], self.columns(
            "get cm a b -o custom-columns=WHO:.metadata.name,V:.data.v,W:.data.w"))

    def test_selectors_and_order(self):
        self.k("create -f -", stdin=config_map("a", "x", v="2") + config_map("b", "z", v="1") + config_map("c", v="3"))
        self.assertEqual("configmap/a\n", self.k("get cm -l app=x -o name"))
        self.assertEqual("configmap/a\nconfigmap/b\n", self.k("get cm -l 'app in (x, z)' -o name"))
        self.assertEqual("configmap/b\n", self.k("get cm -l app,app!=x -o name"))
        self.assertEqual("configmap/b\n", self.k("get cm --field-selector=metadata.name=b -o name"))
        self.assertEqual([["b", "1"], ["a", "1"]], [row[:2] for row in self.columns(
            "get cm -l app --sort-by=.data.v --no-headers")])
        self.assertEqual(["NAME", "DATA", "AGE", "APP"], self.columns("get cm a -L app")[0])
        self.says("get cm a --show-labels", "app=x")
        self.refused("get cm -l 'a in'", "unable to parse requirement")
        self.refused("get cm --field-selector=data.v=1", "field label not supported: data.v")

    def test_all_namespaces_several_kinds_and_pages(self):
        self.k("create -f -", stdin="".join(config_map(f"m{i}", "page", i=str(i)) for i in range(5)))
        rows = self.columns("get cm -A -l app=page")
        self.assertEqual(["NAMESPACE", "NAME"], rows[0][:2])
        self.assertIn([self.namespace, "m0"], [row[:2] for row in rows])
        self.assertEqual("".join(f"configmap/m{i}\n" for i in range(5)),
                         self.k("get cm -l app=page --chunk-size=2 -o name"))
        self.says("get cm/m0 sa/default", "configmap/m0", "serviceaccount/default")
        self.k("create service clusterip s --tcp=80")
        self.says("get all", "service/s")
        self.assertEqual("", self.k("get cm missing --ignore-not-found"))
        self.assertIn("No resources found", self.run_kubectl("get deployments").error)

    def test_watch_shows_each_change(self):
        self.k("create cm one --from-literal=v=1")
        command = "get cm one -w --output-watch-events -o jsonpath='{.type}={.object.data.v} '"
        with subprocess.Popen(self.arguments(command), env=self.environment, stdout=subprocess.PIPE,
                              text=True) as watch:
            try:
                self.assertEqual("ADDED=1 ", watch.stdout.read(8))
                self.k("patch cm one -p '{\"data\":{\"v\":\"2\"}}'")
                self.k("delete cm one")
                self.assertEqual("MODIFIED=2 DELETED=2 ", watch.stdout.read(21))
            finally:
                watch.kill()

    def test_watch_of_a_list_prints_rows(self):
        with subprocess.Popen(self.arguments("get sa -w"), env=self.environment, stdout=subprocess.PIPE,
                              text=True) as watch:
            try:
                self.assertEqual(["NAME", "SECRETS", "AGE"], watch.stdout.readline().split())
                self.assertEqual("default", watch.stdout.readline().split()[0])
                self.k("create sa robot")
                self.assertEqual("robot", watch.stdout.readline().split()[0])
            finally:
                watch.kill()

    def test_raw(self):
        self.assertEqual("ok", self.k("get --raw /readyz"))
        self.assertEqual("NamespaceList", json.loads(self.k("get --raw /api/v1/namespaces?limit=1"))["kind"])
        self.says("get --raw /metrics", "# TYPE ")
        self.refused("get --raw /nothing", "the server could not find the requested resource")


class Describe(KubectlCase):
    def settled_events(self, what, part):
        """Describes until the events are written: they may follow after what they tell of."""
        for _ in range(50):
            out = self.k(f"describe {what}")
            if part in out:
                return out
            time.sleep(0.1)
        self.fail(f"no {part!r} in:\n{out}")

    def test_deployment_replicaset_and_pod(self):
        self.roll_out("web", 1)
        out = self.settled_events("deployment web", "Scaled up replica set web-")
        self.assertRegex(out, r"Replicas: +1 desired \| 1 updated \| 1 total \| 1 available \| 0 unavailable")
        self.assertRegex(out, r"Available +True +MinimumReplicasAvailable")
        self.assertRegex(out, r"Progressing +True +NewReplicaSetAvailable")
        self.assertRegex(out, r"NewReplicaSet: +web-\w+ \(1/1 replicas created\)")
        out = self.settled_events("rs", "SuccessfulCreate")
        self.assertRegex(out, r"Controlled By: +Deployment/web")
        self.assertRegex(out, r"Pods Status: +1 Running / 0 Waiting / 0 Succeeded / 0 Failed")
        out = self.settled_events("pod web", f"Successfully assigned {self.namespace}/web-")
        self.assertRegex(out, r"Status: +Running")
        self.assertRegex(out, r"Controlled By: +ReplicaSet/web-")
        self.assertRegex(out, r"QoS Class: +BestEffort")
        self.assertIn("node.kubernetes.io/not-ready:NoExecute op=Exists for 300s", out)

    def test_node(self):
        self.roll_out("web", 2)
        out = self.says("describe node node-1", "Non-terminated Pods:", "Allocated resources:", "PodCIDR:",
                        "kubernetes.io/hostname=node-1")
        self.assertRegex(out, r"HolderIdentity: +node-1")
        self.assertRegex(out, r"Ready +True .* KubeletReady")

    def test_service_and_its_endpoints(self):
        self.roll_out("web", 1)
        self.k("expose deployment web --port=80 --target-port=8080")
        address = self.field("pods", ".items[0].status.podIP")
        out = self.settled_events("svc web", address)
        self.assertRegex(out, r"Type: +ClusterIP")
        self.assertRegex(out, rf"Endpoints: +{address}:8080")
        self.assertRegex(out, r"IP: +10\.96\.")

    def test_the_other_kinds(self):
        self.says(f"describe namespace {self.namespace}", "Status:", "Active")
        self.says("describe sa default", "Name:", "default", "Tokens:")
        self.k("create cm one --from-literal=a=hello")
        self.says("describe cm one", "Data\n====\na:\n----\nhello")
        self.k("create secret generic two --from-literal=a=12345")
        self.says("describe secret two", "a:  5 bytes")
        self.k("create role reader --verb=get --resource=pods")
        self.says("describe role reader", "pods")
        self.refused("describe cm missing", 'configmaps "missing" not found')

    def test_events(self):
        self.roll_out("web", 1)
        self.settled_events("deployment web", "ScalingReplicaSet")
        self.says("get events", "LAST SEEN", "ScalingReplicaSet", "deployment/web")
        self.says("events", "SuccessfulCreate")
        for_web = self.k("events --for deployment/web")
        self.assertIn("ScalingReplicaSet", for_web)
        self.assertNotIn("SuccessfulCreate", for_web)
        self.assertIn("web-", self.k("events --types=Normal -o name") + self.k("get events -o wide"))


class Documents(KubectlCase):
    def test_api_resources_and_versions(self):
        self.assertEqual(["apps/v1", "v1"], [v for v in self.k("api-versions").split() if v in ("apps/v1", "v1")])
        lines = [line.split() for line in self.k("api-resources").splitlines()]
        self.assertEqual(["NAME", "SHORTNAMES", "APIVERSION", "NAMESPACED", "KIND"], lines[0])
        for row in (["pods", "po", "v1", "true", "Pod"], ["deployments", "deploy", "apps/v1", "true", "Deployment"],
                    ["nodes", "no", "v1", "false", "Node"], ["leases", "coordination.k8s.io/v1", "true", "Lease"]):
            self.assertIn(row, lines)
        names = self.k("api-resources --namespaced=false -o name").split()
        self.assertIn("namespaces", names)
        self.assertNotIn("pods", names)
        self.assertIn("replicasets.apps", self.k("api-resources --api-group=apps -o name").split())
        self.assertNotIn("bindings", self.k("api-resources --verbs=list -o name").split())
        self.says("api-resources -o wide --sort-by=name", "VERBS", "CATEGORIES", "all")

    def test_explain(self):
        out = self.says("explain deployment.spec.replicas", "GROUP:      apps", "KIND:       Deployment",
                        "VERSION:    v1", "FIELD: replicas <integer>")
        self.assertIn("DESCRIPTION:", out)
        self.says("explain pods", "KIND:       Pod", "spec\t<PodSpec>", "metadata\t<ObjectMeta>")
        self.says("explain pod.spec.containers", "FIELD: containers <[]Container>", "-required-", "image\t<string>")
        self.says("explain deployments --recursive", "rollingUpdate\t<RollingUpdateDeployment>",
                  "        maxSurge\t<IntOrString>")
        self.refused("explain pod.spec.nothing", 'field "nothing" does not exist')

    def test_version_and_cluster_info(self):
        self.says("version", "Client Version:", "Server Version: v1.32")
        server = json.loads(self.k("version -o json"))["serverVersion"]
        self.assertEqual(("1", "32"), (server["major"], server["minor"]))
        self.says("cluster-info", "Kubernetes control plane", "https://127.0.0.1:")
