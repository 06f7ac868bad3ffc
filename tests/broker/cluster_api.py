"""Kafka's APIs for clusters, asked by a foreign client's codec: reassignments, elections, the quorum, brokers that leave, who
leads (KIP-951), reading from the closest replica (KIP-392)."""
import argparse
import contextlib
import os
import pathlib
import struct
import sys
import threading

here = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(here.parent / "clients"))
from brokers import Cluster, eventually  # noqa: E402
from process import Checks  # noqa: E402
from wire import API_VERSIONS, Wire, request  # noqa: E402

OUT_OF_RANGE = 1
NONE, UNKNOWN_TOPIC_OR_PARTITION, NOT_LEADER, INVALID_REPLICATION_FACTOR, INVALID_ASSIGNMENT = 0, 3, 6, 38, 39
INVALID_REQUEST, PREFERRED_NOT_AVAILABLE, ELIGIBLE_NOT_AVAILABLE, ELECTION_NOT_NEEDED = 42, 80, 83, 84
NO_REASSIGNMENT, BROKER_NOT_REGISTERED = 85, 102
PREFERRED, UNCLEAN = 0, 1
UNREGISTER_BROKER = 64
RACKS = "abc"
CLOSEST = "fetch.replica_selector=org.apache.kafka.common.replica.RackAwareReplicaSelector"
SERVED = {43: (0, 2), 45: (0, 1), 46: (0, 0), 55: (0, 2), 64: (0, 0)}


