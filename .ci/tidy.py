#!/usr/bin/python3
"""Checks what a compiler does not: banned calls, include arrows, sizes, formatting.

    tidy.py [ROOT]      prints `file:line: rule: message` and exits 1 if there is one

A line may be excused by a comment on it or above it, with a reason: `// tidy: allow RULE, because ...`; a whole
file by `// tidy: allow-file RULE, because ...` in its first lines. A file that is a table of data says `// tidy: data table` in its first lines and may be of any length.
"""

import os
import re
import subprocess
import sys
from typing import Iterator, NamedTuple


class Finding(NamedTuple):
    path: str
    line: int
    rule: str
    message: str
    warning: bool = False

    def __str__(self):
        note = "warning: " if self.warning else ""
        return f"{self.path}:{self.line}: {note}{self.rule}: {self.message}"


# What a folder may include, beside itself. The longest folder that a path starts with is meant, so
# reference/runtime does not stand for reference/runtime/posix. Tests see all of reference/.
BASE = "reference/base"
CORES = ["reference/api", "reference/raft", "reference/wire"]
EFFECTS = ["reference/runtime", "reference/transport"]
COMPONENT = [BASE, *CORES, *EFFECTS, "reference/client"]
REFERENCE = [*COMPONENT, "reference/store", "reference/apiserver", "reference/scheduler", "reference/controllers",
             "reference/kubelet", "reference/proxy", "reference/dns", "reference/runtime/posix",
             "reference/runtime/sim"]
ARROWS = {
    "reference/base": [],
    "reference/api": [BASE],
    "reference/raft": [BASE],
    "reference/wire": [BASE],
    "reference/runtime": [BASE],
    "reference/runtime/posix": [BASE, "reference/runtime"],
    "reference/runtime/sim": [BASE, "reference/runtime"],
    "reference/transport": [BASE, "reference/wire", "reference/runtime"],
    "reference/store": [BASE, "reference/raft", "reference/wire", *EFFECTS],
    "reference/client": [BASE, *CORES, *EFFECTS],
    # Not the store: an apiserver reaches it by the etcd API alone.
    "reference/apiserver": COMPONENT,
    "reference/scheduler": COMPONENT,
    "reference/controllers": COMPONENT,
    "reference/kubelet": COMPONENT,
    "reference/proxy": COMPONENT,
    "reference/dns": COMPONENT,
    "fixtures": REFERENCE,
    "conformance": ["fixtures", "reports", BASE, "reference/api", "reference/runtime", "reference/client"],
    "chaos": ["fixtures", "reports", BASE, "reference/api", "reference/runtime", "reference/client"],
    "properties": ["fixtures", *REFERENCE],
    "reports": [BASE],
    "bindings": ["fixtures", "conformance", "chaos", "properties", "reports", *REFERENCE],
}

# Rule -> (pattern in code, what to do instead, folders where it is at home). Comments and strings
# are not looked at. Determinism rests on these: what a simulated process must not do, nobody may.
POSIX = ["reference/runtime/posix"]
ROOTS = [*POSIX, "bindings", "fixtures/process", "fixtures/remote"]
BANNED = {
    "clock": (r"\b(system|steady|high_resolution)_clock\b|\b(clock_gettime|gettimeofday|timespec_get|localtime(_r)?)\s*\("
              r"|(?<![\w.>])time\s*\(\s*(nullptr|NULL|0|&)", "take the time from Env",
              [*POSIX, ".ci"]),
    "thread": (r"\bstd::(jthread|thread|mutex|shared_mutex|recursive_mutex|async|future|promise|condition_variable)\b"
               r"|\bpthread_\w+\s*\(|#\s*include\s*<(thread|mutex|future|condition_variable|pthread\.h)>",
               "one thread, one Env", POSIX),
    "sleep": (r"\b(sleep_for|sleep_until)\b|(?<![\w.>])(sleep|usleep|nanosleep)\s*\(", "set a timer on Env", POSIX),
    "socket": (r"#\s*include\s*<(sys/socket\.h|sys/epoll\.h|netinet/\w+\.h|arpa/inet\.h|netdb\.h|poll\.h)>"
               r"|::(socket|bind|connect|accept4?|epoll_\w+)\s*\(", "go through Env", ROOTS),
    "file": (r"\bstd::(i|o)?fstream\b|\bstd::filesystem\b|(?<![\w.>])(fopen|freopen|tmpfile|mkstemp|mkdtemp)\s*\("
             r"|(?<!\w)::(open|openat|read|write|fsync|fdatasync|rename|unlink|mkdir)\s*\("
             r"|#\s*include\s*<(fstream|filesystem|fcntl\.h|unistd\.h|sys/stat\.h)>", "use Env's disk", ROOTS),
    "random": (r"(?<![\w.>])s?rand\s*\(|\bstd::(random_device|mt19937(_64)?|shuffle)\b|\bgetrandom\s*\(|\bRAND_bytes\s*\(",
               "draw from env.random()", POSIX),
    "environment": (r"\b(secure_)?getenv\s*\(|\b(setenv|unsetenv|putenv)\s*\(", "take it as an option", ROOTS),
    "process": (r"(?<![\w.>])(v?fork|popen|system|execvp?e?|posix_spawnp?)\s*\(|\bboost/process\b",
                "processes belong to fixtures and the composition roots", ROOTS),
    "coroutine": (r"\bco_(await|return|yield)\b", "g++ 12 miscompiles coroutines: write an actor", []),
    "regex": (r"\bstd::(basic_)?regex\b|#\s*include\s*<regex>", "three seconds a file and deep recursion", []),
    "using-std": (r"\busing\s+namespace\s+std\b", "name it", []),
}
# A test may read its data and make scratch files; it may not wait.
TESTS_MAY = {"file"}

