#!/usr/bin/env python3
"""The client's commands against a running broker: results, output and exit codes.

cli_e2e.py --weir PATH --bootstrap HOST:PORT     PATH runs the client (weir or weir-cli)
Makes topics named cli-e2e-PID-… and deletes them. Ends with "N passed, N failed".
"""
import argparse
import json
import os
import pathlib
import signal
import socket
import subprocess
import sys
import tempfile
import time
import traceback

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "tests/broker"))
import codec  # noqa: E402
from streams_member import StreamsMember, at_once  # noqa: E402
from wire import Wire, request  # noqa: E402

parser = argparse.ArgumentParser()
parser.add_argument("--weir", required=True)
parser.add_argument("--bootstrap", required=True)
ARGS = parser.parse_args()
ENV = {**os.environ, "WEIR_BROKERS": ARGS.bootstrap}
PREFIX = f"cli-e2e-{os.getpid()}-"
BOUND = 60  # seconds for one command
CASES = []


def case(function):
    CASES.append(function)
    return function


class Ran:
    def __init__(self, words, process, out, err):
        self.words, self.rc, self.out, self.err = words, process.returncode, out, err

    def ok(self, rc=0):
        assert self.rc == rc, f"{self.words} ended with {self.rc}, not {rc}\n{self.out!r}\n{self.err!r}"
        return self

    def json(self):
        return json.loads(self.out)

    def lines(self):
        return [json.loads(line) for line in self.out.splitlines()]


def start(*words, env=None):
    return subprocess.Popen([ARGS.weir, *words], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                            stderr=subprocess.PIPE, env=env or ENV)


def weir(*words, stdin=b"", env=None):
    process = start(*words, env=env)
    try:
        out, err = process.communicate(stdin, timeout=BOUND)
    finally:
        process.kill()
    return Ran(words, process, out, err.decode())


def fresh(name, *words):
    weir("topic", "create", PREFIX + name, *words).ok()
    return PREFIX + name


def describe(topic, *words):
    return weir("topic", "describe", topic, "--json", *words).ok().json()[0]


def same(got, want):
    assert got == want, f"got {got!r}, want {want!r}"


def one_line(err, *parts):
    assert err.startswith("weir: ") and err.count("\n") == 1, f"not one line: {err!r}"
    for part in parts:
        assert part in err, f"{part!r} is not in {err!r}"


def unused_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


@case
def help_and_version():
    assert b"weir start" in weir().ok().out
    same(weir("help").ok().out, weir().out)
    same(weir("help", "topic", "create").ok().out, weir("topic", "create", "--help").ok().out)
    for words in (["topic", "create"], ["topic", "list"], ["topic", "describe"], ["topic", "delete"],
                  ["topic", "alter"], ["topic", "trim"], ["group", "list"], ["group", "describe"], ["group", "lag"],
                  ["group", "reset"], ["group", "delete"], ["produce"], ["consume"], ["cluster", "info"], ["simulate"]):
        text = weir(*words, "--help").ok().out.decode()
        assert "Usage: weir " + " ".join(words) in text and "Examples:" in text, text
    assert weir("--version").ok().out.startswith(b"weir ")


@case
def simulated_clusters():
    out = weir("simulate", "--seed", "3").ok().out.decode()
    for phase in ("chaos", "healing", "calm", "clients"):
        assert f"\n  {phase} " in out, out
    same(weir("simulate", "--seed", "3").ok().out.decode(), out)
    broken = weir("simulate", "--mutation", "votes-twice").ok().out.decode()
    assert "again: weir simulate --mutation votes-twice --seed" in broken, broken
    for world in ("groups", "transactions", "shares"):
        assert "seed 3: fine" in weir("simulate", "--world", world, "--seed", "3").ok().out.decode()
    weir("simulate", "--world", "nonsense").ok(2)
    ran = weir("simulate", "--mutation", "nonsense").ok(2)
    one_line(ran.err, "no such world or mutation")


