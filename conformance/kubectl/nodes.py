"""cordon, uncordon, taint, drain: all on node-2, so one test for all."""

from session import KubectlCase


class Nodes(KubectlCase):
    def nodes_of_pods(self):
        return self.field("pods", ".items[*].spec.nodeName").split()

    def test_cordon_taint_and_drain(self):
        self.roll_out("web", 4)
        self.assertEqual({"node-1", "node-2"}, set(self.nodes_of_pods()))
        self.assertEqual("node/node-2 cordoned\n", self.k("cordon node-2"))
        self.assertEqual("Ready,SchedulingDisabled", self.columns("get node node-2")[1][1])
        out = self.k("drain node-2 --ignore-daemonsets --pod-selector=app=web --timeout=60s")
        self.assertIn("node/node-2 drained", out)
        self.k("rollout status deployment/web --timeout=30s")
        self.k("wait --for=jsonpath='{.status.readyReplicas}'=4 deployment/web --timeout=30s")
        self.assertEqual({"node-1"}, set(self.nodes_of_pods()))
        self.assertEqual("node/node-2 uncordoned\n", self.k("uncordon node-2"))
        self.assertEqual("", self.field("node node-2", ".spec.unschedulable"))

        self.assertEqual("node/node-2 tainted\n", self.k("taint node node-2 example.com/only=me:NoSchedule"))
        self.refused("taint node node-2 example.com/only=you:NoSchedule", "already has example.com/only taint")
        self.k("rollout restart deployment/web")
        self.k("rollout status deployment/web --timeout=30s")
        self.assertEqual("example.com/only", self.field("node node-2", ".spec.taints[*].key"))
        self.assertEqual("node/node-2 untainted\n", self.k("taint node node-2 example.com/only:NoSchedule-"))
        self.k("label node node-2 disk=fast")
        self.says("get nodes -l disk=fast -o name", "node/node-2")
        self.k("label node node-2 disk-")
