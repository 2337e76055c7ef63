"""Clusters of a stock etcd and of `kubeproof store`, started with the very same flags."""

import ctypes
import json
import os
import re
import shutil
import signal
import socket
import subprocess
import tempfile
import time
import urllib.error
import urllib.request

TIMEOUT = 60


def die_with_parent():
    """For a child, before it becomes another program: a test that is killed leaves nothing behind."""
    ctypes.CDLL(None).prctl(1, signal.SIGKILL)  # PR_SET_PDEATHSIG


def wait_until(condition, seconds):
    """Whether `condition` came true in that time; asked every 50 ms."""
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.05)
    return True


def free_ports(count):
    """Ports that were free a moment ago, all different."""
    listeners = [socket.socket() for _ in range(count)]
    for listener in listeners:
        listener.bind(("127.0.0.1", 0))
    ports = [listener.getsockname()[1] for listener in listeners]
    for listener in listeners:
        listener.close()
    return ports


class Member:
    def __init__(self, name, folder):
        self.name = name
        self.data = os.path.join(folder, name)
        self.log = os.path.join(folder, name + ".log")
        client, peer = free_ports(2)
        self.client, self.peer = f"http://127.0.0.1:{client}", f"http://127.0.0.1:{peer}"
        self.process = None

    def words(self):
        try:
            with open(self.log, encoding="utf-8", errors="replace") as log:
                return log.read()
        except OSError:
            return ""


class Server:
    """A program that speaks etcd's flags, and the members of it that run. Everything is below one folder."""

    def __init__(self, kind, program, members=1, flags=()):
        self.kind, self.program, self.flags = kind, program, list(flags)
        self.folder = tempfile.mkdtemp(prefix="etcdctl-test-")
        self.members = []
        for i in range(members):
            self.members.append(Member(f"m{i}", self.folder))
        for member in self.members:
            self.start(member)
        if not all(wait_until(lambda m=m: self.healthy(m), 30) for m in self.members):
            words = self.words()
            self.end()
            raise RuntimeError(f"{kind} does not start: {words}")

    def start(self, member, state="new", cluster=None, flags=()):
        listed = cluster or self.members
        command = [*self.program, "--name", member.name, "--data-dir", member.data,
                   "--listen-client-urls", member.client, "--advertise-client-urls", member.client,
                   "--listen-peer-urls", member.peer, "--initial-advertise-peer-urls", member.peer,
                   "--initial-cluster", ",".join(f"{m.name}={m.peer}" for m in listed),
                   "--initial-cluster-state", state, "--initial-cluster-token", "test", *self.flags, *flags]
        with open(member.log, "ab") as log:
            member.process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=log, stderr=subprocess.STDOUT,
                                              preexec_fn=die_with_parent)

    def stop(self, member, how=signal.SIGKILL):
        member.process.send_signal(how)
        return member.process.wait(TIMEOUT)

    def join(self, learner=False):
        """A member that is added by etcdctl and then started as --initial-cluster-state existing."""
        member = Member(f"m{len(self.members)}", self.folder)
        # etcd wants its members connected for five seconds before it changes them.
        added = lambda: self.ctl("member", "add", member.name, "--peer-urls=" + member.peer,
                                 *(["--learner"] if learner else [])).code == 0
        if not wait_until(added, 30):
            raise RuntimeError(f"{self.kind}: the member cannot be added")
        self.members.append(member)
        self.start(member, state="existing")
        return member

    def healthy(self, member):
        try:
            with urllib.request.urlopen(member.client + "/health", timeout=5) as answer:
                return json.loads(answer.read())["health"] == "true"
        except (OSError, ValueError):
            return False

    def ctl(self, *arguments, stdin="", members=None, environment=None):
        """What etcdctl says, with the ids and addresses of this run named alike everywhere."""
        endpoints = ",".join(m.client for m in (self.members if members is None else members))
        result = subprocess.run(["etcdctl", "--endpoints", endpoints, *arguments], input=stdin, text=True,
                                errors="backslashreplace", capture_output=True, timeout=TIMEOUT, cwd=self.folder,
                                env={"PATH": os.environ["PATH"], "ETCDCTL_API": "3", **(environment or {})}, check=False)
        return Said(result.returncode, result.stdout, result.stderr)

    def background(self, *arguments, stdin=None):
        """An etcdctl that goes on: a watch, a lock."""
        return subprocess.Popen(["etcdctl", "--endpoints", self.members[0].client, *arguments], text=True,
                                stdin=stdin or subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
                                env={"PATH": os.environ["PATH"], "ETCDCTL_API": "3"}, preexec_fn=die_with_parent)

    def json(self, *arguments, **more):
        said = self.ctl(*arguments, "-w", "json", **more)
        if said.code != 0:
            raise AssertionError(f"{self.kind}: etcdctl {arguments}: {said.error}")
        return json.loads(said.out)

    def statuses(self):
        return {e["Endpoint"]: e["Status"] for e in self.json("endpoint", "status")}

    def leader(self):
        """The member that leads; None without one."""
        for member in self.members:
            if member.process.poll() is not None:
                continue
            said = self.ctl("endpoint", "status", "-w", "json", members=[member])
            if said.code == 0:
                status = json.loads(said.out)[0]["Status"]
                if status["leader"] == status["header"]["member_id"]:
                    return member
        return None

    def post(self, path, body, token=None, raw=False):
        """(status, answer) of the JSON gateway."""
        data = body.encode() if isinstance(body, str) else json.dumps(body).encode()
        request = urllib.request.Request(self.members[0].client + path, data=data, method="POST")
        if token:
            request.add_header("Authorization", token)
        try:
            with urllib.request.urlopen(request, timeout=TIMEOUT) as answer:
                code, text = answer.status, answer.read().decode()
        except urllib.error.HTTPError as error:
            code, text = error.code, error.read().decode()
        return code, text if raw else json.loads(text)

    def words(self):
        return "".join(f"--- {self.kind} {m.name}\n{m.words()[-4000:]}" for m in self.members)

    def end(self):
        for member in self.members:
            if member.process and member.process.poll() is None:
                member.process.kill()
                member.process.wait()
        shutil.rmtree(self.folder, ignore_errors=True)


