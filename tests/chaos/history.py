"""What the clients of a chaos run saw, one file a worker: a line of JSON that says who wrote it, then one short line an event.
Times are microseconds of the system's monotonic clock, which all processes of a machine share.

    = K TOPIC PARTITION    from here on K stands for that partition
    i N K T                a producer hands over its record N
    o N O T                acknowledged at offset O (-1: the client was not told where)
    u N CODE T             nobody knows: the record may be there or not, or come yet
    f N CODE T             refused before it was sent: it must never be there
    F T TEXT               an idempotent producer gave up for good, and another took its place
    s T                    a reader begins anew: nothing is known of its positions
    r K O PRODUCER N       it was given that record
    x K O                  it was given other bytes than were sent
    e K CODE T             it was given an error
    w K O T0 T1            the high watermark, asked for from T0 to T1
    h WHAT T               a reader's call never came back; it gave itself up
    a JSON                 a call of the admin client: op, topic, t0, t1, result (ok, fail, unknown), and what it was about
"""
import bisect
import json
import time
from array import array
from collections import Counter

IDS_A_PRODUCER = 1 << 40


def now():
    return time.monotonic_ns() // 1000


class Writer:
    """A worker's own file; times are written as they were when the call began or ended, not when the line was. Who writes it
    is there at once, whatever becomes of the worker."""

    def __init__(self, path, **who):
        self.out = open(path, "w")
        self.out.write(json.dumps(who) + "\n")
        self.out.flush()
        self.keys = {}

    def key(self, topic, partition):
        found = self.keys.get((topic, partition))
        if found is None:
            found = self.keys[topic, partition] = len(self.keys)
            self.out.write(f"= {found} {topic} {partition}\n")
        return found

    def line(self, *words):
        self.out.write(" ".join(map(str, words)) + "\n")

    def last(self, *words):
        """For a worker that is about to end where it is."""
        self.line(*words)
        self.out.flush()

    def close(self):
        self.out.close()


class Producer:
    """Record N's place in each of the arrays is N."""

    def __init__(self, number, who):
        self.number, self.name, self.idempotent = number, who["name"], who.get("idempotent", False)
        self.for_good = who.get("acks", "all") == "all"  # an acknowledgement is a promise
        self.partition, self.invoked, self.ended = array("l"), array("q"), array("q")
        self.state = bytearray()  # one of the letters above
        self.offset = array("q")
        self.given_up, self.codes = [], Counter()

    def record(self, n):
        return self.number * IDS_A_PRODUCER + n


class History:
    """All that is kept of a run: producers' records, the admin's calls, and the log as it was read after the calm. Readers'
    files are not kept: the checker goes through them once."""

    def __init__(self):
        self.producers, self.numbers = [], {}
        self.partitions, self.indexes = [], {}  # (topic, partition)
        self.calls = []
        self.readers = []  # (who, lines) not gone through yet
        self.log = {}  # index -> {"start", "records": array of ids from there on, -1: a hole}
        self.malformed = []
        # (topic, partition) -> [base, count, producer id, epoch, first sequence] of each, in order, where brokers' files told
        self.batches = {}

    def batch(self, index, offset):
        batches = self.batches.get(self.partitions[index], [])
        at = bisect.bisect(batches, offset, key=lambda b: b[0]) - 1
        return batches[at] if at >= 0 and offset < batches[at][0] + batches[at][1] else None

    def epoch(self, index, offset):
        """(producer id, epoch) of the batch there; None when nothing is known."""
        batch = self.batch(index, offset)
        return batch and tuple(batch[2:4])

    def begins_late(self, index, offset):
        """Whether the batch there is its producer's first one in the partition, and yet not its first by number."""
        batch = self.batch(index, offset)
        if batch is None or batch[4] == 0:
            return False
        return batch is next(b for b in self.batches[self.partitions[index]] if b[2] == batch[2])

    def index(self, topic, partition):
        key = (topic, int(partition))
        if key not in self.indexes:
            self.indexes[key] = len(self.partitions)
            self.partitions.append(key)
        return self.indexes[key]

    def show(self, index, offset=None):
        topic, partition = self.partitions[index]
        return f"{topic}-{partition}" + ("" if offset is None else f"@{offset}")

    def name(self, record):
        if record < 0:
            return "nothing"
        return f"{self.producers[record // IDS_A_PRODUCER].name}'s {record % IDS_A_PRODUCER}"

    def record(self, producer, n):
        """The id of what a reader saw; of an unknown producer, one that nothing has."""
        number = self.numbers.get(producer)
        return -2 if number is None else number * IDS_A_PRODUCER + int(n)

    def add(self, lines):
        """`lines` is a file, or any iterator of lines. Producers are to be added before readers are gone through."""
        lines = iter(lines)
        try:
            who = json.loads(next(lines))
        except (StopIteration, ValueError):
            self.malformed.append("a file without a beginning: its worker died")
            return self
        if who["role"] == "producer":
            producer = Producer(len(self.producers), who)
            self.numbers[producer.name] = producer.number
            self.producers.append(producer)
            self._produced(producer, lines)
        elif who["role"] == "admin":
            self.calls += [json.loads(line[2:]) for line in lines if line.startswith("a ")]
        else:
            self.readers.append((who, lines))
        return self

    def _produced(self, producer, lines):
        keys = {}
        partition, invoked, ended = producer.partition, producer.invoked, producer.ended
        state, offset = producer.state, producer.offset
        for line in lines:
            kind, *rest = line.split()
            if kind == "i":
                n = int(rest[0])
                if n != len(state):
                    self.malformed.append(f"{producer.name}: record {n} after {len(state) - 1}")
                    return
                partition.append(keys[rest[1]])
                invoked.append(int(rest[2]))
                ended.append(-1)
                offset.append(-1)
                state.append(117)  # 'u': unknown, for as long as nothing is said
            elif kind in "ouf":
                n = int(rest[0])
                ended[n] = int(rest[2])
                state[n] = ord(kind)
                if kind == "o":
                    offset[n] = int(rest[1])
                else:
                    producer.codes[rest[1]] += 1
            elif kind == "=":
                keys[rest[0]] = self.index(rest[1], rest[2])
            elif kind == "F":
                producer.given_up.append(" ".join(rest[1:]))
            else:
                self.malformed.append(f"{producer.name}: {line.strip()}")
