"""A compacted topic on a running broker, with a real client: updates and deletions over many keys while the broker compacts
and is killed; in the end every key reads as its newest value, and most of the rest is gone."""
import argparse
import json
import os
import pathlib
import random
import subprocess
import sys
import time

here = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(here.parent / "clients"))
from process import Broker, Checks  # noqa: E402

TOPIC = "state"
KEYS = 700
PATIENCE = 120


def load(bootstrap, seed, count, written):
    """In the venv: so many updates and deletions by an idempotent producer; what each offset got is written down."""
    from confluent_kafka import Producer
    producer = Producer({"bootstrap.servers": bootstrap, "enable.idempotence": True, "acks": "all", "linger.ms": 5,
                         "compression.type": "zstd", "message.timeout.ms": 600000, "reconnect.backoff.max.ms": 200,
                         "batch.num.messages": 200, "log_level": 0})
    rng, out, failures = random.Random(seed), open(written, "a"), []

    def told(error, message, value):
        if error is not None:
            failures.append(str(error))
        else:
            out.write(json.dumps([message.offset(), message.key().decode(), value]) + "\n")

    for number in range(count):
        # Some keys are written once and for all.
        key = f"once-{seed}-{number}" if rng.random() < 0.01 else f"key-{int(rng.triangular(0, KEYS, 0))}"
        value = None if rng.random() < 0.05 else f"{seed}-{number}-" + rng.randbytes(60).hex()
        while True:
            try:
                producer.produce(TOPIC, key=key, value=value, on_delivery=lambda e, m, v=value: told(e, m, v))
                break
            except BufferError:
                producer.poll(0.05)
        producer.poll(0)
    left = producer.flush(120)
    out.close()
    print(json.dumps({"left": left, "failures": failures[:3]}))


def read_back(bootstrap):
    """In the venv: every record."""
    from confluent_kafka import OFFSET_BEGINNING, Consumer, TopicPartition
    consumer = Consumer({"bootstrap.servers": bootstrap, "group.id": "unused", "enable.auto.commit": False,
                         "enable.partition.eof": True, "check.crcs": True})
    consumer.assign([TopicPartition(TOPIC, 0, OFFSET_BEGINNING)])
    end, done = time.monotonic() + PATIENCE, False
    while not done and time.monotonic() < end:
        for m in consumer.consume(5000, 1.0):
            if m.error():
                done = done or m.error().code() == -191  # end of partition
                continue
            print(json.dumps([m.offset(), m.key().decode(), m.value() and m.value().decode()]))
    consumer.close()
    print("END" if done else "LATE")


def in_venv(python, *arguments, **options):
    return subprocess.Popen([python, "-B", __file__, *map(str, arguments)], text=True, **options)


def records(python, broker):
    lines = in_venv(python, "--read", broker.kafka, stdout=subprocess.PIPE).communicate(timeout=300)[0].splitlines()
    return [tuple(json.loads(line)) for line in lines[:-1]], lines[-1] if lines else "nothing"


def verify(check, python, broker, written, when):
    told = {offset: (key, value) for offset, key, value in map(json.loads, open(written))}
    got, ending = records(python, broker)
    check(f"{when}: everything can be read to the end", ending == "END", ending)
    offsets = [r[0] for r in got]
    check(f"{when}: offsets ascend", all(a < b for a, b in zip(offsets, offsets[1:])))
    strange = [r for r in got if told.get(r[0]) != r[1:]]
    check(f"{when}: each of {len(got)} records is what was written at its offset", not strange, strange[:3])
    newest, read = {}, {}
    for offset in sorted(told):
        newest[told[offset][0]] = told[offset][1]
    for _, key, value in got:
        read[key] = value
    wrong = [k for k in newest if read.get(k) != newest[k]]
    check(f"{when}: all of {len(newest)} keys read as their newest values", not wrong, wrong[:3])
    return len(told), len(got), len(newest)


