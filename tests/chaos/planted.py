"""A made-up run, good as it comes, and the faults that can be planted in it: what the checker must catch. Nothing here talks
to a broker."""
import copy
import json
import random

TOPIC = "planted"


class World:
    """A log of a few partitions, its producers, readers and an admin, as they would have written it all down. Every fault
    is a change to one of these before the files are made."""

    def __init__(self, seed=1, records=3000, partitions=3):
        self.rng = random.Random(seed)
        self.partitions = partitions
        self.unread = 0  # records at the end of partition 0 that the last reader did not get to
        self.clock = 1_000_000
        self.log = [[] for _ in range(partitions)]  # [producer, number]
        self.producers = {"steady": [], "plain": [], "other": []}  # events: dicts
        self.idempotent = {"steady": True, "plain": False, "other": True}
        self.acks = {}  # where it is not "all"
        self.readers = {"tail": [], "start": []}
        self.calls = []
        for _ in range(records // 10):
            self._ten_records()
        self._readers()
        self._admin()

    def tick(self):
        self.clock += self.rng.randrange(1, 50)
        return self.clock

    def _ten_records(self):
        name = self.rng.choice(list(self.producers))
        sent = []
        for _ in range(10):
            events = self.producers[name]
            event = {"n": len(events), "k": self.rng.randrange(self.partitions), "t0": self.tick(), "state": "o"}
            events.append(event)
            sent.append(event)
        for event in sent:
            chance = self.rng.random()
            if chance < 0.02:
                event.update(state="f", t1=self.tick())
                continue
            event["state"] = "u" if chance < 0.06 else "o"
            if event["state"] == "o" or self.rng.random() < 0.5:
                event["o"] = self._append(event["k"], name, event["n"])
                if not self.idempotent[name] and self.rng.random() < 0.05:
                    event["o"] = self._append(event["k"], name, event["n"])
            event["t1"] = self.tick()

    def _append(self, partition, name, n):
        self.log[partition].append([name, n])
        self.tick()
        return len(self.log[partition]) - 1

    def _readers(self):
        for name, events in self.readers.items():
            for again in range(3):
                events.append(["s", self.tick()])
                for k in range(self.partitions):
                    whole = len(self.log[k])
                    begin = 0 if name == "start" else whole // 2 + again
                    events.append(["w", k, whole, self.tick(), self.tick()])
                    seen = whole - 100 - self.rng.randrange(20)  # nobody saw the last ones
                    events += [["r", k, o, *self.log[k][o]] for o in range(begin, seen)]

    def _admin(self):
        for number in range(20):
            name = f"brief-{number}"
            self.call("create", name, self.rng.choice(["ok", "ok", "unknown", "fail"]), 2)
            kept = self.calls[-1]["result"] == "ok"
            self.call("describe", name, "ok", 2 if kept else 0)
            self.call("grow", name, self.rng.choice(["ok", "unknown", "fail"]) if kept else "fail", 5)
            self.call("final", name, "ok", (5 if self.calls[-1]["result"] == "ok" else 2) if kept else 0)

    def call(self, op, topic, result, partitions):
        self.calls.append({"op": op, "topic": topic, "t0": self.tick(), "t1": self.tick(), "result": result,
                           "partitions": partitions})

    def files(self):
        """As the workers write them."""
        keys = [f"= {k} {TOPIC} {k}" for k in range(self.partitions)]
        for name, events in self.producers.items():
            lines = [json.dumps({"role": "producer", "name": name, "idempotent": self.idempotent[name],
                                 "acks": self.acks.get(name, "all")}), *keys]
            for e in events:
                lines.append(f"i {e['n']} {e['k']} {e['t0']}")
                if e["state"] == "o":
                    lines.append(f"o {e['n']} {e['o']} {e['t1']}")
                else:
                    lines.append(f"{e['state']} {e['n']} {e.get('code', '_MSG_TIMED_OUT')} {e['t1']}")
            yield lines + [f"F {e['F']}" for e in events if "F" in e]
        for name, events in self.readers.items():
            yield [json.dumps({"role": "reader", "name": name}), *keys, *(" ".join(map(str, e)) for e in events)]
        final = [f"r {k} {o} {r[0]} {r[1]}" for k, log in enumerate(self.log) for o, r in enumerate(log) if r]
        final += [f"w {k} {len(log) + (0 if k else self.unread)} {self.clock} {self.clock}" for k, log in enumerate(self.log)]
        yield [json.dumps({"role": "final", "name": "final"}), *keys, *final]
        yield [json.dumps({"role": "admin", "name": "admin"}), *("a " + json.dumps(c) for c in self.calls)]

    def acknowledged(self, name, k=None):
        return [e for e in self.producers[name] if e["state"] == "o" and k in (None, e["k"])]

    def unseen(self, events):
        """The last of these that no reader saw."""
        seen = {(e[1], e[2]) for events in self.readers.values() for e in events if e[0] == "r"}
        return [e for e in events if (e["k"], e["o"]) not in seen][-1]


def sent_in_vain(w, name, k):
    """One more record that nobody knows the fate of."""
    n = len(w.producers[name])
    w.producers[name].append({"n": n, "k": k, "t0": w.tick(), "state": "u", "t1": w.tick()})
    return [name, n]


def loss(w):
    e = w.unseen(w.acknowledged("steady"))
    w.log[e["k"]][e["o"]] = sent_in_vain(w, "plain", e["k"])


def truncation(w):
    """The last records of a partition are gone, as after an unclean election."""
    k = max(range(w.partitions), key=lambda k: sum(e["o"] > len(w.log[k]) - 6 for n in w.producers
                                                   for e in w.acknowledged(n, k)))
    del w.log[k][-5:]
    for events in w.readers.values():
        events[:] = [e for e in events if e[0] == "s" or e[1] != k or e[2] < len(w.log[k]) or e[0] == "w"]


def duplicate(w):
    e = w.acknowledged("steady")[10]
    w._append(e["k"], "steady", e["n"])


def swap(w):
    """Two neighbours of one producer changed places before anybody was told or read them."""
    for k in range(w.partitions):
        mine = w.acknowledged("other", k)
        for one, two in zip(mine, mine[1:]):
            if two["o"] == one["o"] + 1:
                one["o"], two["o"] = two["o"], one["o"]
                log = w.log[k]
                log[one["o"]], log[two["o"]] = ["other", one["n"]], ["other", two["n"]]
                for events in w.readers.values():
                    for e in events:
                        if e[0] == "r" and e[1] == k:
                            e[3:] = log[e[2]]
                return


def plain_swap(w):
    """Of two calls that were not made at the same time."""
    one, two = w.acknowledged("plain", 0)[5:45:39]
    w.log[0][one["o"]], w.log[0][two["o"]] = w.log[0][two["o"]], w.log[0][one["o"]]
    one["o"], two["o"] = two["o"], one["o"]
    w.readers = {}


def vanished(w):
    """A reader saw what was never acknowledged, and it went with a leader."""
    w.readers["late"] = [["s", w.tick()], ["r", 0, len(w.log[0]), *sent_in_vain(w, "other", 0)]]


def two_values(w):
    """One offset, two records: what happens when offsets are translated and the translation is lost."""
    e = next(e for e in w.readers["start"] if e[0] == "r" and w.log[e[1]][e[2] + 1] != e[3:])
    e[3:] = w.log[e[1]][e[2] + 1]


def hole(w):
    w.log[1] += [None, sent_in_vain(w, "steady", 1)]


def moved(w):
    e = w.unseen(w.acknowledged("plain"))
    e["o"] -= 1


def overtaken(w):
    e = w.acknowledged("steady")[200]
    e["t0"], e["t1"] = 1, 2


def phantom(w):
    refused = next(e for e in w.producers["steady"] if e["state"] == "f")
    w._append(refused["k"], "steady", refused["n"])


def foreign(w):
    w._append(0, "nobody", 1)


def backwards(w):
    events = w.readers["tail"]
    at = max(i for i, e in enumerate(events) if e[0] == "r")
    events.insert(at + 1, list(events[at - 3]))


def skipped(w):
    events = w.readers["start"]
    del events[next(i for i, e in enumerate(events) if e[0] == "r" and e[2] == 7)]


def watermark(w):
    w.readers["tail"] += [["w", 2, 100, w.tick(), w.tick()], ["w", 2, 99, w.tick(), w.tick()]]


def watermark_beyond(w):
    w.readers["tail"].append(["w", 2, len(w.log[2]) + 1, w.tick(), w.tick()])


def damaged(w):
    w.readers["tail"].append(["x", 0, 3])


def catalog(w):
    w.call("create", "kept", "ok", 3)
    w.call("final", "kept", "ok", 0)


def described(w):
    w.call("create", "other", "ok", 3)
    w.call("describe", "other", "ok", 4)


def came_back(w):
    w.call("create", "gone", "ok", 3)
    w.call("delete", "gone", "ok", 0)
    w.call("final", "gone", "ok", 3)


def gave_up(w):
    w.producers["steady"][-1]["F"] = "1 OUT_OF_ORDER_SEQUENCE_NUMBER"


def promised_by_one(w):
    """Not wrong: whoever asks for acks=1 may lose."""
    w.acks["steady"] = "1"
    loss(w)


def early_word(w):
    """Nobody has the first record of one partition, which its producer heard was delivered, not where. Where it would be."""
    w.readers.clear()
    e = w.acknowledged("steady", 0)[0]
    place = e["o"]
    w.log[0][place] = sent_in_vain(w, "plain", 0)
    e["o"] = -1
    return place


def server_error(w):
    next(e for e in w.producers["plain"] if e["state"] == "u")["code"] = "UNKNOWN"


def unread(w):
    w.unread = 1


def stale(w):
    """One reader is told a lower high watermark than another was before: wrong only where reads are to be linear."""
    w.readers["tail"].append(["w", 2, len(w.log[2]), w.tick(), w.tick()])
    w.readers["slow"] = [["s", w.tick()], ["w", 2, 5, w.tick(), w.tick()]]


FAULTS = {unread: "unread", server_error: "answer", loss: "lost", truncation: "lost", duplicate: "twice",
          swap: "swapped", plain_swap: "overtaken", vanished: "vanished", two_values: "changed", hole: "hole", moved: "moved",
          overtaken: "overtaken", phantom: "phantom", foreign: "phantom", backwards: "backwards", skipped: "hole",
          watermark: "watermark", watermark_beyond: "vanished", damaged: "damaged", catalog: "catalog", described: "catalog",
          came_back: "catalog", gave_up: "gave up"}
# Planted faults that cannot be without another.
ALSO = {truncation: {"vanished"}, moved: {"overtaken"}}


def planted(world, fault):
    changed = copy.deepcopy(world)
    fault(changed)
    return changed
