"""What surface.py asks, in this order, of one broker that begins empty."""
import dataclasses
import struct
import typing

TOPIC, BROKER, BROKER_LOGGER, CLIENT_METRICS, GROUP = 2, 4, 8, 16, 32
SET, DELETE, APPEND, SUBTRACT = range(4)


@dataclasses.dataclass
class Case:
    name: str
    api: str
    version: int
    fields: dict
    differs: str = ""  # why Weir answers something else
    view: typing.Callable = lambda told: told
    settled: typing.Callable = lambda told: True
    before: typing.Sequence = ()  # what the same client asks first, each (api, version, fields)


@dataclasses.dataclass(frozen=True)
class IdOf:
    """Stands in a request for the id of the topic with this name."""
    topic: str


def crc32c(data):
    crc = 0xFFFFFFFF
    for byte in data:
        crc ^= byte
        for _ in range(8):
            crc = crc >> 1 ^ (0x82F63B78 if crc & 1 else 0)
    return crc ^ 0xFFFFFFFF


def batch(times):
    """One record for each time, in hex."""
    def varint(n):
        n, out = n << 1 ^ n >> 63, b""
        while n >= 0x80:
            out, n = out + bytes([n & 0x7F | 0x80]), n >> 7
        return out + bytes([n])
    records = b""
    for at, time in enumerate(times):
        one = b"\0" + varint(time - times[0]) + varint(at) + varint(1) + b"k" + varint(1) + b"v" + varint(0)
        records += varint(len(one)) + one
    rest = struct.pack(">hiqqqhii", 0, len(times) - 1, times[0], max(times), -1, -1, -1, len(times)) + records
    return (struct.pack(">qiibI", 0, len(rest) + 9, 0, 2, crc32c(rest)) + rest).hex()


def no_configs(told):
    """Of CreateTopics: how many configs a topic has says nothing here."""
    for t in told["topics"]:
        t["configs"] = None if t["configs"] is None else "*"
    return told


def topic(name, partitions=1, replicas=1, **more):
    return {"name": name, "num_partitions": partitions, "replication_factor": replicas, **more}


def creations():
    def create(name, *topics, version=7, validate=False, **more):
        return Case(f"create topics: {name}", "create_topics", version,
                    {"topics": list(topics), "timeout_ms": 10_000, "validate_only": validate},
                    view=no_configs if version >= 5 else lambda t: t, **more)
    settings = lambda **kv: [{"name": k.replace("_", "."), "value": v} for k, v in kv.items()]
    manual = lambda *lists: [{"partition_index": i, "broker_ids": list(b)} for i, b in enumerate(lists)]
    yield create("one with three partitions", topic("t", 3))
    yield create("a dotted one", topic("dotted.name"))
    yield create("validated only", topic("validated", 2), validate=True, differs="nothing is made, so there is no id to tell")
    yield create("with the broker's numbers", topic("standard", -1, -1))
    yield create("that exists", topic("t"))
    yield create("that exists, validated only", topic("t"), validate=True)
    yield create("twice in one request", topic("twice"), topic("twice"), topic("beside"))
    yield create("a name that collides", topic("dotted_name"))
    yield create("no name", topic(""))
    yield create("a name of one dot", topic("."))
    yield create("a name of two dots", topic(".."))
    yield create("a name with a slash", topic("a/b"))
    yield create("a long name", topic("x" * 250))
    yield create("no partitions", topic("bad", 0))
    yield create("fewer than no partitions", topic("bad", -2))
    yield create("no replicas", topic("bad", 1, 0))
    yield create("fewer than no replicas", topic("bad", 1, -2))
    yield create("more replicas than brokers", topic("bad", 1, 3), differs="Weir has one log directory, which nobody cordons")
    yield create("very many partitions", topic("bad", 2_000_000_000),
                 differs="a topic has at most 10000 partitions; Kafka stops at what one change of its metadata can hold")
    yield create("an unknown config", topic("bad", configs=settings(no_such="1")))
    yield create("a config that is no number", topic("bad", configs=settings(retention_ms="x")))
    yield create("a config below its range", topic("bad", configs=settings(segment_bytes="1")),
                 differs="the least is that of Weir's own segments")
    yield create("a config that is none of the choices", topic("bad", configs=settings(cleanup_policy="x")))
    yield create("a config without a value", topic("bad", configs=settings(retention_ms=None)))
    yield create("a good config", topic("configured", configs=settings(retention_ms="5000", cleanup_policy="compact,delete")))
    yield create("assigned by hand", topic("by-hand", -1, -1, assignments=manual([1], [1])))
    yield create("assigned by hand and counted", topic("bad", 2, -1, assignments=manual([1])))
    yield create("assigned by hand and replicated", topic("bad", -1, 2, assignments=manual([1])))
    yield create("assigned to nobody", topic("bad", -1, -1, assignments=manual([])))
    yield create("assigned to one that is not there", topic("bad", -1, -1, assignments=manual([9])))
    yield create("assigned to one twice", topic("bad", -1, -1, assignments=manual([1, 1])))
    yield create("assigned with a gap", topic("bad", -1, -1, assignments=[{"partition_index": 1, "broker_ids": [1]}]))
    yield create("assigned in two lengths", topic("bad", -1, -1, assignments=manual([1], [])))
    yield create("in version 2", topic("old"), version=2)
    yield create("in version 4 with the broker's numbers", topic("old-standard", -1, -1), version=4)
    yield create("of nothing")


