"""Bits that rot in a broker's files: files that only spare work are made again with a warning; damage of a segment takes
that partition alone offline, with KAFKA_STORAGE_ERROR for it; damage of the catalog stops the start with one line. `weir
verify` names exactly what was damaged, every time."""
import argparse
import contextlib
import json
import pathlib
import struct
import subprocess

from process import Broker, Checks
from wire import FETCH, PRODUCE, Wire, string

TOPIC, PARTITIONS, RECORDS = "readings", 3, 300
LIST_OFFSETS, STORAGE_ERROR = 2, 56


class Client:
    def __init__(self, weir, broker):
        self.weir, self.broker = weir, broker

    def run(self, *words, stdin=""):
        return subprocess.run([self.weir, *words], input=stdin, capture_output=True, text=True, timeout=120)

    def fill(self):
        at = ["-b", self.broker.kafka]
        self.run("topic", "create", TOPIC, "-p", str(PARTITIONS), *at).check_returncode()
        for partition in range(PARTITIONS):
            lines = "".join(f"{partition}:{n}:{'x' * 200}\n" for n in range(RECORDS))
            self.run("produce", TOPIC, "-p", str(partition), *at, "-X", "enable.idempotence=true", "-X",
                     "batch.num.messages=20", stdin=lines).check_returncode()

    def readable(self, partition):
        """Whether all of a partition's records can be consumed, in order."""
        ran = self.run("consume", TOPIC, "-p", str(partition), "-b", self.broker.kafka)
        lines = ran.stdout.splitlines()
        return ran.returncode == 0 and [line.split(":")[:2] for line in lines] == [[str(partition), str(n)] for n in range(RECORDS)]

    def fetch_code(self, partition):
        wire = Wire(self.broker.kafka_port)
        one = struct.pack(">i", 1) + string(TOPIC) + struct.pack(">ii", 1, partition)
        fetch = wire.ask(FETCH, 4, struct.pack(">iiiib", -1, 10, 1, 1 << 20, 0) + one + struct.pack(">qi", 0, 1 << 20))
        wire.close()
        head = 4 + 4 + 4 + len(string(TOPIC)) + 4 + 4  # correlation id, throttle, topics, name, partitions, partition
        return struct.unpack(">h", fetch[head:head + 2])[0]

    def codes(self, partition):
        """What the broker answers for the partition to Fetch, ListOffsets and Produce."""
        wire = Wire(self.broker.kafka_port)
        one = struct.pack(">i", 1) + string(TOPIC) + struct.pack(">ii", 1, partition)
        listed = wire.ask(LIST_OFFSETS, 1, struct.pack(">i", -1) + one + struct.pack(">q", -1))
        # A batch that is right, of one record: its checksum is looked at before the partition.
        record = bytes([0, 0, 0, 1, 4]) + b"hi" + bytes([0])  # no key
        record = bytes([len(record) * 2]) + record
        body = struct.pack(">hiqqqhii", 0, 0, 1700000000000, 1700000000000, -1, -1, -1, 1) + record
        batch = struct.pack(">qiibI", 0, 9 + len(body), -1, 2, crc32c(body)) + body
        produced = wire.ask(PRODUCE, 3, string(None) + struct.pack(">hi", -1, 10000) + one + struct.pack(">i", len(batch)) + batch)
        wire.close()
        name = len(string(TOPIC))
        head = 4 + 4 + name + 4 + 4  # correlation id, topics, name, partitions, partition
        return {"fetch": self.fetch_code(partition),
                "list": struct.unpack(">h", listed[head:head + 2])[0],
                "produce": struct.unpack(">h", produced[head:head + 2])[0]}


def crc32c(data):
    crc = 0xFFFFFFFF
    for byte in data:
        crc ^= byte
        for _ in range(8):
            crc = (crc >> 1) ^ (0x82F63B78 if crc & 1 else 0)
    return crc ^ 0xFFFFFFFF


@contextlib.contextmanager
def flipped(path, at):
    """One bit of the file is another; afterwards it is what it was, if it was not written again."""
    def flip():
        content = bytearray(path.read_bytes())
        content[at] ^= 0x10
        path.write_bytes(content)
        return content[at]
    damaged = flip()
    yield
    if path.exists() and path.read_bytes()[at] == damaged:
        flip()


class Case:
    def __init__(self, check, weir, broker):
        self.check, self.weir, self.broker = check, weir, broker
        self.client = Client(weir, broker)
        self.data = pathlib.Path(broker.data)

    def file(self, ending, partition=0):
        return next(self.data.glob(f"topics/{TOPIC}.*/{partition}/*{ending}"))

    def finds(self, name, level, path, words=""):
        code, said, error = self.broker.verify()
        wrong = [f for f in said.get("findings", []) if f["level"] != "note"]
        self.check(f"{name}: verify finds that, and only that",
                   code == 1 and len(wrong) == 1 and wrong[0]["level"] == level and
                   self.data / wrong[0]["file"] == path and words in wrong[0]["what"], (code, wrong, error))

    def log_since(self, mark):
        return pathlib.Path(self.broker.log.name).read_text(errors="replace")[mark:]

    def mark(self):
        return len(pathlib.Path(self.broker.log.name).read_text(errors="replace"))

    def metric(self, name):
        return self.broker.metric(f"storage_{name}")

    def report(self, partition):
        return next(p for p in self.broker.json(f"/v1/partitions?topic={TOPIC}") if p["partition"] == partition)


