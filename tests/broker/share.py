"""Share groups on the wire (KIP-932): what share coordinators keep, fenced by epochs; members of one partition, with sessions,
locks, limits and connections that end; all of it across kill -9, on one broker and on three. What `weir group` and the metrics tell."""
import argparse
import base64
import json
import pathlib
import random
import subprocess
import sys

here = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(here.parent.parent / "bench"))
import codec  # noqa: E402
from brokers import Cluster, eventually  # noqa: E402
from groups import metric  # noqa: E402
from process import Broker, Checks  # noqa: E402
from surface import ask  # noqa: E402
from surface_cases import batch as records  # noqa: E402
from wire import Wire, request  # noqa: E402

GROUP = "sharers"
FENCED_LEADER_EPOCH, INVALID_REQUEST, FENCED_STATE_EPOCH = 74, 42, 124
INVALID_RECORD_STATE, SESSION_NOT_FOUND, INVALID_SESSION_EPOCH, SESSION_LIMIT = 121, 122, 123, 133
NOT_LEADER, UNKNOWN_TOPIC_OR_PARTITION = 6, 3
ACCEPT, RELEASE, REJECT, RENEW = 1, 2, 3, 4


def one(port, api, version, topic, group=GROUP, **fields):
    """The result of a request about one partition."""
    told = ask(port, api, version, {"group_id": group, "topics": [{"topic_id": topic, "partitions": [{"partition": 0, **fields}]}]})
    return told["results"][0]["partitions"][0]


def found(port, key, version=6):
    told = ask(port, "find_coordinator", version, {"key_type": 2, "coordinator_keys": [key]})
    return told["coordinators"][0]["error"]


def key_of(topic):
    return f"{GROUP}:{base64.urlsafe_b64encode(bytes.fromhex(topic)).decode().rstrip('=')}:0"


def batch(first, last, state, count):
    return {"first_offset": first, "last_offset": last, "delivery_state": state, "delivery_count": count}


def write(port, topic, state_epoch, leader_epoch, start, batches):
    return one(port, "write_share_group_state", 1, topic, state_epoch=state_epoch, leader_epoch=leader_epoch, start_offset=start,
               delivery_complete_count=len(batches), state_batches=batches)


def keeps(check, port, topic):
    check("a key that is none is refused", found(port, "sharers") == INVALID_REQUEST)
    check("the coordinator is found", eventually(lambda: found(port, key_of(topic)) == 0))
    check("nothing is known at first", eventually(
        lambda: one(port, "read_share_group_state", 0, topic, leader_epoch=0)["error"] == INVALID_REQUEST))
    check("a group begins", one(port, "initialize_share_group_state", 0, topic, state_epoch=5, start_offset=-1)["error"] == 0)
    read = one(port, "read_share_group_state", 0, topic, leader_epoch=3)
    check("a leader reads", (read["error"], read["state_epoch"], read["start_offset"]) == (0, 5, -1), read)
    check("and writes", write(port, topic, 5, 3, 10, [batch(12, 14, 2, 1)])["error"] == 0)
    check("the one before may not", write(port, topic, 5, 2, 99, [])["error"] == FENCED_LEADER_EPOCH)
    check("nor one of an older run of the group", write(port, topic, 4, 3, 99, [])["error"] == FENCED_STATE_EPOCH)


def kept(check, port, topic):
    def look():
        read = one(port, "read_share_group_state", 0, topic, leader_epoch=3)
        return read if read["error"] == 0 else None

    read = eventually(look)
    check("all of it is there after kill -9", read and (read["start_offset"], read["state_batches"]) == (10, [batch(12, 14, 2, 1)]), read)
    brief = one(port, "read_share_group_state_summary", 1, topic, leader_epoch=3)
    check("and in brief", (brief["start_offset"], brief["delivery_complete_count"]) == (10, 1), brief)
    check("it is deleted", one(port, "delete_share_group_state", 0, topic)["error"] == 0)
    check("and gone", one(port, "read_share_group_state", 0, topic, leader_epoch=3)["error"] == INVALID_REQUEST)


