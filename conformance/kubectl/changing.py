"""apply, diff, patch, label, annotate, scale, set, expose, replace, edit, wait."""

import json

from session import KubectlCase, config_map, deployment


class Apply(KubectlCase):
    def test_says_what_it_did(self):
        one = config_map("one", "x", a="1", b="2")
        self.assertEqual("configmap/one created\n", self.k("apply -f -", stdin=one))
        self.assertEqual("configmap/one unchanged\n", self.k("apply -f -", stdin=one))
        self.assertEqual("configmap/one configured\n", self.k("apply -f -", stdin=config_map("one", "x", a="1", c="3")))
        self.assertEqual({"a": "1", "c": "3"}, self.json("get cm one")["data"])
        self.says("apply view-last-applied cm one", 'c: "3"')

    def test_keeps_what_others_wrote(self):
        self.roll_out("web")
        self.k("scale deployment web --replicas=1")
        self.k("label deployment web extra=kept")
        self.k("set env deployment/web A=b")
        manifest = deployment("web", image="web:2").replace("  replicas: 2\n", "")
        self.assertEqual("deployment.apps/web configured\n", self.k("apply -f -", stdin=manifest))
        web = self.json("get deployment web")
        self.assertEqual("kept", web["metadata"]["labels"]["extra"])
        container = web["spec"]["template"]["spec"]["containers"][0]
        self.assertEqual(("web:2", [{"name": "A", "value": "b"}]), (container["image"], container["env"]))

    def test_unknown_fields(self):
        manifest = deployment("web").replace("replicas:", "replica:")
        self.refused("apply -f -", 'Error from server (BadRequest): error when creating "STDIN": Deployment in version '
                     '"v1" cannot be handled as a Deployment: strict decoding error: unknown field "spec.replica"',
                     stdin=manifest)
        warned = self.run_kubectl("apply --validate=warn -f -", manifest)
        self.assertEqual((0, "deployment.apps/web created\n"), (warned.code, warned.out))
        self.assertIn('Warning: unknown field "spec.replica"', warned.error)
        ignored = self.run_kubectl("apply --validate=ignore -f -", manifest)
        self.assertEqual((0, ""), (ignored.code, ignored.error))

    def test_dry_run_shows_and_keeps(self):
        self.k("apply -f -", stdin=config_map("one", a="1"))
        self.assertEqual("configmap/one configured (server dry run)\n",
                         self.k("apply --dry-run=server -f -", stdin=config_map("one", a="2")))
        self.assertEqual("1", self.field("cm one", ".data.a"))

    def test_diff(self):
        one = config_map("one", a="1")
        out = self.k("diff -f -", stdin=one, code=1)
        self.assertIn("+  name: one", out)
        self.k("apply -f -", stdin=one)
        self.assertEqual("", self.k("diff -f -", stdin=one))
        out = self.k("diff -f -", stdin=config_map("one", a="2"), code=1)
        self.assertIn('-  a: "1"\n+  a: "2"\n', out)
        self.assertEqual("1", self.field("cm one", ".data.a"))

    def test_last_applied_can_be_set(self):
        self.k("create -f -", stdin=config_map("one", a="1"))
        self.k("apply set-last-applied --create-annotation -f -", stdin=config_map("one", a="1"))
        self.says("apply view-last-applied cm one", 'a: "1"')


