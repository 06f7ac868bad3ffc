"""Transactions: what commits is seen whole, what aborts is not seen, read-process-write moves offsets with it, and all of that
through killed coordinators."""
import argparse
import os
import pathlib
import sys
import threading
import time

here = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(here.parent / "clients"))
from brokers import Cluster, eventually  # noqa: E402
from process import Broker, Checks  # noqa: E402

QUICK = ("group.first_rebalance_delay_ms=0",)
PARTITIONS = 3
# Else librdkafka 2.16 starts over when all brokers are gone, forgets that the group's coordinator was one of them, and
# send_offsets_to_transaction waits for it for ever, with nothing asked of any broker (its issue 5511).
LONE = {"metadata.recovery.strategy": "none"}


def producer(bootstrap, transactional_id, **options):
    from confluent_kafka import Producer
    made = Producer({"bootstrap.servers": bootstrap, "transactional.id": transactional_id, "log_level": 0,
                     "transaction.timeout.ms": 60_000, **LONE, **options})
    made.init_transactions(60)
    return made


def read_all(bootstrap, topic, committed=True, patience=20):
    """Values of all partitions, from the start to the end as it is for such a reader now."""
    from confluent_kafka import OFFSET_BEGINNING, Consumer, TopicPartition
    reader = Consumer({"bootstrap.servers": bootstrap, "group.id": "none", "enable.auto.commit": False, "log_level": 0,
                       "isolation.level": "read_committed" if committed else "read_uncommitted", "enable.partition.eof": True})
    partitions = reader.list_topics(topic, 30).topics[topic].partitions
    reader.assign([TopicPartition(topic, p, OFFSET_BEGINNING) for p in partitions])
    values, ended, end = [], set(), time.monotonic() + patience
    while len(ended) < len(partitions) and time.monotonic() < end:
        message = reader.poll(0.5)
        if message is None:
            continue
        if message.error():
            ended.add(message.partition())
        else:
            values.append(message.value().decode())
    reader.close()
    return sorted(values)


def send(p, topic, values):
    for n, value in enumerate(values):
        p.produce(topic, value, partition=n % PARTITIONS)


def commits_and_aborts(check, bootstrap):
    p = producer(bootstrap, "one")
    p.begin_transaction()
    send(p, "out", [f"a{n}" for n in range(9)])
    p.flush(30)
    check("what is open is not seen", read_all(bootstrap, "out") == [])
    p.commit_transaction(30)
    want = sorted(f"a{n}" for n in range(9))
    check("what is committed is seen", eventually(lambda: read_all(bootstrap, "out") == want), read_all(bootstrap, "out"))
    p.begin_transaction()
    send(p, "out", [f"b{n}" for n in range(9)])
    p.flush(30)
    p.abort_transaction(30)
    p.begin_transaction()
    send(p, "out", [f"c{n}" for n in range(9)])
    p.commit_transaction(30)
    want = sorted(want + [f"c{n}" for n in range(9)])
    check("what is aborted is not", eventually(lambda: read_all(bootstrap, "out") == want), read_all(bootstrap, "out"))
    check("but by those who read everything", len(read_all(bootstrap, "out", committed=False)) == 27)


def fencing(check, bootstrap):
    from confluent_kafka import KafkaException
    old = producer(bootstrap, "fenced")
    old.begin_transaction()
    send(old, "fence", ["old"])
    old.flush(30)
    young = producer(bootstrap, "fenced")
    young.begin_transaction()
    send(young, "fence", ["young"])
    young.commit_transaction(30)
    try:
        old.commit_transaction(10)
        fenced = False
    except KafkaException as error:
        fenced = error.args[0].fatal() or error.args[0].txn_requires_abort()
    check("the older producer of an id is fenced", fenced)
    got = eventually(lambda: read_all(bootstrap, "fence") == ["young"])
    check("and what it had open is aborted", got, read_all(bootstrap, "fence"))


def timeouts(check, bootstrap):
    p = producer(bootstrap, "slow", **{"transaction.timeout.ms": 1500})
    p.begin_transaction()
    send(p, "late", ["late"])
    p.flush(30)
    check("one that is left open ends by its timeout", eventually(
        lambda: read_all(bootstrap, "late", committed=False, patience=5) == ["late"] and ends_are_one(bootstrap, "late"), 30))
    check("aborted", read_all(bootstrap, "late") == [])


def ends_are_one(bootstrap, topic):
    """Nothing is open: both kinds of readers have the same end."""
    from confluent_kafka import Consumer, TopicPartition
    ends = []
    for level in ("read_committed", "read_uncommitted"):
        c = Consumer({"bootstrap.servers": bootstrap, "group.id": "none", "isolation.level": level, "log_level": 0})
        ends.append([c.get_watermark_offsets(TopicPartition(topic, p), 30)[1] for p in range(PARTITIONS)])
        c.close()
    return ends[0] == ends[1]


