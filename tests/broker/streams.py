"""Streams groups on the wire (KIP-1071): the topics that the broker makes for them, tasks that have one owner at a time while
members come, go and vanish, all of it across kill -9, on one broker and on three."""
import argparse
import pathlib
import random
import sys

here = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(here.parent.parent / "bench"))
from brokers import Cluster, eventually  # noqa: E402
from groups import metric  # noqa: E402
from process import Broker, Checks  # noqa: E402
from surface import ask  # noqa: E402
from streams_member import StreamsMember, at_once, names  # noqa: E402

PARTITIONS = 4
ALL = {f"{part}_{p}" for part in "01" for p in range(PARTITIONS)}
STATEFUL = {t for t in ALL if t.startswith("1")}


def make_topic(port, name, replicas=1):
    told = ask(port, "create_topics", 7, {"timeout_ms": 10_000, "topics": [
        {"name": name, "num_partitions": PARTITIONS, "replication_factor": replicas}]})
    return told["topics"][0]["error"]


def partitions_of(port, topic):
    told = ask(port, "metadata", 12, {"topics": [{"name": topic}], "allow_auto_topic_creation": False})["topics"][0]
    return [len(p["replica_nodes"]) for p in told["partitions"]] if told["error"] == 0 else None


def described(port, group):
    return ask(port, "streams_group_describe", 0, {"group_ids": [group]})["groups"][0]


def coordinator(port, group):
    told = ask(port, "find_coordinator", 6, {"key_type": 0, "coordinator_keys": [group]})["coordinators"][0]
    return told["port"] if told["error"] == 0 else None


def prepared(check, port, group, **configs):
    """Members may join."""
    check(f"{group}: its configs are set", ask(port, *at_once(group, **configs))["responses"][0]["error"] == 0)
    # 69: there is a coordinator, and no such group.
    check(f"{group}: it has a coordinator", eventually(lambda: coordinator(port, group) and described(port, group)["error"] == 69))


def settle(members):
    """Every one has what it is to have."""
    return eventually(lambda: all([m.rests() for m in members]))


def owners(members):
    """The tasks that are run, and whether each has one owner."""
    run = [t for m in members for t in sorted(m.running)]
    return set(run), len(run) == len(set(run))


def made(check, port, group, source):
    """One member, then another; what the broker makes for them."""
    members = [StreamsMember(lambda *a: ask(port, *a), group, n, source) for n in ("a", "b")]
    told = members[0].beat()
    check("a group that needs topics is told so", told and [s["status_code"] for s in told["status"]] == [3], told)
    check("and gets its tasks when they are there", settle(members[:1]) and owners(members[:1]) == (ALL, True))
    check("the topics are split as what they come from",
          [len(partitions_of(port, f"{group}-{t}")) for t in ("repartition", "changelog")] == [PARTITIONS] * 2)
    members[1].beat()
    check("two share them", settle(members) and owners(members) == (ALL, True))
    check("evenly", [len(m.running) for m in members] == [PARTITIONS] * 2, [m.running for m in members])
    check("each keeps ready what the other counts",
          [names(m.standby) for m in members] == [members[1 - n].running & STATEFUL for n in (0, 1)])
    return members


def stored(port, group):
    """What a group is without what it worked out of the topics that there are."""
    told = described(port, group)
    return told["group_state"], told["group_epoch"], told["assignment_epoch"], sorted(told["members"], key=lambda m: m["member_id"])


def kept(check, broker, group, members):
    port = broker.kafka_port
    before = stored(port, group)
    for how in ("kill", "stop"):
        broker.kill() if how == "kill" else broker.stop()
        broker.start()
        check(f"{how}: the group is as it was", eventually(lambda: stored(port, group) == before), stored(port, group))
        check(f"{how}: its members go on", settle(members) and owners(members) == (ALL, True))
        check(f"{how}: in the same epoch", {m.epoch for m in members} == {before[1]})


def behind(check, broker, group, member, source):
    """How far a streams group is behind is shown as of other groups."""
    told = ask(broker.kafka_port, "offset_commit", 9, {
        "group_id": group, "member_id": member.name, "generation_id_or_member_epoch": member.epoch,
        "topics": [{"name": source, "partitions": [{"partition_index": 0, "committed_offset": 0}]}]})
    check("a member commits", told["topics"][0]["partitions"][0]["error"] == 0, told)
    check("the lag is shown", eventually(lambda: metric(broker, "weir_group_lag_sum", f'group="{group}"') == 0))


