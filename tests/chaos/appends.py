"""Clients of the workload "list-append": transactions that append to lists and read them. A list is a partition; its elements
are the committed records up to the last stable offset that was asked for.

    appends.py ROLE NAME BOOTSTRAP FOLDER SEED PLAN

All appenders are members of one group of the topic itself, and append only to lists that it gave them: after a read as far as
the committed offset says, and with the list's new end as offset in the same transaction. So nobody else can have changed the
list between that read and the commit, as far as brokers keep their word. Lists that are not theirs they only read.

In the history, beside what transacting.py says: ["s", T, LIST, ELEMENT] an append; ["r", T, LIST, FROM, [ELEMENT…], GUARDED]
a read, of which what this incarnation has read before is left out; ["l", LIST, [ELEMENT…]] how a list was in the end."""
import json
import sys
import time

from confluent_kafka import TopicPartition
from pipelines import make
from transacting import Committed, Torn, Worker, end_of

GROUP = "appenders"
ABORT_SHARE = 0.08
SEES_SECONDS = 20  # within which an owner sees what its predecessor committed
FLUSH_SECONDS = 12


class Appender(Worker):
    def __init__(self, *arguments):
        super().__init__(*arguments)
        self.topics = self.plan["topics"]
        self.topic = self.topics[0]
        self.must_see = {}  # of each list that is ours: the offset before which everything must have been read
        self.told = {}  # how much of each list the history has
        self.fresh = True

    def open(self):
        self.connect()
        self.lists = Committed(self, self.topic)
        self.member = self.group(GROUP, self.topic)
        self.member.subscribe([self.topic], on_assign=self.changed, on_revoke=self.changed, on_lost=self.changed)

    def changed(self, *_):
        self.fresh = True

    def owned(self):
        """Lists, and the member's word that they are ours, of one moment: only the next poll takes a rebalance in."""
        self.dog.step("poll")
        self.member.poll(0.02)
        held = self.member.assignment()
        metadata = self.member.consumer_group_metadata()
        if self.fresh:
            self.fresh, self.must_see = False, {}
            if held:
                self.member.pause(held)
                for tp in self.call("committed", self.member.committed, held, 10):
                    if tp.error is not None:
                        raise Torn(tp.error.str())
                    self.must_see[tp.partition] = max(tp.offset, 0)
        return sorted(self.must_see), metadata

    def read(self, key, guarded):
        """Whether it could be read far enough."""
        until, at_least = time.monotonic() + SEES_SECONDS, self.must_see[key] if guarded else 0
        while time.monotonic() < until:
            self.dog.step("read")
            end = self.lists.end(key, 3)
            if end is None or end < at_least:
                continue
            records = self.lists.read(key, end, 5)
            if records is None:
                continue
            told = self.told.get(key, 0)
            self.write(["r", self.txn, key, told, [v.decode() for _, v in records[told:]], guarded])
            self.told[key] = len(records)
            return True
        self.write(["e", self.txn, "reads", f"not to {at_least}" if at_least else "nothing"])
        return False

    def append(self, mine):
        """To each of these some elements; {list: the offset behind them}, or None when not all were taken."""
        ends, failed, number = {}, [], 0

        def told(error, message):
            if error is not None:
                failed.append(error.name())
            else:
                ends[message.partition()] = max(ends.get(message.partition(), 0), message.offset() + 1)
        for key in [k for k in mine for _ in range(self.rng.randrange(1, 4))]:
            element = f"{self.txn}#{number}"
            number += 1
            self.write(["s", self.txn, key, element])
            self.send(self.topic, key, element, told)
        self.dog.step("flush")
        left = self.producer.flush(FLUSH_SECONDS)
        if left or failed:
            self.write(["e", self.txn, "produce", failed[0] if failed else "no answer"])
            return None
        return ends

    def step(self):
        owned, metadata = self.owned()
        if not owned:
            return
        rng = self.rng
        mine = rng.sample(owned, min(len(owned), rng.choice([1, 1, 2, 3])))
        others = [k for k in range(self.partitions) if k not in mine]
        before, behind = [rng.sample(others, min(len(others), rng.randrange(2))) for _ in range(2)]
        self.begin()
        if not all(self.read(k, True) for k in mine) or not all(self.read(k, False) for k in before):
            return self.give_up()
        ends = self.append(mine)
        if ends is None or rng.random() < ABORT_SHARE or not all(self.read(k, False) for k in behind):
            return self.give_up()
        offsets = [TopicPartition(self.topic, k, end) for k, end in ends.items()]
        if self.end(offsets, metadata):
            self.must_see.update(ends)
        else:
            self.fresh = True
        return None

    def give_up(self):
        self.abort()
        self.fresh = True


def append(w):
    w.open()
    while w.running():
        w.step()
        w.pause(w.rng.uniform(0, 2 / w.plan["rate"]))


def final(w):
    """When all is calm: nothing stays open, and every list as it is."""
    until, closed, found = time.monotonic() + w.plan["patience"], False, {}
    while not closed and time.monotonic() < until:
        w.dog.step("look")
        lists, log = Committed(w, w.topics[0]), Committed(w, w.topics[0], "read_uncommitted")
        ends = {k: lists.end(k, 10) for k in range(w.partitions)}
        closed = all(e is not None and e == log.end(k, 10) for k, e in ends.items())
        found = {k: lists.read(k, e, 30) for k, e in ends.items()} if closed else {}
        closed = closed and all(v is not None for v in found.values())
        lists.close()
        log.close()
        time.sleep(0 if closed else 0.5)
    for key, records in found.items():
        w.write(["l", key, [v.decode() for _, v in records or ()]])
    print(json.dumps({"whole": closed, "nothing is open": closed, "records": sum(map(len, found.values()))}), flush=True)


ROLES = {"append": append, "final": final, "make": make}


if __name__ == "__main__":
    role, name, bootstrap, folder, seed, plan = sys.argv[1:]
    end_of(Appender(role, name, bootstrap, folder, seed, json.loads(plan)), ROLES[role])
