"""Logs whose middle or front is gone, on three brokers: compacted partitions that all have a copy of, one broker replaced
meanwhile; records that were deleted by request; the log of the cluster's own state, cut off before somebody joins; and what is left
when a majority is gone for good."""
import argparse
import json
import os
import pathlib
import random
import subprocess
import time

from brokers import Cluster, eventually
from process import Broker, Checks

OPTIONS = ("compaction.check_interval_ms=50ms", "compaction.memory_bytes=1MiB", "compaction.io_rate=64MiB",
           "cluster.state_log_bytes=64KiB")
KEYS = 300


def node_of(broker):
    return broker.json("/v1/cluster")["node_id"]


def up(cluster):
    return [b for b in cluster.brokers if b.process.poll() is None]


def led(cluster, topic, partitions):
    told = json.loads(cluster.cli("topic", "describe", topic, "--json"))
    return len(told[0]["partitions"]) == partitions and all(p["leader"] for p in told[0]["partitions"])


class Keys:
    """Updates and deletions, and what the newest of each key is."""

    def __init__(self, cluster, seed):
        self.cluster, self.rng, self.newest, self.count = cluster, random.Random(seed), {}, 0

    def send(self, count):
        lines = []
        for _ in range(count):
            key = f"key-{int(self.rng.triangular(0, KEYS, 0))}"
            value = None if self.rng.random() < 0.1 else f"{self.count}-" + self.rng.randbytes(300).hex()
            self.newest[key] = value
            self.count += 1
            lines.append(f"{key}={value or ''}\n")
        self.cluster.cli("produce", "state", "-K", "=", "-Z", "--acks", "all", given="".join(lines), patience=120)

    def check(self, check, when):
        read = {}
        for line in self.cluster.cli("consume", "state", "-f", "%k=%v\\n", patience=120).splitlines():
            key, value = line.split("=", 1)
            read[key] = value or None
        wrong = [k for k, v in self.newest.items() if read.get(k) != v]
        check(f"{when}: all {len(self.newest)} keys read as their newest values", not wrong,
              [(k, self.newest[k], read.get(k)) for k in wrong[:3]])


def passes(broker):
    return [p["compaction"]["passes"] for p in broker.json("/v1/partitions?topic=state")]


def compacted(check, cluster):
    cluster.cli("topic", "create", "state", "-p", 1, "-r", 3, "--config", "cleanup.policy=compact", "--config",
                "segment.bytes=1048576", "--config", "min.cleanable.dirty.ratio=0.05", "--config", "delete.retention.ms=200")
    keys = Keys(cluster, 7)
    for turn in range(6):
        keys.send(3000)
        if turn == 2:
            check("each copy compacts by itself", eventually(lambda: all(all(n > 0 for n in passes(b)) for b in cluster.brokers)),
                  [passes(b) for b in cluster.brokers])
        victim = cluster.brokers[turn % 3]
        victim.kill()
        check(f"turn {turn}: there is a leader", eventually(lambda: led(cluster, "state", 1)))
        keys.send(500)
        keys.check(check, f"turn {turn}, one down")
        check.verified(victim, f"turn {turn}, the one that is down")
        victim.start()
    return keys


def wiped(check, cluster, keys):
    """A broker with an empty disk at the place of one whose disk is lost."""
    lost = cluster.brokers[1]
    lost.kill()
    new = Broker(cluster.weir, data=os.path.join(cluster.root, "new"), options=OPTIONS, log=os.path.join(cluster.root, "new.log"))
    os.mkdir(new.data)
    new.rpc, new.seeds = lost.rpc, [b.rpc for b in cluster.brokers if b is not lost]
    cluster.brokers[1] = new
    new.start()
    node = node_of(new)

    def has_copy():
        found = new.json("/v1/partitions?topic=state")
        told = json.loads(cluster.cli("topic", "describe", "state", "--json"))[0]["partitions"][0]
        return found and node in told["isr"]
    check("the new one gets a copy of what is left", eventually(has_copy, 60),
          cluster.cli("topic", "describe", "state", "--json"))
    keys.send(2000)
    for victim in [b for b in cluster.brokers if b is not new]:
        victim.kill()
        check("the new copy serves", eventually(lambda: led(cluster, "state", 1)))
        keys.check(check, f"with the new copy, broker {victim.rpc} down")
        victim.start()
        eventually(lambda: led(cluster, "state", 1))
    # Its copy alone, as it stands on disk.
    check("it stops", new.stop() == 0)
    check.verified(new, "the new copy")
    new.start()


def first_offset(cluster, topic):
    out = cluster.cli("consume", topic, "-f", "%o\\n", "-n", 1)
    return int(out.split()[0])


def trimmed(check, cluster):
    cluster.cli("topic", "create", "trimmed", "-p", 1, "-r", 3)
    for turn in range(4):
        cluster.cli("produce", "trimmed", "--acks", "all", given="".join(f"v{n}\n" for n in range(500)))
        start = 500 * turn + 123
        cluster.cli("topic", "trim", "trimmed", "-p", 0, "-o", start)
        told = json.loads(cluster.cli("topic", "describe", "trimmed", "--json"))[0]["partitions"][0]
        node = told["leader"]
        victim = next(b for b in cluster.brokers if node_of(b) == node)
        victim.kill()
        check(f"trim {turn}: another one leads", eventually(lambda: led(cluster, "trimmed", 1)))
        check(f"trim {turn}: it begins where it was told to", first_offset(cluster, "trimmed") == start,
              first_offset(cluster, "trimmed"))
        victim.start()
    starts = {}

    def all_moved():
        for b in cluster.brokers:
            (p,) = b.json("/v1/partitions?topic=trimmed")
            starts[b.rpc] = p["start_offset"]
        return set(starts.values()) == {1623}
    check("every copy begins there", eventually(all_moved), starts)


