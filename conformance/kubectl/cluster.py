"""A cluster of `kubeproof up`, in folders of its own."""

import ctypes
import glob
import os
import shutil
import signal
import subprocess
import tempfile
import time

MARKER = "KUBEPROOF_TEST_CLUSTER"


def die_with_parent():
    """For a child, before it becomes another program: a test that is killed leaves no cluster behind."""
    ctypes.CDLL(None).prctl(1, signal.SIGKILL)  # PR_SET_PDEATHSIG


def wait_until(condition, seconds):
    """Whether `condition` came true in that time; asked every 50 ms."""
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.05)
    return True


class Cluster:
    """Everything that it starts carries a mark in its environment, so what is left can be found."""

    def __init__(self, program, *flags):
        self.folder = tempfile.mkdtemp(prefix="kubectl-test-")
        self.home = os.path.join(self.folder, "home")
        self.temporary = os.path.join(self.folder, "tmp")
        os.mkdir(self.home)
        os.mkdir(self.temporary)
        self.kubeconfig = os.path.join(self.folder, "kubeconfig")
        self.log = os.path.join(self.folder, "up.log")
        environment = {"PATH": os.environ["PATH"], "HOME": self.home, "TMPDIR": self.temporary,
                       MARKER: self.folder}
        with open(self.log, "wb") as log:
            self.process = subprocess.Popen(
                [program, "up", "--kubeconfig", self.kubeconfig, *flags], env=environment, cwd=self.home,
                stdin=subprocess.DEVNULL, stdout=log, stderr=subprocess.STDOUT, preexec_fn=die_with_parent)
        if not wait_until(lambda: self.process.poll() is not None or "export KUBECONFIG=" in self.words(), 60) \
                or self.process.poll() is not None:
            words = self.words()
            self.end()
            raise RuntimeError("the cluster does not start: " + words)

    def words(self):
        with open(self.log, encoding="utf-8", errors="replace") as log:
            return log.read()

    def processes(self):
        """{pid: command line} of all that this cluster started and that still runs."""
        mark = f"{MARKER}={self.folder}".encode()
        found = {}
        for folder in glob.glob("/proc/[0-9]*"):
            try:
                with open(folder + "/environ", "rb") as file:
                    if mark not in file.read().split(b"\0"):
                        continue
                with open(folder + "/cmdline", "rb") as file:
                    found[int(folder[6:])] = file.read().replace(b"\0", b" ").decode()
            except OSError:  # gone meanwhile, or somebody else's
                continue
        return found

    def end(self, with_signal=signal.SIGINT):
        """Ends it as a user does. Returns what it left behind, as lines."""
        if self.process.poll() is None:
            self.process.send_signal(with_signal)
        try:
            self.process.wait(20)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
            return ["the process had to be killed"]
        wait_until(lambda: not self.left(), 10)
        left = self.left()
        shutil.rmtree(self.folder, ignore_errors=True)
        return left

    def left(self):
        return ([f"process {pid}: {line}" for pid, line in self.processes().items()]
                + [f"file {name}" for name in os.listdir(self.temporary)])

    def logs(self):
        """The last lines of each component."""
        lines = []
        for name in sorted(glob.glob(self.temporary + "/*/*.log")):
            with open(name, encoding="utf-8", errors="replace") as log:
                lines += [f"{os.path.basename(name)}: {line.rstrip()}" for line in log.readlines()[-15:]]
        return "\n".join(lines)