class Patch(KubectlCase):
    def test_three_kinds(self):
        self.roll_out("web", 1)
        strategic = {"spec": {"template": {"spec": {"containers": [{"name": "side", "image": "side:1"}]}}}}
        self.assertEqual("deployment.apps/web patched\n", self.k(f"patch deployment web -p '{json.dumps(strategic)}'"))
        containers = "spec.template.spec.containers[*].name"
        self.assertEqual("side main", self.field("deployment web", "." + containers))
        merge = {"spec": {"template": {"spec": {"containers": [{"name": "only", "image": "only:1"}]}}}}
        self.k(f"patch deployment web --type=merge -p '{json.dumps(merge)}'")
        self.assertEqual("only", self.field("deployment web", "." + containers))
        operations = [{"op": "test", "path": "/spec/replicas", "value": 1},
                      {"op": "replace", "path": "/spec/replicas", "value": 0}]
        self.k(f"patch deployment web --type=json -p '{json.dumps(operations)}'")
        self.assertEqual("0", self.field("deployment web", ".spec.replicas"))
        self.refused(f"patch deployment web --type=json -p '{json.dumps(operations)}'",
                     "The request is invalid: patch: testing value /spec/replicas failed")

    def test_no_change_and_nonsense(self):
        self.k("create cm one --from-literal=a=1")
        version = self.field("cm one", ".metadata.resourceVersion")
        self.assertEqual("configmap/one patched (no change)\n",
                         self.k("patch cm one -p '{\"data\":{\"a\":\"1\"}}'"))
        self.assertEqual(version, self.field("cm one", ".metadata.resourceVersion"))
        self.refused("patch cm one -p '{\"data\":{\"a\":1}}'", "a")
        self.refused("patch cm missing -p '{}'", 'Error from server (NotFound): configmaps "missing" not found')
        self.k("patch cm one -p '{\"data\":{\"a\":null}}'")
        self.assertEqual("", self.field("cm one", ".data.a"))

    def test_status_subresource(self):
        self.roll_out("web", 1)
        self.says("get deployment web --subresource=status -o yaml", "readyReplicas: 1")
        self.k("patch deployment web --subresource=scale --type=merge -p '{\"spec\":{\"replicas\":0}}'")
        self.assertEqual("0", self.field("deployment web", ".spec.replicas"))


class Labels(KubectlCase):
    def test_label(self):
        self.k("create cm one")
        self.assertEqual("configmap/one labeled\n", self.k("label cm one tier=a"))
        self.refused("label cm one tier=b", "'tier' already has a value (a), and --overwrite is false")
        self.k("label cm one tier=b --overwrite")
        self.assertEqual("b", self.field("cm one", ".metadata.labels.tier"))
        self.assertEqual("configmap/one unlabeled\n", self.k("label cm one tier-"))
        self.assertEqual("", self.field("cm one", ".metadata.labels"))
        self.k("label cm --all found=yes")
        self.says("get cm -l found=yes -o name", "configmap/one")
        self.refused("label cm one tier='not/valid/'", "invalid label value")

    def test_annotate(self):
        self.k("create cm one")
        self.assertEqual("configmap/one annotated\n", self.k("annotate cm one note='any text/at all'"))
        self.assertEqual("any text/at all", self.field("cm one", ".metadata.annotations.note"))
        self.assertEqual("configmap/one annotated\n", self.k("annotate cm one note-"))
        self.assertEqual("", self.field("cm one", ".metadata.annotations"))


class Scale(KubectlCase):
    def test_scale(self):
        self.roll_out("web", 1)
        self.assertEqual("deployment.apps/web scaled\n", self.k("scale deployment web --replicas=3 --timeout=30s"))
        self.k("wait --for=jsonpath='{.status.readyReplicas}'=3 deployment/web --timeout=30s")
        self.refused("scale deployment web --current-replicas=7 --replicas=1", "Expected replicas to be 7, was 3")
        self.k("scale deployment web --current-replicas=3 --replicas=0")
        self.k("wait --for=delete pod -l app=web --timeout=30s")
        self.assertEqual(["0/0", "0", "0"], self.columns("get deploy web")[1][1:4])
        rs = self.k("get rs -o name").strip()
        self.k(f"scale {rs} --replicas=1")


