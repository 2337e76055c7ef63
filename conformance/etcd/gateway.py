"""The JSON form of the API under /v3: the same requests, the same answers, field by field."""

import base64
import http.client
import json
import urllib.request

from case import Pair


def b(text):
    return base64.b64encode(text.encode()).decode()


class Gateway(Pair):
    def posts(self, *requests):
        def scenario(server):
            for path, body in requests:
                yield path, body, server.post(path, body)
        self.same(scenario)

    def test_keys(self):
        key = {"key": b("a")}
        self.posts(
            ("/v3/kv/put", {**key, "value": b("1")}), ("/v3/kv/put", {**key, "value": b("2"), "prev_kv": True}),
            ("/v3/kv/put", {**key, "lease": "0", "ignore_value": True}), ("/v3/kv/range", key),
            ("/v3/kv/range", {"key": "AA==", "range_end": "AA==", "limit": "1", "keys_only": True}),
            ("/v3/kv/range", {**key, "revision": 2}), ("/v3/kv/range", {**key, "rangeEnd": b("b"), "countOnly": True}),
            ("/v3/kv/range", {**key, "sort_order": "DESCEND", "sort_target": "VERSION"}),
            ("/v3/kv/range", {**key, "revision": "99"}), ("/v3/kv/range", {}),
            ("/v3/kv/txn", {"compare": [{"key": b("a"), "target": "VERSION", "result": "EQUAL", "version": "3"}],
                            "success": [{"request_put": {"key": b("x"), "value": b("y")}}, {"request_range": key}],
                            "failure": [{"requestDeleteRange": key}]}),
            ("/v3/kv/txn", {"compare": [{"key": b("a"), "target": "CREATE", "create_revision": "1"}],
                            "failure": [{"request_delete_range": {**key, "prev_kv": True}}]}),
            ("/v3/kv/deleterange", {"key": b("x"), "prev_kv": True}), ("/v3/kv/compaction", {"revision": "5"}),
            ("/v3/kv/compaction", {"revision": "5"}), ("/v3/kv/range", {**key, "revision": "2"}))

    def test_leases(self):
        self.posts(
            ("/v3/lease/grant", {"TTL": "600", "ID": "7587848390000000001"}),
            ("/v3/lease/grant", {"TTL": 600, "ID": "7587848390000000001"}),
            ("/v3/kv/put", {"key": b("l"), "value": b("v"), "lease": "7587848390000000001"}),
            ("/v3/lease/keepalive", {"ID": "7587848390000000001"}),
            ("/v3/lease/leases", {}), ("/v3/kv/lease/leases", {}),
            ("/v3/lease/revoke", {"ID": "7587848390000000001"}), ("/v3/kv/lease/revoke", {"ID": "7587848390000000001"}),
            ("/v3/kv/lease/timetolive", {"ID": "7587848390000000001"}), ("/v3/lease/timetolive", {"ID": 5}))

    def test_the_rest(self):
        # This etcd leaves their headers out.
        for path in ("alarm", "defragment"):
            answers = [server.post("/v3/maintenance/" + path, {}) for server in (self.stock, self.ours)]
            self.assertEqual(*[(code, {k: v for k, v in answer.items() if k != "header"}) for code, answer in answers])
        # A digest of the file, which is another one.
        fields = [sorted(server.post("/v3/maintenance/hash", {})[1]) for server in (self.stock, self.ours)]
        self.assertEqual(*fields)
        self.posts(
            ("/v3/cluster/member/list", {}), ("/v3/cluster/member/remove", {"ID": "1"}), ("/v3/cluster/member/add", {"peerURLs": ["bad"]}),
            ("/v3/maintenance/transfer-leadership", {"targetID": "12"}))

    def test_codes_of_what_is_refused(self):
        """Their texts differ: they are those of two JSON parsers."""
        def scenario(server):
            for path, body in (("/v3/kv/range", '{"key":'), ("/v3/kv/range", '{"key":"%%"}'), ("/v3/kv/range", "[]"),
                               ("/v3/kv/put", '{"key":{}}'), ("/v3/kv/put", '{"lease":"x"}')):
                code, text = server.post(path, body)
                yield path, body, code, text["code"]
            yield server.post("/v3/nothing", "{}", raw=True)
            connection = http.client.HTTPConnection(server.members[0].client[7:], timeout=30)
            connection.request("GET", "/v3/kv/range")
            answer = connection.getresponse()
            yield answer.status, answer.read()
        self.same(scenario)

    def test_watch(self):
        def scenario(server):
            server.post("/v3/kv/put", {"key": b("w"), "value": b("1")})
            body = json.dumps({"create_request": {"key": b("w"), "start_revision": "2", "prev_kv": True}}).encode()
            with urllib.request.urlopen(urllib.request.Request(server.members[0].client + "/v3/watch", data=body),
                                        timeout=30) as watch:
                yield watch.status, watch.headers["Content-Type"]
                yield watch.readline().decode(), watch.readline().decode()
                server.post("/v3/kv/put", {"key": b("w"), "value": b("2")})
                yield watch.readline().decode()
                server.post("/v3/kv/deleterange", {"key": b("w")})
                yield watch.readline().decode()
        self.same(scenario)

    def test_pages(self):
        def scenario(server):
            for path in ("/health", "/nothing"):
                connection = http.client.HTTPConnection(server.members[0].client[7:], timeout=30)
                connection.request("GET", path)
                answer = connection.getresponse()
                yield path, answer.status, answer.read()
            with urllib.request.urlopen(server.members[0].client + "/version", timeout=30) as answer:
                yield sorted(json.loads(answer.read()))
        self.same(scenario)

    def test_metrics_have_etcds_names(self):
        pages = {}
        for server in (self.stock, self.ours):
            with urllib.request.urlopen(server.members[0].client + "/metrics", timeout=30) as answer:
                lines = answer.read().decode().splitlines()
            pages[server.kind] = {line.split()[2]: line.split()[3] for line in lines if line.startswith("# TYPE")}
        for name, kind in pages["kubeproof"].items():
            if not name.startswith("kubeproof_"):
                self.assertEqual(pages["etcd"].get(name), kind, name)