@case
def usage_errors_end_with_2():
    for words in (["nonsense"], ["topic"], ["topic", "create"], ["topic", "nonsense"], ["produce"],
                  ["consume", "t", "-o", "soon"], ["consume", "t", "--until", "x"],
                  ["consume", "t", "-f", "%q"], ["consume", "t", "--follow", "--until", "@0"],
                  ["consume", "t", "-p", "x"], ["produce", "t", "-z", "rar"],
                  ["produce", "t", "-k", "a", "-K", "b"], ["produce", "t", "-H", "x"],
                  ["topic", "create", "t", "-c", "x"], ["topic", "create", "t", "-p", "0"],
                  ["topic", "alter", "t"], ["topic", "trim", "t", "-p", "0", "-o", "x"],
                  ["topic", "list", "-X", "no.such.property=1"], ["topic", "delete", "t"]):
        ran = weir(*words).ok(2)
        one_line(ran.err)
        same(ran.out, b"")


@case
def nobody_answers():
    address = f"127.0.0.1:{unused_port()}"
    for words in (["topic", "list"], ["group", "list"], ["cluster", "info"], ["produce", "t"], ["consume", "t"]):
        ran = weir(*words, "-b", address, "--timeout", "1").ok(1)
        one_line(ran.err, "no broker answered at " + address, "within 1 s", "weir start --dev")
        same(ran.out, b"")


@case
def create_list_delete():
    names = [PREFIX + "a", PREFIX + "b"]
    same([x["result"] for x in weir("topic", "create", *names, "-p", "2", "--json").ok().json()], ["created"] * 2)
    one_line(weir("topic", "create", names[0]).ok(1).err, names[0], "exists")
    same(weir("topic", "create", names[0], "--if-not-exists", "--json").ok().json()[0]["result"], "exists")
    listed = {t["topic"]: t for t in weir("topic", "list", PREFIX + "*", "--json").ok().json()}
    assert set(names) <= set(listed), listed
    same((listed[names[0]]["partitions"], listed[names[0]]["internal"]), (2, False))
    same([t["topic"] for t in weir("topic", "list", names[1], "--json").ok().json()], [names[1]])
    assert names[0] in weir("topic", "list").ok().out.decode()
    one_line(weir("topic", "delete", *names).ok(2).err, "--yes")
    assert len(weir("topic", "list", PREFIX + "[ab]", "--json").ok().json()) == 2
    weir("topic", "delete", *names, "--yes").ok()
    same(weir("topic", "list", PREFIX + "[ab]", "--json").ok().json(), [])
    one_line(weir("topic", "delete", names[0], "--yes").ok(1).err, "does not exist")
    weir("topic", "delete", names[0], "--yes", "--if-exists").ok()


@case
def create_checks():
    one_line(weir("topic", "create", "no/slash").ok(1).err, "no/slash")
    one_line(weir("topic", "create", PREFIX + "x", "-c", "retention.ms=soon").ok(1).err, "retention.ms")
    one_line(weir("topic", "create", PREFIX + "x", "-c", "no.such.config=1").ok(1).err, "no.such.config")
    weir("topic", "create", PREFIX + "x", "--dry-run").ok()
    one_line(weir("topic", "describe", PREFIX + "x").ok(1).err, "does not exist")


