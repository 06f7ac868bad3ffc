"""Clients of the workload "pipelines": numbers that are minted into a topic in transactions, and moved on from topic to topic
by groups that read, write and commit their place in one transaction (KIP-447). Topic N is read by the movers of stage N.

    pipelines.py ROLE NAME BOOTSTRAP FOLDER SEED PLAN

A record: "T SEQUENCE ID AMOUNT FROM-PARTITION FROM-OFFSET"; minted ones come from -1 -1. In the history: ["s", T, TOPIC,
PARTITION, SEQUENCE]; an observer's and the last reader's: ["r", TOPIC, PARTITION, OFFSET, VALUE], ["n", …] where it begins anew."""
import json
import os
import sys
import time

from confluent_kafka import OFFSET_BEGINNING, OFFSET_INVALID, TopicPartition
from confluent_kafka.admin import AdminClient, NewTopic
from transacting import Committed, Torn, Worker, end_of

HANDED_OVER_MAX = 25  # records of one transaction's input
ABORT_SHARE = 0.08
LOOK_SECONDS = 10


class Pipe(Worker):
    def __init__(self, *arguments):
        super().__init__(*arguments)
        self.topics = self.plan["topics"]
        self.sequence = 0

    def hand_over(self, topic, partition, number, amount, where=(-1, -1)):
        self.write(["s", self.txn, topic, partition, self.sequence])
        self.send(topic, partition, f"{self.txn} {self.sequence} {number} {amount} {where[0]} {where[1]}")
        self.sequence += 1

    def begin(self):
        super().begin()
        self.sequence = 0


def mint(w):
    """Some numbers a transaction, to any partitions; some are taken back."""
    w.connect()
    made = 0
    while w.running():
        w.begin()
        for _ in range(w.rng.randrange(1, 10)):
            w.hand_over(w.topics[0], w.rng.randrange(w.partitions), f"{w.name}/{made}", w.rng.randrange(1, 1000))
            made += 1
        if w.rng.random() < ABORT_SHARE:
            w.abort()
        else:
            w.end()
        w.pause(w.rng.uniform(0, 10 / w.plan["rate"]))


def outputs(stage, partition, partitions, amount):
    """Where a record goes, and with how much: the first stage parts every amount in two."""
    if stage == 0:
        return [(partition, amount // 3), ((partition + 1) % partitions, amount - amount // 3)]
    return [(partition, amount)]


def move(w):
    stage = int(w.role.rsplit("-", 1)[1])
    source, target = w.topics[stage:stage + 2]
    w.connect()
    reader = w.group(f"movers-{stage}", source)
    reader.subscribe([source])
    while w.running():
        w.dog.step("consume")
        messages = [m for m in reader.consume(w.rng.randrange(1, HANDED_OVER_MAX), 0.1) if m.error() is None]
        # Of this moment: a rebalance is only taken in by the next call of consume.
        metadata = reader.consumer_group_metadata()
        if not messages:
            w.producer.poll(0)
            continue
        w.begin()
        places = {}
        for m in messages:
            _, _, number, amount, *_ = m.value().decode().split()
            for partition, part in outputs(stage, m.partition(), w.partitions, int(amount)):
                w.hand_over(target, partition, number, part, (m.partition(), m.offset()))
            places[m.partition()] = m.offset() + 1
        if w.rng.random() < ABORT_SHARE:
            w.abort()
            go_back(w, reader, source, places)
        elif not w.end([TopicPartition(source, p, o) for p, o in places.items()], metadata):
            go_back(w, reader, source, places)


def go_back(w, reader, source, places):
    """To where the last committed transaction ended."""
    held = {tp.partition for tp in reader.assignment()}
    asked = [TopicPartition(source, p) for p in places if p in held]
    for tp in w.call("committed", reader.committed, asked, 10) if asked else ():
        if tp.error is not None:
            raise Torn(tp.error.str())
        if tp.offset == OFFSET_INVALID:
            tp.offset = OFFSET_BEGINNING
        w.call("seek", reader.seek, tp)


def observe(w):
    """Reads committed records of all topics, in sessions, from the start or from wherever the end is."""
    while w.running():
        consumer = Committed(w, w.topics[0]).consumer
        w.write(["n"])
        begin = []
        for topic in w.topics:
            for p in range(w.partitions):
                begin.append(TopicPartition(topic, p, OFFSET_BEGINNING))
        consumer.assign(begin)
        end = time.monotonic() + w.rng.uniform(3, LOOK_SECONDS)
        while w.running() and time.monotonic() < end:
            w.dog.step("observe")
            for m in consumer.consume(500, 0.1):
                if m.error() is None:
                    w.write(["r", m.topic(), m.partition(), m.offset(), m.value().decode()])
        consumer.close()


def everything(w, isolation, patience):
    """Of all partitions: what is there, as lines of a history; their ends; and those that could not be read to them."""
    lines, unread, ends = [], {}, {}
    for topic in w.topics:
        committed = Committed(w, topic, isolation)
        for p in range(w.partitions):
            w.dog.step("read everything")
            end = committed.end(p, 10)
            records = committed.read(p, end, patience) if end is not None else None
            if records is None:
                unread[f"{topic}-{p}"] = f"to {committed.at.get(p)} of {end}"
            ends[f"{topic}-{p}"] = end
            lines += [["r", topic, p, o, v.decode()] for o, v in records or ()]
        committed.close()
    return lines, ends, unread


def final(w):
    """When all is calm: nothing more is minted; movers go on until everything has arrived; nothing stays open."""
    end, arrived, closed, tops = time.monotonic() + w.plan["patience"], False, False, {}
    while not arrived:
        lines, ends, unread = everything(w, "read_committed", 20)
        sums = {topic: sum(int(line[4].split()[3]) for line in lines if line[1] == topic) for topic in w.topics}
        arrived = not unread and len(set(sums.values())) == 1  # which numbers they are is the checker's affair
        if time.monotonic() > end:
            break
    for stage in range(len(w.topics) - 1):
        open(f"{w.folder}/stop-move-{stage}", "w").close()
    end = time.monotonic() + w.plan["patience"]
    while not closed:
        lines, ends, unread = everything(w, "read_committed", 20)
        stored, tops, above = everything(w, "read_uncommitted", 20)
        closed = not unread and not above and ends == tops
        if time.monotonic() > end:
            break
    for line in lines:
        w.write(line)
    w.write(["ends", ends, tops])
    print(json.dumps({"arrived": arrived, "whole": not unread, "nothing is open": closed, "records": len(lines), "unread": unread,
                      "sums": sums, "with those aborted": len(stored)}), flush=True)


def make(w):
    """The topics of the run. A broker whose clock is behind would refuse what comes from its future."""
    admin = AdminClient(w.settings())
    config = {"retention.ms": "-1", "message.timestamp.after.max.ms": str((1 << 63) - 1),
              "min.insync.replicas": str(w.plan["min_insync"]), "segment.bytes": str(1 << 20)}
    for topic in w.topics:
        admin.create_topics([NewTopic(topic, w.partitions, w.plan["replicas"], config=config)])[topic].result(60)


ROLES = {"mint": mint, "move-0": move, "move-1": move, "observe": observe, "final": final, "make": make}


if __name__ == "__main__":
    role, name, bootstrap, folder, seed, plan = sys.argv[1:]
    end_of(Pipe(role, name, bootstrap, folder, seed, json.loads(plan)), ROLES[role])