class Client:
    """Requests to one broker, encoded and decoded by kafka-python."""

    def __init__(self, broker):
        self.broker = broker

    def ask(self, message, answer, version):
        message.API_VERSION = version
        message.with_header(correlation_id=1, client_id="cluster_api")
        wire = Wire(self.broker.kafka_port, timeout=60)
        told = wire.send(message.encode(header=True, framed=True)).answer()
        wire.close()
        return answer[version].decode(told, header=True)

    def metadata(self, *topics):
        from kafka.protocol.metadata import MetadataRequest, MetadataResponse
        named = [MetadataRequest.MetadataRequestTopic(version=12, topic_id="00000000-0000-0000-0000-000000000000", name=t)
                 for t in topics]
        return self.ask(MetadataRequest(topics=named, allow_auto_topic_creation=False), MetadataResponse, 12)

    def partitions(self, topic):
        return {p.partition_index: p for p in self.metadata(topic).topics[0].partitions}

    def leader(self, topic, partition=0):
        return self.partitions(topic)[partition].leader_id

    def reassign(self, moves, version=1, allow=True):
        """{(topic, partition): brokers or None} -> [(code, message)] in that order."""
        from kafka.protocol.admin import AlterPartitionReassignmentsRequest as Asked
        from kafka.protocol.admin import AlterPartitionReassignmentsResponse
        topics = [Asked.ReassignableTopic(version=version, name=t, partitions=[
            Asked.ReassignableTopic.ReassignablePartition(version=version, partition_index=p, replicas=replicas)])
            for (t, p), replicas in moves.items()]
        told = self.ask(Asked(timeout_ms=10_000, allow_replication_factor_change=allow, topics=topics),
                        AlterPartitionReassignmentsResponse, version)
        assert told.error_code == 0, told
        return [(p.error_code, p.error_message) for t in told.responses for p in t.partitions]

    def moving(self, topics=None):
        from kafka.protocol.admin import ListPartitionReassignmentsRequest as Asked
        from kafka.protocol.admin import ListPartitionReassignmentsResponse
        named = topics and [Asked.ListPartitionReassignmentsTopics(version=0, name=t, partition_indexes=p)
                            for t, p in topics.items()]
        told = self.ask(Asked(timeout_ms=10_000, topics=named), ListPartitionReassignmentsResponse, 0)
        return {(t.name, p.partition_index): (list(p.replicas), list(p.adding_replicas), list(p.removing_replicas))
                for t in told.topics for p in t.partitions}

    def elect(self, kind, topics, timeout_ms=10_000):
        """{(topic, partition): (code, message)}"""
        from kafka.protocol.admin import ElectLeadersRequest as Asked
        from kafka.protocol.admin import ElectLeadersResponse
        named = topics and [Asked.TopicPartitions(version=2, topic=t, partitions=p) for t, p in topics.items()]
        told = self.ask(Asked(election_type=kind, topic_partitions=named, timeout_ms=timeout_ms), ElectLeadersResponse, 2)
        assert told.error_code == 0, told
        return {(t.topic, p.partition_id): (p.error_code, p.error_message)
                for t in told.replica_election_results for p in t.partition_result}

    def quorum(self, topic="__cluster_metadata", partition=0):
        from kafka.protocol.admin import DescribeQuorumRequest as Asked
        from kafka.protocol.admin import DescribeQuorumResponse
        asked = Asked(topics=[Asked.TopicData(version=2, topic_name=topic, partitions=[
            Asked.TopicData.PartitionData(version=2, partition_index=partition)])])
        told = self.ask(asked, DescribeQuorumResponse, 2)
        assert told.error_code == 0, told
        return told.topics[0].partitions[0], told.nodes

    def unregister(self, node):
        wire = Wire(self.broker.kafka_port)
        told = wire.send(request(UNREGISTER_BROKER, 0, struct.pack(">i", node) + b"\0", flexible=True)).answer()
        wire.close()
        code, size = struct.unpack(">hB", told[9:12])  # behind correlation id, tags, throttle time
        return code, told[12:11 + size].decode() if size else None

    def fetch(self, topic, version, rack="", topic_id=None, offset=0):
        """Of partition 0: the partition's answer, and the endpoints told."""
        from kafka.protocol.consumer import FetchRequest as Asked
        from kafka.protocol.consumer import FetchResponse
        one = Asked.FetchTopic.FetchPartition(version=version, partition=0, fetch_offset=offset, partition_max_bytes=1 << 20)
        where = {"topic_id": topic_id} if version >= 13 else {"topic": topic}
        asked = Asked(max_wait_ms=0, min_bytes=0, max_bytes=1 << 20, rack_id=rack,
                      topics=[Asked.FetchTopic(version=version, partitions=[one], **where)])
        told = self.ask(asked, FetchResponse, version)
        return told.responses[0].partitions[0], told

    def produce(self, topic, version):
        from kafka.protocol.producer import ProduceRequest as Asked
        from kafka.protocol.producer import ProduceResponse
        from kafka.record.memory_records import MemoryRecordsBuilder
        batch = MemoryRecordsBuilder(2, 0, 1 << 16)
        batch.append(1_700_000_000_000, b"k", b"v")
        batch.close()
        one = Asked.TopicProduceData.PartitionProduceData(version=version, index=0, records=batch.buffer())
        told = self.ask(Asked(transactional_id=None, acks=-1, timeout_ms=10_000, topic_data=[
            Asked.TopicProduceData(version=version, name=topic, partition_data=[one])]), ProduceResponse, version)
        return told.responses[0].partition_responses[0], told


def listed(check, client):
    told = Wire(client.broker.kafka_port).ask(API_VERSIONS, 0, b"")
    ranges = {key: (low, high) for key, low, high in struct.iter_unpack(">hhh", told[10:])}
    check("ApiVersions lists them", {k: ranges.get(k) for k in SERVED} == SERVED, ranges)


