"""Patroni keeps its PostgreSQL cluster's state in the store, through the JSON gateway: two nodes elect a leader,
one follows it, and takes over when the leader is gone."""

import glob
import json
import os
import pwd
import shutil
import signal
import subprocess
import tempfile
import unittest
import urllib.error
import urllib.request

from servers import Server, die_with_parent, free_ports, wait_until

PROGRAM = shutil.which("patroni")
POSTGRES = sorted(glob.glob("/usr/lib/postgresql/*/bin"))
# PostgreSQL refuses to run as root.
USER = "postgres"


class Node:
    def __init__(self, name, folder, store):
        self.name = name
        self.rest, self.port = free_ports(2)
        self.log = os.path.join(folder, name + ".log")
        self.config = os.path.join(folder, name + ".json")
        hosts = [member.client.split("//")[1] for member in store.members]
        replicator, superuser = {"username": "replicator", "password": "r"}, {"username": "postgres", "password": "p"}
        config = {
            "scope": "test", "name": name,
            "restapi": {"listen": f"127.0.0.1:{self.rest}", "connect_address": f"127.0.0.1:{self.rest}"},
            "etcd3": {"hosts": hosts},
            "bootstrap": {
                "dcs": {"ttl": 20, "loop_wait": 1, "retry_timeout": 3, "maximum_lag_on_failover": 1048576,
                        "postgresql": {"parameters": {"fsync": "off", "shared_buffers": "16MB", "max_connections": 20}}},
                "initdb": [{"encoding": "UTF8"}],
                "pg_hba": ["host all all 127.0.0.1/32 md5", "host replication replicator 127.0.0.1/32 md5"]},
            "postgresql": {
                "listen": f"127.0.0.1:{self.port}", "connect_address": f"127.0.0.1:{self.port}",
                "data_dir": os.path.join(folder, name), "bin_dir": POSTGRES[-1],
                "pgpass": os.path.join(folder, name + ".pgpass"),
                "authentication": {"replication": replicator, "superuser": superuser},
                "parameters": {"unix_socket_directories": folder}}}
        with open(self.config, "w", encoding="utf-8") as file:
            json.dump(config, file)
        self.process = None

    def start(self):
        who = pwd.getpwnam(USER)

        def become():
            if os.geteuid() == 0:
                os.setgid(who.pw_gid)
                os.setuid(who.pw_uid)
            die_with_parent()
        with open(self.log, "ab") as log:
            self.process = subprocess.Popen([PROGRAM, self.config], stdin=subprocess.DEVNULL, stdout=log,
                                            stderr=subprocess.STDOUT, preexec_fn=become, start_new_session=True,
                                            env={"PATH": os.environ["PATH"], "HOME": os.path.dirname(self.config),
                                                 "LC_ALL": "C.UTF-8"})

    def is_(self, role):
        """Patroni's health page of that role is 200 where the node has it, 503 elsewhere."""
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{self.rest}/{role}", timeout=5) as answer:
                return answer.status == 200
        except OSError:
            return False

    def end(self):
        if self.process is None:
            return
        self.process.send_signal(signal.SIGTERM)
        try:
            self.process.wait(30)
        except subprocess.TimeoutExpired:
            pass
        try:
            os.killpg(self.process.pid, signal.SIGKILL)
        except ProcessLookupError:
            pass
        self.process.wait()

    def words(self):
        with open(self.log, encoding="utf-8", errors="replace") as log:
            return f"--- {self.name}\n" + log.read()[-3000:]


class Patroni(unittest.TestCase):
    kubeproof = None

    def setUp(self):
        if not PROGRAM or not POSTGRES:
            self.skipTest("not run: the packages patroni and postgresql are not installed")
        self.folder = tempfile.mkdtemp(prefix="patroni-test-", dir="/tmp")
        if os.geteuid() == 0:
            shutil.chown(self.folder, USER)
        self.store = Server("kubeproof", [self.kubeproof, "store"], members=3)
        self.nodes = [Node(f"node{i}", self.folder, self.store) for i in range(2)]

    def tearDown(self):
        for node in self.nodes:
            node.end()
        self.store.end()
        shutil.rmtree(self.folder, ignore_errors=True)

    def becomes(self, node, role, seconds=60):
        self.assertTrue(wait_until(lambda: node.is_(role), seconds),
                        f"{node.name} is no {role}\n" + "".join(n.words() for n in self.nodes if n.process)
                        + self.store.words())

    def test_leader_replica_and_failover(self):
        first, second = self.nodes
        first.start()
        self.becomes(first, "primary")
        second.start()
        self.becomes(second, "replica")
        keys = self.store.ctl("get", "/service/test/", "--prefix", "--keys-only").out
        for key in ("initialize", "leader", "config", "members/node0", "members/node1"):
            self.assertIn("/service/test/" + key + "\n", keys)
        self.assertEqual("node0\n", self.store.ctl("get", "/service/test/leader", "--print-value-only").out)
        # A member of the store goes; nobody above notices.
        self.store.stop(self.store.members[0])
        first.end()
        first.process = None
        self.becomes(second, "primary")
        leader = self.store.ctl("get", "/service/test/leader", "--print-value-only", members=self.store.members[1:])
        self.assertEqual("node1\n", leader.out)
