"""The load of a soak run; each role is a process of the clients' venv. A role runs until the stop file is there and ends
with one line of JSON: what it did, and what it found wrong.

A record's value is "<producer> <number> <sum> <padding>": who reads it can tell that it is whole."""
import json
import os
import random
import sys
import time
import zlib

from confluent_kafka import OFFSET_BEGINNING, OFFSET_END, Consumer, KafkaException, Producer, TopicPartition
from confluent_kafka.admin import AdminClient, AlterConfigOpType, ConfigEntry, ConfigResource, NewTopic, ResourceType

KEPT, CHURN, COMPACT = "soak-kept", "soak-churn", "soak-compact"
PARTITIONS = 6
KEYS = 240  # of the compacted topic; the same key always in the same partition
OUT_OF_RANGE, PARTITION_END = 1, -191
# A consumer that starts over forgets the brokers that a call is waiting for, which then never returns (docs/chaos.md).
NO_STARTING_OVER = {"metadata.recovery.strategy": "none"}


class Worker:
    def __init__(self, bootstrap, folder, name, seed):
        self.bootstrap, self.folder, self.name = bootstrap, folder, name
        self.rng = random.Random(f"{seed}-{name}")
        self.wrong, self.counts = [], {}

    def running(self):
        return not os.path.exists(f"{self.folder}/stop")

    def count(self, what, by=1):
        self.counts[what] = self.counts.get(what, 0) + by

    def complain(self, what):
        self.count("wrong")
        if len(self.wrong) < 5:
            self.wrong.append(what)

    def pause(self, seconds):
        end = time.monotonic() + seconds
        while self.running() and time.monotonic() < end:
            time.sleep(min(0.1, seconds))

    def tell(self):
        print(json.dumps({"role": self.name, "counts": self.counts, "wrong": self.wrong}), flush=True)

    def consumer(self, **more):
        return Consumer({"bootstrap.servers": self.bootstrap, "group.id": "unused", "enable.auto.commit": False,
                         "enable.partition.eof": True, "check.crcs": True, "auto.offset.reset": "earliest",
                         "reconnect.backoff.max.ms": 500, "log_level": 0, **NO_STARTING_OVER, **more})


def value_of(producer, number, padding):
    return f"{producer} {number} {zlib.crc32(padding.encode()):08x} {padding}"


def parse(value):
    producer, number, check, padding = value.decode().split(" ", 3)
    return producer, int(number), int(check, 16) == zlib.crc32(padding.encode())


class Acks:
    """What was acknowledged, one line each."""

    def __init__(self, worker):
        self.out = open(f"{worker.folder}/acks-{worker.name}", "w")
        self.worker = worker

    def __call__(self, error, message):
        if error is not None:
            return self.worker.complain(f"not delivered: {error}")
        self.worker.count("acknowledged")
        number = message.value().split(b" ", 2)[1].decode()
        self.out.write(f"{message.partition()} {message.offset()} {number}\n")


def produce(w, topic, compression, sizes, per_second, keep_acks, keys=None):
    producer = Producer({"bootstrap.servers": w.bootstrap, "enable.idempotence": True, "acks": "all",
                         "compression.type": compression, "linger.ms": 5, "message.timeout.ms": 900_000,
                         "reconnect.backoff.max.ms": 500, "log_level": 0, "queue.buffering.max.kbytes": 65536})
    acks = Acks(w) if keep_acks else lambda e, m: w.complain(f"not delivered: {e}") if e else w.count("acknowledged")
    letters = "".join(w.rng.choice("abcdefghijklmnop0123456789") for _ in range(200_000))
    number, started = 0, time.monotonic()
    while w.running():
        ahead = number / per_second - (time.monotonic() - started)
        if ahead > 0:
            producer.poll(min(ahead, 0.05))
            continue
        if ahead < -2:  # the broker was away: no storm afterwards
            started = time.monotonic() - number / per_second
        size = w.rng.randrange(*sizes)
        begin = w.rng.randrange(len(letters) - size)
        try:
            producer.produce(topic, value_of(w.name, number, letters[begin:begin + size]),
                             key=f"k{number % keys}" if keys else None, partition=number % PARTITIONS, on_delivery=acks)
            number += 1
        except BufferError:
            producer.poll(0.05)
        producer.poll(0)
    left = producer.flush(180)
    w.count("sent", number)
    if left:
        w.complain(f"{left} records not delivered in time")