class Member:
    """One of a share group, with connections of its own: to the group's coordinator and to whoever leads."""

    def __init__(self, port, group, name, topic):
        self.port, self.group, self.name, self.topic = port, group, name, topic
        self.wire, self.session, self.epoch = None, 0, 0

    def ask(self, api, fields, version):
        if not self.wire:
            self.wire = Wire(self.port, timeout=30)
        key, body, flexible = codec.encode(api, version, fields)
        raw = self.wire.send(request(key, version, body, flexible=flexible, client=self.name)).answer()
        return codec.decode(api, version, raw)

    def beat(self, topics=None, epoch=None):
        told = ask(self.port, "share_group_heartbeat", 1, {
            "group_id": self.group, "member_id": self.name, "subscribed_topic_names": topics,
            "member_epoch": self.epoch if epoch is None else epoch})
        if told["error"] == 0:
            self.epoch = told["member_epoch"]
        return told

    def joined(self, name):
        """Whether it has partitions; joins first."""
        told = self.beat([name] if self.epoch == 0 else None)
        return bool(told["assignment"] and told["assignment"]["topic_partitions"])

    def topics(self, acks, partition=0):
        batches = [{"first_offset": a, "last_offset": b, "acknowledge_types": types} for a, b, *types in acks]
        return [{"topic_id": self.topic, "partitions": [{"partition_index": partition, "acknowledgement_batches": batches}]}]

    def told(self, answer, epoch):
        if answer["error"] == 0:
            self.session = 1 if epoch == 0 else self.session + 1
        return answer

    def fetch(self, *acks, records=500, wait=500, epoch=None, renews=False, **more):
        """Acknowledgements are (first, last, type…)."""
        epoch = self.session if epoch is None else epoch
        names = epoch == 0 or bool(acks)
        return self.told(self.ask("share_fetch", {
            "group_id": self.group, "member_id": self.name, "share_session_epoch": epoch,
            "max_wait_ms": wait, "min_bytes": 0 if renews else 1, "max_bytes": 0 if renews else 1 << 20, "max_records": records,
            "batch_size": records, "is_renew_ack": renews, "topics": self.topics(acks) if names else [], **more}, 2), epoch)

    def got(self, *acks, **more):
        """[(first, last, deliveries)] of a fetch."""
        answer = self.fetch(*acks, **more)
        return [(r["first_offset"], r["last_offset"], r["delivery_count"]) for t in answer["responses"] for p in t["partitions"]
                for r in p["acquired_records"]]

    def say(self, *acks, epoch=None, renews=False):
        """The error of the partition, or of all."""
        epoch = self.session if epoch is None else epoch
        answer = self.told(self.ask("share_acknowledge", {
            "group_id": self.group, "member_id": self.name, "share_session_epoch": epoch,
            "is_renew_ack": renews, "topics": self.topics(acks)}, 2), epoch)
        return answer["error"] or answer["responses"][0]["partitions"][0]["error"]

    def hang_up(self):
        self.wire.close()
        self.wire, self.session = None, 0


def produce(port, name, count):
    told = ask(port, "produce", 9, {"acks": -1, "timeout_ms": 5000, "topic_data": [
        {"name": name, "partition_data": [{"index": 0, "records": records(list(range(count)))}]}]})
    return told["responses"][0]["partition_responses"][0]["error"]


def configure(port, group, **configs):
    ask(port, "incremental_alter_configs", 1, {"resources": [{"resource_type": 32, "resource_name": group, "configs": [
        {"name": n.replace("_", "."), "config_operation": 0, "value": v} for n, v in configs.items()]}]})


def make_topic(port, name, replicas=1):
    made = ask(port, "create_topics", 7, {"topics": [{"name": name, "num_partitions": 1, "replication_factor": replicas}],
                                          "timeout_ms": 10000})
    return made["topics"][0]["topic_id"]


