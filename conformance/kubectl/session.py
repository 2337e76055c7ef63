"""kubectl programs and how a test calls one."""

import glob
import itertools
import json
import os
import re
import shlex
import shutil
import subprocess
import unittest

TIMEOUT = 60


class Program:
    def __init__(self, path, version):
        self.path = path
        self.version = version  # (1, 32)

    def __str__(self):
        return f"kubectl {self.version[0]}.{self.version[1]}"


def version_of(path):
    """(major, minor) and the text that the program gives as its own version, or None."""
    try:
        # With an empty kubeconfig no version asks a server.
        result = subprocess.run([path, "version", "--client", "-o", "json"], capture_output=True, text=True,
                                env={"HOME": "/nonexistent", "KUBECONFIG": "/dev/null"}, timeout=TIMEOUT, check=False)
        text = json.loads(result.stdout)["clientVersion"]["gitVersion"]
    except (OSError, ValueError, KeyError, subprocess.TimeoutExpired):
        return None
    match = re.match(r"v(\d+)\.(\d+)", text)
    return ((int(match[1]), int(match[2])), text) if match else None


def debian_kubectl(folder):
    """The program of Debian's package, unpacked in `folder`; None where there is no package to be had."""
    program = os.path.join(folder, "usr/bin/kubectl")
    if not os.path.exists(program) and shutil.which("apt-get") and shutil.which("dpkg"):
        os.makedirs(folder, exist_ok=True)
        try:
            subprocess.run(["apt-get", "download", "kubernetes-client"], cwd=folder, capture_output=True,
                           stdin=subprocess.DEVNULL, timeout=TIMEOUT, check=True)
            for package in glob.glob(os.path.join(folder, "*.deb")):
                subprocess.run(["dpkg", "-x", package, folder], capture_output=True, timeout=TIMEOUT, check=True)
        except (OSError, subprocess.SubprocessError):
            return None
    return program if os.path.exists(program) else None


def find_programs(debian_folder):
    """One program per minor version, ascending. Vendors' dispatchers, which choose another program
    by the server's version, count only where that program is not here."""
    paths = []
    for folder in os.get_exec_path():
        path = os.path.join(folder, "kubectl")
        if os.access(path, os.X_OK):
            real = os.path.realpath(path)
            paths += [path, *sorted(glob.glob(os.path.join(os.path.dirname(real), "kubectl.[0-9]*")))]
    debian = debian_kubectl(debian_folder)
    if debian:
        paths.append(debian)
    found = {}
    for path in dict.fromkeys(os.path.realpath(path) for path in paths):
        known = version_of(path)
        if known and (known[0] not in found or "dispatcher" not in known[1]):
            found[known[0]] = Program(path, known[0])
    return [found[version] for version in sorted(found)]


class Result:
    def __init__(self, code, out, error):
        self.code, self.out, self.error = code, out, error


class KubectlCase(unittest.TestCase):
    """A test with one kubectl, in a namespace of its own."""
    program = None
    cluster = None
    store = ""  # when it is not our own
    counter = itertools.count(1)
    maxDiff = None

    def setUp(self):
        self.home = os.path.join(self.cluster.home, "%d.%d" % self.program.version)
        self.environment = {"PATH": os.environ["PATH"], "HOME": self.home, "KUBECONFIG": self.cluster.kubeconfig,
                            "KUBECACHEDIR": os.path.join(self.home, "cache")}
        self.namespace = f"test-{next(KubectlCase.counter)}"
        self.k(f"create namespace {self.namespace}")

    def id(self):
        return f"{self.program}{self.store}: {super().id().split('.', 1)[-1]}"

    def __str__(self):
        return self.id()

    def arguments(self, command):
        words = shlex.split(command)
        return [self.program.path, *([] if "-A" in words else ["--namespace", self.namespace]), *words]

    def run_kubectl(self, command, stdin="", **environment):
        result = subprocess.run(self.arguments(command), input=stdin, capture_output=True, text=True,
                                cwd=self.cluster.home, env={**self.environment, **environment}, timeout=TIMEOUT,
                                check=False)
        return Result(result.returncode, result.stdout, result.stderr)

    def k(self, command, stdin="", code=0, **environment):
        """What the command prints; it must exit with `code`."""
        result = self.run_kubectl(command, stdin, **environment)
        if result.code != code:
            self.fail(f"kubectl {command}: exit code {result.code}, want {code}\n{stdin}\n{result.out}{result.error}")
        return result.out

    def refused(self, command, *parts, stdin="", code=1):
        """The command must fail, and say each of `parts` on stderr."""
        result = self.run_kubectl(command, stdin)
        said = result.error
        if result.code != code:
            self.fail(f"kubectl {command}: exit code {result.code}, want {code}\n{stdin}\n{result.out}{said}")
        for part in parts:
            self.assertIn(part, said, f"of kubectl {command}")
        return said

    def json(self, command):
        return json.loads(self.k(command + " -o json"))

    def field(self, what, path):
        return self.k(f"get {what} -o jsonpath='{{{path}}}'")

    def columns(self, command):
        """The rows of a table, heading first, split at runs of two or more spaces."""
        return [re.split(r" {2,}", line.strip()) for line in self.k(command).splitlines()]

    def says(self, command, *parts, stdin="", **environment):
        out = self.k(command, stdin, **environment)
        for part in parts:
            self.assertIn(part, out, f"of kubectl {command}")
        return out

    def since(self, minor):
        if self.program.version < (1, minor):
            self.skipTest(f"since 1.{minor}")

    def roll_out(self, name, replicas=2, image="web:1"):
        self.k("apply -f -", stdin=deployment(name, replicas, image))
        self.k(f"rollout status deployment/{name} --timeout=30s")


def deployment(name, replicas=2, image="web:1", more=""):
    return f"""
apiVersion: apps/v1
kind: Deployment
metadata:
  name: {name}
  labels: {{app: {name}}}
spec:
  replicas: {replicas}
  selector: {{matchLabels: {{app: {name}}}}}
  template:
    metadata: {{labels: {{app: {name}}}}}
    spec:
      terminationGracePeriodSeconds: 1
      containers:
      - name: main
        image: {image}
        ports: [{{containerPort: 80}}]
{more}"""


def config_map(name, label="", **data):
    lines = "".join(f"  {key}: {json.dumps(value)}\n" for key, value in data.items())
    labels = f"\n  labels: {{app: {label}}}" if label else ""
    return f"---\napiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: {name}{labels}\ndata:\n{lines}"
