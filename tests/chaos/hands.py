"""What the nemesis does by asking a broker: who has which copy, moving copies, electing leaders. By hand, since the clients
at hand lack some of it; and past the proxy, whose links may be cut."""
import os
import pathlib
import signal
import struct
import time

from wire import METADATA, Wire, request, string

FIND_COORDINATOR, ELECT_LEADERS, ALTER_REASSIGNMENTS = 10, 43, 45
PATIENCE = 60


def compact(raw):
    return bytes([len(raw) + 1]) + raw


class Cursor:
    def __init__(self, raw):
        self.raw, self.at = raw, 0

    def take(self, form):
        found = struct.unpack_from(">" + form, self.raw, self.at)
        self.at += struct.calcsize(">" + form)
        return found if len(found) > 1 else found[0]

    def text(self):
        size = self.take("h")
        self.at += max(size, 0)
        return self.raw[self.at - size:self.at].decode() if size >= 0 else None

    def skip_compact(self):
        size = self.take("b")  # of what is null or short
        self.at += max(size - 1, 0)

    def numbers(self):
        return [self.take("i") for _ in range(self.take("i"))]


class Hands:
    def __init__(self, cluster, topic, partitions, say):
        self.cluster, self.topic, self.partitions, self.say = cluster, topic, partitions, say
        self.topics = (topic,)  # all of the run; copies are moved of the first alone
        self.wrong, self.throttle, self.clocks = [], None, None
        self.workers, self.groups = [], []  # of transactional workloads: (name, the file with its process)

    def note(self, text):
        self.say(text)

    def complain(self, text):
        self.say(f"WRONG: {text}")
        self.wrong.append(text)

    def ask(self, key, version, body, flexible=False, patience=20):
        """The first answer that any broker gives: a cursor behind its header, or None."""
        for node in self.cluster.nodes:
            if not node.up or node.paused:
                continue
            try:
                wire = Wire(int(node.client_port), timeout=patience)
                try:
                    answer = wire.send(request(key, version, body, flexible=flexible)).answer()
                finally:
                    wire.close()
            except OSError:
                continue
            if answer:
                return Cursor(answer[5 if flexible else 4:])
        return None

    def metadata(self, topic=None):
        """{partition: (leader, copies, those in step)} of a topic; empty when nobody can tell."""
        cursor = self.ask(METADATA, 1, struct.pack(">i", 1) + string(topic or self.topic), patience=5)
        if cursor is None:
            return {}
        for _ in range(cursor.take("i")):
            cursor.take("i")
            cursor.text()
            cursor.take("i")
            cursor.text()
        cursor.take("i")
        found = {}
        for _ in range(cursor.take("i")):
            cursor.take("h")
            cursor.text()
            cursor.take("b")
            for _ in range(cursor.take("i")):
                _, partition, leader = cursor.take("hii")
                found[partition] = leader, cursor.numbers(), cursor.numbers()
        return found

    def in_step(self, at=None):
        """Whether each partition has a leader and no copy that is behind; `at`: on these brokers and no others."""
        for topic in self.topics:
            found = self.metadata(topic)
            if len(found) != self.partitions or not all(
                    leader >= 0 and sorted(copies) == sorted(in_step) and (topic != self.topic or at in (None, sorted(copies)))
                    for leader, copies, in_step in found.values()):
                return False
        return True

    def await_in_step(self, patience=PATIENCE, at=None):
        end = time.monotonic() + patience
        while not self.in_step(at):
            if time.monotonic() > end:
                return False
            time.sleep(0.1)
        return True

    def reassign(self, partition, to):
        """Asked for, not waited for; the answer's error code, or None when nobody gave one. `to` None: what is under way ends
        where it is."""
        copies = b"\0" if to is None else bytes([len(to) + 1]) + struct.pack(f">{len(to)}i", *to)
        one = struct.pack(">i", partition) + copies + b"\0"
        topic = compact(self.topic.encode()) + b"\x02" + one + b"\0"
        cursor = self.ask(ALTER_REASSIGNMENTS, 0, struct.pack(">i", 10_000) + b"\x02" + topic + b"\0", flexible=True)
        if cursor is None:
            return None
        cursor.take("i")
        code = cursor.take("h")
        if code == 0:
            cursor.skip_compact()  # no message
            cursor.take("b")
            cursor.skip_compact()  # the topic
            cursor.take("b")
            _, code = cursor.take("ih")
        self.say(f"{self.topic}-{partition} to {to}: error {code}" if code else f"{self.topic}-{partition} goes to {to}")
        return code

    def elect(self):
        cursor = self.ask(ELECT_LEADERS, 1, struct.pack(">bii", 0, -1, 10_000))
        if cursor is not None:
            _, code = cursor.take("ih")
            self.say(f"leaders elected, error {code}")

    def coordinated(self, words):
        """Which group or transactional id a step of the plan means."""
        names = self.groups if words["kind"] == "group" else [name for name, _ in self.workers]
        return names[words["number"] % len(names)]

    def coordinator(self, kind, key):
        """The node that any broker names; None when nobody does."""
        cursor = self.ask(FIND_COORDINATOR, 1, string(key) + struct.pack(">b", kind == "transaction"), patience=5)
        if cursor is None:
            return None
        _, code = cursor.take("ih")
        cursor.text()
        number = cursor.take("i")
        return None if code else next((n for n in self.cluster.nodes if n.number == number), None)

    def kill_worker(self, number):
        name, file = self.workers[number % len(self.workers)]
        try:
            os.kill(int(pathlib.Path(file).read_text()), signal.SIGKILL)
            self.note(f"{name} dies")
        except (OSError, ValueError):
            self.note(f"{name} is between two of its lives")