def state(broker):
    (found,) = broker.json(f"/v1/partitions?topic={TOPIC}")
    return found["compaction"]


def until(wanted):
    end = time.monotonic() + PATIENCE
    while not wanted() and time.monotonic() < end:
        time.sleep(0.05)  # between two looks
    return wanted()


def scenario(check, args, python):
    rng = random.Random(args.seed)
    options = ["compaction.check_interval_ms=50ms", "compaction.memory_bytes=1MiB", "compaction.io_rate=64MiB"]
    with Broker(args.weir, smp=2, options=options) as broker:
        written = broker.data + ".written"
        configs = ("cleanup.policy=compact", "segment.bytes=1048576", "min.cleanable.dirty.ratio=0.1")
        made = subprocess.run([args.weir, "topic", "create", TOPIC, "--brokers", broker.kafka,
                               *[a for c in configs for a in ("--config", c)]], capture_output=True, text=True, timeout=60)
        check("a compacted topic can be made", made.returncode == 0, made.stderr)
        for turn in range(args.kills):
            loader = in_venv(python, "--load", broker.kafka, args.seed + turn, 30_000, written, stdout=subprocess.PIPE)
            for _ in range(2):
                time.sleep(rng.uniform(0.2, 1.5))  # somewhere in the middle of it
                broker.kill()
                broker.start()
            said = json.loads(loader.communicate(timeout=300)[0].splitlines()[-1])
            check(f"turn {turn}: the producer saw no failure", not said["failures"] and said["left"] == 0, said)
            check(f"turn {turn}: a pass comes by itself", until(lambda: state(broker)["dirty_ratio"] <= 0.1), state(broker))
            verify(check, python, broker, written, f"turn {turn}")
            broker.kill()
            check.verified(broker, f"turn {turn}")
            broker.start()
        # What is young is closed and compacted when it has waited as long as it may.
        subprocess.run([args.weir, "topic", "alter", TOPIC, "--brokers", broker.kafka, "--set", "max.compaction.lag.ms=1000"],
                       check=True, capture_output=True, timeout=60)
        (facts,) = broker.json(f"/v1/partitions?topic={TOPIC}")
        check("the longest lag is kept", until(lambda: state(broker)["first_dirty_offset"] == facts["log_end_offset"]),
              state(broker))
        # One may end between the two looks.
        check("passes are counted", until(lambda: 0 < state(broker)["passes"] == broker.metric("compaction_passes")), state(broker))
        count, left, keys = verify(check, python, broker, written, "at last")
        check("of each key one record is left", left <= keys + 1, (count, left, keys))
        folder = next(pathlib.Path(broker.data, "topics").glob(f"{TOPIC}.*")) / "0"
        files = sorted(f.name for f in folder.iterdir())
        check("few files are left", len([f for f in files if f.endswith(".log")]) <= 3 and
              not [f for f in files if f.endswith(".new")], files)
        check("nothing failed", broker.metric("compaction_failures") == 0 and "failing" not in state(broker), state(broker))
        check("an orderly stop", broker.stop() == 0)
        check.verified(broker, "stopped")
        broker.smp = 1
        broker.start()
        verify(check, python, broker, written, "opened again")
        os.unlink(written)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--weir")
    parser.add_argument("--kills", type=int, default=3)
    parser.add_argument("--seed", type=int, default=int(time.time()))
    parser.add_argument("--load", nargs=4)
    parser.add_argument("--read")
    args = parser.parse_args()
    if args.load:
        bootstrap, seed, count, written = args.load
        return load(bootstrap, int(seed), int(count), written)
    if args.read:
        return read_back(args.read)
    from driver import ecosystems
    python = ecosystems.python_or_skip(ecosystems.cache_folder())
    print(f"seed {args.seed}")
    check = Checks()
    scenario(check, args, python)
    return check.close()


if __name__ == "__main__":
    main()
