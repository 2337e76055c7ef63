"""Members, maintenance, alarms, users: what an operator does."""


import os
import re
import signal

from case import Pair
from servers import Member, run, wait_until


def sizes(said):
    """Without what depends on the file format or the version."""
    text = re.sub(r'"dbSize(InUse)?":\d+,?', "", str(said))
    return re.sub(r'"version":"[^"]*",|"raft(Index|AppliedIndex)":\d+,?', "", text)


class One(Pair):
    def test_endpoints(self):
        def scenario(server):
            server.ctl("put", "a", "1")
            yield sizes(server.ctl("endpoint", "status", "-w", "json"))
            yield re.sub(r"took = [^,\n]*|[\d.]+[mµ]?s", "", server.ctl("endpoint", "health").out)
            yield server.ctl("endpoint", "hashkv")
            yield server.ctl("endpoint", "hashkv", "-w", "json")
            yield server.ctl("member", "list", "-w", "json")
            yield server.ctl("member", "list")
            yield server.ctl("defrag")
            yield server.ctl("alarm", "list")
            yield server.ctl("alarm", "disarm")
            yield server.ctl("move-leader", "1")
            yield server.ctl("move-leader", "%x" % list(server.statuses().values())[0]["leader"])
        self.same(scenario)

    def test_member_changes_that_are_refused(self):
        def scenario(server):
            yield server.ctl("member", "add", "x", "--peer-urls=" + server.members[0].peer)
            yield server.ctl("member", "remove", "1")
            yield server.ctl("member", "update", "1", "--peer-urls=http://127.0.0.1:1")
            yield server.ctl("member", "promote", "1")
            own = "%x" % server.json("member", "list")["members"][0]["ID"]
            yield server.ctl("member", "promote", own)
            yield server.ctl("member", "remove", own)
            yield server.ctl("member", "update", own, "--peer-urls=http://127.0.0.1:2")
            yield server.ctl("member", "list")
            # Members are listed by ids, and a new one's is drawn.
            added = server.ctl("member", "add", "l", "--learner", "--peer-urls=http://127.0.0.1:3")
            yield added.code, sorted(re.split(r'[",]', added.out)), added.error
            yield server.ctl("member", "add", "k", "--learner", "--peer-urls=http://127.0.0.1:4")
            learner = next("%x" % m["ID"] for m in server.json("member", "list")["members"] if m.get("isLearner"))
            yield server.ctl("member", "promote", learner)
            yield server.ctl("member", "remove", learner)
            yield server.ctl("member", "remove", learner)
            yield server.ctl("member", "list")
        self.same(scenario)

    def test_alarm(self):
        self.flags = ["--quota-backend-bytes", "300000"]
        self.stock.end()
        self.ours.end()
        self.stock, self.ours = self.server("etcd"), self.server("kubeproof")

        def scenario(server):
            for _ in range(20):
                if server.ctl("put", "k", "v" * 60000).code != 0:
                    break
            yield server.ctl("put", "k", "small")
            yield server.ctl("get", "k", "--keys-only")
            yield server.ctl("alarm", "list")
            yield server.healthy(server.members[0])
            yield server.ctl("del", "k")
            revision = server.json("get", "k")["header"]["revision"]
            yield server.ctl("compaction", str(revision)).code, server.ctl("defrag")
            yield server.ctl("alarm", "disarm"), server.ctl("alarm", "list")
            yield server.ctl("put", "k", "small")
        self.same(scenario)

    def test_snapshots_go_both_ways(self):
        """Saved from either server by etcdctl, restored into either program."""
        for server in (self.stock, self.ours):
            for i in range(300):
                server.ctl("put", f"k{i % 50}", f"v{i}" * 20) if i < 80 else None
            lease = server.ctl("lease", "grant", "600").out.split()[1]
            server.ctl("put", "leased", "v", "--lease=" + lease)
            server.ctl("put", "large", "v" * 100000)
            server.ctl("del", "k3")
            server.ctl("compaction", "40")
            server.ctl("put", "last", "x")
            path = os.path.join(server.folder, "snapshot.db")
            self.assertEqual(0, server.ctl("snapshot", "save", path, members=server.members[:1]).code)
            status = server.json("snapshot", "status", path)
            before = server.json("get", "", "--prefix")
            self.assertEqual(status["revision"], before["header"]["revision"])
            for kind in ("etcd", "kubeproof"):
                with self.subTest(f"{server.kind} to {kind}"):
                    self.restored(server, kind, path, before, lease)

    def restored(self, server, kind, path, before, lease):
        target = self.server(kind)
        member = target.members[0]
        target.stop(member)
        data = os.path.join(target.folder, "restored")
        flags = ["--data-dir", data, "--name", member.name, "--initial-cluster", f"{member.name}={member.peer}",
                 "--initial-advertise-peer-urls", member.peer, "--initial-cluster-token", "test"]
        if kind == "etcd":
            said = target.ctl("snapshot", "restore", path, *flags)
        else:
            said = run([self.kubeproof, "store", "restore", path, *flags])
        self.assertEqual(0, said.code, said)
        member.data = data
        target.start(member)
        self.assertTrue(wait_until(lambda: target.healthy(member), 30), target.words())
        after = target.json("get", "", "--prefix")
        self.assertEqual((before["kvs"], before["header"]["revision"]), (after["kvs"], after["header"]["revision"]))
        hashes = [s.json("endpoint", "hashkv")[0]["HashKV"]["hash"] for s in (server, target)]
        self.assertEqual(*hashes)
        self.assertIn("leased", target.ctl("lease", "timetolive", lease, "--keys").out)
        self.assertIn("compacted", target.ctl("get", "k1", "--rev=39").error)
        self.assertEqual("OK\n", target.ctl("put", "after", "v").out)

    def test_users(self):
        def scenario(server):
            root = ["--user=root:r"]
            for line in ("user add root:r", "auth enable", "user grant-role root root", "role add root",
                         "user grant-role root root", "user add u:p", "role add r",
                         "role grant-permission r readwrite a b", "role grant-permission r read c --prefix=true",
                         "user grant-role u r", "user list", "role list", "user get u", "role get r", "auth enable"):
                yield line, server.ctl(*line.split())
            for line, user in (("put a 1", []), ("put a 1", ["--user=u:p"]), ("put c 1", ["--user=u:p"]),
                               ("get c", ["--user=u:p"]), ("put a 1", ["--user=u:wrong"]), ("put c 1", root),
                               ("get c1 --prefix", ["--user=u:p"]), ("user list", ["--user=u:p"]),
                               ("user passwd u --interactive=false", root), ("user revoke-role u r", root),
                               ("get a", ["--user=u:p"]), ("role revoke-permission r a b", root),
                               ("role delete r", root), ("user delete u", root), ("auth disable", root),
                               ("get a", [])):
                yield line, user, server.ctl(*line.split(), *user, stdin="q\n")
        self.same(scenario)