def quorum(check, clients):
    def settled():
        told = [c.quorum()[0] for c in clients]
        return told if all(t.error_code == 0 and len(t.current_voters) == 3 and
                           all(v.last_caught_up_timestamp > 0 for v in t.current_voters) for t in told) else None
    told = eventually(settled)
    check("every broker tells the quorum: three voters that keep up", told, [c.quorum() for c in clients])
    check("all name one leader", len({(t.leader_id, t.leader_epoch) for t in told}) == 1, told)
    check("the high watermark is in the log of two at least",
          all(sum(v.log_end_offset >= t.high_watermark > 0 for v in t.current_voters) >= 2 for t in told), told)
    check("voters are told by their directories", len({str(v.replica_directory_id) for v in told[0].current_voters}) == 3, told)
    nodes = clients[0].quorum()[1]
    ports = {n.node_id: n.listeners[0].port for n in nodes}
    check("and by their addresses", sorted(ports.values()) == sorted(c.broker.kafka_port for c in clients), nodes)
    check("other topics have no quorum", clients[0].quorum("t")[0].error_code == UNKNOWN_TOPIC_OR_PARTITION)
    check("nor have other partitions", clients[0].quorum(partition=1)[0].error_code == UNKNOWN_TOPIC_OR_PARTITION)


def balanced(client):
    """Each partition's preferred replica leads it, and no two are led by the same."""
    now = client.partitions("t")
    preferred = all(p.leader_id == p.replica_nodes[0] for p in now.values())
    return now if preferred and len({p.leader_id for p in now.values()}) == len(now) else None


def elections(check, client):
    asked = {"t": [0, 1]}
    for _ in range(3):  # the balancer may be faster
        even = eventually(lambda: balanced(client))
        # Two partitions change their preferred leaders with each other: as even as before.
        swapped = {("t", p): [q.leader_id] + [n for n in even[p].replica_nodes if n != q.leader_id]
                   for p, q in ((0, even[1]), (1, even[0]))}
        client.reassign(swapped)
        told = client.elect(PREFERRED, asked)
        if all(code == NONE for code, _ in told.values()):
            break
    check("an election of the preferred leaders", all(t == (NONE, None) for t in told.values()), told)
    check("the answer comes when they lead", all(client.leader("t", p) == replicas[0] for (_, p), replicas in swapped.items()),
          client.partitions("t"))
    told = client.elect(PREFERRED, asked)
    check("where they lead none is needed", {c for c, _ in told.values()} == {ELECTION_NOT_NEEDED}, told)
    told = client.elect(UNCLEAN, asked)
    check("nor an unclean one where somebody leads", {c for c, _ in told.values()} == {ELECTION_NOT_NEEDED}, told)
    told = client.elect(PREFERRED, {"nobodys": [0], "t": [99]})
    check("of partitions that there are", told == {
        ("nobodys", 0): (UNKNOWN_TOPIC_OR_PARTITION, "No such topic as nobodys"),
        ("t", 99): (UNKNOWN_TOPIC_OR_PARTITION, "No such partition as t-99")}, told)
    check("of all partitions only those are told that something is wrong with",
          eventually(lambda: client.elect(UNCLEAN, None) == {}), client.elect(UNCLEAN, None))


def reassignments(check, client):
    wrong = {("nobodys", 0): [1], ("t", 99): [1], ("one", 0): [1, 1], ("lone", 0): [99], ("t", 0): None}
    told = client.reassign(wrong)
    check("what can't be is refused", [c for c, _ in told] == [UNKNOWN_TOPIC_OR_PARTITION, UNKNOWN_TOPIC_OR_PARTITION,
                                                               INVALID_ASSIGNMENT, INVALID_ASSIGNMENT, NO_REASSIGNMENT], told)
    check("with Kafka's words", told[0][1] == "Unable to find a topic named nobodys." and
          told[4][1] == "No partition reassignment is in progress.", told)
    told = client.reassign({("one", 0): [1, 2]}, allow=False)
    check("nor another replication factor where that may not change", told[0][0] == INVALID_REPLICATION_FACTOR, told)
    told = client.reassign({("one", 0): [2], ("nobodys", 0): [1]}, version=0)
    check("one that is wrong does not spoil the others", [c for c, _ in told] == [NONE, UNKNOWN_TOPIC_OR_PARTITION], told)
    check("it is carried out", eventually(lambda: client.moving() == {} and list(
        client.partitions("one")[0].replica_nodes) == [2]), (client.moving(), client.partitions("one")))


