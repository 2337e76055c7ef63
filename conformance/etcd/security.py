"""TLS by etcd's flags, and who is refused: foreign certificates, members of other clusters, data of another member."""

import os
import shutil
import ssl
import subprocess
import tempfile
import unittest
import urllib.request

from servers import Member, Server, free_ports, run, wait_until

OPENSSL = shutil.which("openssl")


class Authority:
    """A certificate authority and what it signed, as files of a folder."""

    def __init__(self, folder, name):
        self.folder, self.name = folder, name
        self.ca = os.path.join(folder, name + "-ca.pem")
        self.openssl("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "3650",
                     "-keyout", self.path("ca.key"), "-out", self.ca, "-subj", f"/CN={name}",
                     "-addext", "basicConstraints=critical,CA:TRUE", "-addext", "keyUsage=critical,keyCertSign")

    def path(self, suffix):
        return os.path.join(self.folder, f"{self.name}-{suffix}")

    @staticmethod
    def openssl(*arguments):
        said = run([OPENSSL, *arguments])
        if said.code != 0:
            raise RuntimeError(f"openssl {arguments}: {said.error}")

    def sign(self, who):
        """(certificate, key) for 127.0.0.1, good for servers and clients."""
        key, request, certificate = (self.path(f"{who}.{end}") for end in ("key", "csr", "pem"))
        self.openssl("req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout", key,
                     "-out", request, "-subj", f"/CN={who}", "-addext", "subjectAltName=IP:127.0.0.1,DNS:localhost")
        self.openssl("x509", "-req", "-in", request, "-CA", self.ca, "-CAkey", self.path("ca.key"), "-CAcreateserial",
                     "-days", "3650", "-copy_extensions", "copy", "-out", certificate)
        return certificate, key


class SecureServer(Server):
    """Members that speak TLS to everyone; `tls` are the paths of etcdctl's and of their own certificates."""

    def __init__(self, program, members, authority):
        self.authority = authority
        self.user = authority.sign("user")
        own = authority.sign("member")
        self.tls = ["--cert-file", own[0], "--key-file", own[1], "--trusted-ca-file", authority.ca, "--client-cert-auth",
                    "--peer-cert-file", own[0], "--peer-key-file", own[1], "--peer-trusted-ca-file", authority.ca,
                    "--peer-client-cert-auth"]
        super().__init__("kubeproof", program, members, self.tls)

    def start(self, member, state="new", cluster=None, flags=()):
        member.client = member.client.replace("http:", "https:")
        member.peer = member.peer.replace("http:", "https:")
        for other in cluster or self.members:
            other.peer = other.peer.replace("http:", "https:")
        super().start(member, state, cluster, flags)

    def healthy(self, member):
        context = ssl.create_default_context(cafile=self.authority.ca)
        context.load_cert_chain(*self.user)
        try:
            with urllib.request.urlopen(member.client + "/health", timeout=5, context=context) as answer:
                return b'"true"' in answer.read()
        except OSError:
            return False

    def ctl(self, *arguments, user=None, **more):
        certificate, key = user or self.user
        return super().ctl(*arguments, "--cacert", self.authority.ca, "--cert", certificate, "--key", key, **more)