@case
def describe_and_alter():
    topic = fresh("alter", "-p", "2", "-c", "retention.ms=1234567")
    config = lambda *w: {c["name"]: c for c in describe(topic, *w)["configs"]}
    same((config()["retention.ms"]["value"], config()["retention.ms"]["source"]), ("1234567", "topic"))
    assert "segment.bytes" not in config() and "segment.bytes" in config("--configs", "all")
    same(config("--configs", "none"), {})
    weir("topic", "alter", topic, "--set", "retention.ms=99", "--set", "max.message.bytes=5000").ok()
    same((config()["retention.ms"]["value"], config()["max.message.bytes"]["value"]), ("99", "5000"))
    weir("topic", "alter", topic, "--unset", "retention.ms", "--add-partitions", "3").ok()
    assert "retention.ms" not in config() and "max.message.bytes" in config()
    state = describe(topic)
    same([p["partition"] for p in state["partitions"]], [0, 1, 2])
    for p in state["partitions"]:
        assert p["leader"] in p["replicas"] and p["leader"] in p["isr"], p
        same((p["earliest"], p["latest"], p["records"]), (0, 0, 0))
    one_line(weir("topic", "alter", topic, "--add-partitions", "1").ok(1).err, topic)
    one_line(weir("topic", "alter", topic, "--set", "retention.ms=soon").ok(1).err, topic)
    one_line(weir("topic", "alter", PREFIX + "none", "--set", "retention.ms=1").ok(1).err, PREFIX + "none")
    text = weir("topic", "describe", topic).ok().out.decode()
    assert "PARTITION" in text and "max.message.bytes" in text and "\033" not in text, text


@case
def lines_there_and_back():
    topic = fresh("lines", "-p", "3")
    values = [f"line {i}" for i in range(1000)]
    ran = weir("produce", topic, "-p", "1", stdin="\n".join(values).encode()).ok()
    size = sum(map(len, values))
    same(ran.err.strip(), f"produced 1000 records, {size} bytes, to partition 1")
    same(ran.out, b"")
    same(weir("consume", topic).ok().out.decode().splitlines(), values)
    same(weir("consume", topic, "-p", "0,2").ok().out, b"")
    same([p["records"] for p in describe(topic)["partitions"]], [0, 1000, 0])
    one_line(weir("consume", topic, "-p", "7").ok(1).err, "no partition 7")


@case
def offsets_and_counts():
    topic = fresh("offsets")
    weir("produce", topic, stdin=b"".join(b"%d\n" % i for i in range(10))).ok()
    read = lambda *w: weir("consume", topic, "-f", "%o ", *w).ok().out.decode().split()
    same(read(), [str(i) for i in range(10)])
    same(read("-o", "7"), ["7", "8", "9"])
    same(read("-o", "-2"), ["8", "9"])
    same(read("-o", "-99", "-n", "1"), ["0"])
    same(read("-n", "3"), ["0", "1", "2"])
    same(read("-n", "0"), [])
    same(read("-o", "end"), [])
    same(read("-o", "50"), [])


@case
def times():
    topic = fresh("times")
    base = 1357016400000  # 2013-01-01T05:00Z
    rows = [json.dumps({"value": str(i), "timestamp_ms": base + i * 60000}) for i in range(5)]
    weir("produce", topic, "-f", "json", stdin="\n".join(rows).encode()).ok()
    read = lambda *w: weir("consume", topic, "-f", "%v", *w).ok().out
    same(read("-o", "@2013-01-01T05:02Z"), b"234")
    same(read("-o", f"@{base + 1}"), b"1234")
    same(read("--until", "@2013-01-01T06:03+01:00"), b"012")
    same(read("-o", "@2013-01-01T05:01", "--until", "@2013-01-01T05:03"), b"12")
    same(read("-o", "@2030-01-01"), b"")
    same(read("--until", "@2030-01-01"), b"01234")
    same(weir("consume", topic, "-n", "1", "-f", "%T %I").ok().out, b"%d 2013-01-01T05:00:00.000Z" % base)


@case
def keys_headers_and_nulls():
    topic = fresh("keys")
    weir("produce", topic, "-K", ":", "-Z", "-H", "a=1", "-H", "b=x=y", stdin=b"k1:v1\nk2:\n:v3\n").ok()
    weir("produce", topic, "-k", "k4", stdin=b"\n").ok()
    rows = weir("consume", topic, "--json").ok().lines()
    same([(r["key"], r["value"]) for r in rows], [("k1", "v1"), ("k2", None), (None, "v3"), ("k4", "")])
    same(rows[0]["headers"], [{"name": "a", "value": "1"}, {"name": "b", "value": "x=y"}])
    same(rows[3]["headers"], [])
    same((rows[0]["topic"], rows[0]["partition"], rows[0]["offset"], rows[0]["timestamp_type"]),
         (topic, 0, 0, "create"))
    same(weir("consume", topic, "-f", "%k|%v|%K|%V|%h;", "--null", "NULL").ok().out,
         b"k1|v1|2|2|a=1,b=x=y;k2|NULL|2|-1|a=1,b=x=y;NULL|v3|-1|2|a=1,b=x=y;k4||2|0|;")
    ran = weir("produce", topic, "-K", ":", stdin=b"good:1\nbad\ngood:2\n").ok(1)
    assert "record 2" in ran.err and "produced 1 record" in ran.err, ran.err


