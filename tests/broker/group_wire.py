"""A member of a consumer group, by hand: the requests of the classic protocol in versions without tagged fields."""
import struct

from wire import Wire, string

PRODUCE, FETCH, LIST_OFFSETS, METADATA = 0, 1, 2, 3
OFFSET_COMMIT, OFFSET_FETCH, FIND_COORDINATOR, JOIN, HEARTBEAT, LEAVE, SYNC = 8, 9, 10, 11, 12, 13, 14
DESCRIBE_GROUPS, LIST_GROUPS, DELETE_GROUPS = 15, 16, 42

NONE, NOT_AVAILABLE, LOADING, NOT_COORDINATOR = 0, 15, 14, 16
ILLEGAL_GENERATION, UNKNOWN_MEMBER, REBALANCING, NON_EMPTY_GROUP, GROUP_ID_NOT_FOUND = 22, 25, 27, 68, 69
MEMBER_ID_REQUIRED, GROUP_MAX_SIZE = 79, 81
RETRIABLE = (NOT_AVAILABLE, LOADING, NOT_COORDINATOR)


def raw(value):
    return struct.pack(">i", -1) if value is None else struct.pack(">i", len(value)) + value


def array(items):
    return struct.pack(">i", len(items)) + b"".join(items)


class Reader:
    def __init__(self, data):
        self.data, self.at = data, 4  # behind the correlation id

    def take(self, form):
        size = struct.calcsize(form)
        value = struct.unpack_from(form, self.data, self.at)[0]
        self.at += size
        return value

    def i8(self):
        return self.take(">b")

    def i16(self):
        return self.take(">h")

    def i32(self):
        return self.take(">i")

    def i64(self):
        return self.take(">q")

    def string(self):
        size = self.i16()
        return None if size < 0 else self.bytes_of(size).decode()

    def raw(self):
        size = self.i32()
        return None if size < 0 else self.bytes_of(size)

    def bytes_of(self, size):
        self.at += size
        return self.data[self.at - size:self.at]

    def array(self, item):
        return [item() for _ in range(self.i32())]


class Gone(Exception):
    """The broker closed the connection."""


class Peer(Wire):
    """One connection, questions answered one after the other."""

    def question(self, key, version, body):
        answer = self.ask(key, version, body)
        if answer is None:
            raise Gone()
        return Reader(answer)

    def find_coordinator(self, name, kind=0):
        """(error, host:port or None)"""
        r = self.question(FIND_COORDINATOR, 1, string(name) + struct.pack(">b", kind))
        r.i32()
        error = r.i16()
        r.string()
        r.i32()
        host, port = r.string(), r.i32()
        return error, None if error else f"{host}:{port}"

    def join(self, group, member="", protocols=(("range", b"meta"),), session=10_000, rebalance=10_000, version=3):
        body = string(group) + struct.pack(">ii", session, rebalance) + string(member) + string("consumer")
        r = self.question(JOIN, version, body + array([string(n) + raw(m) for n, m in protocols]))
        return self.joined(r)

    @staticmethod
    def joined(r):
        r.i32()
        error, generation, protocol, leader, member = r.i16(), r.i32(), r.string(), r.string(), r.string()
        members = dict(r.array(lambda: (r.string(), r.raw())))
        return {"error": error, "generation": generation, "protocol": protocol, "leader": leader, "member": member,
                "members": members}

    def sync(self, group, generation, member, assignments=None):
        body = string(group) + struct.pack(">i", generation) + string(member)
        r = self.question(SYNC, 1, body + array([string(m) + raw(a) for m, a in (assignments or {}).items()]))
        r.i32()
        return r.i16(), r.raw()

    def heartbeat(self, group, generation, member):
        r = self.question(HEARTBEAT, 1, string(group) + struct.pack(">i", generation) + string(member))
        r.i32()
        return r.i16()

    def leave(self, group, member):
        r = self.question(LEAVE, 1, string(group) + string(member))
        r.i32()
        return r.i16()

    def commit(self, group, offsets, generation=-1, member=""):
        """offsets: {(topic, partition): offset}; {(topic, partition): error}"""
        topics = {}
        for (topic, partition), offset in offsets.items():
            topics.setdefault(topic, []).append(struct.pack(">iq", partition, offset) + string("m"))
        body = string(group) + struct.pack(">i", generation) + string(member) + struct.pack(">q", -1)
        r = self.question(OFFSET_COMMIT, 3, body + array([string(t) + array(p) for t, p in topics.items()]))
        r.i32()
        out = {}
        for topic, partitions in r.array(lambda: (r.string(), r.array(lambda: (r.i32(), r.i16())))):
            out.update({(topic, p): e for p, e in partitions})
        return out

    def committed(self, group, partitions=None):
        """(error, {(topic, partition): offset}); None: all that there are."""
        if partitions is None:
            body = struct.pack(">i", -1)
        else:
            topics = {}
            for topic, partition in partitions:
                topics.setdefault(topic, []).append(struct.pack(">i", partition))
            body = array([string(t) + array(p) for t, p in topics.items()])
        r = self.question(OFFSET_FETCH, 3, string(group) + body)
        r.i32()
        out = {}
        one = lambda: (r.i32(), r.i64(), r.string(), r.i16())
        for topic, found in r.array(lambda: (r.string(), r.array(one))):
            out.update({(topic, p): offset for p, offset, _, error in found if error == NONE})
        return r.i16(), out

    def list_groups(self):
        r = self.question(LIST_GROUPS, 1, b"")
        r.i32()
        error = r.i16()
        return error, dict(r.array(lambda: (r.string(), r.string())))

    def describe(self, *groups):
        r = self.question(DESCRIBE_GROUPS, 1, array([string(g) for g in groups]))
        r.i32()
        member = lambda: (r.string(), r.string(), r.string(), r.raw(), r.raw())
        one = lambda: {"error": r.i16(), "group": r.string(), "state": r.string(), "type": r.string(), "protocol": r.string(),
                       "members": r.array(member)}
        return {g["group"]: g for g in r.array(one)}

    def delete_groups(self, *groups):
        r = self.question(DELETE_GROUPS, 0, array([string(g) for g in groups]))
        r.i32()
        return dict(r.array(lambda: (r.string(), r.i16())))
