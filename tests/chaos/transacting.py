"""What all clients of a transactional workload share: a producer whose transactions are written down before they are made,
calls that end or end the process, and what is visible to a reader of committed records.

A worker's history begins with a line of JSON that says who wrote it. Then, each a list in JSON:

    ["b", T]            transaction T begins; of version 2 with 2, PRODUCER ID, EPOCH behind it
    ["s", T, …]         a record is handed over in it; what follows is the workload's
    ["c", T, …]         it is to be committed: from here on it may be
    ["C", T]            it was            ["A", T]  it was aborted, by our wish or as the broker wanted
    ["e", T, WHAT, CODE]  a call failed
A transaction without a "c" must never be visible; one with a "C" must be for ever. Lines are in the file before the call is
made, so that kill -9 loses none."""
import json
import os
import time

from confluent_kafka import Consumer, KafkaException, Producer, TopicPartition
from load import PARTITION_END, Client
from watchdog import Watchdog
from workers import NO_STARTING_OVER

CALL_SECONDS = 15
TRANSACTION_MS = 8000
SESSION_MS = 3000  # of the classic protocol; the other one's is the broker's to say


class Torn(Exception):
    """The step can't be gone on with: a new incarnation is to try."""


class Worker(Client):
    """One incarnation: `name` is NAME.INCARNATION."""

    def __init__(self, *arguments):
        super().__init__(*arguments)
        self.who = self.name.rsplit(".", 1)[0]
        self.out = open(f"{self.folder}/transactions-{self.name}", "w", buffering=1)
        self.write({"role": self.role, "name": self.name})
        self.count, self.txn, self.producer = 0, None, None
        self.dog = Watchdog(lambda at: self.write(["e", self.txn, f"hangs in {at}", ""]))

    def running(self):
        return not os.path.exists(f"{self.folder}/stop-{self.role}") and os.getppid() == self.parent

    def write(self, line):
        self.out.write(json.dumps(line) + "\n")

    def failed(self, what, error):
        self.write(["e", self.txn, what, error.name()])

    def call(self, what, function, *arguments):
        """Again as long as librdkafka says that it may be tried again; what wants an abort or is fatal goes up."""
        end = time.monotonic() + CALL_SECONDS
        while True:
            self.dog.step(what)
            try:
                return function(*arguments)
            except KafkaException as thrown:
                error = thrown.args[0]
                self.failed(what, error)
                if error.txn_requires_abort() or error.fatal() or not error.retriable() or time.monotonic() > end:
                    raise

    def connect(self):
        self.producer = Producer(self.settings(**{
            "transactional.id": self.who, "transaction.timeout.ms": TRANSACTION_MS, "linger.ms": self.rng.choice([0, 2, 10]),
            "request.timeout.ms": 4000, "message.timeout.ms": TRANSACTION_MS, "retry.backoff.ms": 50,
            "retry.backoff.max.ms": 300, **NO_STARTING_OVER}))
        self.call("init_transactions", self.producer.init_transactions, CALL_SECONDS)

    def group(self, group, topic, **more):
        """A member of it, which never commits by itself."""
        consumer = Consumer(self.settings(**{
            "group.id": group, "enable.auto.commit": False, "auto.offset.reset": "earliest", "isolation.level": "read_committed",
            "fetch.wait.max.ms": 50, **NO_STARTING_OVER, **more,
            **({"group.protocol": "consumer"} if self.plan["protocol"] == "consumer" else
               {"session.timeout.ms": SESSION_MS, "heartbeat.interval.ms": SESSION_MS // 5})}))
        return consumer

    def begin(self):
        self.txn = f"{self.name}.{self.count}"
        self.count += 1
        self.call("begin_transaction", self.producer.begin_transaction)
        self.write(["b", self.txn])

    def send(self, topic, partition, value, told=None):
        self.dog.step("produce")
        self.producer.produce(topic, value, partition=partition, on_delivery=told)
        self.producer.poll(0)

    def end(self, offsets=None, metadata=None, facts=()):
        """Whether it was committed; `offsets` go with it."""
        try:
            if offsets:
                self.call("send_offsets_to_transaction", self.producer.send_offsets_to_transaction, offsets, metadata,
                          CALL_SECONDS)
            self.write(["c", self.txn, *facts])
            self.call("commit_transaction", self.producer.commit_transaction, CALL_SECONDS)
            self.write(["C", self.txn])
            return True
        except KafkaException as thrown:
            if not thrown.args[0].txn_requires_abort():
                raise Torn(thrown.args[0].str()) from thrown
            self.abort()
            return False

    def abort(self):
        self.call("abort_transaction", self.producer.abort_transaction, CALL_SECONDS)
        self.write(["A", self.txn])

    def pause(self, seconds):
        end = time.monotonic() + seconds
        while self.running() and time.monotonic() < end:
            self.dog.step("pause")
            if self.producer is not None:
                self.producer.poll(0.02)


class Committed:
    """What is visible of partitions to a reader of committed records, up to ends that are asked for."""

    def __init__(self, client, topic, isolation="read_committed"):
        self.client, self.topic = client, topic
        self.consumer = Consumer({**client.settings(**NO_STARTING_OVER), "group.id": "unused", "enable.auto.commit": False,
                                  "isolation.level": isolation, "enable.partition.eof": True, "auto.offset.reset": "error",
                                  "fetch.wait.max.ms": 20, "fetch.error.backoff.ms": 50})
        self.seen, self.at = {}, {}  # partition -> [(offset, value)], where to go on

    def end(self, partition, patience):
        """The last stable offset, by a reader of committed records; None when nobody tells."""
        try:
            answer = self.consumer.get_watermark_offsets(TopicPartition(self.topic, partition), timeout=patience, cached=False)
        except KafkaException:
            return None
        return None if answer is None or answer[1] < 0 else answer[1]

    def read(self, partition, end, patience):
        """Everything before `end`; None when that did not come in time."""
        seen, at = self.seen.setdefault(partition, []), self.at.get(partition, 0)
        if at < end:
            self.consumer.assign([TopicPartition(self.topic, partition, at)])
            until = time.monotonic() + patience
            while at < end and time.monotonic() < until:
                for m in self.consumer.consume(500, 0.1):
                    if m.error() is None and m.partition() == partition and m.offset() >= at:
                        seen.append((m.offset(), m.value()))
                        at = m.offset() + 1
                    elif m.error() is not None and m.error().code() == PARTITION_END and m.partition() == partition:
                        at = max(at, m.offset() or 0)  # behind the last record there may be markers
            self.at[partition] = at
            self.consumer.unassign()
        return [(o, v) for o, v in seen if o < end] if at >= end else None

    def close(self):
        self.consumer.close()


def end_of(worker, go):
    """Runs one incarnation to its end; a broken step ends it, and the keeper starts the next one."""
    code = 0
    try:
        go(worker)
    except (KafkaException, Torn) as broken:
        worker.write(["e", worker.txn, "ends", repr(broken)[:200]])
        code = 1
    worker.out.close()
    os._exit(code)  # a transaction that is open stays so, as when a process dies: closing could wait for minutes