@case
def any_bytes_through_json():
    source, copy = fresh("bytes"), fresh("copy")
    raw = bytes(range(256)) * 3
    with tempfile.NamedTemporaryFile() as file:
        file.write(raw)
        file.flush()
        weir("produce", source, "-f", "whole", "-k", "größe", file.name).ok()
        weir("produce", source, "-f", "whole", file.name, "-", stdin=b"two\nlines").ok()
    out = weir("consume", source, "--json").ok()
    same(weir("produce", copy, "-f", "json", stdin=out.out).ok().rc, 0)
    again = weir("consume", copy, "--json").ok().lines()
    for a, b in zip(out.lines(), again, strict=True):
        same({**a, "topic": 0}, {**b, "topic": 0})
    same(again[0]["key"], "größe")
    assert "value_base64" in again[0] and "value" not in again[0]
    same(weir("consume", copy, "-n", "1", "-f", "%v").ok().out, raw)
    same(weir("consume", copy, "-o", "-1", "-f", "%v").ok().out, b"two\nlines")
    one_line(weir("produce", copy, "/no/such/file").ok(1).err.split("\n", 1)[1], "/no/such/file")


@case
def each_compression_and_acks():
    topic = fresh("codecs")
    lines = b"".join(b"same words again %d\n" % i for i in range(200))
    for codec in ("none", "gzip", "snappy", "lz4", "zstd"):
        weir("produce", topic, "-z", codec, stdin=lines).ok()
    for acks in ("1", "0", "all"):
        weir("produce", topic, "--acks", acks, stdin=lines).ok()
    same(weir("consume", topic).ok().out, lines * 8)


@case
def what_produce_tells():
    topic = fresh("tells", "-p", "2")
    rows = weir("produce", topic, "-p", "1", "--json", stdin=b"a\nbc\n").ok().lines()
    same(rows[:2], [{"topic": topic, "partition": 1, "offset": n} for n in (0, 1)])
    same(rows[2], {"summary": {"topic": topic, "records": 2, "bytes": 3, "failed": 0, "partitions": [
        {"partition": 1, "records": 2, "first_offset": 0, "last_offset": 1}]}})
    same(weir("produce", topic, "-p", "1", "-v", stdin=b"d").ok().out.decode(), f"{topic} partition 1 offset 2\n")
    assert "produced 0 records" in weir("produce", topic).ok().err
    ran = weir("produce", topic, "-p", "5", "--timeout", "3", stdin=b"x").ok(1)
    assert "partition" in ran.err and "produced 0 records" in ran.err, ran.err


@case
def a_record_too_large():
    topic = fresh("large", "-c", "max.message.bytes=2000")
    ran = weir("produce", topic, stdin=b"x" * 5000).ok(1)
    assert "not stored: 1 record" in ran.err and topic in ran.err, ran.err
    weir("topic", "alter", topic, "--set", "max.message.bytes=4000000").ok()
    weir("produce", topic, stdin=b"x" * 3000000).ok()
    same(weir("consume", topic, "-f", "%V").ok().out, b"3000000")


