#!/usr/bin/python3
"""etcdctl, the JSON gateway, python3-etcd3 and Patroni on `kubeproof store`; all but the last on a stock etcd too,
and what both say is compared.

    etcd_test.py --kubeproof PROGRAM [--only TEXT] [-v]

Exits 0 (passed), 1, or 77 when etcd or etcdctl are not installed (packages etcd-server and etcd-client).
"""

import argparse
import concurrent.futures
import os
import shutil
import sys
import unittest

sys.dont_write_bytecode = True
import gateway  # noqa: E402
import patroni  # noqa: E402
import python_etcd3  # noqa: E402
import reading_writing  # noqa: E402
import running  # noqa: E402
import security  # noqa: E402
from case import Pair  # noqa: E402

# The programs wait more than they work.
THREADS = 4
SKIPPED = 77


class ParallelSuite(unittest.TestSuite):
    def run(self, result, debug=False):
        with concurrent.futures.ThreadPoolExecutor(THREADS) as pool:
            list(pool.map(lambda test: test.run(result), self))
        return result


def cases(kubeproof):
    # Slow ones first, so that no thread is left with one at the end.
    for module in (patroni, running, security, reading_writing, python_etcd3, gateway):
        for base in vars(module).values():
            if isinstance(base, type) and issubclass(base, unittest.TestCase) and base is not Pair:
                case = type(base.__name__, (base,), {"kubeproof": kubeproof, "__module__": base.__module__})
                yield from unittest.TestLoader().loadTestsFromTestCase(case)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--kubeproof", required=True)
    parser.add_argument("--only", default="")
    parser.add_argument("-v", action="store_true")
    options = parser.parse_args()
    if not shutil.which("etcd") or not shutil.which("etcdctl"):
        print("not run: etcd and etcdctl are in the packages etcd-server and etcd-client")
        return SKIPPED
    suite = ParallelSuite(test for test in cases(os.path.realpath(options.kubeproof)) if options.only in test.id())
    return 0 if unittest.TextTestRunner(verbosity=2 if options.v else 1).run(suite).wasSuccessful() else 1


if __name__ == "__main__":
    sys.exit(main())