def growth():
    def grow(name, topic, count, assignments=None, validate=False, **more):
        return Case(f"create partitions: {name}", "create_partitions", 3,
                    {"topics": [{"name": topic, "count": count, "assignments": assignments}], "timeout_ms": 10_000,
                     "validate_only": validate}, **more)
    to = lambda *lists: [{"broker_ids": list(b)} for b in lists]
    yield grow("one more, validated only", "t", 4, validate=True)
    yield grow("one more", "t", 4)
    yield grow("as many as there are", "t", 4)
    yield grow("fewer", "t", 1)
    yield grow("none", "t", 0)
    yield grow("a negative count", "t", -1)
    yield grow("of an unknown topic", "nobodys", 4)
    yield grow("of a topic without a name", "", 4)
    yield grow("very many", "t", 2_000_000_000, differs="a topic has at most 10000 partitions")
    yield grow("too few assignments", "t", 6, to([1]))
    yield grow("too many assignments", "t", 5, to([1], [1]))
    yield grow("to one that is not there", "t", 5, to([9]))
    yield grow("to nobody", "t", 5, to([]))
    yield grow("to more than the others have", "t", 5, to([1, 1]))
    yield Case("create partitions: twice in one request", "create_partitions", 3, {"topics": [
        {"name": "t", "count": 8, "assignments": None}, {"name": "t", "count": 9, "assignments": None}], "timeout_ms": 10_000})


def deletions():
    def by_name(name, *names, version=5, **more):
        return Case(f"delete topics: {name}", "delete_topics", version, {"topic_names": list(names), "timeout_ms": 10_000}, **more)

    def by_any(name, *topics, **more):
        return Case(f"delete topics: {name}", "delete_topics", 6, {"topics": list(topics), "timeout_ms": 10_000}, **more)
    yield by_name("by name", "beside")
    yield by_name("an unknown name", "nobodys")
    yield by_name("no name", "")
    yield by_name("one twice", "by-hand", "by-hand")
    yield by_name("in version 1", "nobodys", version=1)
    yield by_any("an unknown id", {"name": None, "topic_id": "1" * 32})
    yield by_any("neither name nor id", {"name": None})
    yield by_any("both name and id", {"name": "t", "topic_id": "1" * 32})
    yield by_any("a name in version 6", {"name": "standard"})
    yield by_any("a wrong name in version 6", {"name": "a/b"})