def place(port, group):
    """Where the group is, as Kafka tells it: (start, lag)."""
    told = ask(port, "describe_share_group_offsets", 1, {"groups": [{"group_id": group, "topics": None}]})["groups"][0]
    parts = [p for t in told["topics"] for p in t["partitions"]]
    return (parts[0]["start_offset"], parts[0]["lag"]) if parts and not told["error"] and not parts[0]["error"] else None


def coordinated(port, group):
    return ask(port, "find_coordinator", 6, {"key_type": 0, "coordinator_keys": [group]})["coordinators"][0]


def sessions(check, port, topic, group):
    a = Member(port, group, "a", topic)
    check("a session begins with epoch 0", a.fetch(epoch=1)["error"] == SESSION_NOT_FOUND)
    check("and not with acknowledgements", a.fetch((0, 0, ACCEPT))["error"] == INVALID_REQUEST)
    check("there is a first fetch", eventually(lambda: a.got(epoch=0) == [(0, 9, 1)]))
    check("the next has nothing new", a.got(wait=0) == [])
    check("an epoch comes once", a.fetch(epoch=1)["error"] == INVALID_SESSION_EPOCH)
    check("some are accepted", a.say((0, 1, ACCEPT)) == 0)
    check("twice does no harm", a.say((0, 0, ACCEPT)) == 0)
    check("what nobody has is refused", a.say((0, 3, ACCEPT), (3, 4, ACCEPT)) == INVALID_REQUEST)
    check("the right to renew must be asked for", a.say((2, 2, RENEW)) == INVALID_REQUEST)
    check("then it is renewed", a.say((2, 2, RENEW), renews=True) == 0)
    check("or with a fetch that fetches nothing", a.fetch((2, 2, RENEW), renews=True, records=0, wait=0)["error"] == 0)
    check("one by one", a.say((2, 5, ACCEPT, RELEASE, REJECT, RELEASE)) == 0)
    check("the start follows", eventually(lambda: place(port, group) == (3, 6)), place(port, group))
    b = Member(port, group, "b", topic)
    check("another member gets what was released", b.got() == [(3, 3, 2), (5, 5, 2)])
    check("and speaks for nothing else", b.say((6, 6, ACCEPT)) == INVALID_RECORD_STATE)
    check("a member that ends its session gives back the rest", a.say((6, 7, ACCEPT), epoch=-1) == 0)
    check("which others get", b.got((3, 3, ACCEPT)) == [(8, 9, 2)])
    b.hang_up()
    check("as does one that hangs up", eventually(lambda: a.got(wait=0, epoch=0) == [(5, 5, 3), (8, 9, 3)]))
    check("all is done", a.say((5, 5, ACCEPT), (8, 9, ACCEPT)) == 0)
    check("the start is the end", eventually(lambda: place(port, group) == (10, 0)), place(port, group))
    a.hang_up()


def waits(check, port, topic, name, group):
    a = Member(port, group, "a", topic)
    a.fetch(wait=0)
    key, body, flexible = codec.encode("share_fetch", 2, {
        "group_id": group, "member_id": "a", "share_session_epoch": 1, "max_wait_ms": 20000, "min_bytes": 1, "max_bytes": 1 << 20,
        "max_records": 500, "batch_size": 500})
    a.wire.send(request(key, 2, body, flexible=flexible))
    check("records are sent while a fetch waits", produce(port, name, 5) == 0)
    told = codec.decode("share_fetch", 2, a.wire.answer())
    got = [p["acquired_records"] for t in told["responses"] for p in t["partitions"]]
    check("and it gets them", got and (got[0][0]["first_offset"], got[0][0]["last_offset"]) == (10, 14), told)
    a.session = 2
    check("no more than asked for, by record_limit", a.say((10, 14, RELEASE)) == 0 and
          a.got(records=2, share_acquire_mode=1) == [(10, 11, 2)])
    check("a batch at least otherwise", a.got(records=1) == [(12, 14, 2)])
    check("they are released", a.say((10, 14, RELEASE)) == 0)
    deletion = ask(port, "delete_records", 2, {"timeout_ms": 5000, "topics": [
        {"name": name, "partitions": [{"partition_index": 0, "offset": 12}]}]})
    check("records are deleted", deletion["topics"][0]["partitions"][0]["error"] == 0, deletion)
    check("and come no more", eventually(lambda: place(port, group) == (12, 3)), place(port, group))
    check("the rest does", a.got() == [(12, 14, 3)])
    check("and is accepted", a.say((12, 14, ACCEPT)) == 0)
    a.hang_up()


