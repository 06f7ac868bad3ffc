"""tests/chaos/self_test.py [--records N] [--seed N]: whether the checker catches every planted fault and lets a good run pass,
and whether the proxy cuts what it says it cuts. No broker is needed."""
import argparse
import copy
import json
import os
import pathlib
import struct
import subprocess
import sys
import tempfile
import time
import types

here = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(here), str(here.parent / "broker"), str(here.parent / "soak")]
import planted  # noqa: E402
import planted_transactions as transactions  # noqa: E402
import proxy_test  # noqa: E402
import replicas  # noqa: E402
import scenarios  # noqa: E402
from checker import check as judge  # noqa: E402
from disk import Disk  # noqa: E402
from history import History  # noqa: E402
from keeper import keep  # noqa: E402
from machine import Clocks, Throttle  # noqa: E402
from nemesis import TROUBLES  # noqa: E402
from plan import Planner  # noqa: E402
from process import Checks  # noqa: E402


def judged(world, linear=False, batches=()):
    history = History()
    history.batches = dict(batches)
    for lines in world.files():
        history.add(lines)
    return judge(history, linear)


def faults(check, seed):
    world = planted.World(seed)
    report = judged(world)
    check("a good run passes", not report.kinds, list(report.lines()))
    facts = report.facts
    check("and was really looked at", facts["o"] > 2000 and facts["records read"] > 5000 and facts["u"] and facts["f"] and
          facts["watermarks asked for"] and facts["repeated by plain producers"], facts)
    for fault, kind in planted.FAULTS.items():
        report = judged(planted.planted(world, fault))
        allowed = {kind} | planted.ALSO.get(fault, set())
        check(f"{fault.__name__.replace('_', ' ')} is caught as {kind}", kind in report.kinds and report.kinds <= allowed,
              list(report.lines()))
    report = judged(planted.planted(world, planted.promised_by_one))
    check("acks=1 may lose what nobody saw", not report.kinds and
          report.facts["acknowledged by a leader alone and lost"] == 1, list(report.lines()))
    new_epoch(check, planted.planted(world, planted.duplicate))
    early_word(check, copy.deepcopy(world))
    world = planted.planted(world, planted.stale)
    check("an old high watermark is wrong if reads are to be linear, and only then",
          judged(world, True).kinds == {"stale"} and not judged(world).kinds and judged(world).facts["old watermarks"] == 1,
          list(judged(world, True).lines()))


def new_epoch(check, world):
    """The record that is there twice is the last of its partition."""
    for epoch, wrong in ((3, {"twice"}), (4, set())):
        report = judged(world, batches={(planted.TOPIC, k): [[0, len(log) - 1, 7, 3, 0], [len(log) - 1, 1, 7, epoch, 0]]
                                        for k, log in enumerate(world.log)})
        check(f"a duplicate in {'a new' if epoch == 4 else 'the same'} epoch is {'the client' if epoch == 4 else 'the broker'}'s "
              "doing", report.kinds == wrong and report.facts["repeated by idempotent producers in a new epoch"] == (epoch == 4),
              list(report.lines()))


def early_word(check, world):
    place = planted.early_word(world) + 1
    rest = len(world.log[0]) - place
    for first, wrong in ((0, {"lost"}), (1, set())):
        report = judged(world, batches={(planted.TOPIC, 0): [[0, place, -1, -1, -1], [place, rest, 7, 3, first]]})
        check(f"a first record lost is {'the client' if first else 'the broker'}'s doing where its first batch is number {first}",
              report.kinds == wrong, list(report.lines()))


def transactional(check, seed):
    world = transactions.Pipes(seed)
    report = world.judged()
    check("a good run of pipelines passes, and was looked at", not report.kinds and report.facts["records observed"] > 300 and
          all(report.facts[f"transactions {s}"] for s in ("committed", "aborted", "unknown", "never asked to commit",
                                                          "of version 1", "of version 2")),
          (list(report.lines()), report.facts))
    for fault, kind in transactions.PIPE_FAULTS.items():
        report = transactions.planted(world, fault).judged()
        allowed = {kind} | transactions.PIPE_ALSO.get(fault, set())
        check(f"pipelines: {fault.__name__.replace('_', ' ')} is caught as {kind}", kind in report.kinds and report.kinds <= allowed,
              list(report.lines()))
    for name, (kinds, history) in transactions.HISTORIES.items():
        found = history.kinds()
        check(f"lists: {name}: {', '.join(kinds) or 'nothing is wrong'}", found == kinds, found)


def weir_segment(entries, salt=b"saltsalt"):
    raw = bytes(16) + salt + bytes(replicas.WEIR_HEADER - 24)
    for index, body in entries:
        frame = struct.pack("<IIBBHQQqIIq", len(body), 0, 1, 0, 0, 1, index, 3 * index, 3, 0, 0)
        raw += struct.pack("<I", replicas.crc32c(salt + struct.pack("<Q", len(raw)) + frame)) + frame + body
    if salt == b"saltsalt":  # behind the end, what the file was before
        raw += weir_segment([(n, b"old") for n in range(1, 99)], b"pepper!!")[len(raw):]
    return raw + b"\0" * 500


def kafka_segment(entries):
    raw = b""
    for place, body in entries:
        body = struct.pack(">ibIhi", 1, 2, 0, 0, 2) + body
        raw += struct.pack(">qi", 3 * place, len(body)) + body
    return raw + b"\0" * 500


