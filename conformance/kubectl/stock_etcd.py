"""A stock etcd of one member, in a folder of its own."""

import os
import shutil
import socket
import subprocess
import tempfile
import urllib.request

from cluster import die_with_parent, wait_until


def free_port():
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


class StockEtcd:
    program = shutil.which("etcd")

    def __init__(self):
        self.folder = tempfile.mkdtemp(prefix="kubectl-test-etcd-")
        self.url, peer = (f"http://127.0.0.1:{free_port()}" for _ in range(2))
        with open(os.path.join(self.folder, "log"), "wb") as log:
            self.process = subprocess.Popen(
                [self.program, "--data-dir", os.path.join(self.folder, "data"), "--listen-client-urls", self.url,
                 "--advertise-client-urls", self.url, "--listen-peer-urls", peer, "--initial-advertise-peer-urls", peer,
                 "--initial-cluster", f"default={peer}"],
                stdin=subprocess.DEVNULL, stdout=log, stderr=subprocess.STDOUT, preexec_fn=die_with_parent)
        if not wait_until(self.healthy, 30):
            self.end()
            raise RuntimeError("etcd does not start")

    def healthy(self):
        try:
            with urllib.request.urlopen(self.url + "/health", timeout=5) as answer:
                return b'"true"' in answer.read()
        except OSError:
            return False

    def version(self):
        with urllib.request.urlopen(self.url + "/version", timeout=5) as answer:
            return answer.read().decode()

    def end(self):
        self.process.kill()
        self.process.wait()
        shutil.rmtree(self.folder, ignore_errors=True)
        return []