def state_file(broker):
    return pathlib.Path(broker.data, "catalog", "state")


def topics(cluster):
    return sorted(t["topic"] for t in json.loads(cluster.cli("topic", "list", "--json")))


def only(cluster, broker):
    """The cluster as one of its brokers tells it."""
    one = Cluster.__new__(Cluster)
    one.weir, one.root, one.brokers = cluster.weir, cluster.root, [broker]
    return one


def grow_state(cluster, name, count):
    """Gives the names of the topics that are left."""
    names = [f"{name}-{n}" for n in range(count)]
    cluster.cli("topic", "create", *names, "-p", 3, "-r", 3, "--config", "retention.ms=100000")
    cluster.cli("topic", "delete", *names[::2], "--yes")
    return names[1::2]


def cut_state(check, cluster):
    away = cluster.brokers[2]
    away.stop()
    turn = 0
    kept = topics(cluster)
    while not all(state_file(b).exists() for b in cluster.brokers[:2]) and turn < 20:
        kept += grow_state(cluster, f"turn-{turn}", 30)
        turn += 1
    check("the state is kept, and its log cut", all(state_file(b).exists() for b in cluster.brokers[:2]), turn)
    kept.sort()
    check("both know all of it", eventually(lambda: topics(cluster) == kept), (topics(cluster), kept))
    away.start()
    check("who was away knows all of it", eventually(lambda: topics(only(cluster, away)) == kept),
          (topics(only(cluster, away)), kept))
    new = Broker(cluster.weir, data=os.path.join(cluster.root, "late"), options=OPTIONS, log=os.path.join(cluster.root, "late.log"))
    os.mkdir(new.data)
    new.seeds = [b.rpc for b in cluster.brokers]
    new.start()
    check("one that joins after the cut gets the state", state_file(new).exists())
    check("and knows all topics", eventually(lambda: topics(only(cluster, new)) == kept), (topics(only(cluster, new)), kept))
    for b in [*cluster.brokers, new]:
        b.kill()
        check.verified(b, "killed behind the cut")
    cluster.brokers.append(new)
    cluster.start()
    check("all killed and started: the same topics", eventually(lambda: topics(cluster) == kept), (topics(cluster), kept))
    grow_state(cluster, "after", 5)
    new.stop()
    return new


def recover(broker, *words):
    done = subprocess.run([broker.weir, "recover", broker.data, *map(str, words)], capture_output=True, text=True, timeout=120)
    return done.returncode, done.stdout, done.stderr


def majority_gone(check, weir):
    with Cluster(weir, options=OPTIONS) as cluster:
        cluster.start()
        cluster.cli("topic", "create", "t", "-p", 4, "-r", 3)
        cluster.cli("produce", "t", "--acks", "all", given="".join(f"v{n}\n" for n in range(400)))
        left = cluster.brokers[0]
        self, lost = node_of(left), [node_of(b) for b in cluster.brokers[1:]]
        check("a directory in use is refused", recover(left, "--lost", f"{lost[0]},{lost[1]}")[0] == 2)
        for b in cluster.brokers:
            b.kill()
        code, said, error = recover(left, "--lost", lost[0])
        check("with a majority there is nothing to do", code == 0 and "nothing to do" in said, (code, said, error))
        code, said, error = recover(left, "--lost", self)
        check("whose directory it is can't be lost", code == 2 and "not lost" in error, (code, said, error))
        code, said, error = recover(left, "--lost", f"{lost[0]},{lost[1]}")
        check("it tells what is stuck, and does nothing", code == 0 and "5 groups" in said and "Nothing was changed" in said,
              (code, said, error))
        code, said, error = recover(left, "--lost", f"{lost[0]},{lost[1]}", "--accept-data-loss")
        check("told to, it goes on", code == 0 and said.count("goes on with broker") == 5, (code, said, error))
        check.verified(left, "recovered")
        cluster.brokers = [left]
        left.start()
        check("all partitions have a leader", eventually(lambda: led(cluster, "t", 4)))
        got = cluster.cli("consume", "t", "-f", "%v\\n").split()
        check("what it had is there", sorted(got, key=lambda v: int(v[1:])) == [f"v{n}" for n in range(400)], len(got))
        cluster.cli("produce", "t", "--acks", "all", given="w\n" * 100)
        left.kill()
        left.start()
        check("and stays, with what came later", eventually(lambda: led(cluster, "t", 4))
              and len(cluster.cli("consume", "t", "-f", "%v\\n").split()) == 500)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--weir", required=True)
    parser.add_argument("--only", default="", help="compacted, trimmed, state or recover")
    args = parser.parse_args()
    check, began = Checks(), time.monotonic()
    if args.only != "recover":
        with Cluster(args.weir, options=OPTIONS) as cluster:
            cluster.start()
            if args.only in ("", "compacted"):
                keys = compacted(check, cluster)
                wiped(check, cluster, keys)
            if args.only in ("", "trimmed"):
                trimmed(check, cluster)
            if args.only in ("", "state"):
                cut_state(check, cluster)
            for n, b in enumerate(up(cluster)):
                b.stop()
                check.verified(b, f"broker {n + 1} at the end")
    if args.only in ("", "recover"):
        majority_gone(check, args.weir)
    print(f"in {time.monotonic() - began:.0f} s")
    check.close()


if __name__ == "__main__":
    main()