def after_kill(check, port, topic, name, group, at):
    a = Member(port, group, "a", topic)
    check("the group is where it was", eventually(lambda: place(port, group) == (at, 0)), place(port, group))
    check("more is sent", eventually(lambda: produce(port, name, 3) == 0))
    check("it goes on from there", eventually(lambda: a.got(epoch=0) == [(at, at + 2, 1)]))
    check("and is done with it", a.say((at, at + 2, ACCEPT)) == 0)
    a.hang_up()


def administered(check, port, topic, name, group):
    m = Member(port, group, "m", topic)
    m.epoch = 0
    check("a member joins", eventually(lambda: m.joined(name)))
    asked = {"group_id": group, "topics": [{"topic_name": name, "partitions": [{"partition_index": 0, "start_offset": 13}]}]}
    check("offsets are not altered under it", ask(port, "alter_share_group_offsets", 0, asked)["error"] == 68)
    check("nor is the group deleted", ask(port, "delete_groups", 2, {"groups_names": [group]})["results"][0]["error"] == 68)
    check("it leaves", m.beat(epoch=-1)["error"] == 0)
    altered = ask(port, "alter_share_group_offsets", 0, asked)
    check("offsets are altered", altered["error"] == 0 and altered["responses"][0]["partitions"][0]["error"] == 0, altered)
    check("the group is there", place(port, group)[0] == 13, place(port, group))
    a = Member(port, group, "a", topic)
    check("and begins there", eventually(lambda: a.got(wait=0, epoch=0) == [(13, 17, 1)]))
    a.hang_up()
    gone = ask(port, "delete_groups", 2, {"groups_names": [group]})
    check("the group is deleted", gone["results"][0]["error"] == 0, gone)
    read = one(port, "read_share_group_state", 0, topic, group=group, leader_epoch=-1)
    check("and what was kept of it", read["error"] == INVALID_REQUEST, read)


class Tool:
    """`weir group`, and what it must say."""

    def __init__(self, check, broker):
        self.check, self.broker = check, broker

    def run(self, *words, fails=False):
        ran = subprocess.run([self.broker.weir, "group", *words, "--brokers", self.broker.kafka], capture_output=True, text=True,
                             timeout=60)
        self.check("weir group " + " ".join(words) + (" fails" if fails else ""), (ran.returncode != 0) == fails, ran.stderr)
        return ran.stderr if fails else ran.stdout

    def told(self, *words):
        return json.loads(self.run(*words, "--json") or "null")