@case
def trimmed():
    topic = fresh("trim")
    weir("produce", topic, stdin=b"0\n1\n2\n3\n4\n").ok()
    same(weir("topic", "trim", topic, "--partition", "0", "--offset", "3", "--json").ok().json(),
         {"topic": topic, "partition": 0, "earliest": 3})
    same(weir("consume", topic).ok().out, b"3\n4\n")
    same(weir("consume", topic, "-o", "1").ok().out, b"3\n4\n")
    one_line(weir("topic", "trim", topic, "-p", "0", "-o", "99").ok(1).err, "99")
    weir("topic", "trim", topic, "-p", "0", "-o", "end").ok()
    state = describe(topic)["partitions"][0]
    same((state["earliest"], state["latest"], state["records"]), (5, 5, 0))


@case
def follow_until_a_signal():
    topic = fresh("follow")
    for number in (signal.SIGINT, signal.SIGTERM):
        process = start("consume", topic, "-o", "start", "--follow")
        try:
            weir("produce", topic, stdin=b"news\n").ok()
            same(process.stdout.readline(), b"news\n")  # hangs, and is killed by the bound, if none comes
            process.send_signal(number)
            process.communicate(timeout=BOUND)
            same(process.returncode, 0)
        finally:
            process.kill()
        weir("topic", "trim", topic, "-p", "0", "-o", "end").ok()


@case
def a_reader_that_leaves():
    topic = fresh("pipe")
    weir("produce", topic, stdin=b"some words\n" * 50000).ok()
    process = start("consume", topic)
    try:
        same(process.stdout.readline(), b"some words\n")
        process.stdout.close()
        process.wait(timeout=BOUND)
        same((process.returncode, process.stderr.read()), (0, b""))
    finally:
        process.kill()


@case
def topics_that_are_not_there():
    for words in (["consume", PREFIX + "none"], ["topic", "describe", PREFIX + "none"]):
        one_line(weir(*words).ok(1).err, PREFIX + "none does not exist")
    one_line(weir("topic", "trim", PREFIX + "none", "-p", "0", "-o", "1").ok(1).err, PREFIX + "none")


@case
def cluster():
    info = weir("cluster", "info", "--json").ok().json()
    assert info["cluster_id"] and info["brokers"], info
    assert info["controller"] in [b["id"] for b in info["brokers"]], info
    same(info["partitions_without_leader"], 0)
    before = info["partitions"]
    fresh("cluster", "-p", "4")
    same(weir("cluster", "info", "--json").ok().json()["partitions"], before + 4)
    text = weir("cluster", "info", "-b", ARGS.bootstrap, env={**os.environ, "WEIR_BROKERS": "127.0.0.1:1"}).ok()
    assert info["cluster_id"].encode() in text.out


def ask(api, version, fields):
    wire = Wire(int(ARGS.bootstrap.rsplit(":", 1)[1]))
    try:
        key, body, flexible = codec.encode(api, version, fields)
        return codec.decode(api, version, wire.send(request(key, version, body, flexible=flexible, client="cli-e2e")).answer())
    finally:
        wire.close()


def until(what, is_so):
    end = time.monotonic() + BOUND
    while not is_so():
        assert time.monotonic() < end, f"never so: {what}"
        time.sleep(0.05)


def streams_group(name, standbys):
    """Its name, that of its topic with three partitions, and two members that share all tasks."""
    source, group = fresh(name, "-p", "3"), PREFIX + name
    same(ask(*at_once(group, num_standby_replicas=standbys))["responses"][0]["error"], 0)
    until("there is a coordinator", lambda: ask("find_coordinator", 6, {"key_type": 0, "coordinator_keys": [group]})
          ["coordinators"][0]["error"] == 0)
    members = [StreamsMember(ask, group, n, source) for n in ("a", "b")]
    until("its topics are there", members[0].rests)
    until("its tasks are shared", lambda: all([m.rests() for m in members]))
    return group, source, members


def task_names(tasks):
    return [f"{t['subtopology']}_{t['partition']}" for t in tasks]


