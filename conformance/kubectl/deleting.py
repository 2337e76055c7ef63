"""delete, in all its ways."""

from session import KubectlCase, config_map


class Delete(KubectlCase):
    def test_waits_until_it_is_gone(self):
        self.roll_out("web", 2)
        pods = self.k("get pods -o name").split()
        self.assertEqual(f'pod "{pods[0][4:]}" deleted', self.k(f"delete {pods[0]}").split(" from")[0].strip())
        self.assertNotIn(pods[0], self.k("get pods -o name").split())
        self.k("rollout status deployment/web --timeout=30s")
        self.says("delete deployment web --wait=false", 'deployment.apps "web" deleted')
        self.k("wait --for=delete pod -l app=web --timeout=30s")

    def test_background_leaves_the_dependents_to_the_collector(self):
        self.roll_out("web", 1)
        self.k("delete deployment web --cascade=background")
        self.k("wait --for=delete rs,pod -l app=web --timeout=30s")
        self.assertEqual("", self.k("get deploy,rs,pods -o name"))

    def test_foreground_deletes_the_dependents_first(self):
        self.roll_out("web", 1)
        self.k("delete deployment web --cascade=foreground")
        self.assertEqual("", self.k("get deploy,rs,pods -o name"))

    def test_orphan_keeps_the_dependents(self):
        self.roll_out("web", 1)
        before = self.k("get rs,pods -o name")
        self.k("delete deployment web --cascade=orphan")
        self.assertEqual(before, self.k("get rs,pods -o name"))
        self.assertEqual("", self.field("rs -l app=web", ".items[0].metadata.ownerReferences"))

    def test_by_selector_file_and_all(self):
        manifests = config_map("a", "x", v="1") + config_map("b", "x", v="2") + config_map("c", "z", v="3")
        self.k("create -f -", stdin=manifests)
        self.says("delete cm -l app=x", 'configmap "a" deleted', 'configmap "b" deleted')
        self.says("delete -f - --ignore-not-found", 'configmap "c" deleted', stdin=manifests)
        self.k("create -f -", stdin=manifests)
        self.says("delete cm --all", 'configmap "b" deleted')
        self.assertEqual("", self.k("get cm -l app -o name"))
        self.k("create -f -", stdin=manifests)
        self.says("delete cm a --dry-run=server", 'configmap "a" deleted')
        self.says("get cm -o name", "configmap/a")

    def test_what_is_not_there(self):
        self.refused("delete cm missing", 'Error from server (NotFound): configmaps "missing" not found')
        self.assertEqual("", self.k("delete cm missing --ignore-not-found"))

    def test_grace_period_and_force(self):
        self.k("run solo --image=web:1")
        self.k("wait --for=condition=Ready pod/solo --timeout=30s")
        self.k("delete pod solo --grace-period=1")
        self.k("run solo --image=web:1")
        self.k("wait --for=condition=Ready pod/solo --timeout=30s")
        self.k("delete pod solo --force --grace-period=0")
        self.assertEqual("", self.k("get pods -o name"))

    def test_finalizers_hold_an_object(self):
        self.k("create -f -", stdin=config_map("held", v="1").replace(
            "name: held", "name: held\n  finalizers: [example.com/hold]"))
        self.k("delete cm held --wait=false")
        self.assertNotEqual("", self.field("cm held", ".metadata.deletionTimestamp"))
        self.refused("wait --for=delete cm/held --timeout=1s", "timed out")
        self.k("patch cm held --type=merge -p '{\"metadata\":{\"finalizers\":null}}'")
        self.k("wait --for=delete cm/held --timeout=20s")

    def test_namespace_with_all_that_is_in_it(self):
        self.roll_out("web", 1)
        self.k("create cm one")
        self.says(f"delete namespace {self.namespace}", f'namespace "{self.namespace}" deleted')
        self.refused(f"get namespace {self.namespace}", "NotFound")
        self.assertEqual("", self.k("get deploy,rs,pods,cm -o name"))
