"""python3-etcd3, a client that is written against etcd's API, does the same on both."""

import threading

from case import Pair

try:
    import etcd3
except ImportError:
    etcd3 = None


class PythonEtcd3(Pair):
    def setUp(self):
        if etcd3 is None:
            self.skipTest("not run: the package python3-etcd3 is not installed")
        super().setUp()

    @staticmethod
    def client(server):
        return etcd3.client(host="127.0.0.1", port=int(server.members[0].client.rsplit(":", 1)[1]), timeout=30)

    def test_keys(self):
        def scenario(server):
            client = self.client(server)
            client.put("a", "1")
            client.put("ab", "2")
            yield client.get("a")[0], client.get("missing")
            yield [(value, meta.key, meta.version) for value, meta in client.get_prefix("a", sort_order="descend")]
            yield client.replace("a", "1", "3"), client.replace("a", "1", "4"), client.get("a")[0]
            yield client.put_if_not_exists("a", "5"), client.put_if_not_exists("b", "5")
            yield client.transaction(compare=[client.transactions.value("a") == "3",
                                              client.transactions.version("b") > 0],
                                     success=[client.transactions.put("c", "6"), client.transactions.get("b")],
                                     failure=[])[0]
            yield client.delete("a"), client.delete("a"), client.delete_prefix("b").deleted
            client.compact(3)
        self.same(scenario)

    def test_watch(self):
        def scenario(server):
            client = self.client(server)
            events, cancel = client.watch_prefix("w")
            client.put("w1", "a")
            client.put("w2", "b")
            client.delete("w1")
            seen = [next(events) for _ in range(3)]
            cancel()
            yield [(type(event).__name__, event.key, event.value) for event in seen]
            first = threading.Event()
            client.add_watch_callback("once", lambda answer: first.set())
            client.put("once", "x")
            yield first.wait(30)
            client.close()
        self.same(scenario)

    def test_leases_and_locks(self):
        def scenario(server):
            client = self.client(server)
            lease = client.lease(600)
            client.put("l", "v", lease)
            yield lease.granted_ttl, lease.keys, [answer.TTL for answer in lease.refresh()]
            lease.revoke()
            yield client.get("l")
            with client.lock("name", ttl=60) as lock:
                yield lock.is_acquired(), client.lock("name", ttl=60).acquire(timeout=0)
            yield client.lock("name", ttl=60).acquire(timeout=10)
        self.same(scenario)

    def test_members_and_maintenance(self):
        def scenario(server):
            client = self.client(server)
            yield [(member.name, len(member.peer_urls), len(member.client_urls)) for member in client.members]
            status = client.status()
            yield status.leader.name, status.raft_term > 0
            yield client.hash() > 0
            client.defragment()
            yield list(client.list_alarms())
            client.create_alarm()
            yield len(list(client.list_alarms())), len(list(client.disarm_alarm()))
        self.same(scenario)
