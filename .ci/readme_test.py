#!/usr/bin/python3
"""Runs every command of the README: readme_test.py PROGRAM.

A command is a line of a ```sh block. `./kubeproof` stands for PROGRAM, which is built already. `test` is left out:
this runs inside it. `up` is ended by Ctrl-C once it is ready. A command must exit with 0, or with the N of a comment
`# exits with N` after it.
"""
import os
import re
import shlex
import signal
import subprocess
import sys
import tempfile

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
LIMIT = 600


def commands(text: str) -> list[str]:
    blocks = re.findall(r"^```sh\n(.*?)^```", text, re.S | re.M)
    return [line for block in blocks for line in block.splitlines() if line.strip()]


def run(program: str, line: str, folder: str) -> str:
    """Why the command failed; "" when it did as the README says."""
    words = shlex.split(line, comments=True)
    if words[0] != "./kubeproof":
        return "only ./kubeproof is known here"
    words = [program, *(os.path.join(ROOT, word) if word.startswith("fixtures/") else word for word in words[1:])]
    if words[1] == "test":
        return ""
    started = subprocess.Popen(words, cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    try:
        output = ""
        if words[1] == "up":
            for output in started.stdout:
                if output.startswith("export KUBECONFIG="):
                    break
            started.send_signal(signal.SIGINT)
        rest, _ = started.communicate(timeout=LIMIT)
    except subprocess.TimeoutExpired:
        started.kill()
        started.communicate()
        return f"no end within {LIMIT} s"
    said = re.search(r"# exits with (\d+)$", line)
    wanted = int(said.group(1)) if said else 0
    if started.returncode == wanted:
        return ""
    return f"exit status {started.returncode}, not {wanted}:\n{output}{rest[-3000:]}"


def main() -> int:
    program = os.path.abspath(sys.argv[1])
    with open(os.path.join(ROOT, "README.md"), encoding="utf-8") as readme:
        lines = commands(readme.read())
    failed = 0
    with tempfile.TemporaryDirectory(prefix="kubeproof-readme-") as folder:
        for line in lines:
            why = run(program, line, folder)
            print(("FAIL " if why else "ok   ") + line + (("\n" + why) if why else ""), flush=True)
            failed += bool(why)
    # A README without commands would prove nothing.
    return 1 if failed or len(lines) < 3 else 0


if __name__ == "__main__":
    sys.exit(main())