class Three(Pair):
    members = 3

    def test_everyone_answers(self):
        def scenario(server):
            for member in server.members:
                yield server.ctl("put", member.name, "v", members=[member])
            yield [server.ctl("get", "", "--prefix", members=[m]) for m in server.members]
            hashes = {m.name: server.ctl("endpoint", "hashkv", members=[m]).out.split(", ")[1] for m in server.members}
            yield hashes
            yield [server.ctl("member", "list", "-w", "json", members=[m]).out.count('"name"') for m in server.members]
            yield sorted(s["leader"] == s["header"]["member_id"] for s in server.statuses().values())
        self.same(scenario)

    def test_move_leader(self):
        def scenario(server):
            leader = server.leader()
            follower = next(m for m in server.members if m is not leader)
            ids = {m.name: server.statuses()[m.client]["header"]["member_id"] for m in server.members}
            yield server.ctl("move-leader", "%x" % ids[follower.name], members=[follower]).error
            yield server.ctl("move-leader", "12", members=[leader]).error
            yield server.ctl("move-leader", "%x" % ids[follower.name], members=[leader]).code
            yield server.leader() is follower
        self.same(scenario)

    def test_the_leader_hands_over_when_it_is_told_to_stop(self):
        leader = self.ours.leader()
        term = self.ours.statuses()[leader.client]["raftTerm"]
        self.assertEqual(0, self.ours.stop(leader, signal.SIGTERM))
        others = [m for m in self.ours.members if m is not leader]
        self.assertEqual("OK\n", self.ours.ctl("put", "k", "v", members=others).out)
        status = self.ours.json("endpoint", "status", members=others[:1])[0]["Status"]
        self.assertEqual(term + 1, status["raftTerm"], "one election, by the one that was handed leadership")

    def test_members_come_and_go(self):
        """Four, then five by way of a learner; one is removed and stops, its data folder is of no more use."""
        for server in (self.stock, self.ours):
            with self.subTest(server.kind):
                self.grow(server)

    def grow(self, server):
        for i in range(30):
            server.ctl("put", f"k{i}", "v" * 1000)
        fourth = server.join()
        self.assertTrue(wait_until(lambda: server.healthy(fourth), 30), server.words())
        self.assertEqual(30, len(server.json("get", "", "--prefix", members=[fourth])["kvs"]))
        learner = server.join(learner=True)
        local = lambda: server.ctl("get", "", "--prefix", "--keys-only", "--consistency=s", members=[learner]).out
        self.assertTrue(wait_until(lambda: "k29" in local(), 30), server.words())
        self.assertIn("rpc not supported for learner", server.ctl("put", "k", "v", members=[learner]).error)
        self.assertTrue(server.json("endpoint", "status", members=[learner])[0]["Status"]["isLearner"])
        own = server.json("endpoint", "status", members=[learner])[0]["Status"]["header"]["member_id"]
        promoted = lambda: server.ctl("member", "promote", "%x" % own, members=server.members[:3]).code == 0
        self.assertTrue(wait_until(promoted, 30))
        self.assertTrue(wait_until(lambda: server.healthy(learner), 30))
        self.assertEqual(5, len(server.json("member", "list")["members"]))
        gone = server.members[1]
        away = server.json("endpoint", "status", members=[gone])[0]["Status"]["header"]["member_id"]
        removed = lambda: server.ctl("member", "remove", "%x" % away, members=[server.members[0]]).code == 0
        self.assertTrue(wait_until(removed, 30))
        self.assertTrue(wait_until(lambda: gone.process.poll() is not None, 30), server.words())
        self.assertIn("permanently removed from the cluster", gone.words())
        rest = [m for m in server.members if m is not gone]
        self.assertEqual("OK\n", server.ctl("put", "after", "v", members=rest).out)
        # Two of the four that are left may not be lost, one may.
        server.stop(rest[0])
        self.assertTrue(wait_until(lambda: server.ctl("put", "with", "three", members=rest[1:]).code == 0, 30))

    def test_joining_with_flags_that_do_not_fit(self):
        for server in (self.stock, self.ours):
            with self.subTest(server.kind):
                stranger = Member("stranger", server.folder)
                server.start(stranger, state="existing", cluster=[*server.members, stranger])
                self.assertTrue(wait_until(lambda: stranger.process.poll() is not None, 30))
                self.assertIn("member count is unequal", stranger.words())
