"""kill -9 during a load of real records, many times, at random moments: nothing acknowledged is lost, nothing is there
twice, no torn batch is ever served, order per key stays."""
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

TOPIC = "flights-under-fire"
PARTITIONS = 6


def load(bootstrap, source, acknowledged, stop_file):
    """In the venv: an idempotent producer goes round the data set until told to stop, writing down what is acknowledged."""
    from confluent_kafka import Producer
    producer = Producer({"bootstrap.servers": bootstrap, "enable.idempotence": True, "acks": "all",
                         "compression.type": "lz4", "linger.ms": 5, "message.timeout.ms": 600000,
                         "reconnect.backoff.max.ms": 200, "log_level": 0})
    out = open(acknowledged, "w")
    failures = []

    def told(error, message):
        if error is not None:
            failures.append(str(error))
        else:
            out.write(f"{message.partition()} {message.offset()} {json.loads(message.value())['n']}\n")

    rows = [json.loads(line.split("\t", 1)[1]) for line in open(source)]
    number = 0
    while not os.path.exists(stop_file) and not failures:
        row = rows[number % len(rows)]
        try:
            producer.produce(TOPIC, key=f"{row['carrier']}-{row['flight']}", value=json.dumps({"n": number, **row}),
                             on_delivery=told)
            number += 1
        except BufferError:
            pass
        producer.poll(0.002 if number % 16 == 0 else 0)
    left = producer.flush(120)
    out.close()
    print(json.dumps({"sent": number, "left": left, "failures": failures[:3]}))


def read_back(bootstrap):
    """In the venv: every record of every partition."""
    from confluent_kafka import OFFSET_BEGINNING, Consumer, TopicPartition
    consumer = Consumer({"bootstrap.servers": bootstrap, "group.id": "unused", "enable.auto.commit": False,
                         "enable.partition.eof": True, "check.crcs": True, "isolation.level": "read_uncommitted"})
    consumer.assign([TopicPartition(TOPIC, p, OFFSET_BEGINNING) for p in range(PARTITIONS)])
    at_end, end = set(), time.monotonic() + 240
    while len(at_end) < PARTITIONS and time.monotonic() < end:
        for m in consumer.consume(5000, 1.0):
            if m.error():
                if m.error().code() == -191:  # end of partition
                    at_end.add(m.partition())
                else:
                    print(json.dumps({"error": str(m.error())}))
                continue
            print(m.partition(), m.offset(), json.loads(m.value())["n"], m.key().decode())
    consumer.close()
    print("END" if len(at_end) == PARTITIONS else "LATE")


def in_venv(python, *arguments, **options):
    return subprocess.Popen([python, "-B", __file__, *map(str, arguments)], text=True, **options)


def verify(check, broker, python, acknowledged):
    reader = in_venv(python, "--read", broker.kafka, stdout=subprocess.PIPE)
    lines = reader.communicate(timeout=300)[0].splitlines()
    check("everything can be read to the end", lines and lines[-1] == "END", lines[-1:])
    there, order, gaps, expected = {}, {}, 0, {}
    doubled = disordered = 0
    seen = set()
    for line in lines[:-1]:
        partition, at, number, key = line.split(" ", 3)
        partition, at, number = int(partition), int(at), int(number)
        gaps += at != expected.get(partition, 0)
        expected[partition] = at + 1
        there[partition, at] = number
        doubled += number in seen
        seen.add(number)
        disordered += number < order.get(key, -1)
        order[key] = number
    acked = [tuple(map(int, line.split())) for line in open(acknowledged)]
    lost = sum(there.get((p, o)) != n for p, o, n in acked)
    check(f"none of {len(acked)} acknowledged records is lost or moved", lost == 0 and acked, lost)
    check(f"none of {len(there)} stored records is there twice", doubled == 0, doubled)
    check("offsets have no holes", gaps == 0, gaps)
    check(f"order holds for each of {len(order)} keys", disordered == 0, disordered)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--weir")
    parser.add_argument("--kills", type=int, default=12)
    parser.add_argument("--seed", type=int, default=int(time.time()))
    parser.add_argument("--load", nargs=4)
    parser.add_argument("--read")
    args = parser.parse_args()
    if args.load:
        return load(*args.load)
    if args.read:
        return read_back(args.read)
    from driver import ecosystems, flights
    cache = ecosystems.cache_folder()
    python = ecosystems.python_or_skip(cache)
    rows = cache / "flights-20000.tsv"
    flights.take(flights.prepare(cache, pathlib.Path(python)), 20_000, rows)
    rng = random.Random(args.seed)
    print(f"seed {args.seed}")
    check = Checks()
    with Broker(args.weir, smp=2, options=["topics.partitions_default=6", "log.segment_bytes=4MiB"]) as broker:
        acknowledged, stop_file = broker.data + ".acks", broker.data + ".stop"
        loader = in_venv(python, "--load", broker.kafka, rows, acknowledged, stop_file, stdout=subprocess.PIPE)
        for _ in range(args.kills):
            time.sleep(rng.uniform(0.3, 2.0))
            broker.kill()
            check.verified(broker, "killed")
            broker.start()
        pathlib.Path(stop_file).touch()
        said = json.loads(loader.communicate(timeout=200)[0].splitlines()[-1])
        check(f"the producer of {said['sent']} records saw no failure in {args.kills} kills",
              not said["failures"] and said["left"] == 0, said)
        verify(check, broker, python, acknowledged)
        check("an orderly stop", broker.stop() == 0)
        check.verified(broker, "stopped")
        broker.smp = 1  # written by two cores, opened by one
        broker.start()
        verify(check, broker, python, acknowledged)
        for leftover in (acknowledged, stop_file):
            os.unlink(leftover)
    return check.close()


if __name__ == "__main__":
    main()