MAX_FUNCTION_LINES = 70
WARN_FILE_LINES = 500
MAX_FILE_LINES = 600

NOISE = re.compile(r"//[^\n]*|/\*.*?\*/"
                   r'|R"(?P<tag>\w*)\(.*?\)(?P=tag)"|"(?:\\.|[^"\\\n])*"'
                   r"|(?<![0-9a-fA-F])'(?:\\.|[^'\\\n])+'", re.S)
INCLUDE = re.compile(r'^\s*#\s*include\s*([<"])([^>"]+)[>"]', re.M)
ALLOW = re.compile(r"//\s*tidy: allow ([\w-]+), because \S")
ALLOW_FILE = re.compile(r"//\s*tidy: allow-file ([\w-]+), because \S")


def code_only(text: str) -> str:
    """The text with comments and literals blanked, lines kept."""
    def blank(match):
        token = match.group(0)
        if token.startswith('"') or token.startswith("R"):
            return '"' + re.sub(r"[^\n]", " ", token[1:-1]) + '"'
        return re.sub(r"[^\n]", " ", token)
    return NOISE.sub(blank, text)


def within(path: str, folders) -> bool:
    return any(path.startswith(folder + "/") for folder in folders)


def folder_of(path: str):
    owners = [folder for folder in ARROWS if path.startswith(folder + "/")]
    return max(owners, key=len) if owners else None


def is_test(path: str) -> bool:
    shared = os.path.basename(path).startswith("test_") and path.endswith(".h")
    return path.endswith("_test.cc") or shared or path.startswith("properties/")


def check_banned(path: str, code: str) -> Iterator[Finding]:
    # An #include's name is not a string literal; the patterns need it.
    for rule, (pattern, advice, homes) in BANNED.items():
        if within(path, homes) or (is_test(path) and rule in TESTS_MAY):
            continue
        for match in re.finditer(pattern, code):
            line = code.count("\n", 0, match.start()) + 1
            yield Finding(path, line, rule, f"'{match.group(0).strip()}': {advice}")


def check_includes(path: str, text: str) -> Iterator[Finding]:
    folder = folder_of(path)
    for match in INCLUDE.finditer(text):
        line = text.count("\n", 0, match.start()) + 1
        kind, name = match.groups()
        if path.endswith(".h"):
            standard = kind == "<" and ("." not in name)
            system = kind == "<" and within(path, ROOTS) and not re.match(r"boost|nlohmann|openssl|yaml|google", name)
            ours = kind == '"' and not name.endswith(".pb.h")
            testing = path.startswith("properties/") and re.match(r"gtest/|gmock/|rapidcheck", name)
            if not (standard or system or ours or testing):
                yield Finding(path, line, "third-party-header", f"<{name}> belongs in a .cc file")
        if kind == "<" or name.endswith(".pb.h") or folder is None:
            continue
        target = folder_of(name)
        allowed = ARROWS[folder] + (REFERENCE if is_test(path) else [])
        if target is None:
            yield Finding(path, line, "include-path", f'"{name}" does not start at the root')
        elif target != folder and target not in allowed:
            yield Finding(path, line, "arrow", f"{folder} must not include {target}")