class Security(unittest.TestCase):
    kubeproof = None

    def setUp(self):
        if not OPENSSL:
            self.skipTest("not run: the package openssl is not installed")
        self.folder = tempfile.mkdtemp(prefix="etcd-security-")
        self.servers = []

    def tearDown(self):
        for server in self.servers:
            server.end()
        shutil.rmtree(self.folder, ignore_errors=True)

    def keep(self, server):
        self.servers.append(server)
        return server

    def waits_for(self, member, *words):
        self.assertTrue(wait_until(lambda: all(word in member.words() for word in words), 30), member.words())

    def test_tls_between_all(self):
        authority, stranger = Authority(self.folder, "ours"), Authority(self.folder, "foreign")
        server = self.keep(SecureServer([self.kubeproof, "store"], 3, authority))
        for member in server.members:
            self.assertEqual("OK\n", server.ctl("put", member.name, "v", members=[member]).out)
        self.assertEqual(3, server.ctl("get", "", "--prefix", "--print-value-only").out.count("v"))
        said = server.ctl("get", "m0", "--dial-timeout=1s", "--command-timeout=2s", user=stranger.sign("stranger"))
        self.assertNotEqual(0, said.code, "a certificate of another authority")
        # A member of theirs that comes with a certificate of another authority.
        victim = server.members[2]
        server.stop(victim)
        foreign = stranger.sign("member")
        before = victim.words()
        server.start(victim, flags=["--peer-cert-file", foreign[0], "--peer-key-file", foreign[1]])
        self.waits_for(server.members[0], "refused a connection from 127.0.0.1", "certificate")
        self.assertFalse(wait_until(lambda: server.healthy(victim), 2), victim.words()[len(before):])

    def test_other_clusters_are_refused(self):
        server = self.keep(Server("kubeproof", [self.kubeproof, "store"], 3))
        victim = server.members[2]
        server.stop(victim)
        shutil.rmtree(victim.data)
        server.start(victim, flags=["--initial-cluster-token", "other"])
        self.waits_for(server.members[0], "refused member", "it is of cluster")
        self.waits_for(victim, "no connection to " + server.members[0].peer, "it is of cluster")
        self.assertEqual("OK\n", server.ctl("put", "k", "v", members=server.members[:2]).out)

    def refusal(self, *flags):
        said = run([self.kubeproof, "store", *flags])
        self.assertNotEqual(0, said.code)
        return said.error

    def test_starts_that_cannot_work_say_why(self):
        server = self.keep(Server("kubeproof", [self.kubeproof, "store"], 1))
        member = server.members[0]
        server.stop(member)
        ports = [f"http://127.0.0.1:{port}" for port in free_ports(2)]
        where = ["--data-dir", member.data, "--listen-client-urls", ports[0], "--listen-peer-urls", member.peer,
                 "--initial-advertise-peer-urls", member.peer]
        self.assertIn("belongs to member", self.refusal("--name", "m0", *where, "--initial-cluster-token", "other"))
        self.assertIn('couldn\'t find local name "b" in the initial cluster configuration',
                      self.refusal("--name", "b", *where, "--initial-cluster", "m0=" + member.peer))
        self.assertIn("must include m0=" + member.peer,
                      self.refusal("--name", "m0", *where, "--initial-cluster", "m0=http://127.0.0.1:1"))
        self.assertIn("cannot fetch cluster info from peer urls",
                      self.refusal("--name", "x", "--data-dir", os.path.join(self.folder, "x"), "--listen-peer-urls",
                                   ports[1], "--initial-advertise-peer-urls", ports[1], "--initial-cluster",
                                   f"x={ports[1]},y=http://127.0.0.1:1", "--initial-cluster-state", "existing"))
        server.start(member)
        self.assertTrue(wait_until(lambda: server.healthy(member), 30))
        self.assertIn("address already in use",
                      self.refusal("--data-dir", os.path.join(self.folder, "y"), "--listen-client-urls", member.client))

    def test_metrics_have_an_address_of_their_own(self):
        authority = Authority(self.folder, "ours")
        port = free_ports(1)[0]
        self.keep(SecureServer([self.kubeproof, "store", "--listen-metrics-urls", f"http://127.0.0.1:{port}"], 1,
                               authority))
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=30) as answer:
            self.assertIn(b"etcd_server_has_leader 1", answer.read())
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/livez", timeout=30) as answer:
            self.assertEqual(b"ok\n", answer.read())

    def test_environment_is_etcds(self):
        ports = [f"http://127.0.0.1:{port}" for port in free_ports(2)]
        member = Member("env", self.folder)
        with open(member.log, "wb") as log:
            process = subprocess.Popen([self.kubeproof, "store", "--die-with-parent"], stdout=log, stderr=log,
                                       env={"ETCD_NAME": "env", "ETCD_DATA_DIR": member.data,
                                            "ETCD_LISTEN_CLIENT_URLS": ports[0], "ETCD_LISTEN_PEER_URLS": ports[1],
                                            "ETCD_INITIAL_ADVERTISE_PEER_URLS": ports[1]})
        member.client = ports[0]
        try:
            self.assertTrue(wait_until(lambda: Server.healthy(None, member), 30), member.words())
        finally:
            process.kill()
            process.wait()