def leaders_told(check, clients):
    """Broker 2 alone has topic `one`."""
    ports = {n + 1: c.broker.kafka_port for n, c in enumerate(clients)}
    check("all know who leads", eventually(lambda: all(c.leader("one") == 2 for c in clients)))
    topic_id = clients[0].metadata("one").topics[0].topic_id
    epoch = clients[0].partitions("one")[0].leader_epoch
    for name, (part, told) in {"a fetch": clients[0].fetch("one", 16, topic_id=topic_id),
                               "a produce": clients[0].produce("one", 10)}.items():
        check(f"{name} elsewhere is told who leads", part.error_code == NOT_LEADER and part.current_leader and
              (part.current_leader.leader_id, part.current_leader.leader_epoch) == (2, epoch), told)
        check(f"{name} elsewhere: and where that is", [(n.node_id, n.port) for n in told.node_endpoints or []] == [(2, ports[2])],
              told)
    check("older versions hear only that it is elsewhere", clients[0].produce("one", 9)[0].error_code == NOT_LEADER and
          clients[0].fetch("one", 12)[0].error_code == NOT_LEADER)
    check("where it is it works", clients[1].produce("one", 10)[0].error_code == NONE)


def closest(check, cluster, clients):
    cluster.cli("produce", "t", "-p", 0, given="".join(f"v{n}\n" for n in range(50)))
    leader = clients[0].leader("t")
    follower = leader % 3 + 1
    at, of = clients[leader - 1], clients[follower - 1]
    rack = RACKS[follower - 1]
    sent = eventually(lambda: at.fetch("t", 11, rack)[0].preferred_read_replica == follower)
    check("the leader sends a consumer to the replica of its rack", sent, at.fetch("t", 11, rack))
    check("and gives no records meanwhile", not at.fetch("t", 11, rack)[0].records)
    for name, asked in (("of the leader's own rack", RACKS[leader - 1]), ("of no rack", ""), ("of another rack", "z")):
        got = at.fetch("t", 11, asked)[0]
        check(f"consumers {name} are served by it", got.preferred_read_replica == -1 and got.records, got)
    check("what is out of range is the leader's to answer", at.fetch("t", 11, rack, offset=51)[0].error_code == OUT_OF_RANGE)
    check("the follower serves what is committed", eventually(lambda: of.fetch("t", 11, rack)[0].records))
    check("but none that can't be sent there", of.fetch("t", 10)[0].error_code == NOT_LEADER)
    check("librdkafka reads everything that way", read_all(cluster.bootstrap, rack) == 50)


def read_all(bootstrap, rack):
    from confluent_kafka import Consumer, TopicPartition
    reader = Consumer({"bootstrap.servers": bootstrap, "group.id": "none", "enable.auto.commit": False, "client.rack": rack,
                       "log_level": 0})
    reader.assign([TopicPartition("t", 0, 0)])
    got = len(reader.consume(50, timeout=20))
    reader.close()
    return got


@contextlib.contextmanager
def asking(client):
    """Somebody asks all the while who leads."""
    over = threading.Event()

    def ask():
        while not over.is_set():
            client.metadata("t")
    asker = threading.Thread(target=ask)
    asker.start()
    try:
        yield
    finally:
        over.set()
        asker.join()


def waits(brokers):
    return sum(b.metric("kafka_metadata_waits") for b in brokers)


