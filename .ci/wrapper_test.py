#!/usr/bin/python3
"""Runs the `kubeproof` wrapper on machines that are made up: programs it calls are stand-ins that
write down their arguments."""

import os
import shutil
import subprocess
import tempfile
import unittest

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))

STAND_INS = {
    # Every package but those in $MISSING is installed.
    "dpkg-query": '''shift 3; for p in "$@"; do case " $MISSING " in *" $p "*) ;; *) echo "ii  $p" ;; esac; done''',
    "apt-get": '''echo "apt-get $*" >> "$LOG"
[[ "$*" != *"$UNKNOWN" ]] || [ -z "$UNKNOWN" ] || exit 100
case "$1" in
  update) touch "$LOG.updated" ;;
  install) [ "$APT" = works ] || { [ "$APT" = after-update ] && [ -f "$LOG.updated" ]; } \\
             || { echo "E: Unable to locate package" >&2; exit 100; } ;;
esac''',
    "sudo": '''echo "sudo" >> "$LOG"; while [[ "$1" == -* || "$1" == *=* ]]; do shift; done; exec "$@"''',
    "id": '''echo "$USER_ID"''',
    "cmake": '''echo "cmake $*" >> "$LOG"; mkdir -p build/release; touch build/release/build.ninja''',
    "ninja": '''echo "ninja $*" >> "$LOG"; [ "$NINJA" = works ] || { echo "a.cc: error: no"; exit 1; }
printf '#!/bin/sh\\necho "binary: $*"\\nexit 4\\n' > build/release/kubeproof; chmod +x build/release/kubeproof''',
    "ctest": '''echo "ctest $*" >> "$LOG"; echo "100% tests passed"; exit "$CTEST"''',
}


class Wrapper(unittest.TestCase):
    def setUp(self):
        self.root = tempfile.mkdtemp()
        self.addCleanup(shutil.rmtree, self.root)
        for name in ("kubeproof", ".ci/packages", "CMakePresets.json"):
            os.makedirs(os.path.dirname(os.path.join(self.root, name)), exist_ok=True)
            shutil.copy(os.path.join(ROOT, name), os.path.join(self.root, name))
        self.bin = os.path.join(self.root, "stand-ins")
        os.mkdir(self.bin)
        for name, script in STAND_INS.items():
            path = os.path.join(self.bin, name)
            with open(path, "w", encoding="utf-8") as file:
                file.write("#!/bin/bash\n" + script + "\n")
            os.chmod(path, 0o755)
        self.log = os.path.join(self.root, "log")

    def run_wrapper(self, *arguments, **settings):
        # $HOME/bin and such are left out, so that no kubectl is on PATH but ours.
        environment = {"PATH": self.bin + ":" + self.tools(), "LOG": self.log, "MISSING": "", "APT": "works",
                       "NINJA": "works", "CTEST": "0", "UNKNOWN": "", "USER_ID": "0", **settings}
        result = subprocess.run([os.path.join(self.root, "kubeproof"), *arguments], cwd=self.root, env=environment,
                                capture_output=True, text=True, stdin=subprocess.DEVNULL, check=False)
        calls = []
        if os.path.exists(self.log):
            with open(self.log, encoding="utf-8") as file:
                calls = file.read().splitlines()
        return result, calls

    def tools(self):
        """A folder with the few real programs that the wrapper and the stand-ins need."""
        folder = os.path.join(self.root, "tools")
        if not os.path.isdir(folder):
            os.mkdir(folder)
            for name in ("bash", "sh", "env", "readlink", "dirname", "grep", "tail", "cat", "mkdir", "touch", "flock", "nproc",
                         "chmod"):
                os.symlink(shutil.which(name), os.path.join(folder, name))
        return folder

    def test_builds_and_passes_arguments_output_and_exit_code_on(self):
        result, calls = self.run_wrapper("up", "--nodes", "3")
        self.assertEqual((result.returncode, result.stdout), (4, "binary: up --nodes 3\n"))
        self.assertEqual(calls[0], "cmake --preset release")
        self.assertRegex(calls[1], r"^ninja -C \S+/build/release -j \d+ kubeproof --quiet$")

    def test_configures_once(self):
        self.run_wrapper("up")
        _, calls = self.run_wrapper("up")
        self.assertEqual([call.split()[0] for call in calls], ["cmake", "ninja", "ninja"])

    def test_installs_what_is_missing_and_nothing_else(self):
        result, calls = self.run_wrapper("up", MISSING="mold libboost1.81-dev etcd-server")
        self.assertEqual(calls[0], "apt-get install -q -y --no-remove --no-install-recommends mold libboost1.81-dev")
        self.assertIn("kubeproof: installing mold libboost1.81-dev\n", result.stderr)

    def test_an_old_package_list_is_updated(self):
        _, calls = self.run_wrapper("up", MISSING="mold", APT="after-update")
        self.assertEqual([call.split()[1] for call in calls[:3]], ["install", "update", "install"])
        self.assertTrue(calls[3].startswith("cmake"))

    def test_a_user_installs_through_sudo(self):
        _, calls = self.run_wrapper("up", MISSING="mold", USER_ID="1000")
        self.assertEqual(calls[:2], ["sudo", "apt-get install -q -y --no-remove --no-install-recommends mold"])

    def test_a_failed_install_is_an_environment_error_that_says_what_to_do(self):
        result, calls = self.run_wrapper("up", MISSING="mold", APT="broken")
        self.assertEqual(result.returncode, 3)
        self.assertIn("E: Unable to locate package", result.stderr)
        self.assertIn("as root: apt-get install --no-install-recommends mold\n", result.stderr)
        self.assertFalse(any(call.startswith("ninja") for call in calls))

    def test_a_failed_build_is_an_environment_error_that_shows_the_compiler(self):
        result, _ = self.run_wrapper("up", NINJA="broken")
        self.assertEqual(result.returncode, 3)
        self.assertEqual(result.stdout, "")
        self.assertIn("a.cc: error: no\nkubeproof: the build failed\n", result.stderr)

    def test_tests_install_their_peers_and_go_on_without_them(self):
        result, calls = self.run_wrapper("test", "-R", "raft", MISSING="etcd-server kubernetes-client",
                                         APT="broken")
        self.assertEqual(result.returncode, 0)
        self.assertIn("going on without etcd-server kubernetes-client", result.stderr)
        self.assertEqual(calls[-1], "ctest -j2 --output-on-failure -R raft")

    def test_a_peer_that_does_not_exist_keeps_no_other_away(self):
        result, calls = self.run_wrapper("test", MISSING="etcd-server kubernetes-client", UNKNOWN="kubernetes-client")
        self.assertIn("apt-get install -q -y --no-remove --no-install-recommends etcd-server", calls)
        self.assertIn("going on without kubernetes-client", result.stderr)

    def test_a_kubectl_on_path_stands_for_debians(self):
        os.symlink(os.path.join(self.bin, "id"), os.path.join(self.bin, "kubectl"))
        _, calls = self.run_wrapper("test", MISSING="kubernetes-client")
        self.assertFalse(any(call.startswith("apt-get") for call in calls))

    def test_failed_tests_are_failures(self):
        self.assertEqual(self.run_wrapper("test", CTEST="8")[0].returncode, 1)

    def test_bad_presets_are_usage_errors(self):
        for arguments in (["--build-preset"], ["--build-preset", "fast", "up"]):
            result, calls = self.run_wrapper(*arguments)
            self.assertEqual((result.returncode, calls), (2, []))
            self.assertEqual(result.stderr.count("\n"), 1)


if __name__ == "__main__":
    unittest.main()