class Reader:
    """Checks each record that it is given: whole, in order of offsets without a hole, numbers of one producer rising."""

    def __init__(self, worker, topic, holes_allowed):
        self.w, self.topic, self.holes_allowed = worker, topic, holes_allowed
        self.next, self.last = {}, {}

    def take(self, m):
        if m.error():
            if m.error().code() != PARTITION_END and not m.error().retriable():
                self.w.count("reader errors")
            return
        self.w.count("records")
        at = self.next.get(m.partition())
        if at is not None and m.offset() != at and not (self.holes_allowed and m.offset() > at):
            self.w.complain(f"{self.topic}-{m.partition()}: offset {m.offset()} after {at - 1}")
        self.next[m.partition()] = m.offset() + 1
        producer, number, whole = parse(m.value())
        if not whole:
            self.w.complain(f"{self.topic}-{m.partition()}@{m.offset()}: other bytes than were sent")
        key = (m.partition(), producer)
        if number <= self.last.get(key, -1):
            self.w.complain(f"{self.topic}-{m.partition()}@{m.offset()}: {producer}'s {number} after {self.last[key]}")
        self.last[key] = number


def tail(w, topic):
    consumer, reader = w.consumer(), Reader(w, topic, topic != KEPT)
    consumer.assign([TopicPartition(topic, p, OFFSET_END) for p in range(PARTITIONS)])
    while w.running():
        for m in consumer.consume(500, 0.5):
            reader.take(m)
    consumer.close()


def catch_up(w, topic):
    """Again and again from the beginning, a part of the way."""
    while w.running():
        consumer, reader = w.consumer(), Reader(w, topic, topic != KEPT)
        consumer.assign([TopicPartition(topic, p, OFFSET_BEGINNING) for p in range(PARTITIONS)])
        at_end, most = set(), w.rng.randrange(1_000, 60_000)
        while w.running() and len(at_end) < PARTITIONS and most > 0:
            for m in consumer.consume(1000, 1.0):
                most -= 1
                if m.error() and m.error().code() == PARTITION_END:
                    at_end.add(m.partition())
                reader.take(m)
        consumer.close()
        w.count("passes")
        w.pause(w.rng.uniform(0.5, 5))


def times(w):
    """offsets_for_times rises with the time asked for."""
    began = int(time.time() * 1000)
    consumer = w.consumer()
    while w.running():
        now = int(time.time() * 1000)
        asked = sorted(w.rng.randrange(began - 1000, now + 1) for _ in range(5))
        partition, found = w.rng.randrange(PARTITIONS), []
        try:
            for t in asked:
                (answer,) = consumer.offsets_for_times([TopicPartition(KEPT, partition, t)], timeout=5)
                found.append(answer.offset if answer.offset >= 0 else sys.maxsize)
            w.count("look-ups", len(found))
            if found != sorted(found):
                w.complain(f"times {asked} are at offsets {found}")
        except KafkaException:
            w.count("look-ups failed")
        w.pause(0.3)
    consumer.close()


class Admin:
    def __init__(self, w):
        self.w, self.admin = w, AdminClient({"bootstrap.servers": w.bootstrap, "log_level": 0})
        self.topics = 0

    def done(self, futures, what):
        for future in futures.values():
            try:
                result = future.result(10)
                self.w.count(what)
                return result
            except Exception:  # noqa: BLE001  the broker is away, or the disk is full
                self.w.count(what + " failed")

    def come_and_go(self):
        name = f"soak-brief-{self.w.name}-{self.topics}"
        self.topics += 1
        topic = NewTopic(name, self.w.rng.randrange(1, 12), 1, config={"segment.bytes": str(1 << 20)})
        self.done(self.admin.create_topics([topic]), "topics made")
        producer = Producer({"bootstrap.servers": self.w.bootstrap, "message.timeout.ms": 4000, "log_level": 0})
        for _ in range(self.w.rng.randrange(200)):
            producer.produce(name, b"x" * self.w.rng.randrange(20_000))
        producer.flush(4)
        self.w.pause(self.w.rng.uniform(0, 2))
        self.done(self.admin.delete_topics([name]), "topics deleted")

    def configure(self):
        value = str(self.w.rng.choice([4, 8, 16]) << 20)
        change = ConfigResource(ResourceType.TOPIC, CHURN, incremental_configs=[
            ConfigEntry("retention.bytes", value, incremental_operation=AlterConfigOpType.SET)])
        self.done(self.admin.incremental_alter_configs([change]), "config changes")

    def delete_records(self, consumer):
        partition = self.w.rng.randrange(PARTITIONS)
        try:
            low, high = consumer.get_watermark_offsets(TopicPartition(CHURN, partition), timeout=5)
        except KafkaException:
            return
        before = self.w.rng.randrange(low, high + 1)
        got = self.done(self.admin.delete_records([TopicPartition(CHURN, partition, before)]), "deletions")
        if got and got.low_watermark < before:
            self.w.complain(f"records below {before} were deleted, the start is {got.low_watermark}")