def one_down(check, cluster, clients):
    client, alive, down = clients[0], [1, 2], 3
    three = {("lone", 0): [down]}
    client.reassign(three)
    check("a partition on broker 3 alone", eventually(lambda: client.moving() == {} and client.leader("lone") == down))
    client.reassign({("t", 0): [down, *alive]})
    check("it is the preferred one of another, too", eventually(lambda: client.moving() == {}), client.moving())
    left = [cluster.brokers[n - 1] for n in alive]
    before = waits(left)
    with asking(client):
        cluster.brokers[down - 1].kill()
        check("who asks while leaders are elected is answered once they are", eventually(lambda: waits(left) > before))
    check("a broker that is down is told no more", eventually(
        lambda: down not in [b.node_id for b in client.metadata("t").brokers]), client.metadata("t").brokers)
    check("its leader is down: no unclean election can help", eventually(
        lambda: client.elect(UNCLEAN, {"lone": [0]})[("lone", 0)][0] == ELIGIBLE_NOT_AVAILABLE))
    told = client.elect(PREFERRED, {"t": [0]})
    check("a preferred leader that is down is not available", told[("t", 0)][0] == PREFERRED_NOT_AVAILABLE, told)

    told = client.reassign({("one", 0): [2, down]})
    moving = ([2, down], [down], [])
    check("a move to it waits", told == [(NONE, None)] and client.moving() == {("one", 0): moving}, (told, client.moving()))
    check("and is listed by name", client.moving({"one": [0, 7], "nobodys": [0]}) == {("one", 0): moving} and
          client.moving({"t": [0]}) == {})
    told = client.reassign({("one", 0): None})
    check("until it is called off", told == [(NONE, None)] and client.moving() == {}, (told, client.moving()))
    return leaving(check, cluster, client, alive, down)


def leaving(check, cluster, client, alive, down):
    code, message = client.unregister(down)
    check("a broker with replicas stays registered", code == INVALID_REQUEST and "replicas" in message, (code, message))
    check("nobody else is unregistered either", client.unregister(99) == (
        BROKER_NOT_REGISTERED, "Broker ID 99 is not currently registered"), client.unregister(99))
    cluster.cli("topic", "delete", "lone", "--yes")
    client.reassign({("t", p): alive for p in client.partitions("t")})
    # Groups were used: their offsets have replicas there too.
    for topic in ("__consumer_offsets",):
        client.reassign({(topic, p): alive for p in client.partitions(topic)})
    eventually(lambda: client.moving() == {})
    told = eventually(lambda: client.unregister(down)[0] == NONE)
    check("one without goes", told, client.unregister(down))
    check("once", client.unregister(down)[0] == BROKER_NOT_REGISTERED)
    voters = eventually(lambda: {v.replica_id for v in client.quorum()[0].current_voters} <= set(alive))
    check("it votes no longer", voters, client.quorum())
    check("the others go on", client.produce("t", 10)[0].error_code in (NONE, NOT_LEADER) and
          eventually(lambda: all(p.leader_id in alive for p in client.partitions("t").values())))


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--weir", required=True)
    args = parser.parse_args()
    from driver import ecosystems
    python = ecosystems.python_or_skip(ecosystems.cache_folder())
    if sys.prefix != str(pathlib.Path(python).parent.parent):  # the clients' own
        os.execv(python, [python, "-B", __file__, "--weir", args.weir])
    check = Checks()
    with Cluster(args.weir) as cluster:
        for n, b in enumerate(cluster.brokers):
            b.options = [CLOSEST, f"node.rack={RACKS[n]}", f"node.id={n + 1}"]
        cluster.start()
        clients = [Client(b) for b in cluster.brokers]
        listed(check, clients[0])
        quorum(check, clients)
        code, message = clients[0].unregister(3)
        check("a broker that is up stays registered", code == INVALID_REQUEST and "is up" in message, (code, message))
        cluster.cli("topic", "create", "t", "-p", 3, "-r", 3)
        for topic in ("one", "lone"):
            cluster.cli("topic", "create", topic, "-p", 1, "-r", 1)
        eventually(lambda: all(p.leader_id > 0 for p in clients[0].partitions("t").values()))
        elections(check, clients[0])
        reassignments(check, clients[0])
        leaders_told(check, clients)
        closest(check, cluster, clients)
        one_down(check, cluster, clients)
    check.close()


if __name__ == "__main__":
    main()
