"""The clients of a chaos run; each role is a process of the clients' venv that writes down all it does (history.py) until the
stop file is there.

    load.py ROLE NAME BOOTSTRAP FOLDER SEED '{"topic": …, "partitions": …, "replicas": …}'"""
import json
import os
import pathlib
import random
import sys
import time

from confluent_kafka import OFFSET_BEGINNING, Consumer, KafkaError, KafkaException, Producer, TopicPartition
from confluent_kafka.admin import AdminClient, NewPartitions, NewTopic

here = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(here), str(here.parent / "soak")]
from history import Writer, now  # noqa: E402
from watchdog import Watchdog  # noqa: E402
from workers import NO_STARTING_OVER, parse, value_of  # noqa: E402

# Brokers that say nothing are given up early, so that a short run sees much.
PATIENCE = {"socket.timeout.ms": 6000, "socket.connection.setup.timeout.ms": 3000, "reconnect.backoff.ms": 50,
            "reconnect.backoff.max.ms": 500, "topic.metadata.refresh.interval.ms": 3000, "log_level": 0}
LAST_PASS_SECONDS = 60
TOO_LARGE = 2_000_000
PARTITION_END, FATAL = -191, -150


class Client:
    def __init__(self, role, name, bootstrap, folder, seed, plan):
        self.role, self.name, self.bootstrap, self.folder, self.plan = role, name, bootstrap, folder, plan
        self.topic, self.partitions = plan["topic"], plan["partitions"]
        self.rng = random.Random(f"{seed}-{name}")
        self.parent = os.getppid()

    def running(self):
        """Until it is told to stop, or nobody is there any more who could."""
        return not os.path.exists(f"{self.folder}/stop") and os.getppid() == self.parent

    def history(self, name=None, **who):
        return Writer(f"{self.folder}/history-{name or self.name}", name=name or self.name, **who)

    def settings(self, **more):
        return {"bootstrap.servers": self.bootstrap, "client.id": self.name, **PATIENCE, **more}

    def consumer(self, **more):
        return Consumer(self.settings(**{**NO_STARTING_OVER, "group.id": "unused", "enable.auto.commit": False,
                                         "enable.partition.eof": True, "check.crcs": True, "auto.offset.reset": "error", "fetch.wait.max.ms": 100,
                                         "fetch.error.backoff.ms": 100, **more}))


class Sending:
    """One session of a producer and its history. An idempotent one that breaks for good is followed by another of another
    name: what the first one left under way may still come in any order."""

    # Why an idempotent one begins a new epoch is in its .err file: what it sends again then may be there twice.
    KINDS = {"idempotent": {"enable.idempotence": True, "message.timeout.ms": 0, "acks": "all", "debug": "eos", "log_level": 7},
             "plain": {"message.timeout.ms": 12_000, "acks": "all", "max.in.flight": 1},
             "probe": {"message.timeout.ms": 100_000, "acks": "all"},
             "leader-only": {"message.timeout.ms": 12_000, "acks": 1, "max.in.flight": 1, "request.timeout.ms": 3000}}

    def __init__(self, client, again):
        self.client, self.broken, self.number = client, False, 0
        kind = client.plan["kind"]
        self.out = client.history(client.name + (f".{again}" if again else ""), role="producer", kind=kind,
                                  idempotent=kind == "idempotent", acks="1" if kind == "leader-only" else "all")
        self.producer = Producer(client.settings(**{"linger.ms": client.rng.choice([0, 5, 20]),
                                                    "request.timeout.ms": 5000, "retry.backoff.ms": 50,
                                                    "retry.backoff.max.ms": 300, "message.max.bytes": 1_000_000,
                                                    "compression.type": client.rng.choice(["none", "lz4", "zstd"]),
                                                    **self.KINDS[kind]}))

    def perform(self, call, *arguments):
        """Any call of the client throws what is fatal."""
        try:
            return call(*arguments)
        except KafkaException as thrown:
            error = thrown.args[0]
            if not error.fatal() and error.code() != FATAL:
                raise
            if not self.broken:
                self.out.line("F", now(), error.name(), error.str().replace("\n", " "))
            self.broken = True
            return None

    def poll(self, seconds):
        self.perform(self.producer.poll, seconds)

    def close(self, patience):
        self.perform(self.producer.flush, patience)
        self.out.close()

    def told(self, n):
        def told(error, message):
            if error is None:
                self.out.line("o", n, message.offset() if message.offset() is not None else -1, now())
                return
            self.out.line("u", n, error.name(), now())
        return told

    def send(self, n, padding):
        partition = self.client.rng.randrange(self.client.partitions)
        key = self.out.key(self.client.topic, partition)
        began = now()
        try:
            self.producer.produce(self.client.topic, value_of(self.client.name, n, padding), partition=partition,
                                  on_delivery=self.told(n))
            self.out.line("i", n, key, began)
        except BufferError:
            return False
        except KafkaException as refused:
            self.out.line("i", n, key, began)
            self.out.line("f", n, refused.args[0].name(), now())
            if refused.args[0].fatal() or refused.args[0].code() == FATAL:
                raise
        return True


