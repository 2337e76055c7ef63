#!/usr/bin/python3
"""Drives a cluster of `kubeproof up` with every kubectl on this machine.

    kubectl_test.py --kubeproof PROGRAM [--only TEXT] [--keep] [-v]

The version of the baseline runs all tests, each other one the smoke tests, and so does the baseline's on a stock
etcd, where there is one. Exits 0 (passed), 1, or 77 when
there is no kubectl at all.
"""

import argparse
import concurrent.futures
import os
import sys
import threading
import unittest

sys.dont_write_bytecode = True
import changing  # noqa: E402
import creating  # noqa: E402
import deleting  # noqa: E402
import identity  # noqa: E402
import nodes  # noqa: E402
import reading  # noqa: E402
import rollouts  # noqa: E402
import smoke  # noqa: E402
from cluster import Cluster  # noqa: E402
from session import KubectlCase, find_programs  # noqa: E402
from stock_etcd import StockEtcd  # noqa: E402

BASELINE = (1, 32)
# The programs wait more than they work.
THREADS = 4
SKIPPED = 77


class ParallelSuite(unittest.TestSuite):
    def run(self, result, debug=False):
        with concurrent.futures.ThreadPoolExecutor(THREADS) as pool:
            list(pool.map(lambda test: test.run(result), self))
        return result


class LockedResult(unittest.TextTestResult):
    """One test's outcome at a time."""
    lock = threading.RLock()


def _locked(name):
    method = getattr(unittest.TextTestResult, name)

    def call(self, *arguments):
        with LockedResult.lock:
            return method(self, *arguments)
    return call


for _name in ("startTest", "stopTest", "addSuccess", "addFailure", "addError", "addSkip", "addSubTest"):
    setattr(LockedResult, _name, _locked(_name))


def cases(modules, **attributes):
    for module in modules:
        for base in vars(module).values():
            if isinstance(base, type) and issubclass(base, KubectlCase) and base is not KubectlCase:
                case = type(base.__name__, (base,), {**attributes, "__module__": base.__module__})
                yield from unittest.TestLoader().loadTestsFromTestCase(case)


def tests(programs, cluster, on_etcd):
    """Slow ones first, so that no thread is left with one at the end."""
    main = next((p for p in programs if p.version == BASELINE), programs[-1])
    full = (rollouts, deleting, nodes, changing, creating, reading, identity)
    yield from cases(full, program=main, cluster=cluster)
    if on_etcd:
        yield from cases([smoke], program=main, cluster=on_etcd, store=" on a stock etcd")
    for program in programs:
        if program is not main:
            yield from cases([smoke], program=program, cluster=cluster)


def run(programs, options, kubeproof, clusters):
    """Whether all is well. Every cluster that it starts is in `clusters`."""
    clusters.append(Cluster(kubeproof, "--nodes", "2"))
    if StockEtcd.program:
        etcd = StockEtcd()
        clusters.append(etcd)
        print("stock etcd: " + etcd.version(), flush=True)
        clusters.append(Cluster(kubeproof, "--nodes", "1", "--etcd-servers", etcd.url))
    else:
        print("not run: tests on a stock etcd; the package etcd-server has one")
    suite = ParallelSuite(test for test in tests(programs, clusters[0], clusters[2] if StockEtcd.program else None)
                          if options.only in test.id())
    runner = unittest.TextTestRunner(resultclass=LockedResult, verbosity=2 if options.v else 1)
    passed = runner.run(suite).wasSuccessful()
    if not passed:
        print("the cluster said:\n" + clusters[0].words() + clusters[0].logs())
    if options.keep:
        print("export KUBECONFIG=" + clusters[0].kubeconfig)
        input("Enter ends the cluster")
    return passed


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--kubeproof", required=True)
    parser.add_argument("--only", default="")
    parser.add_argument("--keep", action="store_true", help="the cluster, until Enter")
    parser.add_argument("-v", action="store_true")
    options = parser.parse_args()
    program = os.path.realpath(options.kubeproof)
    programs = find_programs(os.path.join(os.path.dirname(program), "kubectl-of-debian"))
    if not programs:
        print("not run: no kubectl; the package kubernetes-client has one")
        return SKIPPED
    print(f"{len(programs)} kubectl: " + ", ".join("%d.%d (%s)" % (*p.version, p.path) for p in programs), flush=True)

    clusters, left = [], []
    try:
        passed = run(programs, options, program, clusters)
    finally:
        for cluster in reversed(clusters):
            left += cluster.end()
    if left:
        print("left behind:\n  " + "\n  ".join(left))
    return 0 if passed and not left else 1


if __name__ == "__main__":
    sys.exit(main())
