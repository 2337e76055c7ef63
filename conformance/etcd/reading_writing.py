"""put, get, del, txn, watch, compaction: every option."""

import re
import select
import time

from case import Pair


class Keys(Pair):
    def test_put_and_get(self):
        self.commands(
            "put a 1", "put a 2 --prev-kv", "put b x", "put ab y", "put abc z", ("put", "empty", ""),
            "get a", "get a ac", "get a --prefix", "get b --from-key", ("get", "", "--prefix", "--keys-only"),
            "get a --prefix --limit=1", "get a --prefix --limit=2 -w json", "get a -w fields", "get a --hex",
            "get a --prefix --order=DESCEND", "get a --prefix --sort-by=VERSION --order=DESCEND",
            "get a --prefix --sort-by=MODIFY", "get a --prefix --sort-by=CREATE --order=DESCEND",
            "get a --prefix --sort-by=VALUE", "get a --print-value-only", "get a --rev=2", "get a --rev=99",
            "get a --consistency=s", "get missing", "get missing -w json", "get a -w table",
            "put a --ignore-value --prev-kv", "put missing --ignore-value", "put a 3 --ignore-lease",
            "put missing 3 --ignore-lease", "put a 4 --lease=123", ("put", "", "x"))

    def test_value_from_stdin(self):
        self.commands("put a", "get a", stdin="from\nstdin")

    def test_del(self):
        self.commands(
            "put a 1", "put ab 2", "put b 3", "put c 4", "del a --prev-kv", "del missing", "del a --prefix --prev-kv",
            "del b --from-key -w json", "get --prefix k", "put d 1", "put e 2", "del d f", ("get", "", "--prefix"))

    def test_txn(self):
        def txn(server, text):
            return server.ctl("txn", stdin=text)

        def scenario(server):
            server.ctl("put", "k", "v")
            yield txn(server, 'value("k") = "v"\n\nput k w\nget k\n\nget k\n\n')
            yield txn(server, 'value("k") = "v"\n\nput k w\n\nget k\nget missing\n\n')
            yield txn(server, 'mod("k") > "2"\nversion("k") = "2"\ncreate("k") < "99"\n\ndel k\n\n\n')
            yield txn(server, 'version("k") = "0"\n\nput k 1\n\n\n')
            yield txn(server, '\nput k 1\nput k 2\n\n\n')
            yield txn(server, '\nput k 1\ndel k\n\n\n')
            yield txn(server, '\nget k\n\n\n')
            yield server.ctl("txn", "-w", "json", stdin='version("k") > "0"\n\nget k\nput l 1\n\n\n')
            yield server.ctl("get", "", "--prefix", "-w", "json")
            many = "".join(f"put k{i} v\n" for i in range(128))
            yield txn(server, f"\n{many}\n\n")
            yield txn(server, f"\n{many}put one more\n\n\n")
            yield server.ctl("put", "large", stdin="v" * (1536 * 1024))
        self.same(scenario)

    def test_compaction(self):
        self.commands(
            "put a 1", "put a 2", "put b 1", "del b", "compaction 3", "get a --rev=2", "get a --rev=3", "get b --rev=4",
            "compaction 3", "compaction 99", "compaction 5 --physical", "get a --rev=5", "get a -w json",
            "endpoint hashkv", "endpoint hashkv --rev=6", "endpoint hashkv --rev=5", "defrag", "get a")

    def test_watch_of_what_was(self):
        def scenario(server):
            for line in ("put a 1", "put a 2", "del a", "put ab 3", "put b 4"):
                server.ctl(*line.split())
            for flags in (["a", "--rev=1"], ["a", "--rev=2", "--prefix", "--prev-kv"], ["a", "--rev=3", "-w", "json"],
                          ["a", "c", "--rev=5"], ["a", "--rev=1", "--prefix", "--hex"]):
                yield flags, self.watched(server, flags)
            # Not at 4: this etcd would then forget the deletion (etcd-io/etcd#18089).
            server.ctl("compaction", "5")
            yield self.watched(server, ["a", "--rev=2", "-w", "fields"]).replace('"Revision" : 6', '"Revision" : 0')
            yield self.watched(server, ["a", "--rev=5", "--prefix"])
        self.same(scenario)

    def test_watch_of_what_comes(self):
        def scenario(server):
            watch = server.background("watch", "a", "--prefix", "--prev-kv")
            # It has begun once it has seen one of these, which are left out.
            for i in range(100):
                server.ctl("put", "a-begin", "x")
                if watch.poll() is not None or readable(watch.stdout):
                    break
            server.ctl("del", "a-begin")
            lines = []
            while lines[-3:] != ["DELETE", "a-begin", "x"]:
                lines.append(watch.stdout.readline().rstrip("\n"))
            for line in ("put a 1", "put a 2", "put z 0", "del a"):
                server.ctl(*line.split())
            yield [watch.stdout.readline() for _ in range(15)]
            watch.kill()
            watch.wait()
        self.same(scenario)

    @staticmethod
    def watched(server, flags):
        """All that a watch tells of the past: it ends by a change that is made for that."""
        watch = server.background("watch", *flags)
        text, quiet = "", 0
        while quiet < 4 and watch.poll() is None:
            if readable(watch.stdout):
                text += watch.stdout.readline()
                quiet = 0
            else:
                quiet += 1
        watch.kill()
        rest = watch.communicate()[0]
        return text + rest

    def test_lease(self):
        def scenario(server):
            grant = server.ctl("lease", "grant", "600")
            yield grant
            lease = grant.out.split()[1]
            yield server.ctl("put", "k", "v", "--lease=" + lease)
            yield server.ctl("put", "j", "v", "--lease=" + lease)
            yield server.ctl("get", "k", "-w", "json")
            yield server.ctl("lease", "list")
            yield ages(server.ctl("lease", "timetolive", lease, "--keys").out)
            yield server.ctl("lease", "keep-alive", lease, "--once")
            yield server.ctl("lease", "revoke", lease)
            yield server.ctl("lease", "revoke", lease)
            yield server.ctl("lease", "timetolive", lease)
            yield server.ctl("lease", "keep-alive", lease, "--once")
            yield server.ctl("get", "", "--prefix")
            yield server.ctl("lease", "grant", "9000000001")
            short = server.ctl("lease", "grant", "1").out
            yield short
            yield server.ctl("put", "gone", "v", "--lease=" + short.split()[1])
            # Two seconds, and as many again for a leader that has just changed.
            deadline = time.monotonic() + 10
            while server.ctl("get", "gone").out and time.monotonic() < deadline:
                time.sleep(0.1)
            yield server.ctl("get", "gone"), server.ctl("lease", "list")
        self.same(scenario)

    def test_lock_and_elect(self):
        def scenario(server):
            yield server.ctl("lock", "l", "echo", "held")
            holder = server.background("lock", "l")
            yield holder.stdout.readline()
            waiting = server.background("lock", "l", "echo", "mine")
            yield [line for line in server.ctl("get", "l", "--prefix", "--keys-only").out.split()][:1]
            holder.terminate()
            yield waiting.communicate(timeout=30)[0]
            candidate = server.background("elect", "e", "first")
            yield candidate.stdout.readline(), candidate.stdout.readline()
            observer = server.background("elect", "e", "-l")
            yield observer.stdout.readline(), observer.stdout.readline()
            candidate.terminate()
            observer.kill()
            candidate.wait(30)
            observer.wait(30)
            yield server.ctl("get", "e", "--prefix")
        self.same(scenario)

    def test_mirror(self):
        def scenario(server):
            for i in range(20):
                server.ctl("put", f"old/{i}", "v")
            target = self.server(server.kind)
            mirror = server.background("make-mirror", target.members[0].client, "--prefix", "old/", "--dest-prefix", "new/")
            mirrored = lambda key: target.ctl("get", key, "--print-value-only").out
            wait(lambda: mirrored("new/19"))
            server.ctl("put", "old/0", "changed")
            server.ctl("del", "old/1")
            wait(lambda: mirrored("new/0") == "changed\n")
            wait(lambda: not mirrored("new/1"))
            yield target.ctl("get", "", "--prefix")
            mirror.kill()
            mirror.wait()
        self.same(scenario)


def readable(stream):

    return bool(select.select([stream], [], [], 0.25)[0])


def wait(condition):
    deadline = time.monotonic() + 30
    while not condition():
        if time.monotonic() > deadline:
            raise AssertionError("it never happened")
        time.sleep(0.1)


def ages(text):
    """Without the time that is left, which is one second less now and then; keys in some order."""

    text = re.sub(r"remaining\(\d+s\)", "remaining", text)
    return re.sub(r"keys\(\[(.*)\]\)", lambda keys: str(sorted(keys[1].split())), text)