def produce(c):
    """Values carry the name of the session, since numbers begin anew with each."""
    again, rate, letters = 0, c.plan.get("rate", 300), "abcdefgh" * 300_000
    base = c.name
    while c.running() and again < 1000:
        session, n, started = Sending(c, again), 0, time.monotonic()
        c.name = base + (f".{again}" if again else "")
        while c.running() and not session.broken:
            ahead = n / rate - (time.monotonic() - started)
            if ahead > 0:
                session.poll(min(ahead, 0.02))
                continue
            if ahead < -1:  # no storm after a silence
                started = time.monotonic() - n / rate
            size = TOO_LARGE if c.rng.random() < 0.0005 else c.rng.choice([20, 100, 100, 1000, 5000])
            if session.perform(session.send, n, letters[:size]):
                n += 1
            session.poll(0)
        session.close(0.1 if session.broken else 60)
        again += 1
        c.name = base


class Reading:
    def __init__(self, c, out):
        self.c, self.out = c, out
        self.dog = Watchdog(lambda at: out.last("h", at, now()))

    def take(self, m):
        """Whether that was the end of a partition; then the partition."""
        key = self.out.key(m.topic(), m.partition()) if m.topic() is not None and m.partition() is not None else None
        if m.error():
            if m.error().code() == PARTITION_END:
                return m.partition()
            if key is not None:
                self.out.line("e", key, m.error().name(), now())
            return None
        try:
            producer, number, whole = parse(m.value())
        except ValueError:
            whole = False
        if whole:
            self.out.line("r", key, m.offset(), producer, number)
        else:
            self.out.line("x", key, m.offset())
        return None

    def ask_watermark(self, consumer, partition, patience=3):
        self.dog.step("watermark")
        key, began = self.out.key(self.c.topic, partition), now()
        try:
            answer = consumer.get_watermark_offsets(TopicPartition(self.c.topic, partition), timeout=patience, cached=False)
        except KafkaException as failed:
            self.out.line("e", key, failed.args[0].name(), now())
            return None
        if answer is not None and answer[1] >= 0:
            self.out.line("w", key, answer[1], began, now())
            return answer[1]
        return None


def read(c):
    """Sessions of some seconds each, from the end of the log or from its beginning; of the latter one more, to the end, when
    the run is over, so that a short one has been read as well."""
    out = c.history(role="reader")
    reading, over = Reading(c, out), False
    while not over:
        over = not c.running()
        if over and c.role != "read-all":
            break
        session(c, reading, LAST_PASS_SECONDS if over else c.rng.uniform(4, 12), lambda last=over: last or c.running())
    out.close()


def session(c, reading, seconds, going):
    isolation = c.rng.choice(["read_committed", "read_uncommitted"])
    consumer = c.consumer(**{"isolation.level": isolation})
    reading.out.line("s", now())
    # Where the log ends is asked here and once: librdkafka may ask twice while leaders change, and go on from the later answer.
    at = {p: OFFSET_BEGINNING if c.role == "read-all" else reading.ask_watermark(consumer, p, 1) for p in range(c.partitions)}
    consumer.assign([TopicPartition(c.topic, p, offset) for p, offset in at.items() if offset is not None])
    end, ends, ask = time.monotonic() + seconds, set(), 0
    while going() and time.monotonic() < end and (c.role == "read-tail" or len(ends) < c.partitions):
        reading.dog.step("consume")
        for m in consumer.consume(1000, 0.2):
            ends.add(reading.take(m))
        ends.discard(None)
        if time.monotonic() > ask:
            reading.ask_watermark(consumer, c.rng.randrange(c.partitions))
            ask = time.monotonic() + 0.3
    reading.dog.step("close")
    consumer.close()