def metadata():
    def settled(told):
        return all(p["error"] == 0 for t in told["topics"] for p in t["partitions"])

    def meta(name, topics, version=13, **more):
        fields = {"topics": topics}
        auto = more.pop("auto", None)
        if auto is not None:
            fields["allow_auto_topic_creation"] = auto
        if version >= 8:
            fields["include_topic_authorized_operations"] = True
        more.setdefault("settled", settled)
        return Case(f"metadata: {name}", "metadata", version, fields, **more)
    yield meta("a topic", [{"name": "t"}])
    yield meta("none", [])
    yield meta("a topic twice", [{"name": "t"}, {"name": "t"}])
    yield meta("an id twice", [{"name": None, "topic_id": "1" * 32}] * 2)
    yield meta("an id and a name", [{"name": None, "topic_id": "1" * 32}, {"name": "t"}])
    yield meta("by an unknown id", [{"name": None, "topic_id": "1" * 32}])
    yield meta("by neither name nor id", [{"name": None}], differs="Kafka fails on it")
    yield meta("by both", [{"name": "t", "topic_id": "1" * 32}])
    yield meta("an unknown topic", [{"name": "nobodys"}], auto=False)
    yield meta("a bad name", [{"name": "a/b"}], auto=True)
    yield meta("no name", [{"name": ""}], auto=True)
    yield meta("a name that collides", [{"name": "dotted_name"}], auto=True,
               differs="Kafka tries to make it and lets the client ask for ever")
    yield meta("one that is made", [{"name": "made"}], auto=True,
               settled=lambda told: all(t["error"] == 0 and t["partitions"] and t["partitions"][0]["error"] == 0
                                        for t in told["topics"]))
    yield meta("in version 0", [{"name": "t"}], version=0)
    yield meta("in version 9", [{"name": "t"}], version=9)
    yield meta("none in version 0, which is all", [], version=0, view=lambda told: len(told["topics"]))
    yield meta("all", None, view=lambda told: sorted(t["name"] for t in told["topics"]))

    def pages(name, topics, limit=2000, cursor=None, **more):
        return Case(f"describe topic partitions: {name}", "describe_topic_partitions", 0,
                    {"topics": [{"name": t} for t in topics], "response_partition_limit": limit, "cursor": cursor},
                    settled=settled, **more)
    yield pages("a topic", ["t"])
    yield pages("the first page", ["t"], limit=2)
    yield pages("the second page", ["t"], limit=2, cursor={"topic_name": "t", "partition_index": 2})
    yield pages("two topics, the first page", ["t", "dotted.name"], limit=3)
    yield pages("exactly one page", ["dotted.name", "t"], limit=1)
    yield pages("a cursor behind the end", ["t"], cursor={"topic_name": "t", "partition_index": 99})
    yield pages("a cursor of an unknown topic", ["t"], cursor={"topic_name": "nobodys", "partition_index": 0})
    yield pages("a cursor behind all topics", ["dotted.name"], cursor={"topic_name": "zzz", "partition_index": 0})
    yield pages("a negative cursor", ["t"], cursor={"topic_name": "t", "partition_index": -1})
    yield pages("no partitions", ["t"], limit=0)
    yield pages("an unknown topic", ["nobodys"])
    yield pages("a bad name", ["a/b"])


def clusters():
    def describe(name, version=2, **fields):
        differs = fields.pop("differs", "")
        return Case(f"describe cluster: {name}", "describe_cluster", version, fields, differs=differs)
    yield describe("it", include_cluster_authorized_operations=True)
    yield describe("with fenced brokers", include_fenced_brokers=True)
    yield describe("its controllers", endpoint_type=2)
    yield describe("an endpoint of no type", endpoint_type=3)
    yield describe("its controllers, in version 1", version=1, endpoint_type=2)
    yield describe("in version 0", version=0)
    voter = {"voter_id": 9, "voter_directory_id": "1" * 32}
    many = "which brokers vote follows from which brokers there are; docs/replication.md"
    yield Case("add a voter", "add_raft_voter", 1, {"cluster_id": None, "timeout_ms": 1000, **voter, "listeners": [
        {"name": "CONTROLLER", "host": "127.0.0.1", "port": 9}]}, differs=many)
    yield Case("add a voter of another cluster", "add_raft_voter", 0, {"cluster_id": "another", "timeout_ms": 1000, **voter,
                                                                     "listeners": []}, differs=many)
    yield Case("remove a voter", "remove_raft_voter", 0, {"cluster_id": None, **voter}, differs=many)
    yield Case("remove a voter of another cluster", "remove_raft_voter", 0, {"cluster_id": "another", **voter}, differs=many)