def check_functions(path: str, code: str) -> Iterator[Finding]:
    """Function bodies by brace matching: '{' after a ')' outside of a function opens one."""
    stack = []  # (is_function, line)
    since = 0   # where the text before the next brace begins
    line = 1
    code = re.sub(r"^[ \t]*#(?:[^\n\\]|\\\n|\\.)*", lambda m: "\n" * m.group(0).count("\n"), code, flags=re.M)
    for position, char in enumerate(code):
        if char == "\n":
            line += 1
        elif char == "{":
            head = code[since:position]
            inside = any(entry[0] for entry in stack)
            container = re.search(r"\b(namespace|class|struct|union|enum|extern)\b", head) and not re.search(r"\)\s*$", head)
            initializer = re.search(r"=\s*$", head)
            stack.append((not inside and not container and not initializer and ")" in head, line))
            since = position + 1
        elif char == "}":
            if stack:
                function, start = stack.pop()
                if function and line - start + 1 > MAX_FUNCTION_LINES:
                    yield Finding(path, start, "function-size",
                                  f"{line - start + 1} lines; {MAX_FUNCTION_LINES} at most")
            since = position + 1
        elif char == ";" and not (stack and stack[-1][0]):
            since = position + 1


def check_source(path: str, text: str) -> list:
    code = code_only(text)
    findings = [*check_banned(path, code), *check_includes(path, text), *check_functions(path, code)]
    lines = text.split("\n")
    count = len(lines) - 1
    top = "\n".join(lines[:20])
    data = "// tidy: data table" in top
    excused = set(ALLOW_FILE.findall(top))
    if count > WARN_FILE_LINES and not data:
        findings.append(Finding(path, 1, "file-size", f"{count} lines; split it by idea",
                                warning=count <= MAX_FILE_LINES))
    kept = []
    for finding in findings:
        near = lines[max(finding.line - 2, 0):finding.line]
        if finding.rule not in excused | {rule for line in near for rule in ALLOW.findall(line)}:
            kept.append(finding)
    return kept


def check_text(path: str, text: str) -> Iterator[Finding]:
    for number, line in enumerate(text.split("\n"), 1):
        if re.search(r"\b(TO" r"DO|FIX" r"ME)\b", line):
            yield Finding(path, number, "to-do", "do it, or write the limit in the docstring")


def check_format(root: str, paths: list) -> Iterator[Finding]:
    half = (len(paths) + 1) // 2
    chunks = [chunk for chunk in (paths[:half], paths[half:]) if chunk]
    try:
        runs = [subprocess.Popen(["clang-format-14", "--dry-run", *chunk], cwd=root, stderr=subprocess.PIPE, text=True)
                for chunk in chunks]
    except FileNotFoundError:
        yield Finding(".ci/packages", 1, "format", "clang-format-14 is missing")
        return
    seen = set()
    for run in runs:
        for match in re.finditer(r"^(\S+?):(\d+):\d+: (warning|error)", run.communicate()[1], re.M):
            if match.group(1) not in seen:
                seen.add(match.group(1))
                yield Finding(match.group(1), int(match.group(2)), "format", "run clang-format -i")


def source_paths(root: str) -> Iterator[str]:
    top = sorted({folder.split("/")[0] for folder in ARROWS} | {".ci"})
    for folder in top:
        for where, names, files in os.walk(os.path.join(root, folder)):
            names[:] = sorted(name for name in names if name not in ("build", "__pycache__"))
            for name in sorted(files):
                yield os.path.relpath(os.path.join(where, name), root)


def check_tree(root: str) -> list:
    findings, sources = [], []
    for path in source_paths(root):
        if not path.endswith((".cc", ".h", ".py", ".cmake", ".proto", ".yaml")):
            continue
        with open(os.path.join(root, path), encoding="utf-8") as file:
            text = file.read()
        findings += check_text(path, text)
        if path.endswith((".cc", ".h")):
            sources.append(path)
            findings += check_source(path, text)
    return findings + list(check_format(root, sources))


def main() -> int:
    root = sys.argv[1] if len(sys.argv) > 1 else os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
    findings = check_tree(root)
    for finding in findings:
        print(finding)
    errors = sum(not finding.warning for finding in findings)
    print(f"tidy: {errors} errors, {len(findings) - errors} warnings")
    return 1 if errors else 0


if __name__ == "__main__":
    sys.exit(main())