class Set(KubectlCase):
    def test_image_env_resources(self):
        self.roll_out("web", 1)
        self.assertEqual("deployment.apps/web image updated\n", self.k("set image deployment/web main=web:2"))
        self.k("rollout status deployment/web --timeout=30s")
        self.assertEqual("web:2", self.field("pods --field-selector=status.phase=Running",
                                             ".items[0].spec.containers[0].image"))
        self.refused("set image deployment/web other=web:2", 'unable to find container named "other"')
        self.k("set env deployment/web A=b")
        self.k("set resources deployment/web --limits=cpu=200m,memory=512Mi --requests=cpu=100m,memory=256Mi")
        container = self.json("get deployment web")["spec"]["template"]["spec"]["containers"][0]
        self.assertEqual([{"name": "A", "value": "b"}], container["env"])
        self.assertEqual({"limits": {"cpu": "200m", "memory": "512Mi"}, "requests": {"cpu": "100m", "memory": "256Mi"}},
                         container["resources"])
        self.k("create sa robot")
        self.k("set serviceaccount deployment web robot")
        self.assertEqual("robot", self.field("deployment web", ".spec.template.spec.serviceAccountName"))

    def test_expose(self):
        self.roll_out("web", 2)
        self.assertEqual("service/web exposed\n", self.k("expose deployment web --port=80 --target-port=8080"))
        row = self.columns("get svc web")[1]
        self.assertEqual(["web", "ClusterIP"], row[:2])
        self.assertRegex(row[2], r"^10\.96\.")
        self.assertEqual("80/TCP", row[4])
        self.k("wait --for=jsonpath='{.subsets[0].ports[0].port}'=8080 endpoints/web --timeout=20s")
        addresses = sorted(self.field("pods", ".items[*].status.podIP").split())
        self.assertEqual(addresses, sorted(self.field("endpoints web", ".subsets[*].addresses[*].ip").split()))
        self.assertEqual(addresses, sorted(self.field(
            "endpointslices -l kubernetes.io/service-name=web", ".items[*].endpoints[*].addresses[0]").split()))
        self.k("expose deployment web --name=outer --type=NodePort --port=80")
        self.assertRegex(self.columns("get svc outer")[1][4], r"^80:3[0-2]\d\d\d/TCP$")


class Replace(KubectlCase):
    def test_replace(self):
        self.k("create -f -", stdin=config_map("one", a="1"))
        self.assertEqual("configmap/one replaced\n", self.k("replace -f -", stdin=config_map("one", b="2")))
        self.assertEqual({"b": "2"}, self.json("get cm one")["data"])
        self.refused("replace -f -", 'configmaps "two" not found', stdin=config_map("two", b="2"))
        uid = self.field("cm one", ".metadata.uid")
        self.k("replace --force -f -", stdin=config_map("one", c="3"))
        self.assertNotEqual(uid, self.field("cm one", ".metadata.uid"))

    def test_an_old_version_is_a_conflict(self):
        self.k("create -f -", stdin=config_map("one", a="1"))
        old = self.k("get cm one -o yaml")
        self.k("label cm one touched=yes")
        self.refused("replace -f -", "Error from server (Conflict): error when replacing \"STDIN\": Operation cannot "
                     "be fulfilled on configmaps \"one\": the object has been modified; please apply your changes "
                     "to the latest version and try again", stdin=old)

    def test_edit(self):
        self.k("create -f -", stdin=config_map("one", a="before"))
        self.assertEqual("configmap/one edited\n", self.k("edit cm one", EDITOR="sed -i s/before/after/"))
        self.assertEqual("after", self.field("cm one", ".data.a"))
        self.assertIn("no changes made", self.run_kubectl("edit cm one", EDITOR="true").error)

    def test_immutable_fields(self):
        self.roll_out("web", 1)
        self.refused("patch deployment web -p '{\"spec\":{\"selector\":{\"matchLabels\":{\"b\":\"c\"}}}}'",
                     'The Deployment "web" is invalid', "field is immutable")
        self.k("create -f -", stdin=config_map("fixed", a="1") + "immutable: true\n")
        self.refused("patch cm fixed -p '{\"data\":{\"a\":\"2\"}}'",
                     'The ConfigMap "fixed" is invalid: data: Forbidden: field is immutable when `immutable` is set')


class Wait(KubectlCase):
    def test_wait(self):
        self.k("create deployment web --image=web:1")
        self.assertEqual("deployment.apps/web condition met\n",
                         self.k("wait --for=condition=Available deployment/web --timeout=30s"))
        self.k("wait --for=jsonpath='{.status.readyReplicas}'=1 deployment/web --timeout=30s")
        self.k("wait --for=condition=Ready pod -l app=web --timeout=30s")
        self.refused("wait --for=condition=Nothing deployment/web --timeout=1s", "timed out waiting for the condition")
        self.k("delete deployment web --wait=false")
        self.k("wait --for=delete deployment/web --timeout=30s")
        if self.program.version >= (1, 31):
            self.k("create cm late")
            self.k("wait --for=create cm/late --timeout=10s")