def offsets():
    yield Case("produce: three records", "produce", 11, {"transactional_id": None, "acks": -1, "timeout_ms": 10_000, "topic_data": [
        {"name": "t", "partition_data": [{"index": 0, "records": batch([1000, 3000, 2000])}]}]},
        settled=lambda told: told["responses"][0]["partition_responses"][0]["error"] == 0)

    def at(name, timestamp, topic="t", partition=0, version=11, epoch=None, isolation=0, differs=""):
        asked = {"partition_index": partition, "timestamp": timestamp}
        if epoch is not None:
            asked["current_leader_epoch"] = epoch
        return Case(f"list offsets: {name}", "list_offsets", version,
                    {"replica_id": -1, "topics": [{"name": topic, "partitions": [asked]}],
                     **({"isolation_level": isolation} if version >= 2 else {})}, differs)
    yield at("the latest", -1)
    yield at("the latest that is committed", -1, isolation=1)
    yield at("the earliest", -2)
    yield at("the largest time", -3)
    yield at("the earliest that is local", -4)
    yield at("the latest that is tiered", -5)
    yield at("the earliest that is to be tiered", -6)
    yield at("a special time that there is not", -7)
    yield at("a time before all", 0)
    yield at("a time within", 2500)
    yield at("a time after all", 9999)
    yield at("the largest time of nothing", -3, partition=1)
    yield at("the latest of nothing", -1, partition=1)
    yield at("an unknown topic", -1, topic="nobodys")
    yield at("an unknown partition", -1, partition=99)
    yield at("a negative partition", -1, partition=-1)
    yield at("an epoch to come", -1, epoch=1000)
    yield at("an isolation that there is not", -1, isolation=5, differs="Kafka fails on it")
    yield at("the largest time before version 7", -3, version=6)
    yield at("the earliest local before version 8", -4, version=7)
    yield at("the latest tiered before version 9", -5, version=8)
    yield at("the earliest to be tiered before version 11", -6, version=10)
    yield at("in version 1", -2, version=1)
    same = {"partition_index": 0, "timestamp": -1}
    yield Case("list offsets: one partition twice", "list_offsets", 11,
               {"replica_id": -1, "topics": [{"name": "t", "partitions": [same, same]}]},
               differs="the first of the two is answered")

    def epoch(name, of, current=-1, topic="t", partition=0, differs=""):
        return Case(f"offset for leader epoch: {name}", "offset_for_leader_epoch", 4, {"replica_id": -1, "topics": [
            {"topic": topic, "partitions": [{"partition": partition, "current_leader_epoch": current, "leader_epoch": of}]}]},
            differs, settled=lambda told: told["topics"][0]["partitions"][0]["error"] != 6)
    yield epoch("to come", 1000)
    yield epoch("none", -1)
    yield epoch("the client's is newer", 0, current=1000)
    yield epoch("an unknown topic", 0, topic="nobodys")
    yield epoch("an unknown partition", 0, partition=99)


