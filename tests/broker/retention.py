"""Retention on a running broker: by bytes, by time, rolling by time, deletion on request; and what stays after a restart."""
import argparse
import json
import os
import shutil
import subprocess
import tempfile
import time

from process import Broker, Checks

RECORD = "x" * 1000
PATIENCE = 60


class Topic:
    def __init__(self, weir, broker, name, *config):
        self.weir, self.broker, self.name = weir, broker, name
        self.run("topic", "create", name, *[a for c in config for a in ("--config", c)])

    def run(self, *arguments, feed=None):
        done = subprocess.run([self.weir, *arguments, "--brokers", self.broker.kafka], input=feed, capture_output=True,
                              text=True, timeout=PATIENCE)
        if done.returncode:
            raise RuntimeError(f"{arguments}: {done.stderr}")
        return done.stdout

    def produce(self, first, count):
        self.run("produce", self.name, feed="".join(f"{n:06d} {RECORD}\n" for n in range(first, first + count)))

    def consume(self):
        lines = self.run("consume", self.name, "--json").splitlines()
        return [(r["offset"], int(r["value"].split()[0])) for r in map(json.loads, lines)]

    def facts(self):
        (found,) = self.broker.json(f"/v1/partitions?topic={self.name}")
        return found

    def until(self, wanted):
        """The partition's facts once they are as wanted, or after all patience."""
        end = time.monotonic() + PATIENCE
        while not wanted(self.facts()) and time.monotonic() < end:
            time.sleep(0.05)  # between two looks
        return self.facts()

    def files(self):
        (folder,) = (f for f in os.listdir(f"{self.broker.data}/topics") if f.startswith(self.name + "."))
        return sorted(f for f in os.listdir(f"{self.broker.data}/topics/{folder}/0") if f.endswith(".log"))


def by_bytes(check, weir, broker):
    t = Topic(weir, broker, "by-bytes", "segment.bytes=1048576", "retention.bytes=2097152", "retention.ms=-1")
    for first in range(0, 8000, 1000):
        t.produce(first, 1000)
    facts = t.until(lambda f: 0 < f["start_offset"] and f["size_bytes"] < 3 << 20)
    check("retention.bytes deletes the oldest segments", 3000 < facts["start_offset"] < 7000, facts)
    check("no less is kept than asked for", facts["size_bytes"] >= 2 << 20, facts)
    got = t.consume()
    check("what is left is whole", got == [(n, n) for n in range(facts["start_offset"], 8000)], got[:2] + got[-2:])
    check("their files are gone", len(t.files()) <= 4, t.files())
    return t, facts["start_offset"]


def by_time(check, weir, broker):
    t = Topic(weir, broker, "by-time", "segment.ms=300", "retention.ms=1000", "retention.bytes=-1")
    t.produce(0, 500)
    facts = t.until(lambda f: f["start_offset"] == 500)
    check("retention.ms deletes also what nothing follows", facts["start_offset"] == 500, facts)
    t.run("topic", "alter", t.name, "--set", "retention.ms=-1")
    t.produce(500, 10)
    check("offsets go on", t.consume() == [(n, n) for n in range(500, 510)])


def rolled(check, weir, broker):
    t = Topic(weir, broker, "rolled", "segment.ms=200", "retention.ms=-1")
    t.produce(0, 5)
    end, first = time.monotonic() + PATIENCE, 5
    while len(t.files()) < 3 and time.monotonic() < end:
        t.produce(first, 5)
        first += 5
    check("segment.ms rolls", len(t.files()) >= 3, t.files())
    check("nothing is lost by it", t.consume() == [(n, n) for n in range(first)])


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--weir", required=True)
    weir = parser.parse_args().weir
    check = Checks()
    data = tempfile.mkdtemp(prefix="weir-test-")
    try:
        with Broker(weir, data=data, options=["retention.check_interval_ms=100ms"]) as broker:
            kept, start = by_bytes(check, weir, broker)
            by_time(check, weir, broker)
            rolled(check, weir, broker)
            check("stops", broker.stop() == 0)
        with Broker(weir, data=data) as broker:
            kept.broker = broker
            check("the start offset survives a restart", kept.facts()["start_offset"] == start, kept.facts())
    finally:
        shutil.rmtree(data, ignore_errors=True)
    check.close()


if __name__ == "__main__":
    main()