def looked_at(check, broker, tool, topic):
    listed = tool.told("list")
    check("tools: groups of both kinds are listed with their types",
          [(g["group"], g["state"], g["type"]) for g in listed] == [("jobs", "Stable", "share"), ("plain", "Empty", "classic")], listed)
    shown = tool.told("describe", "plain", "jobs")
    check("tools: both are described, in the order of their names on the line", [g["group"] for g in shown] == ["plain", "jobs"], shown)
    jobs = shown[1]
    at = {"topic": "tools", "partition": 0, "start": 2, "end": 10, "lag": 7, "members": ["m"]}
    check("tools: a share group with its member, and where it is", jobs["type"] == "share" and jobs["partitions"] == [at] and
          [(m["member"], m["assigned"]) for m in jobs["members"]] == [("m", [{"topic": "tools", "partition": 0}])], jobs)
    check("tools: a reader sees the same", "START" in tool.run("describe", "jobs"))
    lag = tool.told("lag", "jobs")[0]
    check("tools: the lag leaves out what is done behind the start", (lag["lag"], lag["partitions"]) == (7, [at]), lag)
    figures = lambda: tuple(metric(broker, f"weir_group_{name}", 'group="jobs"') for name in ("lag", "lag_sum", "start_offset"))
    check("tools: and so say the metrics", eventually(lambda: figures() == (7, 7, 2)), figures())
    check("tools: a consumer group has its own", eventually(lambda: metric(broker, "weir_group_lag", 'group="plain"') == 6))


def changed(check, broker, tool, member):
    port = broker.kafka_port
    reset = ("reset", "jobs", "--topic", "tools", "--to")
    check("tools: a group with members is left alone", "has members" in tool.run(*reset, "0", "--execute", fails=True))
    check("tools: nor is it deleted", "has members" in tool.run("delete", "jobs", "--yes", fails=True))
    check("tools: the member leaves", member.beat(epoch=-1)["error"] == 0)
    shown = tool.told(*reset, "+3")
    check("tools: a reset is shown first", shown == {"group": "jobs", "executed": False, "partitions": [
        {"topic": "tools", "partition": 0, "before": 2, "after": 5, "to_read": 5}]}, shown)
    check("tools: and nothing is changed", place(port, "jobs") == (2, 7), place(port, "jobs"))
    tool.run(*reset, "+3", "--execute")
    check("tools: then it is done", place(port, "jobs") == (5, 5), place(port, "jobs"))
    tool.run(*reset, "99", "--execute")
    check("tools: but not beyond the end", place(port, "jobs") == (10, 0), place(port, "jobs"))
    tool.run("reset", "jobs", "--topic", "unread", "--to", "start", "--execute")
    check("tools: topics that it has not read are put as well", [(p["topic"], p["start"]) for p in tool.told("lag", "jobs")[0]["partitions"]]
          == [("tools", 10), ("unread", 0)])
    tool.run("delete", "jobs", "--yes")
    check("tools: a deleted group is gone", [g["group"] for g in tool.told("list")] == ["plain"])
    check("tools: and is shown no more", eventually(lambda: metric(broker, "weir_group_lag_sum", 'group="jobs"') is None))
    tool.run("delete", "jobs", "--yes", fails=True)


def tools(check, weir):
    """Three of ten records are done, two of them in front."""
    with Broker(weir, smp=2) as broker:
        port = broker.kafka_port
        topic = make_topic(port, "tools")
        make_topic(port, "unread")
        check("tools: the group's coordinator is found", eventually(lambda: coordinated(port, "jobs")["error"] == 0))
        configure(port, "jobs", share_auto_offset_reset="earliest")
        m = Member(port, "jobs", "m", topic)
        check("tools: a member gets its partition", eventually(lambda: m.joined("tools")))
        check("tools: ten records are sent", eventually(lambda: produce(port, "tools", 10) == 0))
        check("tools: somebody has an offset", eventually(lambda: ask(port, "offset_commit", 8, {
            "group_id": "plain", "topics": [{"name": "tools", "partitions": [
                {"partition_index": 0, "committed_offset": 4}]}]})["topics"][0]["partitions"][0]["error"] == 0))
        a = Member(port, "jobs", "a", topic)
        check("tools: all are out", eventually(lambda: a.got(epoch=0) == [(0, 9, 1)]))
        check("tools: some are done", a.say((0, 1, ACCEPT), (4, 4, ACCEPT)) == 0)
        check("tools: the start follows", eventually(lambda: place(port, "jobs") == (2, 7)), place(port, "jobs"))
        tool = Tool(check, broker)
        looked_at(check, broker, tool, topic)
        a.hang_up()
        changed(check, broker, tool, m)