def others():
    def records(name, topic, partition, offset, differs=""):
        return Case(f"delete records: {name}", "delete_records", 2, {"timeout_ms": 10_000, "topics": [
            {"name": topic, "partitions": [{"partition_index": partition, "offset": offset}]}]}, differs)
    yield records("two", "t", 0, 2)
    yield records("again", "t", 0, 1)
    yield records("all", "t", 0, -1)
    yield records("more than there are", "t", 0, 99)
    yield records("a negative offset", "t", 0, -5)
    yield records("an unknown topic", "nobodys", 0, 0)
    yield records("an unknown partition", "t", 99, 0)

    def elect(name, kind, topics, **more):
        return Case(f"elect leaders: {name}", "elect_leaders", 2, {"election_type": kind, "timeout_ms": 10_000, "topic_partitions":
                    topics and [{"topic": t, "partitions": [p]} for t, p in topics]}, **more)
    yield elect("the preferred one", 0, [("t", 0)])
    yield elect("an unclean one", 1, [("t", 0)])
    yield elect("of all", 0, None)
    yield elect("in no way that there is", 7, [("t", 0)])
    yield elect("of an unknown topic", 0, [("nobodys", 0)])
    yield elect("of an unknown partition", 0, [("t", 99)])

    def reassign(name, topic, partition, replicas, **more):
        return Case(f"reassign: {name}", "alter_partition_reassignments", 1, {"timeout_ms": 10_000, "topics": [
            {"name": topic, "partitions": [{"partition_index": partition, "replicas": replicas}]}]}, **more)
    yield reassign("to where it is", "t", 0, [1])
    yield reassign("to one that is not there", "t", 0, [9])
    yield reassign("to nobody", "t", 0, [])
    yield reassign("to one twice", "t", 0, [1, 1])
    yield reassign("to a negative one", "t", 0, [-1])
    yield reassign("called off, where there is none", "t", 0, None, differs="the code's words are said as well")
    yield reassign("of an unknown topic", "nobodys", 0, [1])
    yield reassign("of an unknown partition", "t", 99, [1])
    yield Case("list reassignments: all", "list_partition_reassignments", 0, {"timeout_ms": 10_000, "topics": None})
    yield Case("list reassignments: of unknown ones", "list_partition_reassignments", 0, {"timeout_ms": 10_000, "topics": [
        {"name": "nobodys", "partition_indexes": [0]}, {"name": "t", "partition_indexes": [0, 99]}]})
    yield Case("unregister a broker: an unknown one", "unregister_broker", 0, {"broker_id": 9})
    yield Case("init a producer id: of no transactions", "init_producer_id", 5, {"transactional_id": None},
               view=lambda told: {k: v for k, v in told.items() if k != "producer_id"}, settled=lambda told: told["error"] != 14)
    yield Case("init a producer id: with an epoch but no id", "init_producer_id", 5, {"transactional_id": None, "producer_epoch": 3})
    yield Case("init a producer id: with an id but no epoch", "init_producer_id", 5, {
        "transactional_id": None, "producer_id": 3, "producer_epoch": -1})
    yield Case("describe the quorum: of another topic", "describe_quorum", 2, {"topics": [
        {"topic_name": "t", "partitions": [{"partition_index": 0}]}]}, view=lambda told: {**told, "nodes": len(told["nodes"])})
    yield Case("describe the quorum: names of listeners are in capitals", "describe_quorum", 2, {"topics": [
        {"topic_name": "__cluster_metadata", "partitions": [{"partition_index": 0}]}]},
        view=lambda told: [{n["name"].isupper() for n in node["listeners"]} == {True} for node in told["nodes"]])
    yield Case("produce: to an unknown topic", "produce", 11, {"transactional_id": None, "acks": -1, "timeout_ms": 10_000,
               "topic_data": [{"name": "nobodys", "partition_data": [{"index": 0, "records": batch([1])}]}]})
    yield Case("produce: to an unknown id", "produce", 13, {"transactional_id": None, "acks": -1, "timeout_ms": 10_000,
               "topic_data": [{"topic_id": "1" * 32, "partition_data": [{"index": 0, "records": batch([1])}]}]})
    yield Case("produce: with acks that there are not", "produce", 11, {"transactional_id": None, "acks": 5, "timeout_ms": 10_000,
               "topic_data": [{"name": "t", "partition_data": [{"index": 0, "records": batch([1])}]}]})


def cases():
    from surface_configs import alterations, descriptions, features, log_dirs
    from surface_shares import shares
    from surface_streams import streams
    for group in (creations, growth, metadata, offsets, others, clusters, descriptions, alterations, features, log_dirs, deletions,
                  shares, streams):
        yield from group()
