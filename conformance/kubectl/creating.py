"""create, with its generators, and run."""

import base64
import json

from session import KubectlCase, config_map, deployment


class Create(KubectlCase):
    def test_namespace(self):
        name = self.namespace + "-more"
        self.assertEqual(f"namespace/{name} created\n", self.k(f"create namespace {name}"))
        self.assertEqual(name, self.field(f"ns {name}", ".metadata.labels.kubernetes\\.io/metadata\\.name"))
        self.refused(f"create ns {name}", f'Error from server (AlreadyExists): namespaces "{name}" already exists')
        self.refused("create ns Upper_Case", 'The Namespace "Upper_Case" is invalid: metadata.name: Invalid value: '
                     '"Upper_Case": a lowercase RFC 1123 label must consist of')

    def test_deployment(self):
        self.assertEqual("deployment.apps/web created\n",
                         self.k("create deployment web --image=web:1 --replicas=2 --port=80"))
        web = self.json("get deployment web")
        self.assertEqual(2, web["spec"]["replicas"])
        self.assertEqual({"app": "web"}, web["spec"]["selector"]["matchLabels"])
        self.assertEqual([{"containerPort": 80, "protocol": "TCP"}],
                         web["spec"]["template"]["spec"]["containers"][0]["ports"])
        self.k("create deployment two --image=a --image=b -- sleep 5", code=1)  # kubectl's own rule

    def test_configmap_and_secret(self):
        self.k("create configmap one --from-literal=a=1 --from-literal=b='two words'")
        self.assertEqual({"a": "1", "b": "two words"}, self.json("get cm one")["data"])
        self.k("create configmap binary --from-file=program=/bin/true")
        with open("/bin/true", "rb") as file:
            self.assertEqual(base64.b64encode(file.read()).decode(), self.field("cm binary", ".binaryData.program"))
        self.k("create secret generic two --from-literal=user=ann --type=example.com/kind")
        two = self.json("get secret two")
        self.assertEqual(("example.com/kind", "YW5u"), (two["type"], two["data"]["user"]))
        self.k("create secret docker-registry pull --docker-username=a --docker-password=b --docker-server=example.com")
        self.assertEqual("kubernetes.io/dockerconfigjson", self.field("secret pull", ".type"))

    def test_serviceaccount_and_token(self):
        self.assertEqual("serviceaccount/robot created\n", self.k("create serviceaccount robot"))
        token = self.k("create token robot --duration=20m").strip()
        claims = token.split(".")[1]
        claims = json.loads(base64.urlsafe_b64decode(claims + "=" * (-len(claims) % 4)))
        self.assertEqual(f"system:serviceaccount:{self.namespace}:robot", claims["sub"])
        self.assertEqual(1200, claims["exp"] - claims["iat"])
        self.refused("create token nobody", 'serviceaccounts "nobody" not found')

    def test_roles_and_bindings(self):
        many = f"reader-{self.namespace}"
        self.k("create role reader --verb=get,list --resource=pods,deployments.apps --resource-name=web")
        self.assertEqual([{"apiGroups": [""], "resourceNames": ["web"], "resources": ["pods"],
                           "verbs": ["get", "list"]},
                          {"apiGroups": ["apps"], "resourceNames": ["web"], "resources": ["deployments"],
                           "verbs": ["get", "list"]}], self.json("get role reader")["rules"])
        self.k(f"create clusterrole {many} --verb=get --non-resource-url=/healthz")
        self.assertEqual([{"nonResourceURLs": ["/healthz"], "verbs": ["get"]}],
                         self.json(f"get clusterrole {many}")["rules"])
        self.k("create rolebinding one --clusterrole=view --user=ann --group=staff "
               f"--serviceaccount={self.namespace}:robot")
        subjects = self.json("get rolebinding one")["subjects"]
        self.assertEqual([("User", "ann"), ("Group", "staff"), ("ServiceAccount", "robot")],
                         [(subject["kind"], subject["name"]) for subject in subjects])
        self.k(f"create clusterrolebinding {many} --clusterrole={many} --user=ann")
        self.assertEqual(many, self.field(f"clusterrolebinding {many}", ".roleRef.name"))
        self.k(f"delete clusterrole,clusterrolebinding {many}")

    def test_services(self):
        self.k("create service clusterip inner --tcp=80:8080")
        inner = self.json("get svc inner")["spec"]
        self.assertRegex(inner["clusterIP"], r"^10\.96\.")
        self.assertEqual([inner["clusterIP"]], inner["clusterIPs"])
        self.assertEqual({"name": "80-8080", "port": 80, "protocol": "TCP", "targetPort": 8080}, inner["ports"][0])
        self.k("create service nodeport outer --tcp=80")
        port = self.json("get svc outer")["spec"]["ports"][0]["nodePort"]
        self.assertTrue(30000 <= port <= 32767, port)
        self.k("create service clusterip headless --clusterip=None")
        self.assertEqual("None", self.columns("get svc headless")[1][2])
        self.k("create service externalname far --external-name=example.com")
        self.assertEqual(["far", "ExternalName", "<none>", "example.com"], self.columns("get svc far")[1][:4])

    def test_files(self):
        self.assertEqual("configmap/a created\nconfigmap/b created\n",
                         self.k("create -f -", stdin=config_map("a", v="1") + config_map("b", v="2")))
        self.assertEqual("pod/solo created\n", self.k("create -f -", stdin=json.dumps(
            {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "solo"},
             "spec": {"containers": [{"name": "main", "image": "a"}]}})))
        self.assertEqual("configmap/c created\n",
                         self.k("create -f - --save-config", stdin=config_map("c", v="1")))
        self.says("apply view-last-applied cm c", "v: \"1\"")

    def test_dry_run_leaves_nothing(self):
        self.assertEqual("configmap/a created (server dry run)\n",
                         self.k("create cm a --from-literal=v=1 --dry-run=server"))
        self.says("create deployment web --image=a --dry-run=server -o yaml", "uid: ", "progressDeadlineSeconds: 600")
        self.says("create deployment web --image=a --dry-run=client -o yaml", "strategy: {}")
        self.assertEqual("", self.k("get deployment -o name") + self.k("get cm a --ignore-not-found"))

    def test_run(self):
        self.assertEqual("pod/solo created\n", self.k("run solo --image=web:1 --port=80 --labels=app=solo --env=A=b"))
        self.k("wait --for=condition=Ready pod/solo --timeout=30s")
        self.assertEqual("A=b", self.field("pod solo", ".spec.containers[0].env[0].name") + "="
                         + self.field("pod solo", ".spec.containers[0].env[0].value"))
        self.assertEqual("Running", self.field("pod solo", ".status.phase"))

    def test_refusals(self):
        self.refused("create -f -", 'strict decoding error: unknown field "spec.replica"',
                     stdin=deployment("web").replace("replicas:", "replica:"))
        self.refused("create -f -", "is invalid", "spec.template.metadata.labels: Invalid value",
                     "`selector` does not match template `labels`",
                     stdin=deployment("web").replace("{matchLabels: {app: web}}", "{matchLabels: {app: other}}"))
        self.refused("create -f -", 'The Deployment "web" is invalid',
                     "spec.template.spec.containers[0].image: Required value",
                     stdin=deployment("web").replace("        image: web:1\n", ""))
        self.refused("create -f -", "spec.replicas: Invalid value: -1: must be greater than or equal to 0",
                     stdin=deployment("web", -1))
        self.refused("create -f -", "no matches for kind", stdin="apiVersion: v1\nkind: Nothing\nmetadata: {name: a}\n")
        self.refused("create cm a -n missing-namespace", 'namespaces "missing-namespace" not found')
        self.assertEqual("", self.k("get deployment -o name"))