class Admin:
    """Topics come, grow and go; each name is used once."""

    # What our own earlier try may have done: the client repeats requests whose answer it missed.
    PERHAPS = {"create": KafkaError.TOPIC_ALREADY_EXISTS, "delete": KafkaError.UNKNOWN_TOPIC_OR_PART,
               "grow": KafkaError.INVALID_PARTITIONS}
    REFUSED = {KafkaError.INVALID_REPLICATION_FACTOR, KafkaError.POLICY_VIOLATION, KafkaError.UNKNOWN_TOPIC_OR_PART,
               KafkaError.INVALID_PARTITIONS, KafkaError.INVALID_REPLICA_ASSIGNMENT}

    def __init__(self, c):
        self.c, self.out = c, c.history(role="admin")
        self.admin = AdminClient(c.settings())

    def call(self, op, topic, partitions, futures):
        began = now()
        try:
            for future in futures().values():
                future.result(15)
            result, code = "ok", ""
        except KafkaException as failed:
            error = failed.args[0]
            certain = error.code() in self.REFUSED and error.code() != self.PERHAPS[op]
            result, code = ("fail" if certain else "unknown"), error.name()
        except Exception as failed:  # noqa: BLE001  a time-out of the future
            result, code = "unknown", repr(failed)
        self.out.line("a", json.dumps({"op": op, "topic": topic, "partitions": partitions, "t0": began, "t1": now(),
                                       "result": result, "code": code}))
        return result

    def describe(self, topic):
        began, partitions, result, code = now(), 0, "ok", ""
        try:
            found = self.admin.list_topics(topic, timeout=5).topics[topic]
            partitions = len(found.partitions) if found.error is None else 0
        except KafkaException as failed:
            result, code = "unknown", failed.args[0].name()
        self.out.line("a", json.dumps({"op": "describe", "topic": topic, "partitions": partitions, "t0": began, "t1": now(),
                                       "result": result, "code": code}))

    def pause(self, seconds):
        end = time.monotonic() + seconds
        while self.c.running() and time.monotonic() < end:
            time.sleep(0.05)

    def go(self):
        number, rng = 0, self.c.rng
        while self.c.running():
            name, partitions = f"{self.c.name}-{number}", rng.randrange(1, 5)
            number += 1
            new = NewTopic(name, partitions, self.c.plan["replicas"])
            self.call("create", name, partitions, lambda: self.admin.create_topics([new], request_timeout=10))
            self.pause(rng.uniform(0, 1))
            self.describe(name)
            if rng.random() < 0.6:
                grown = NewPartitions(name, partitions + 2)
                self.call("grow", name, partitions + 2, lambda: self.admin.create_partitions([grown], request_timeout=10))
                self.pause(rng.uniform(0, 1))
            if rng.random() < 0.7:
                self.call("delete", name, 0, lambda: self.admin.delete_topics([name], request_timeout=10))
            self.pause(rng.uniform(0, 2))
        self.out.close()


def make(c):
    """The topic of the run."""
    admin = AdminClient(c.settings())
    # A broker whose clock is behind would refuse what comes from its future.
    config = {"retention.ms": "-1", "message.timestamp.after.max.ms": str((1 << 63) - 1),
              "min.insync.replicas": str(c.plan["min_insync"]), "segment.bytes": str(1 << 20)}
    end = time.monotonic() + 60
    while True:
        try:
            for future in admin.create_topics([NewTopic(c.topic, c.partitions, c.plan["replicas"], config=config)]).values():
                future.result(20)
            return
        except KafkaException as failed:
            if failed.args[0].code() == KafkaError.TOPIC_ALREADY_EXISTS:
                return
            if time.monotonic() > end:
                raise
            time.sleep(0.3)


def final(c):
    """When all is calm: the whole log, as far as the high watermark is once everything that was sent has an answer, and which
    topics there are. First a record of nobody's is taken by each partition: the cluster does its work again."""
    probe = Sending(c, 0)
    answered = {}
    for partition in range(c.partitions):
        probe.out.line("i", partition, probe.out.key(c.topic, partition), now())
        probe.producer.produce(c.topic, value_of(c.name, partition, "probe"), partition=partition,
                               on_delivery=lambda e, m, n=partition: (probe.told(n)(e, m), answered.update({n: e is None})))
    probe.close(c.plan["patience"])
    out = c.history("log", role="final")
    reading, consumer = Reading(c, out), c.consumer()
    end, high, ends = time.monotonic() + c.plan["patience"], {}, set()
    while len(high) < c.partitions and time.monotonic() < end:
        for partition in set(range(c.partitions)) - set(high):
            if (found := reading.ask_watermark(consumer, partition, 10)) is not None:
                high[partition] = found
    consumer.assign([TopicPartition(c.topic, p, OFFSET_BEGINNING) for p in range(c.partitions)])
    while len(ends) < c.partitions and time.monotonic() < end:
        reading.dog.step("consume")
        for m in consumer.consume(5000, 0.5):
            ends.add(reading.take(m))
        ends.discard(None)
    consumer.close()
    out.close()
    topics(c)
    print(json.dumps({"taken": sum(answered.values()), "read": len(ends), "of": c.partitions}))


def topics(c):
    """Each topic that any admin client ever named, as it is now."""
    named = set()
    for path in pathlib.Path(c.folder).glob("history-*"):
        with open(path) as lines:
            if json.loads(next(lines))["role"] == "admin":
                named |= {json.loads(line[2:])["topic"] for line in lines}
    there = AdminClient(c.settings()).list_topics(timeout=30).topics
    out = c.history("catalog", role="admin")
    for name in sorted(named):
        partitions = len(there[name].partitions) if name in there and there[name].error is None else 0
        out.line("a", json.dumps({"op": "final", "topic": name, "partitions": partitions, "t0": now(), "result": "ok"}))
    out.close()


ROLES = {"produce": produce, "read-tail": read, "read-all": read, "admin": lambda c: Admin(c).go(), "make": make,
         "final": final}


if __name__ == "__main__":
    role, name, bootstrap, folder, seed, plan = sys.argv[1:]
    ROLES[role](Client(role, name, bootstrap, folder, seed, json.loads(plan)))