def limited(check, weir):
    with Broker(weir, options=("group.share_sessions_max=1",), smp=2) as broker:
        port = broker.kafka_port
        topic = make_topic(port, "small")
        a, b = Member(port, "g", "a", topic), Member(port, "g", "b", topic)
        check("one session there may be", a.fetch(wait=0)["error"] == 0)
        check("and no other", b.fetch(wait=0)["error"] == SESSION_LIMIT)
        a.hang_up()
        check("until it ends", eventually(lambda: b.fetch(wait=0, epoch=0)["error"] == 0))


def of_one(check, weir):
    with Broker(weir, smp=2) as broker:
        port = broker.kafka_port
        keeps(check, port, make_topic(port, "kept"))
        topic = make_topic(port, "shared")
        check("the group's coordinator is found", eventually(lambda: coordinated(port, "g")["error"] == 0))
        configure(port, "g", share_auto_offset_reset="earliest")
        m = Member(port, "g", "m", topic)
        check("a member gets its partition", eventually(lambda: m.joined("shared")))
        check("ten records are sent", produce(port, "shared", 10) == 0)
        sessions(check, port, topic, "g")
        waits(check, port, topic, "shared", "g")
        check("the member leaves", m.beat(epoch=-1)["error"] == 0)
        broker.kill()
        broker.start()
        kept(check, port, find(port, "kept"))
        after_kill(check, port, topic, "shared", "g", 15)
        administered(check, port, topic, "shared", "g")


def find(port, name):
    return ask(port, "metadata", 12, {"topics": [{"name": name}]})["topics"][0]["topic_id"]


def leader_of(cluster, name):
    told = ask(next(b for b in cluster.brokers if b.process.poll() is None).kafka_port, "metadata", 12, {"topics": [{"name": name}]})
    leader = told["topics"][0]["partitions"][0]["leader_id"]
    at = [b["port"] for b in told["brokers"] if b["node_id"] == leader]
    return next((b for b in cluster.brokers if at and b.kafka_port == at[0] and b.process.poll() is None), None)


def coordinator_of(cluster, group):
    some = next(b for b in cluster.brokers if b.process.poll() is None)
    told = coordinated(some.kafka_port, group)
    return told["port"] if told["error"] == 0 else None


def of_three(check, weir):
    """The leader is killed with records out: another one goes on, nothing that was accepted comes again, the rest does."""
    with Cluster(weir) as cluster:
        cluster.start()
        port = cluster.brokers[0].kafka_port
        topic = make_topic(port, "three", replicas=3)
        configure(port, "g3", share_auto_offset_reset="earliest")
        m = Member(port, "g3", "m", topic)

        def joined():
            m.port = coordinator_of(cluster, "g3") or m.port  # leaders move while brokers come
            return m.joined("three")
        check("three: a member gets its partition", eventually(joined))
        leader = eventually(lambda: leader_of(cluster, "three"))
        check("three: ten records are sent", produce(leader.kafka_port, "three", 10) == 0)
        a = Member(leader.kafka_port, "g3", "a", topic)
        check("three: all are out", eventually(lambda: a.got(epoch=0) == [(0, 9, 1)]))
        check("three: some are accepted", a.say((0, 2, ACCEPT), (4, 5, ACCEPT), (6, 6, RELEASE)) == 0)
        leader.kill()
        after = eventually(lambda: (lambda b: b if b and b is not leader else None)(leader_of(cluster, "three")))
        check("three: another one leads", after)
        b = Member(after.kafka_port, "g3", "b", topic)
        seen = []

        def again():
            seen[:] = b.got(epoch=0, wait=0) or seen
            return seen
        check("three: what was not accepted comes again", eventually(again) == [(3, 3, 1), (6, 6, 2), (7, 9, 1)], seen)
        check("three: and is accepted there", b.say((3, 3, ACCEPT), (6, 9, ACCEPT)) == 0)
        check("three: the group is at the end",
              eventually(lambda: place(eventually(lambda: coordinator_of(cluster, "g3")), "g3") == (10, 0)))

        def listed():  # all brokers are asked, the one that died for as long as it is among them
            return [g["group"] for g in json.loads(cluster.cli("group", "list", "--json", check=False) or "[]")]
        check("three: whoever coordinates it, it is listed once", eventually(listed) == ["g3"])
        lag = json.loads(cluster.cli("group", "lag", "g3", "--json"))[0]["partitions"]
        check("three: and described", [(p["start"], p["end"], p["lag"]) for p in lag] == [(10, 10, 0)], lag)