def copies(check, folder):
    """Three data directories, then one that is not like the others."""
    good = [(n, bytes([n]) * (n + 60)) for n in range(1, 60)]
    changed = [(n, b"?" + body[1:] if n == 30 else body) for n, body in good]
    for kind, read, place, segment in (("weir", replicas.weir, "topics/orders.AAAA/0/{:020}.log", weir_segment),
                                       ("kafka", replicas.kafka, "orders-0/{:020}.log", kafka_segment)):
        for name, last, wanted in (("alike", [good[:20], good[20:]], ""), ("one other bit", [changed], "1 of 59"),
                                   ("a shorter one", [good[:58]], "1 of 59"), ("a missing one", None, "2 copies")):
            data = {}
            for broker, segments in enumerate(([good], [good[:40], good[40:]], last), 1):
                for entries in segments or ():
                    path = folder / kind / name / str(broker) / place.format(entries[0][0])
                    path.parent.mkdir(parents=True, exist_ok=True)
                    path.write_bytes(segment(entries))
                data[broker] = read(folder / kind / name / str(broker))
            found = list(replicas.differences(data, 3))
            (whole,) = data[1].values()
            holed = {at: entry for at, entry in whole.items() if at != 30}
            check(f"a copy of {kind}'s is whole, with a hole it is not", not replicas.lacking(whole, 3, 180, "") and
                  replicas.lacking(holed, 3, 180, "") and replicas.lacking(whole, 3, 181, ""))
            check(f"copies of {kind}'s: {name}", len(found) == bool(wanted) and wanted in "".join(found), found)

    one = {"x-0": {1: (1, "batch", 0, 1, "a")}}
    later = {"x-0": {**one["x-0"], 2: (2, "term start", 1, 0, "b")}}
    more = {"x-0": {**later["x-0"], 3: (2, "batch", 1, 1, "c")}}
    check("a term that began while others were down is no difference, a record is",
          not list(replicas.differences({1: one, 2: later}, 2)) and len(list(replicas.differences({1: one, 2: more}, 2))) == 1)


def keeping(check, folder):
    """Incarnations take the ways to start one in turn, until their role is told to stop."""
    words = ["sh", "-c", "echo $0 $2 >>$4/lives; [ $(wc -l <$4/lives) -lt 3 ] || touch $4/stop-mover; exit $3"]
    keep(json.dumps([[*words, "one"], [*words, "two"]]), "mover", "mover-0", "1", str(folder))
    lives, ends = [(folder / name).read_text() for name in ("lives", "mover-0.ends")]
    check("workers of both kinds follow each other", lives == "one mover-0.0\ntwo mover-0.1\none mover-0.2\n" and
          ends == "0 1\n1 1\n2 1\n", (lives, ends))


def plans(check):
    """The same seed, the same plan; all kinds in it; none that is to be alone beside another."""
    for scenario in scenarios.ALL:
        size = scenario.nodes[-1]

        def plan(seed):
            return Planner(TROUBLES, seed, [f"n{n}" for n in range(1, size + 1)], scenario.partitions, min(size, 3), 300,
                           scenario.mix, scenario.gap, scenario.busy).plan()
        first = plan("1")
        check(f"plans of {scenario.name} are the seed's",
              list(map(str, first)) == list(map(str, plan("1"))) != list(map(str, plan("2"))))
        alone = [s for s in first if TROUBLES[s.what].alone]
        beside = [(a, s) for a in alone for s in first if s is not a and s.at + 0.001 < a.at + a.lasts and
                  a.at + 0.001 < s.at + s.lasts]
        check("and all its troubles come, each in its place",
              {s.what for s in first} == set(scenario.mix) and not beside, beside)


def clocks(check, folder):
    its = Clocks(folder)
    if lack := its.lacks():
        print(f"      not tried: {lack}")
        return
    check("a clock of its own jumps, forth and back", its.shows(86_400) and its.shows(-3600))


def throttle(check):
    if lack := Throttle.lacks():
        print(f"      not tried: {lack}")
        return
    with Disk(64) as disk:
        if not disk.own:
            print("      not tried: a throttled disk needs a file system of its own")
            return
        ten = "read go; exec dd if=/dev/zero of=$0/file bs=4096 count=10 oflag=direct"
        writer = subprocess.Popen(["sh", "-c", ten, disk.data], stdin=subprocess.PIPE, stderr=subprocess.DEVNULL)
        node = types.SimpleNamespace(name="test", data=disk.data, up=True, process=writer)
        its = Throttle(f"weir-chaos-{os.getpid()}")
        its.begin(node, 10)
        began = time.monotonic()
        writer.communicate(b"\n")
        seconds = time.monotonic() - began
        its.end(node)
        its.close()
        check("ten writes at ten a second take their time", writer.returncode == 0 and seconds > 0.7, seconds)


def speed(check, records, seed):
    files = list(planted.World(seed, records).files())
    started = time.process_time()
    history = History()
    for lines in files:
        history.add(lines)
    report = judge(history)
    seconds = time.process_time() - started
    print(f"      {records} records, {report.facts['records read']} read: {seconds:.1f} s of processor time")
    check("a long good run passes", not report.kinds, list(report.lines()))


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--records", type=int, default=60_000)
    parser.add_argument("--seed", type=int, default=1)
    args = parser.parse_args()
    print(f"seed {args.seed}")
    check = Checks()
    faults(check, args.seed)
    transactional(check, args.seed)
    with tempfile.TemporaryDirectory(prefix="weir-chaos-") as folder:
        folder = pathlib.Path(folder)
        copies(check, folder)
        proxy_test.test(check, folder)
        keeping(check, folder)
        plans(check)
        clocks(check, folder)
        throttle(check)
    speed(check, args.records, args.seed)
    check.close()


if __name__ == "__main__":
    main()