class Copier(threading.Thread):
    """Reads `from` as a group and writes each value to `to`, offsets in the same transactions (KIP-447)."""

    def __init__(self, bootstrap, number, source, target, group):
        super().__init__(daemon=True)
        self.bootstrap, self.number, self.source, self.target, self.group = bootstrap, number, source, target, group
        self.over, self.copied, self.failed = threading.Event(), 0, 0

    def run(self):
        while not self.over.is_set():
            try:
                self.copy()
            except Exception as error:  # noqa: BLE001: a new start is the answer to all of them
                self.failed += 1
                self.last = error
                time.sleep(0.2)

    def copy(self):
        from confluent_kafka import Consumer
        reader = Consumer({"bootstrap.servers": self.bootstrap, "group.id": self.group, "enable.auto.commit": False,
                           "auto.offset.reset": "earliest", "isolation.level": "read_committed", "log_level": 0,
                           "session.timeout.ms": 6000})
        try:
            p = producer(self.bootstrap, f"copier-{self.number}")
            reader.subscribe([self.source])
            while not self.over.is_set():
                messages = [m for m in reader.consume(20, 0.5) if not m.error()]
                if not messages:
                    continue
                p.begin_transaction()
                for m in messages:
                    p.produce(self.target, m.value(), partition=m.partition())
                p.send_offsets_to_transaction(reader.position(reader.assignment()), reader.consumer_group_metadata(), 30)
                p.commit_transaction(30)
                self.copied += len(messages)
        finally:
            reader.close()


def exactly_once(check, bootstrap, disturb=None, count=1500):
    from confluent_kafka import Producer
    source = Producer({"bootstrap.servers": bootstrap, "enable.idempotence": True, "log_level": 0})
    copiers = [Copier(bootstrap, n, "in", "copied", "copiers") for n in range(2)]
    for c in copiers:
        c.start()
    for n in range(count):
        source.produce("in", f"{n:06}", partition=n % PARTITIONS)
        source.poll(0)
        if disturb and n in (count // 3, 2 * count // 3):
            source.flush(30)
            disturb()
    source.flush(60)
    want = [f"{n:06}" for n in range(count)]
    done = eventually(lambda: read_all(bootstrap, "copied") == want, 120)
    for c in copiers:
        c.over.set()
    for c in copiers:
        c.join(60)
    got = read_all(bootstrap, "copied")
    check("every record was copied once", done and got == want,
          (len(got), len(set(got)), [(c.copied, c.failed, getattr(c, "last", None)) for c in copiers]))
    check("no transaction is left open", eventually(lambda: ends_are_one(bootstrap, "copied"), 60))


def create(weir, bootstrap, replicas):
    import subprocess
    for topic in ("out", "fence", "late", "in", "copied"):
        subprocess.run([weir, "topic", "create", topic, "-p", str(PARTITIONS), "-r", str(replicas), "--brokers", bootstrap],
                       check=True, capture_output=True, timeout=60)


def restarts(check, broker):
    p = producer(broker.kafka, "stays")
    p.begin_transaction()
    send(p, "out", ["kept"])
    p.flush(30)
    broker.kill()
    broker.start()
    before = read_all(broker.kafka, "out")
    check("an open transaction stays open through a restart", "kept" not in before)
    p.commit_transaction(60)
    check("and can be committed then", eventually(lambda: "kept" in read_all(broker.kafka, "out")))


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--weir", required=True)
    args = parser.parse_args()
    from driver import ecosystems
    python = ecosystems.python_or_skip(ecosystems.cache_folder())
    if sys.prefix != str(pathlib.Path(python).parent.parent):  # the clients' own
        os.execv(python, [python, "-B", __file__, "--weir", args.weir])
    check = Checks()
    with Broker(args.weir, options=QUICK, smp=2) as broker:
        create(args.weir, broker.kafka, 1)
        commits_and_aborts(check, broker.kafka)
        fencing(check, broker.kafka)
        timeouts(check, broker.kafka)
        restarts(check, broker)

        def kill():
            broker.kill()
            broker.start()

        exactly_once(check, broker.kafka, kill)
        broker.stop()
        check.verified(broker, "in the end")
    with Cluster(args.weir, options=QUICK) as cluster:
        cluster.start()
        create(args.weir, cluster.bootstrap, 3)
        commits_and_aborts(check, cluster.bootstrap)
        victims = iter(cluster.brokers)

        def kill_one():
            victim = next(victims)
            victim.kill()
            time.sleep(1)
            victim.start()

        exactly_once(check, cluster.bootstrap, kill_one)
    check.close()


if __name__ == "__main__":
    main()