class Mishaps:
    """Members that accept, release, hang up and are cut off by a broker that is killed: what was accepted comes no more, and what was
    not is not lost."""

    def __init__(self, check, broker, seed):
        self.check, self.broker, self.chance = check, broker, random.Random(seed)
        self.port = broker.kafka_port
        self.topic = make_topic(self.port, "mishaps")
        configure(self.port, "gm", share_auto_offset_reset="earliest", share_delivery_count_limit="10")
        m = Member(self.port, "gm", "m", self.topic)
        check("mishaps: a member gets its partition", eventually(lambda: m.joined("mishaps")))
        self.members = [Member(self.port, "gm", f"member-{n}", self.topic) for n in range(3)]
        self.sent = 0
        self.accepted, self.doubtful, self.given_up, self.again = set(), set(), set(), set()

    def step(self, member, calm=False):
        epoch = 0 if member.session == 0 else None
        for first, last, count in member.got(wait=0, epoch=epoch, records=self.chance.randrange(1, 40)):
            offsets = set(range(first, last + 1))
            self.again |= offsets & self.accepted
            if count == 10:
                self.given_up |= offsets
            if calm or self.chance.random() < 0.6:
                self.doubtful |= offsets
                if member.say((first, last, ACCEPT)) == 0:
                    self.accepted |= offsets
            elif self.chance.random() < 0.5:
                member.say((first, last, RELEASE))
            else:
                return member.hang_up()

    def attempt(self, member, calm=False):
        try:
            self.step(member, calm)
        except (OSError, TypeError):  # no answer
            member.wire, member.session = None, 0
        except KeyError:
            member.session = 0

    def run(self):
        for n in range(160):
            if n % 10 == 0 and produce(self.port, "mishaps", 25) == 0:
                self.sent += 25
            if n % 40 == 39:
                self.broker.kill()
                self.broker.start()
                eventually(lambda: find(self.port, "mishaps"))
            self.attempt(self.chance.choice(self.members))
        self.members[0].session = 0

        def drained():
            self.attempt(self.members[0], calm=True)
            self.members[1].wire and self.members[1].hang_up()
            self.members[2].wire and self.members[2].hang_up()
            return place(self.port, "gm") == (self.sent, 0)
        self.check("mishaps: all is read in the end", eventually(drained, 60), (place(self.port, "gm"), self.sent))
        self.check("mishaps: what was accepted came no more", not self.again, sorted(self.again))
        lost = set(range(self.sent)) - self.accepted - self.doubtful - self.given_up
        self.check("mishaps: nothing was lost", not lost, sorted(lost))


def mishaps(check, weir):
    with Broker(weir, smp=2) as broker:
        eventually(lambda: coordinated(broker.kafka_port, "gm")["error"] == 0)
        Mishaps(check, broker, 7).run()


def main():
    options = argparse.ArgumentParser()
    options.add_argument("--weir", required=True)
    weir = options.parse_args().weir
    check = Checks()
    of_one(check, weir)
    tools(check, weir)
    limited(check, weir)
    mishaps(check, weir)
    of_three(check, weir)
    check.close()


main()
