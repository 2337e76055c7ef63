"""A scenario that is played on a stock etcd and on ours, and what both said side by side."""

import unittest

from servers import Names, Server


class Pair(unittest.TestCase):
    """Each test has two servers of its own: self.stock and self.ours."""
    kubeproof = None
    members = 1
    flags = ()
    maxDiff = None

    def setUp(self):
        self.servers = []
        self.stock = self.server("etcd")
        self.ours = self.server("kubeproof")

    def server(self, kind, members=None, flags=None):
        program = ["etcd"] if kind == "etcd" else [self.kubeproof, "store"]
        server = Server(kind, program, members or self.members, self.flags if flags is None else flags)
        self.servers.append(server)
        return server

    def tearDown(self):
        outcome = self._outcome
        failed = outcome is not None and any(error for _, error in getattr(outcome, "errors", []))
        for server in self.servers:
            if failed:
                print(server.words())
            server.end()

    def same(self, scenario):
        """`scenario(server)` yields what is to be compared, step by step."""
        told = {}
        for server in (self.stock, self.ours):
            names = Names()
            told[server.kind] = [names(step) for step in scenario(server)]
        self.assertEqual(told["etcd"], told["kubeproof"])

    def commands(self, *lines, **more):
        """The same etcdctl commands on both; `lines` are split at blanks, or tuples of arguments."""
        def scenario(server):
            for line in lines:
                yield line, server.ctl(*(line.split() if isinstance(line, str) else line), **more)
        self.same(scenario)
