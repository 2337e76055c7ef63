#!/usr/bin/python3
"""Runs `kubeproof conform` as a user does, in the simulator: exit codes, files, what it prints.

    conform_test.py PROGRAM OTHER_DATE

OTHER_DATE is a library that shows a program it is preloaded into another date.
"""

import datetime
import json
import os
import re
import signal
import subprocess
import sys
import tempfile
import unittest
import xml.etree.ElementTree

PROGRAM = ""
OTHER_DATE = ""
SAMPLE = ["apps/replicaset/makes-the-asked-number-of-pods", "apps/replicaset/adopts-matching-orphan",
          "apps/deployment/rolls-out-a-new-template"]


class Conform(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = folder.name

    def run_it(self, *arguments, before=()):
        return subprocess.run([PROGRAM, *before, *arguments], cwd=self.folder, capture_output=True, text=True,
                              timeout=120)

    def results(self, folder="runs/latest"):
        with open(os.path.join(self.folder, folder, "results.json"), encoding="utf-8") as file:
            return json.load(file)

    def test_passes_and_leaves_a_run_folder(self):
        run = self.run_it("conform", "--backend", "sim", "--id", ",".join(SAMPLE))
        self.assertEqual(run.returncode, 0, run.stdout + run.stderr)
        self.assertIn("sim:     3 pass", run.stdout)
        self.assertIn("seed 1", run.stderr)
        self.assertEqual([r["outcome"] for r in self.results()["results"]], ["pass"] * 3)
        latest = os.path.join(self.folder, "runs/latest")
        self.assertEqual(sorted(os.listdir(latest)), ["junit.xml", "report.html", "results.json", "summary.md"])
        xml.etree.ElementTree.parse(os.path.join(latest, "junit.xml"))
        listed = self.run_it("behaviours", "-o", "json")
        results = {b["id"]: b["results"] for b in json.loads(listed.stdout)["behaviours"]}
        self.assertEqual(results[SAMPLE[0]], {"sim": "pass", "process": None, "remote": None})

    def test_faults_and_seeds(self):
        # A test that takes long enough for something to break.
        long = "apps/deployment/keeps-the-asked-history"
        run = self.run_it("conform", "--backend", "sim", "--id", long, "--seeds", "3", "--faults", "--out", "x")
        self.assertEqual(run.returncode, 0, run.stdout + run.stderr)
        results = self.results("x")["results"]
        self.assertEqual([r["seed"] for r in results], ["1", "2", "3"])
        # A behaviour's first pass alone keeps its story; the table counts every seed.
        self.assertTrue([t for t in results[0]["timeline"] if t["object"] == "fault"])
        self.assertFalse(results[2]["timeline"])
        self.assertIn("faults injected in 3 tests", run.stdout)
        rows = re.findall(r"^  ([a-z-]+) +(\d+) in +(\d+)% +(\d+) in +(\d+)%$", run.stdout, re.M)
        self.assertGreater(len(rows), 5, run.stdout)
        self.assertTrue(all(int(bit) <= int(injected) for _, injected, _, bit, _ in rows), run.stdout)
        self.assertTrue(any(share == "100" for _, _, _, _, share in rows), run.stdout)

    def test_a_recipe_repeats_its_failure(self):
        arguments = ["--id", SAMPLE[1], "--faults", "--seed", "7", "--tls", "always", "--log-level", "debug"]
        mutant = ("--mutant", "controllers-never-adopt")
        run = self.run_it("conform", "--backend", "sim", *arguments, "--out", "x", before=mutant)
        self.assertEqual(run.returncode, 1, run.stdout)
        [first] = self.results("x")["results"]
        self.assertTrue([t for t in first["timeline"] if t["object"] == "log"])
        again = subprocess.run([PROGRAM, *first["recipe"].split()[1:], "--out", "y"], cwd=self.folder,
                               capture_output=True, text=True, timeout=120)
        [second] = self.results("y")["results"]
        self.assertEqual(again.returncode, 1, again.stdout)
        self.assertEqual((second["message"], second["steps"]), (first["message"], first["steps"]))

    def test_a_mutant_fails_and_never_passes(self):
        noticed = self.run_it("conform", "--backend", "sim", "--id", SAMPLE[1], before=("--mutant", "controllers-never-adopt"))
        self.assertEqual(noticed.returncode, 1, noticed.stdout)
        self.assertIn("again: kubeproof --mutant controllers-never-adopt conform --backend sim --id " + SAMPLE[1],
                      noticed.stdout)
        unnoticed = self.run_it("conform", "--backend", "sim", "--id", SAMPLE[0], before=("--mutant", "kubelet-skips-pre-stop"))
        self.assertEqual(unnoticed.returncode, 1)
        self.assertIn("NOT PASSED", unnoticed.stdout)
        again = self.run_it("conform", "--backend", "sim", "--rerun-failed=" + self.failed_folder(), "--list")
        self.assertEqual(again.stdout.split(), ["must", SAMPLE[1]])

    def failed_folder(self):
        for name in sorted(os.listdir(os.path.join(self.folder, "runs"))):
            if any(r["outcome"] == "fail" for r in self.results("runs/" + name)["results"]):
                return "runs/" + name
        self.fail("no failed run")

    def test_a_kill_matrix(self):
        # Confined to one behaviour, the second mutant goes unnoticed.
        names = "controllers-never-adopt,kubelet-skips-pre-stop"
        run = self.run_it("mutants", "--name", names, "--id", SAMPLE[1], "-o", "json")
        self.assertEqual(run.returncode, 1, run.stdout + run.stderr)
        rows = {row["name"]: (row["killed"], row["by"]) for row in json.loads(run.stdout)["mutants"]}
        self.assertEqual(rows, {"controllers-never-adopt": (True, [SAMPLE[1]]), "kubelet-skips-pre-stop": (False, [])})
        [proven] = [b for b in json.loads(self.run_it("behaviours", "-o", "json").stdout)["behaviours"]
                    if b["id"] == SAMPLE[1]]
        self.assertFalse(proven["unproven"])

    def test_a_property_kills(self):
        run = self.run_it("mutants", "--name", "wal-skip-checksum", "-o", "json")
        self.assertEqual(run.returncode, 0, run.stdout + run.stderr)
        [row] = json.loads(run.stdout)["mutants"]
        self.assertEqual((row["component"], row["by"]), ("store", ["properties/wal/lives"]))

    def test_properties_hold_and_can_be_broken(self):
        sound = self.run_it("properties", "--id", "properties/raft/figure-eight")
        self.assertEqual((sound.returncode, sound.stdout.split()[:2]), (0, ["holds", "properties/raft/figure-eight"]))
        broken = self.run_it("properties", "--id", "properties/raft/figure-eight", before=("--mutant", "raft-commit-old-term"))
        self.assertEqual((broken.returncode, broken.stdout.split()[0]), (1, "BROKEN"))
        self.assertEqual(self.run_it("properties", "--id", "properties/none").returncode, 2)

    def test_a_dry_run_claims_nothing(self):
        run = self.run_it("conform", "--dry-run")
        self.assertEqual(run.returncode, 0, run.stderr)
        self.assertNotRegex(run.stdout.lower(), r"\bpass\b")
        self.assertIn("nothing was checked", run.stdout)
        self.assertFalse(os.path.exists(os.path.join(self.folder, "runs")))

    def test_bad_arguments(self):
        for arguments in (["--id", "no/such/thing"], ["--colour"], ["--rerun-failed"]):
            run = self.run_it("conform", *arguments)
            self.assertEqual(run.returncode, 2, arguments)
            self.assertEqual(run.stderr.count("\n"), 1, run.stderr)

    def test_a_folder_that_cannot_be_made_is_the_environment(self):
        run = self.run_it("conform", "--backend", "sim", "--id", SAMPLE[0], "--out", "/proc/no")
        self.assertEqual(run.returncode, 3, run.stderr)

    def test_a_run_out_of_time_reports_what_is_there(self):
        run = self.run_it("conform", "--backend", "sim", "--seeds", "500", "--timeout", "300ms", "--out", "x")
        self.assertEqual(run.returncode, 4, run.stdout)
        record = self.results("x")
        self.assertEqual(record["aborted"], "timed out after 300ms")
        self.assertIn("skipped", {r["outcome"] for r in record["results"]})

    def test_ctrl_c_reports_what_is_there(self):
        with subprocess.Popen([PROGRAM, "conform", "--backend", "sim", "--seeds", "500", "--out", "x"], cwd=self.folder,
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as run:
            run.stderr.readline()  # "checking ..."
            run.send_signal(signal.SIGINT)
            run.communicate(timeout=60)
        self.assertEqual(run.returncode, 4)
        self.assertEqual(self.results("x")["aborted"], "interrupted")

    def test_the_simulator_is_deterministic(self):
        run = self.run_it("conform", "--backend", "sim", "--id", SAMPLE[2], "--faults", "--check-determinism")
        self.assertEqual(run.returncode, 0, run.stdout + run.stderr)
        self.assertIn("run twice, 0 with two different transcripts", run.stdout)

    def test_transcripts_do_not_depend_on_the_process(self):
        arguments = ["conform", "--backend", "sim", "--id", SAMPLE[0], "--faults", "--seeds", "20", "--transcripts"]
        plain = self.run_it(*arguments)
        self.assertEqual(plain.returncode, 0, plain.stderr)
        self.assertEqual(plain.stdout.count(" pass\n"), 20, plain.stdout)
        self.assertEqual(len(set(plain.stdout.splitlines())), 20)
        # Another date, time zone, folder and allocator fill, and no address randomisation.
        environment = {**os.environ, "LD_PRELOAD": OTHER_DATE, "TZ": "Pacific/Chatham", "MALLOC_PERTURB_": "90",
                       "MALLOC_CONF": "junk:true", "LC_ALL": "C", "ASAN_OPTIONS": "verify_asan_link_order=0"}

        def elsewhere(*command):
            return subprocess.run(["setarch", "--addr-no-randomize", *command], cwd="/", env=environment,
                                  capture_output=True, text=True, timeout=120)
        self.assertGreater(int(elsewhere("date", "+%Y").stdout), datetime.date.today().year + 2)
        self.assertEqual(elsewhere(PROGRAM, *arguments).stdout, plain.stdout)

    def test_transcripts_of_worlds_with_tls_are_repeatable(self):
        arguments = ["conform", "--backend", "sim", "--id", SAMPLE[0], "--faults", "--seeds", "3", "--tls", "always",
                     "--transcripts"]
        first, second = self.run_it(*arguments), self.run_it(*arguments)
        self.assertEqual(first.stdout.count(" pass\n"), 3, first.stdout)
        self.assertEqual(second.stdout, first.stdout)


if __name__ == "__main__":
    PROGRAM, OTHER_DATE = (os.path.abspath(sys.argv.pop(1)) for _ in range(2))
    unittest.main()
