"""Made-up runs of the transactional workloads, good as they come, and the faults that can be planted in them: what
pipelines_checker.py and cycles.py must catch. Nothing here talks to a broker."""
import copy
import json
import random

import cycles
import pipelines_checker
from pipelines_checker import PARTS

TOPICS = ("numbers", "halved", "moved")
PARTITIONS = 3


class Pipes:
    """Logs of three topics with markers between, and who wrote them."""

    def __init__(self, seed=1, transactions=60):
        self.rng = random.Random(seed)
        self.events, self.observer, self.open = {}, [["n"]], {}  # worker -> lines
        self.log = {(t, p): [] for t in TOPICS for p in range(PARTITIONS)}  # [value, T, visible], None: a marker
        self.count = 0
        for n in range(transactions):
            self.mint(n)
        for stage in range(2):
            for p in range(PARTITIONS):
                self.move(stage, p)
        for place, log in self.log.items():
            self.observer += [["r", *place, o, r[0]] for o, r in enumerate(log) if r and r[2]]

    def transaction(self, worker, records, end):
        """records: (topic, partition, number, amount, from partition, from offset)"""
        txn = f"{worker}.{self.count}"
        self.count += 1
        lines = self.events.setdefault(worker, [])
        lines.append(["b", txn] if worker.startswith("mint") else ["b", txn, 2, 4000, self.count])
        for sequence, (topic, partition, *rest) in enumerate(records):
            lines.append(["s", txn, topic, partition, sequence])
            self.log[topic, partition].append([" ".join(map(str, (txn, sequence, *rest))), txn, end in "Cu"])
        for place in {r[:2] for r in records}:
            self.log[place].append(None)
        lines += {"C": [["c", txn], ["C", txn]], "A": [["A", txn]], "u": [["c", txn]], "dies": []}[end]
        return txn

    def mint(self, n):
        records = [(TOPICS[0], self.rng.randrange(PARTITIONS), f"{n}/{i}", self.rng.randrange(1, 1000), -1, -1)
                   for i in range(self.rng.randrange(2, 7))]
        self.transaction("mint-0.0", records, "C" if n % 5 else ("u", "A", "dies")[n // 5 % 3])

    def move(self, stage, p):
        source, target = TOPICS[stage:stage + 2]
        inputs = [(o, r) for o, r in enumerate(self.log[source, p]) if r and r[2]]
        while inputs:
            taken, end = inputs[:7], self.rng.choice(["C", "C", "u", "A", "dies"])
            records = []
            for offset, (value, *_) in taken:
                _, _, number, amount, *_ = value.split()
                parts = PARTS.get(stage, 1)
                for i in range(parts):
                    part = int(amount) // parts if i < parts - 1 else int(amount) - int(amount) // parts * (parts - 1)
                    records.append((target, (p + i) % PARTITIONS, number, part, p, offset))
            self.transaction(f"move-{stage}-0.0", records, end)
            if end in "Cu":
                inputs = inputs[7:]

    def files(self):
        for worker, lines in self.events.items():
            yield [json.dumps({"role": worker.split(".")[0], "name": worker}), *map(json.dumps, lines)]
        yield [json.dumps({"role": "observe", "name": "observer"}), *map(json.dumps, self.observer)]
        ends = {f"{t}-{p}": len(log) for (t, p), log in self.log.items()}
        lines = [["r", *place, o, r[0]] for place, log in self.log.items() for o, r in enumerate(log) if r and r[2]]
        yield [json.dumps({"role": "final", "name": "final"}), *map(json.dumps, lines),
               json.dumps(["ends", {**ends, **self.open}, ends])]

    def judged(self):
        run = pipelines_checker.Run()
        for lines in self.files():
            run.add(lines)
        return pipelines_checker.check(run, TOPICS)

    def blind(self):
        """Nobody observed what is changed now."""
        self.observer = [["n"]]

    def of(self, stage, state, several=False):
        """Records of the last topic's (or that stage's) transactions that ended so."""
        worker = self.events[f"move-{stage}-0.0" if stage >= 0 else "mint-0.0"]
        committed = {e[1] for e in worker if e[0] == "C"}
        asked = {e[1] for e in worker if e[0] == "c"}
        wanted = {"C": committed, "u": asked - committed, "A": {e[1] for e in worker if e[0] == "A"},
                  "dies": {e[1] for e in worker if e[0] == "b"} - asked - {e[1] for e in worker if e[0] == "A"}}[state]
        found = {}
        for place, log in self.log.items():
            for offset, r in enumerate(log):
                if r and r[1] in wanted:
                    found.setdefault(r[1], []).append((place, offset))
        return next(v for v in found.values() if len(v) > 1 or not several)

    def set(self, places, visible):
        for place, offset in places:
            self.log[place][offset][2] = visible


def lost(w):
    w.blind()
    w.set(w.of(1, "C"), False)


def torn(w):
    w.blind()
    w.set(w.of(1, "C", True)[:1], False)


def torn_unknown(w):
    w.blind()
    w.set(w.of(1, "u", True)[:1], False)


def aborted(w):
    w.blind()
    w.set(w.of(1, "A"), True)


def aborted_with_its_client(w):
    w.blind()
    w.set(w.of(1, "dies"), True)


def moved_twice(w):
    """A group's offset went back behind what was committed."""
    w.blind()
    place, offset = w.of(0, "C")[0]
    value = w.log[place][offset][0].split()
    w.transaction("move-1-0.0", [(TOPICS[2], place[1], value[2], int(value[3]), place[1], offset)], "C")


def moved_what_was_aborted(w):
    w.blind()
    place, offset = w.of(0, "A")[0]
    value = w.log[place][offset][0].split()
    w.transaction("move-1-0.0", [(TOPICS[2], place[1], value[2], int(value[3]), place[1], offset)], "C")


def unmoved(w):
    """A group's offset ran ahead of what was moved."""
    w.blind()
    w.transaction("mint-0.0", [(TOPICS[0], 0, "late", 5, -1, -1)], "C")


def altered(w):
    w.blind()
    place, offset = w.of(1, "C")[0]
    value = w.log[place][offset][0].split()
    value[3] = str(int(value[3]) + 1)
    w.log[place][offset][0] = " ".join(value)


def not_in_order(w):
    w.blind()
    for place, log in w.log.items():
        for one, two in zip(range(len(log)), range(1, len(log))):
            if place[0] == TOPICS[2] and log[one] and log[two] and log[one][2] and log[two][2] and log[one][1] == log[two][1]:
                log[one], log[two] = log[two], log[one]
                return


def there_twice(w):
    w.blind()
    place, offset = w.of(1, "C")[0]
    w.log[place].append(list(w.log[place][offset]))


def vanished(w):
    """An observer saw what was aborted later: the last stable offset was too far ahead."""
    place, offset = w.of(1, "A")[0]
    w.observer += [["n"], ["r", *place, offset, w.log[place][offset][0]]]


def skipped(w):
    del w.observer[len(w.observer) // 2]


def backwards(w):
    w.observer.append(list(w.observer[-2]))


def same_epoch(w):
    """Two transactions in one epoch: what is late of the first meets the second."""
    one, two = [e for e in w.events["move-1-0.0"] if e[0] == "b"][:2]
    two[3:] = one[3:]


def hanging(w):
    w.open = {f"{TOPICS[0]}-0": 1}


PIPE_FAULTS = {lost: "lost", torn: "torn", torn_unknown: "torn", aborted: "aborted", aborted_with_its_client: "aborted",
               moved_twice: "doubled", moved_what_was_aborted: "phantom", unmoved: "unmoved", altered: "altered",
               not_in_order: "swapped", there_twice: "repeated", vanished: "vanished", skipped: "skipped",
               backwards: "backwards", same_epoch: "epoch", hanging: "open"}
# Whatever is not there or there too much changes sums, and what was moved of it has no origin or no end.
PIPE_ALSO = {lost: {"unmoved", "sums"}, torn: {"unmoved", "sums"}, torn_unknown: {"unmoved", "sums"},
             aborted: {"doubled", "sums", "swapped"}, aborted_with_its_client: {"doubled", "sums", "swapped"},
             moved_twice: {"sums", "swapped"}, moved_what_was_aborted: {"sums", "swapped"}, unmoved: {"sums"}, altered: {"sums"},
             there_twice: {"doubled", "sums", "swapped"}}


def planted(world, fault):
    changed = copy.deepcopy(world)
    fault(changed)
    return changed


class History:
    """A history of lists in words: `b.T 7 1` producer 7 begins T in epoch 1, `a.T x 1 2` T appends, `r.T x 1` T reads (`g.T`:
    guarded), then how T ended and the lists."""

    def __init__(self, order, *lines):
        self.lists = lists = cycles.Lists()
        lists.whole, lists.order = True, {k: list(v.split()) for k, v in order.items()}
        for line in lines:
            word, *rest = line.split()
            kind, name = word.split(".")
            txn = lists.txns.setdefault(name, cycles.Txn(name))
            if kind == "a":
                txn.appends[rest[0]] += rest[1:]
            elif kind in "rg":
                lists.read(txn, rest[0], [], rest[1:], kind == "g")
            elif kind == "b":
                lists.producers[name] = tuple(rest)
            else:
                txn.state = {"C": cycles.COMMITTED, "A": cycles.ABORTED, "u": cycles.UNKNOWN}[kind]

    def kinds(self):
        return cycles.check(self.lists).kinds


BOTH = ("C.T1", "C.T2")
# What is said of each history: no more and no less.
HISTORIES = {
    "one after the other": (set(), History({"x": "1 2", "y": "3"}, "a.T1 x 1", "a.T1 y 3", "g.T2 x 1", "a.T2 x 2", *BOTH)),
    "nobody knows what became of it, and it is there": (set(), History({"x": "1"}, "a.T1 x 1", "u.T1")),
    "nobody knows what became of it, and it is not": (set(), History({"x": ""}, "a.T1 x 1", "u.T1")),
    "each before the other": ({"G0"}, History({"x": "1 2", "y": "4 3"}, "a.T1 x 1", "a.T1 y 3", "a.T2 x 2", "a.T2 y 4", *BOTH)),
    "one between the other's": ({"G0"}, History({"x": "1 2 3"}, "a.T1 x 1 3", "a.T2 x 2", *BOTH)),
    "three in a cycle of writes": ({"G0"}, History({"x": "1 2", "y": "3 4", "z": "5 6"}, "a.T1 x 1", "a.T2 x 2", "a.T2 y 3", "a.T3 y 4",
                                                   "a.T3 z 5", "a.T1 z 6", *BOTH, "C.T3")),
    "aborted, and there": ({"G1a"}, History({"x": "1"}, "a.T1 x 1", "A.T1")),
    "died, and there": ({"G1a"}, History({"x": "1#0"}, "a.1 x 1#0")),
    "aborted, and read": ({"G1a"}, History({"x": ""}, "a.1 x 1#0", "A.1", "r.T2 x 1#0", "C.T2")),
    "read in the middle": ({"G1b"}, History({"x": "1 2"}, "a.T1 x 1 2", "r.T2 x 1", *BOTH)),
    "each read the other's": ({"G1c"}, History({"x": "1", "y": "2"}, "a.T1 x 1", "a.T2 y 2", "r.T1 y 2", "r.T2 x 1", *BOTH)),
    "wrote before it, and read of it": ({"G1c"}, History({"x": "1 2", "y": "3"}, "a.T1 x 1", "a.T2 x 2", "a.T2 y 3", "r.T1 y 3", *BOTH)),
    "three in a cycle of reads": ({"G1c"}, History({"x": "1", "y": "2", "z": "3"}, "a.T1 x 1", "r.T2 x 1", "a.T2 y 2", "r.T3 y 2", "a.T3 z 3",
                                                   "r.T1 z 3", *BOTH, "C.T3")),
    "two append to what both had read": ({"lost update"}, History({"x": "0 1 2"}, "a.T0 x 0", "C.T0", "g.T1 x 0", "g.T2 x 0", "a.T1 x 1",
                                                                  "a.T2 x 2", *BOTH)),
    "the same unguarded": (set(), History({"x": "0 1 2"}, "a.T0 x 0", "C.T0", "r.T1 x 0", "r.T2 x 0", "a.T1 x 1", "a.T2 x 2", *BOTH)),
    "read of a list half and of another not at all": (set(), History({"x": "1", "y": "2"}, "a.T1 x 1", "a.T1 y 2", "r.T2 x 1", "r.T2 y",
                                                                     *BOTH)),
    "its own before it committed": ({"own"}, History({"x": "1"}, "a.T1 x 1", "r.T1 x 1", "C.T1")),
    "committed, and not there": ({"lost"}, History({"x": "2"}, "a.T1 x 1", "a.T2 x 2", *BOTH)),
    "half of it": ({"torn"}, History({"x": "1", "y": ""}, "a.T1 x 1", "a.T1 y 2", "u.T1")),
    "twice": ({"repeated"}, History({"x": "1 1"}, "a.T1 x 1", "C.T1")),
    "not as it was appended": ({"swapped"}, History({"x": "2 1"}, "a.T1 x 1 2", "C.T1")),
    "read what is not there later": ({"order"}, History({"x": "1"}, "a.T1 x 1", "a.T2 y 2", "u.T2", "r.T3 x 1 9", "C.T1", "C.T3")),
    "each in an epoch of its own": (set(), History({"x": "1 2"}, "b.T1 7 1", "b.T2 7 2", "a.T1 x 1", "a.T2 x 2", *BOTH)),
    "one in the other's epoch": ({"epoch"}, History({"x": "1 2"}, "b.T1 7 1", "b.T2 7 1", "a.T1 x 1", "a.T2 x 2", *BOTH)),
    "the same, and one appended nothing": (set(), History({"x": "1"}, "b.T1 7 1", "b.T2 7 1", "a.T1 x 1", *BOTH)),
    "of nobody": ({"phantom"}, History({"x": "1"}, "r.T1 x 1", "C.T1")),
}