class Said:
    def __init__(self, code, out, err):
        self.code, self.out = code, out
        # The client's own log is JSON or begins with a brace; what it says to people is not.
        self.error = "\n".join(line for line in err.splitlines() if line and not line.startswith("{"))

    def __repr__(self):
        return f"({self.code}, {self.out!r}, {self.error!r})"


class Names:
    """Replaces ids and addresses by the order of their first appearance, in texts and in what holds texts."""

    def __init__(self):
        self.known = {}

    def __call__(self, said):
        if isinstance(said, Said):
            return self((said.code, said.out, said.error))
        if isinstance(said, dict):
            # How many elections there were is nobody's business.
            return {key: "<term>" if key == "raft_term" else self(value) for key, value in said.items()}
        if isinstance(said, (list, tuple)):
            return [self(each) for each in said]
        return self.text(said) if isinstance(said, str) else said

    def text(self, text):
        def name(kind):
            def replace(match):
                return self.known.setdefault(match[0], f"<{kind}{len(self.known)}>")
            return replace
        text = re.sub(r"https?://127\.0\.0\.1:\d+|127\.0\.0\.1:\d+", name("address"), text)
        # 64-bit ids, as hexadecimal and as decimal numbers.
        text = re.sub(r"\b(?=[0-9a-f]*[a-f])[0-9a-f]{14,16}\b|\b\d{14,20}\b", name("id"), text)
        # etcdctl pads ids with blanks.
        text = re.sub(r"\b(Member|cluster) +", r"\1 ", text)
        return re.sub(r'("raft_?[tT]erm":)"?\d+"?|("RaftTerm" : )\d+', r"\1\2<term>", text)


def run(command):
    result = subprocess.run(command, capture_output=True, text=True, timeout=TIMEOUT, check=False)
    return Said(result.returncode, result.stdout, result.stderr)
