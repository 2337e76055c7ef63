"""rollout status, history, undo, restart, pause, resume."""

import json

from session import KubectlCase


class Rollout(KubectlCase):
    def revisions(self):
        lines = self.k("rollout history deployment/web").splitlines()
        self.assertEqual("deployment.apps/web ", lines[0])
        return [int(line.split()[0]) for line in lines[2:] if line]

    def image(self):
        return self.field("deployment web", ".spec.template.spec.containers[0].image")

    def test_history_and_undo(self):
        self.roll_out("web", 2)
        self.k("annotate deployment web kubernetes.io/change-cause=first")
        for image in ("web:2", "web:3"):
            self.k(f"set image deployment/web main={image}")
            self.says("rollout status deployment/web --timeout=30s", 'deployment "web" successfully rolled out')
        self.assertEqual([1, 2, 3], self.revisions())
        self.says("rollout history deployment/web --revision=2", "deployment.apps/web with revision #2", "web:2")
        self.assertEqual("deployment.apps/web rolled back\n", self.k("rollout undo deployment/web"))
        self.k("rollout status deployment/web --timeout=30s")
        self.assertEqual("web:2", self.image())
        self.k("rollout undo deployment/web --to-revision=1")
        self.k("rollout status deployment/web --timeout=30s")
        self.assertEqual("web:1", self.image())
        self.assertEqual([3, 4, 5], self.revisions())
        self.refused("rollout undo deployment/web --to-revision=99", "unable to find specified revision 99 in history")
        self.assertEqual(3, len(self.json("get rs")["items"]))

    def test_restart(self):
        self.roll_out("web", 2)
        before = set(self.k("get pods -o name").split())
        self.assertEqual("deployment.apps/web restarted\n", self.k("rollout restart deployment/web"))
        self.k("rollout status deployment/web --timeout=30s")
        self.k("wait --for=delete --timeout=30s " + " ".join(sorted(before)))
        self.assertFalse(before & set(self.k("get pods -o name").split()))

    def test_pause_and_resume(self):
        self.roll_out("web", 2)
        self.assertEqual("deployment.apps/web paused\n", self.k("rollout pause deployment/web"))
        self.refused("rollout pause deployment/web", "is already paused")
        self.k("set image deployment/web main=web:2")
        # The controller has seen the change and started nothing.
        generation = self.field("deployment web", ".metadata.generation")
        self.k(f"wait --for=jsonpath='{{.status.observedGeneration}}'={generation} deployment/web --timeout=20s")
        self.assertEqual(1, len(self.json("get rs")["items"]))
        self.assertEqual("deployment.apps/web resumed\n", self.k("rollout resume deployment/web"))
        self.k("rollout status deployment/web --timeout=30s")
        self.assertEqual(2, len(self.json("get rs")["items"]))
        self.refused("rollout resume deployment/web", "is not paused")

    def test_status_tells_of_a_stuck_one(self):
        self.roll_out("web", 1)
        stuck = {"spec": {"progressDeadlineSeconds": 1, "template": {"spec": {"nodeSelector": {"no": "where"}}}}}
        self.k(f"patch deployment web -p '{json.dumps(stuck)}'")
        self.refused("rollout status deployment/web --timeout=30s", 'deployment "web" exceeded its progress deadline')
        self.k("rollout undo deployment/web")
        # Not `rollout status`: it stops at the old condition, which stands until the roll-back is done.
        self.k("wait deployment/web --timeout=30s "
               "--for=jsonpath='{.status.conditions[?(@.type==\"Progressing\")].reason}'=NewReplicaSetAvailable")