def side_files(case):
    for ending in (".idx", "/producers", "terms", "checkpoint"):
        path = case.file(ending.lstrip("/")) if ending != "/producers" else case.file("terms").with_name("producers")
        mark = case.mark()
        with flipped(path, 40):
            case.finds(ending, "redundant", path)
            case.broker.start()
        warned = [line for line in case.log_since(mark).splitlines() if str(path) in line]
        case.check(f"{ending}: a warning names the file", any("WARN" in w and "made again" in w for w in warned), warned)
        case.check(f"{ending}: everything is served",
                   all(case.client.readable(p) for p in range(PARTITIONS)) and case.metric("partitions_offline") == 0)
        case.check(f"{ending}: an orderly stop", case.broker.stop() == 0)
        case.check.verified(case.broker, f"after {ending} was made again")


def damage_met_by_a_reader(case):
    path = case.file(".log")
    with flipped(path, 4096 + 2000):
        case.finds("a record", "damage", path, "offsets")
        case.broker.start()
        code = case.client.fetch_code(0)
        case.check("a reader of the damage gets KAFKA_STORAGE_ERROR", code == STORAGE_ERROR, code)
        case.check("the other partitions are served", all(case.client.readable(p) for p in (1, 2)))
        report = case.report(0)
        case.check("the report names the damage", report["status"] == "damaged" and str(path) in report["reason"], report)
        case.check("a metric counts it", case.metric("partitions_damaged") == 1)
        case.broker.kill()


def damage_found_at_start(case):
    """With the header gone, or a frame damaged in what has to be scanned, the partition is not opened."""
    path, index = case.file(".log"), case.file(".idx")
    content, indexed = path.read_bytes(), index.read_bytes()
    for name, at in (("the header", 30), ("a frame below the durable position", 4096 + 2000)):
        index.unlink(missing_ok=True)
        mark = case.mark()
        with flipped(path, at):
            case.finds(name, "damage", path)
            case.broker.start()
            answers = case.client.codes(0)
            case.check(f"{name}: KAFKA_STORAGE_ERROR for this partition", set(answers.values()) == {STORAGE_ERROR}, answers)
            case.check(f"{name}: the other partitions are served", all(case.client.readable(p) for p in (1, 2)))
            report = case.report(0)
            case.check(f"{name}: the report names it", report["status"] == "offline" and str(path) in report["reason"], report)
            case.check(f"{name}: a metric counts it", case.metric("partitions_offline") == 1)
            errors = [line for line in case.log_since(mark).splitlines() if line.startswith("ERROR")]
            case.check(f"{name}: one error line", len(errors) == 1 and f"{TOPIC}-0 is offline" in errors[0], errors)
            case.check(f"{name}: an orderly stop", case.broker.stop() == 0)
        case.check(f"{name}: the damaged file was left alone", path.read_bytes() == content)
    index.write_bytes(indexed)
    case.broker.start()
    case.check("restored, it is served again", all(case.client.readable(p) for p in range(PARTITIONS)))
    case.check("an orderly stop", case.broker.stop() == 0)
    case.check.verified(case.broker, "after the restoration")


def catalog(case):
    path = next(case.data.glob("catalog/*.log"))
    mark = case.mark()
    with flipped(path, 4096 + 70):
        case.finds("the catalog", "damage", path)
        try:
            case.broker.start()
            refused = False
        except RuntimeError:
            refused = True
        lines = [line for line in case.log_since(mark).splitlines() if line.startswith("weir: ")]
        case.check("a damaged catalog: no start, one line says why",
                   refused and case.broker.process.returncode == 1 and len(lines) == 1 and str(path) in lines[0], lines)
    case.broker.start()
    case.check("restored, it starts", case.client.readable(0))
    case.check("an orderly stop", case.broker.stop() == 0)


def crash(case):
    """What a kill leaves is no damage: verify sees through the journal, and dump shows what is in it."""
    case.broker.start()
    lines = "".join(f"0:{n}:later\n" for n in range(RECORDS, RECORDS + 50))
    case.client.run("produce", TOPIC, "-p", "0", "-b", case.broker.kafka, stdin=lines).check_returncode()
    code, _, error = case.broker.verify()
    case.check("verify refuses while a broker runs", code == 2 and "in use by process" in error, (code, error))
    case.broker.kill()
    said = case.check.verified(case.broker, "after a kill")
    case.check("with what is in the journal only", said["counts"]["records"] == PARTITIONS * RECORDS + 50, said["counts"])
    dumped = subprocess.run([case.weir, "dump", str(case.data / "journal/0-0.journal"), "--json"], capture_output=True, text=True)
    other = subprocess.run([case.weir, "dump", str(case.data / "journal/0-1.journal"), "--json"], capture_output=True, text=True)
    entries = [json.loads(line) for line in (dumped.stdout + other.stdout).splitlines()]
    case.check("dump shows the journal", any(e["what"] == "bytes" and e["partition"] == 0 for e in entries),
               (dumped.stderr, other.stderr))


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--weir", required=True)
    args = parser.parse_args()
    weir = str(pathlib.Path(args.weir).resolve())
    check = Checks()
    with Broker(weir) as broker:
        case = Case(check, weir, broker)
        case.client.fill()
        check("an orderly stop", broker.stop() == 0)
        said = case.check.verified(case.broker, "after an orderly stop")
        check("and has counted everything", said["counts"]["records"] == PARTITIONS * RECORDS and
              said["counts"]["partitions"] == PARTITIONS, said["counts"])
        side_files(case)
        path = case.file(".log")
        whole = {p: p.read_bytes() for p in path.parent.iterdir()}
        damage_met_by_a_reader(case)
        for p in path.parent.iterdir():  # as from a backup
            p.unlink()
        for p, content in whole.items():
            p.write_bytes(content)
        broker.start()
        check("restored from a backup, it is served", case.client.readable(0))
        check("an orderly stop", broker.stop() == 0)
        damage_found_at_start(case)
        catalog(case)
        crash(case)
    return check.close()


if __name__ == "__main__":
    main()
