"""The short list, for every version beside the main one."""

from session import KubectlCase, config_map, deployment

# It takes explain, diff and unknown fields from /openapi/v2, which is a stub here, as nothing newer reads it.
OLDEST = (1, 20)


class Smoke(KubectlCase):
    def test_objects_come_change_and_go(self):
        self.k("apply -f -", stdin=config_map("one", "x", a="1"))
        self.assertEqual("configmap/one unchanged\n", self.k("apply -f -", stdin=config_map("one", "x", a="1")))
        self.assertEqual("configmap/one configured\n", self.k("apply -f -", stdin=config_map("one", "x", a="2")))
        self.assertEqual("2", self.field("cm one", ".data.a"))
        if self.program.version > OLDEST:
            self.k("diff -f -", stdin=config_map("one", "x", a="3"), code=1)
        self.k("label cm one tier=front")
        self.assertEqual("configmap/one\n", self.k("get cm -l tier=front -o name"))
        self.k("create secret generic two --from-literal=a=1")
        self.k("create sa robot")
        self.k("create role reader --verb=get --resource=pods")
        self.k(f"create rolebinding reads --role=reader --serviceaccount={self.namespace}:robot")
        self.k("create service clusterip inner --tcp=80")
        self.assertRegex(self.columns("get svc inner")[1][2], r"^10\.96\.")
        self.assertEqual("configmap/one edited\n", self.k("edit cm one", EDITOR="sed -i s/front/back/"))
        self.refused("create cm one", 'configmaps "one" already exists')
        self.says("delete cm one", 'configmap "one" deleted')
        self.refused("get cm one", 'configmaps "one" not found')

    def test_a_deployment_rolls(self):
        self.k("create deployment web --image=web:1")
        self.k("scale deployment web --replicas=2")
        self.says("rollout status deployment/web --timeout=30s", "successfully rolled out")
        self.k("set image deployment/web web=web:2")
        self.k("rollout status deployment/web --timeout=30s")
        self.says("rollout history deployment/web", "REVISION")
        self.k("rollout undo deployment/web")
        self.k("rollout status deployment/web --timeout=30s")
        self.assertEqual("web:1", self.field("deployment web", ".spec.template.spec.containers[0].image"))
        self.says("describe deployment web", "2 desired | 2 updated | 2 total | 2 available")
        self.says("describe pod", "Running")
        self.k("patch deployment web -p '{\"spec\":{\"minReadySeconds\":0}}'")
        self.k("expose deployment web --port=80")
        self.says("describe svc web", "10.96.")
        self.k("wait --for=condition=Available deployment/web --timeout=30s")
        self.says("get pods -o wide", "node-")
        self.k("delete deployment web --cascade=foreground")
        self.assertEqual("", self.k("get rs,pods -o name"))

    def test_documents(self):
        self.says("api-resources", "deployments")
        self.says("api-versions", "apps/v1")
        self.says("version", "Server Version")
        self.assertEqual("yes\n", self.k("auth can-i create pods"))
        self.says("get nodes", "node-1", "Ready")
        self.says("get ns -A", self.namespace)
        if self.program.version > OLDEST:
            self.says("explain deployment.spec.replicas", "replicas", "integer")
            self.refused("create -f -", "replica", stdin=deployment("web").replace("replicas:", "replica:"))
