#!/usr/bin/python3
"""Shows tidy.py failing: each rule on a bad sample, and silent on its good neighbour."""

import os
import sys
import tempfile
import unittest

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import tidy  # noqa: E402


def rules(path, text):
    return sorted({finding.rule for finding in [*tidy.check_source(path, text), *tidy.check_text(path, text)]})


class Rules(unittest.TestCase):
    BAD = [
        ("clock", "reference/raft/a.cc", "auto t = std::chrono::steady_clock::now();\n"),
        ("clock", "reference/raft/a_test.cc", "long t = time(nullptr);\n"),
        ("thread", "reference/store/a.cc", "#include <mutex>\n"),
        ("thread", "fixtures/a.cc", "std::thread t(f);\n"),
        ("sleep", "reference/store/a_test.cc", "void F() { usleep(5); }\n"),
        ("socket", "reference/transport/a.cc", "int f = ::socket(AF_INET, 0, 0);\n"),
        ("socket", "reference/client/a.cc", "#include <netinet/tcp.h>\n"),
        ("file", "reference/store/wal.cc", "std::ifstream in(path);\n"),
        ("file", "reports/a.cc", "#include <fstream>\n"),
        ("random", "reference/raft/a.cc", "int r = rand();\n"),
        ("random", "reference/raft/a_test.cc", "std::mt19937 generator;\n"),
        ("environment", "reference/api/a.cc", 'auto v = getenv("HOME");\n'),
        ("process", "reference/kubelet/a.cc", "int r = system(command);\n"),
        ("coroutine", "bindings/cli/a.cc", "co_await x;\n"),
        ("regex", "conformance/a.cc", "std::regex r(text);\n"),
        ("using-std", "reference/base/a.cc", "using namespace std;\n"),
        ("to-do", "reference/base/a.cc", "// TO" "DO: later\n"),
        ("third-party-header", "reports/a.h", "#include <nlohmann/json.hpp>\n"),
        ("third-party-header", "reference/store/a.h", '#include "reference/store/etcd.pb.h"\n'),
        ("arrow", "reference/base/a.h", '#include "reference/api/value.h"\n'),
        ("arrow", "reference/raft/a.cc", '#include "reference/runtime/env.h"\n'),
        ("arrow", "reference/apiserver/a.cc", '#include "reference/store/mvcc.h"\n'),
        ("arrow", "reference/store/a.cc", '#include "reference/runtime/posix/loop.h"\n'),
        ("arrow", "conformance/a.cc", '#include "chaos/fault.h"\n'),
        ("arrow", "reports/a.cc", '#include "conformance/catalogue.h"\n'),
        ("include-path", "reference/store/a.cc", '#include "mvcc.h"\n'),
        ("function-size", "reference/api/a.cc", "int F(int a) {\n" + "  a++;\n" * 70 + "}\n"),
        ("function-size", "reference/api/a_test.cc", "namespace {\nTEST(A, B) {\n" + "  a++;\n" * 70 + "}\n}\n"),
        ("function-size", "reference/api/a.h", "class A {\n  void F() const {\n" + "    a++;\n" * 70 + "  }\n};\n"),
        ("file-size", "reference/api/a.cc", "\n" * 601),
    ]

    def test_bad_samples_are_found(self):
        for rule, path, text in self.BAD:
            with self.subTest(rule=rule, text=text[:60]):
                self.assertEqual(rules(path, text), [rule])

    GOOD = [
        ("reference/runtime/posix/clock.cc", "auto t = std::chrono::steady_clock::now();\n#include <mutex>\n"),
        ("reference/raft/a.cc", "Time t = env.time(0);\n// rand() and co_await are banned\n"),
        ("reference/raft/a.cc", 'const char* help = "sleep(5) and getenv(x)";\n'),
        ("reference/raft/a.cc", 'auto t = R"(\nusing namespace std;\n)";\n'),
        ("reference/raft/a.cc", "int big = 1'000'000; int r = brand(2); r = node.rand(); Operand(3);\n"),
        ("reference/store/wal_test.cc", "std::ifstream in(path);\n"),
        ("reference/store/wal_test.cc", '#include "reference/runtime/sim/world.h"\n'),
        ("reports/html.cc", "#include <nlohmann/json.hpp>\n"),
        ("reference/store/a.cc", '#include "reference/store/etcd.pb.h"\n'),
        ("reference/runtime/posix/a.h", "#include <sys/epoll.h>\n"),
        ("reference/api/a.cc", "int F(int a) {\n" + "  a++;\n" * 60 + "}\nint G(int a) {\n" + "  a++;\n" * 60 + "}\n"),
        ("reference/api/a.cc", "const int kTable[] = {\n" + "  1,\n" * 100 + "};\n"),
        ("reference/api/a.cc", "struct A {\n" + "  int a = F();\n" * 100 + "};\n"),
        ("reference/api/a.cc", "// tidy: data table\n" + "\n" * 2000),
        ("properties/a.h", "#include <rapidcheck.h>\n"),
        ("reference/wire/a.h", "// tidy: allow-file third-party-header, because it is private\n#include <openssl/evp.h>\n"),
        ("reference/store/a.cc", "std::mutex m;  // tidy: allow thread, because the library locks by itself\n"),
    ]

    def test_good_samples_pass(self):
        for path, text in self.GOOD:
            with self.subTest(text=text[:60]):
                self.assertEqual(rules(path, text), [])

    def test_an_excuse_needs_a_reason_and_the_right_rule(self):
        for comment in ("// tidy: allow thread", "// tidy: allow clock, because I like it"):
            self.assertEqual(rules("reference/store/a.cc", f"std::mutex m;  {comment}\n"), ["thread"])

    def test_a_finding_names_the_line(self):
        finding, = tidy.check_source("reference/raft/a.cc", "\n/* one\n two */\nint r = rand();\n")
        self.assertEqual(str(finding), "reference/raft/a.cc:4: random: 'rand(': draw from env.random()")

    def test_long_files_warn_before_they_fail(self):
        finding, = tidy.check_source("reference/api/a.cc", "\n" * 550)
        self.assertTrue(finding.warning)

    def test_formatting_is_checked_in_a_tree(self):
        with tempfile.TemporaryDirectory() as root:
            os.makedirs(os.path.join(root, "reference/base"))
            with open(os.path.join(root, ".clang-format"), "w", encoding="utf-8") as file:
                file.write("BasedOnStyle: Google\n")
            for name, text in (("good.cc", "int a = 1;\n"), ("bad.cc", "int   a=1 ;\n")):
                with open(os.path.join(root, "reference/base", name), "w", encoding="utf-8") as file:
                    file.write(text)
            self.assertEqual([(f.path, f.rule) for f in tidy.check_tree(root)], [("reference/base/bad.cc", "format")])


if __name__ == "__main__":
    unittest.main()
