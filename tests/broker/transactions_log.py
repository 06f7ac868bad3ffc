"""Markers of transactions by hand, as a coordinator writes them (WriteTxnMarkers), and what a partition tells of it, through a
kill: DescribeProducers, ListOffsets, `weir verify`. And who may not begin a transaction."""
import argparse
import struct
import subprocess
import time

from process import Broker, Checks
from wire import PRODUCE, Wire, request, string

LIST_OFFSETS, WRITE_MARKERS, DESCRIBE_PRODUCERS = 2, 27, 61
NONE, UNKNOWN_TOPIC, INVALID_EPOCH, FENCED, NO_ID = 0, 3, 47, 52, 53
ABORT, COMMIT = 0, 1
PRODUCER = 7000


def uvarint(value):
    out = b""
    while value > 0x7F:
        out += bytes([value & 0x7F | 0x80])
        value >>= 7
    return out + bytes([value])


def compact(items):
    return uvarint(len(items) + 1) + b"".join(items)


def text(value):
    return uvarint(len(value) + 1) + value.encode()


class Answer:
    """A flexible answer, read field by field."""

    def __init__(self, raw):
        self.raw, self.at = raw, 0
        self.take(">i")
        self.uvarint()  # the header's tagged fields

    def take(self, layout):
        (value,) = struct.unpack_from(layout, self.raw, self.at)
        self.at += struct.calcsize(layout)
        return value

    def uvarint(self):
        value = shift = 0
        while True:
            byte = self.take(">B")
            value |= (byte & 0x7F) << shift
            shift += 7
            if byte < 0x80:
                return value

    def count(self):
        return self.uvarint() - 1

    def text(self):
        size = self.count()
        self.at += max(size, 0)
        return None if size < 0 else self.raw[self.at - size:self.at].decode()


def ask(broker, key, version, body):
    wire = Wire(broker.kafka_port)
    raw = wire.send(request(key, version, body, flexible=True)).answer()
    wire.close()
    return Answer(raw)


def write_marker(broker, kind, epoch=0, coordinator=1, version=0, topic="t", producer=PRODUCER):
    """The error code."""
    partitions = compact([struct.pack(">i", 0)])
    marker = struct.pack(">qh?", producer, epoch, kind == COMMIT) + compact([text(topic) + partitions + b"\0"])
    marker += struct.pack(">ib", coordinator, version) + b"\0"
    told = ask(broker, WRITE_MARKERS, 2, compact([marker]) + b"\0")
    assert told.count() == 1 and told.take(">q") == producer
    assert told.count() == 1 and told.text() == topic
    assert told.count() == 1 and told.take(">i") == 0
    return told.take(">h")


def producers(broker, topic="t"):
    """(error, {id: (epoch, last sequence, coordinator epoch, start of the open transaction)})"""
    told = ask(broker, DESCRIBE_PRODUCERS, 0, compact([text(topic) + compact([struct.pack(">i", 0)]) + b"\0"]) + b"\0")
    told.take(">i")
    assert told.count() == 1 and told.text() == topic and told.count() == 1
    told.take(">i")
    error = told.take(">h")
    told.text()
    found = {}
    for _ in range(told.count()):
        number, epoch, sequence = told.take(">q"), told.take(">i"), told.take(">i")
        told.take(">q")
        found[number] = (epoch, sequence, told.take(">i"), told.take(">q"))
        told.uvarint()
    return error, found


def latest(broker, committed):
    body = struct.pack(">ib", -1, committed) + compact([text("t") + compact([struct.pack(">iiq", 0, -1, -1) + b"\0"]) + b"\0"])
    told = ask(broker, LIST_OFFSETS, 6, body + b"\0")
    told.take(">i")
    assert told.count() == 1 and told.text() == "t" and told.count() == 1
    told.take(">i")
    assert told.take(">h") == NONE
    told.take(">q")
    return told.take(">q")


def crc32c(data):
    crc = 0xFFFFFFFF
    for byte in data:
        crc ^= byte
        for _ in range(8):
            crc = crc >> 1 ^ (0x82F63B78 if crc & 1 else 0)
    return crc ^ 0xFFFFFFFF


def batch(attributes, sequence=0):
    record = b"\0\0\0\x01\x02v\0"  # attributes, deltas, no key, the value, no headers
    record = uvarint(len(record) * 2) + record
    now = int(time.time() * 1000)
    behind = struct.pack(">hiqqqhii", attributes, 0, now, now, PRODUCER, 0, sequence, 1) + record
    return struct.pack(">qiibI", 0, len(behind) + 9, -1, 2, crc32c(behind)) + behind


def produce(broker, records, transactional_id):
    """The error code, by Produce version 7."""
    partition = struct.pack(">i", 0) + struct.pack(">i", len(records)) + records
    body = string(transactional_id) + struct.pack(">hi", -1, 10_000) + struct.pack(">i", 1) + string("t")
    wire = Wire(broker.kafka_port)
    raw = wire.ask(PRODUCE, 7, body + struct.pack(">i", 1) + partition)
    wire.close()
    return struct.unpack_from(">h", raw, 4 + 4 + 2 + 1 + 4 + 4)[0]


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--weir", required=True)
    args = parser.parse_args()
    check = Checks()
    with Broker(args.weir) as broker:
        subprocess.run([args.weir, "topic", "create", "t", "-p", "1", "--brokers", broker.kafka], check=True,
                       capture_output=True, timeout=60)
        check("a plain idempotent batch is taken", produce(broker, batch(0), None) == NONE)
        check("one of a transaction without an id is not", produce(broker, batch(0x10, 1), None) == NO_ID)
        check("nor one that no coordinator knows of", produce(broker, batch(0x10, 1), "unknown") != NONE)
        check("nor a control batch", produce(broker, batch(0x30, 1), "unknown") != NONE)
        check("nothing was stored", latest(broker, False) == 1)

        check("a marker is taken", write_marker(broker, ABORT, coordinator=3) == NONE)
        check("it is an entry of the log, and stable", latest(broker, False) == latest(broker, True) == 2)
        told = producers(broker)
        check("the producer is told of", told == (NONE, {PRODUCER: (0, 0, 3, -1)}), told)
        check("an older coordinator is fenced", write_marker(broker, ABORT, coordinator=2) == FENCED)
        check("version 2 raises the epoch", write_marker(broker, COMMIT, epoch=1, coordinator=3, version=2) == NONE)
        check("its repeat is no error", write_marker(broker, COMMIT, epoch=1, coordinator=3, version=2) == NONE)
        check("an older epoch is", write_marker(broker, COMMIT, epoch=0, coordinator=3) == INVALID_EPOCH)
        check("and so is its batch", produce(broker, batch(0, 1), None) == INVALID_EPOCH)
        check("of a topic that is not there", write_marker(broker, ABORT, topic="nobody's") == UNKNOWN_TOPIC)
        check("nor can its producers be told", producers(broker, "nobody's")[0] == UNKNOWN_TOPIC)
        before = (producers(broker), latest(broker, True))
        broker.kill()
        check.verified(broker, "after a kill")
        broker.start()
        after = (producers(broker), latest(broker, True))
        check("all of it is known after a kill", after == before, (before, after))
        check("the epoch too", write_marker(broker, ABORT, epoch=0, coordinator=9) == INVALID_EPOCH)
    check.close()


if __name__ == "__main__":
    main()