def of_one(check, weir):
    with Broker(weir, smp=2) as broker:
        port, group, source = broker.kafka_port, "words", "lines"
        check("a topic", make_topic(port, source) == 0)
        prepared(check, port, group, num_standby_replicas=1)
        members = made(check, port, group, source)
        kept(check, broker, group, members)
        behind(check, broker, group, members[0], source)
        check("one leaves", members[0].leave() == 0)
        check("the other has all", settle(members[1:]) and owners(members[1:]) == (ALL, True))
        check("and leaves", members[1].leave() == 0 and described(port, group)["group_state"] == "Empty")
        broker.kill()
        broker.start()
        check("an empty group is there after kill -9", eventually(lambda: described(port, group)["group_state"] == "Empty"))
        check("it is deleted", ask(port, "delete_groups", 2, {"groups_names": [group]})["results"][0]["error"] == 0)
        broker.kill()
        broker.start()
        check("and not there after kill -9", eventually(lambda: coordinator(port, group) and described(port, group)["error"] == 69))


def of_three(check, weir):
    """The coordinator is killed; its successor knows who has what."""
    with Cluster(weir) as cluster:
        cluster.start()
        group, source = "three", "three-lines"
        port = cluster.brokers[0].kafka_port
        check("three: a topic", make_topic(port, source, replicas=3) == 0)

        def alive():
            return next(b for b in cluster.brokers if b.process.poll() is None).kafka_port

        def told(api, version, fields):
            at = coordinator(alive(), group)
            return ask(at, api, version, fields) if at else {"error": 15}
        check("three: configs", ask(port, *at_once(group, num_standby_replicas=1))["responses"][0]["error"] == 0)
        members = [StreamsMember(told, group, n, source, replicas=3) for n in ("a", "b")]
        check("three: two share the tasks", settle(members) and owners(members) == (ALL, True))
        check("three: topics that the group needs are on all", partitions_of(port, f"{group}-changelog") == [3] * PARTITIONS,
              partitions_of(port, f"{group}-changelog"))
        epochs = [m.epoch for m in members]
        was = coordinator(port, group)
        next(b for b in cluster.brokers if b.kafka_port == was).kill()
        check("three: another one coordinates", eventually(lambda: coordinator(alive(), group) not in (None, was)))

        def on():
            try:
                return all([m.rests() for m in members])
            except (OSError, TypeError):  # a broker that is gone is still told of
                return False
        check("three: the members go on", eventually(on) and owners(members) == (ALL, True), [m.running for m in members])
        check("three: as they were", [m.epoch for m in members] == epochs)


class Mishaps:
    """Members that beat when they like, leave, vanish and come again, and a broker that is killed: a task that one is told to run
    is run by no other."""

    def __init__(self, check, broker, seed):
        self.check, self.broker, self.chance = check, broker, random.Random(seed)
        self.group, self.source = "mishaps", "mishap-lines"
        check("mishaps: a topic", make_topic(broker.kafka_port, self.source) == 0)
        prepared(check, broker.kafka_port, self.group, num_standby_replicas=1, session_timeout_ms=2000, heartbeat_interval_ms=500)
        self.born, self.twice, self.given = 0, [], 0
        self.members = [self.member() for _ in range(3)]

    def member(self):
        self.born += 1
        return StreamsMember(lambda *a: ask(self.broker.kafka_port, *a), self.group, f"m{self.born}", self.source)

    def beat(self, member):
        before = set(member.running)
        try:
            told = member.beat()
        except (OSError, TypeError):  # no answer
            return
        if told and told["error"] == 0:
            new = member.running - before
            self.given += len(new)
            for other in self.members:
                if other is not member and other.running & new:
                    self.twice.append((member.name, other.name, sorted(other.running & new)))

    def step(self):
        n = self.chance.randrange(len(self.members))
        what = self.chance.random()
        if what < 0.03:  # vanishes; another one comes
            self.members[n] = self.member()
        elif what < 0.06:
            try:
                self.members[n].leave()
            except (OSError, TypeError):
                self.members[n].forget()
        else:
            self.beat(self.members[n])

    def run(self):
        for n in range(400):
            if n % 100 == 99:
                self.broker.kill()
                self.broker.start()
            self.step()
        # Those that vanished are members until their sessions end.
        self.check("mishaps: all tasks have an owner in the end", eventually(
            lambda: [self.beat(m) for m in self.members] and owners(self.members) == (ALL, True)
            and {m["member_id"] for m in described(self.broker.kafka_port, self.group)["members"]}
            == {m.name for m in self.members}, 60), owners(self.members))
        self.check("mishaps: and never had two", not self.twice, self.twice)
        self.check("mishaps: they went from one to another", self.given > len(ALL), self.given)


def mishaps(check, weir):
    limits = ("group.streams_session_ms_min=1000", "group.streams_heartbeat_ms_min=100")
    with Broker(weir, smp=2, options=limits) as broker:
        Mishaps(check, broker, 11).run()


def main():
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--weir", required=True)
    weir = options.parse_args().weir
    check = Checks()
    of_one(check, weir)
    mishaps(check, weir)
    of_three(check, weir)
    check.close()


main()