def administer(w):
    admin, consumer = Admin(w), w.consumer()
    while w.running():
        w.rng.choice([admin.come_and_go, admin.configure, lambda: admin.delete_records(consumer)])()
        w.pause(w.rng.uniform(0.1, 1.5))
    consumer.close()


ROLES = {
    "small": lambda w: produce(w, KEPT, "none", (10, 200), 400, True),
    "middle": lambda w: produce(w, KEPT, "lz4", (200, 3_000), 80, True),
    "large": lambda w: produce(w, KEPT, "zstd", (20_000, 100_000), 1.5, True),
    "churn-snappy": lambda w: produce(w, CHURN, "snappy", (500, 5_000), 300, False),
    "churn-gzip": lambda w: produce(w, CHURN, "gzip", (50, 20_000), 60, False),
    "keyed": lambda w: produce(w, COMPACT, "lz4", (100, 4_000), 300, True, KEYS),
    "tail-kept": lambda w: tail(w, KEPT),
    "tail-churn": lambda w: tail(w, CHURN),
    "catch-up-kept": lambda w: catch_up(w, KEPT),
    "catch-up-churn": lambda w: catch_up(w, CHURN),
    "catch-up-compact": lambda w: catch_up(w, COMPACT),
    "times": times,
    "admin": administer,
}


def make_topics(bootstrap):
    admin = AdminClient({"bootstrap.servers": bootstrap, "log_level": 0})
    kept = {"retention.ms": "-1", "retention.bytes": "-1", "segment.bytes": str(8 << 20)}
    churn = {"retention.bytes": str(8 << 20), "segment.bytes": str(1 << 20), "segment.ms": "20000"}
    compact = {"cleanup.policy": "compact", "segment.bytes": str(1 << 20), "min.cleanable.dirty.ratio": "0.1"}
    for future in admin.create_topics([NewTopic(KEPT, PARTITIONS, 1, config=kept),
                                       NewTopic(CHURN, PARTITIONS, 1, config=churn),
                                       NewTopic(COMPACT, PARTITIONS, 1, config=compact)]).values():
        future.result(30)


def read_all(bootstrap, topic):
    """Every record of a topic: partition, offset, producer, number."""
    w = Worker(bootstrap, "/nonexistent", "read-all", 0)
    consumer, reader, at_end, end = w.consumer(), Reader(w, topic, topic != KEPT), set(), time.monotonic() + 1200
    consumer.assign([TopicPartition(topic, p, OFFSET_BEGINNING) for p in range(PARTITIONS)])
    while len(at_end) < PARTITIONS and time.monotonic() < end:
        for m in consumer.consume(5000, 1.0):
            reader.take(m)
            if not m.error():
                producer, number, _ = parse(m.value())
                print(m.partition(), m.offset(), producer, number)
            elif m.error().code() == PARTITION_END:
                at_end.add(m.partition())
    consumer.close()
    print("END" if len(at_end) == PARTITIONS else "LATE", json.dumps(w.wrong))


if __name__ == "__main__":
    command, address, *rest = sys.argv[1:]
    if command == "make":
        make_topics(address)
    elif command == "read":
        read_all(address, rest[0])
    else:
        worker = Worker(address, rest[0], command, rest[1])
        ROLES[command](worker)
        worker.tell()