@case
def streams_groups_are_described():
    group, source, members = streams_group("streams", 1)
    same(weir("group", "list", group, "--json").ok().json(), [{"group": group, "state": "Stable", "type": "streams"}])
    told = weir("group", "describe", group, "--json").ok().json()[0]
    same((told["group"], told["state"], told["type"], told["topology_epoch"]), (group, "Stable", "streams", 0))
    same(told["epoch"], told["assignment_epoch"])
    same(told["subtopologies"], [
        {"subtopology": "0", "reads": [source], "repartitions_to": [f"{group}-repartition"], "changelogs": []},
        {"subtopology": "1", "reads": [f"{group}-repartition"], "repartitions_to": [], "changelogs": [f"{group}-changelog"]}])
    same([(m["member"], m["process"], m["epoch"]) for m in told["members"]],
         [(n, f"process-{n}", told["epoch"]) for n in ("a", "b")])
    same(sorted(n for m in told["members"] for n in task_names(m["active"])), ["0_0", "0_1", "0_2", "1_0", "1_1", "1_2"])
    for one, other in (told["members"], told["members"][::-1]):
        same(task_names(one["standby"]), [n for n in task_names(other["active"]) if n.startswith("1")])
        same((one["target_active"], one["target_standby"]), (one["active"], one["standby"]))
        same(sorted((a["topic"], a["partition"]) for a in one["assigned"]),
             sorted((source if t["subtopology"] == "0" else f"{group}-repartition", t["partition"]) for t in one["active"]))
    text = weir("group", "describe", group).ok().out.decode()
    for part in (f"group {group}  Stable  streams  coordinator", "topology epoch 0", "process-a", "1_2", f"{group}-changelog"):
        assert part in text, f"{part!r} is not in {text}"
    for m in members:
        same(m.leave(), 0)
    weir("group", "delete", group, "--yes").ok()


@case
def streams_groups_are_changed_when_they_are_empty():
    group, source, members = streams_group("streams-place", 0)
    weir("produce", source, "-p", "1", stdin=b"1\n2\n3\n").ok()
    owner = next(m for m in members if any(t["subtopology_id"] == "0" and 1 in t["partitions"] for t in m.active))
    same(ask("offset_commit", 9, {"group_id": group, "member_id": owner.name, "generation_id_or_member_epoch": owner.epoch,
                                  "topics": [{"name": source, "partitions": [{"partition_index": 1, "committed_offset": 2}]}]}),
         {"throttle_time_ms": 0, "topics": [{"name": source, "partitions": [{"partition_index": 1, "error": 0}]}]})
    told = weir("group", "lag", group, "--json").ok().json()[0]
    same((told["type"], told["lag"], len(told["partitions"])), ("streams", 1, 6))
    same([p for p in told["partitions"] if p["committed"] is not None],
         [{"topic": source, "partition": 1, "committed": 2, "end": 3, "lag": 1, "member": owner.name}])
    one_line(weir("group", "delete", group, "--yes").ok(1).err, group, "has members")
    again = ("group", "reset", group, "--topic", source, "--to", "start", "--execute")
    one_line(weir(*again).ok(1).err, group, "has members")
    for m in members:
        same(m.leave(), 0)
    same(weir("group", "list", group, "--json").ok().json()[0]["state"], "Empty")
    same(weir("group", "describe", group, "--json").ok().json()[0]["members"], [])
    weir(*again).ok()
    same(weir("group", "lag", group, "--json").ok().json()[0]["lag"], 3)
    same(weir("group", "delete", group, "--yes", "--json").ok().json(), [{"group": group, "result": "deleted"}])
    same(weir("group", "list", group, "--json").ok().json(), [])


def main():
    # A command that never ends is ended by this, and the run with it.
    signal.alarm(600)
    failed = 0
    for run in CASES:
        try:
            run()
            print("ok    ", run.__name__, flush=True)
        except Exception:  # a broken case must not hide the next ones
            failed += 1
            print("FAILED", run.__name__, flush=True)
            traceback.print_exc(limit=-2, file=sys.stdout)
    left = [t["topic"] for t in weir("topic", "list", PREFIX + "*", "--json").json()]
    if left:
        weir("topic", "delete", *left, "--yes")
    print(f"{len(CASES) - failed} passed, {failed} failed")
    return 1 if failed else 0


sys.exit(main())
