"""Consumer groups of the classic protocol: members join and share, offsets are kept across every end of a broker, and another
broker goes on where the coordinator was lost."""
import argparse
import json
import pathlib
import threading
import time

from brokers import Cluster, eventually
from group_wire import (GROUP_ID_NOT_FOUND, GROUP_MAX_SIZE, ILLEGAL_GENERATION, NON_EMPTY_GROUP, NONE, NOT_COORDINATOR, REBALANCING, RETRIABLE,
                        UNKNOWN_MEMBER, Gone, Peer)
from process import Broker, Checks
from surface import ask

QUICK = ("group.first_rebalance_delay_ms=0",)


def port_of(address):
    return int(address.rsplit(":", 1)[1])


def coordinator(broker_or_cluster, group):
    """A connection to the group's coordinator, once it serves."""
    brokers = getattr(broker_or_cluster, "brokers", [broker_or_cluster])

    def look():
        for b in brokers:
            if b.process.poll() is not None:
                continue
            try:
                error, at = Peer(b.kafka_port).find_coordinator(group)
                if error == NONE:
                    peer = Peer(port_of(at))
                    if peer.committed(group, [])[0] == NONE:
                        return peer
            except (OSError, Gone):
                pass
        return None

    found = eventually(look)
    assert found, f"nobody coordinates {group}"
    return found


def both_join(one, two, group):
    """Two members of one generation; what they were told, and their assignments."""
    told = {}

    def join(name, peer):
        told[name] = peer.join(group)

    threads = [threading.Thread(target=join, args=a) for a in (("one", one), ("two", two))]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    # Whoever came alone first has to come again.
    for name, peer in (("one", one), ("two", two)):
        other = "two" if name == "one" else "one"
        if told[name]["generation"] < told[other]["generation"]:
            told[name] = peer.join(group, told[name]["member"])
    return told


def classic(check, broker):
    cluster_topic(broker)
    error, at = Peer(broker.kafka_port).find_coordinator("g")
    check("the first FindCoordinator makes the topic and finds a leader", error == NONE and at == broker.kafka, (error, at))
    peer = coordinator(broker, "g")
    a = peer.join("g")
    check("one member is the leader of its generation",
          a["error"] == NONE and a["leader"] == a["member"] and list(a["members"]) == [a["member"]], a)
    error, given = peer.sync("g", a["generation"], a["member"], {a["member"]: b"all"})
    check("it gets what it gave itself", (error, given) == (NONE, b"all"), (error, given))
    check("it is heard", peer.heartbeat("g", a["generation"], a["member"]) == NONE)
    check("a stranger is not", peer.heartbeat("g", a["generation"], "nobody") == UNKNOWN_MEMBER)
    check("an old generation is not", peer.heartbeat("g", a["generation"] - 1, a["member"]) == ILLEGAL_GENERATION)
    told = peer.commit("g", {("t", 0): 7, ("t", 1): 8, ("nowhere", 0): 1}, a["generation"], a["member"])
    check("offsets of partitions that exist are kept, others refused", told == {("t", 0): 0, ("t", 1): 0, ("nowhere", 0): 3},
          told)
    rebalance(check, broker, peer, a)


def rebalance(check, broker, first, a):
    second, heart = Peer(broker.kafka_port), coordinator(broker, "g")
    told = {}
    joining = threading.Thread(target=lambda: told.update(second.join("g")))
    joining.start()
    check("a second one makes the first come again",
          eventually(lambda: heart.heartbeat("g", a["generation"], a["member"]) == REBALANCING))
    again = first.join("g", a["member"])
    joining.join()
    check("both are in the next generation",
          again["error"] == told["error"] == NONE and again["generation"] == told["generation"] == a["generation"] + 1 and
          set(again["members"]) == {a["member"], told["member"]}, (again, told))
    waiting = {}
    syncing = threading.Thread(target=lambda: waiting.update(got=second.sync("g", told["generation"], told["member"])))
    syncing.start()
    first.sync("g", again["generation"], a["member"], {a["member"]: b"x", told["member"]: b"y"})
    syncing.join()
    check("the second gets what the leader says", waiting["got"] == (NONE, b"y"), waiting)
    described = heart.describe("g")["g"]
    check("it is described", described["state"] == "Stable" and described["type"] == "consumer" and len(described["members"]) == 2,
          described)
    check("it is listed", heart.list_groups() == (NONE, {"g": "consumer"}), heart.list_groups())
    check("a group with members can't be deleted", heart.delete_groups("g", "none") == {"g": NON_EMPTY_GROUP,
                                                                                     "none": GROUP_ID_NOT_FOUND})
    check("they leave", first.leave("g", a["member"]) == second.leave("g", told["member"]) == NONE)
    check("offsets stay", heart.committed("g") == (NONE, {("t", 0): 7, ("t", 1): 8}), heart.committed("g"))


def cluster_topic(broker, partitions=4):
    import subprocess
    subprocess.run([broker.weir, "topic", "create", "t", "-p", str(partitions), "--if-not-exists", "--brokers", broker.kafka],
                   check=True, capture_output=True, timeout=60)


def leaving_while_waiting(check, broker):
    """A client that goes away while its join waits costs the broker nothing, and the group goes on without it."""
    stay = coordinator(broker, "waits")
    a = stay.join("waits", session=6_000, rebalance=60_000)
    stay.sync("waits", a["generation"], a["member"], {a["member"]: b""})
    gone = Peer(broker.kafka_port)
    gone.send(join_request("waits"))
    beats = coordinator(broker, "waits")
    check("its join begins a rebalance", eventually(lambda: beats.heartbeat("waits", a["generation"], a["member"]) == REBALANCING))
    before = broker.metric("kafka_connections")
    gone.close()
    check("its connection ends at once", eventually(lambda: broker.metric("kafka_connections") < before, 5), broker.metric("kafka_connections"))


def join_request(group, session=6_000, rebalance=60_000):
    import struct

    from group_wire import JOIN, array, raw
    from wire import request, string
    return request(JOIN, 3, string(group) + struct.pack(">ii", session, rebalance) + string("") + string("consumer") +
                   array([string("range") + raw(b"meta")]))


def metric(broker, name, label):
    for line in broker.get("/metrics")[1].splitlines():
        if line.startswith(name + "{") and label in line:
            return float(line.split()[-1])
    return None


def restarts(check, broker):
    peer = coordinator(broker, "kept")
    check("offsets without a member are taken", peer.commit("kept", {("t", p): 100 + p for p in range(4)}) ==
          {("t", p): 0 for p in range(4)})
    want = {("t", p): 100 + p for p in range(4)}
    for how in ("kill", "stop"):
        getattr(broker, how)()
        broker.start()
        got = coordinator(broker, "kept").committed("kept")
        check(f"offsets are there after a {how}", got == (NONE, want), got)
    check("a deleted group is gone", coordinator(broker, "kept").delete_groups("kept") == {"kept": NONE})
    broker.kill()
    broker.start()
    check("and stays so", coordinator(broker, "kept").committed("kept") == (NONE, {}))


def internal_topics(check, broker):
    import subprocess
    told = json.loads(subprocess.run([broker.weir, "topic", "list", "--internal", "--json", "--brokers", broker.kafka],
                                     capture_output=True, text=True, timeout=60).stdout)
    offsets = [t for t in told if t["topic"] == "__consumer_offsets"]
    check("the topic of offsets is internal, with 16 partitions for one broker",
          offsets and offsets[0]["internal"] and offsets[0]["partitions"] == 16, offsets)
    ran = subprocess.run([broker.weir, "produce", "__consumer_offsets", "--brokers", broker.kafka], input="x\n", text=True,
                         capture_output=True, timeout=60)
    check("nobody may produce to it", ran.returncode != 0, ran.stderr)


def command_line(check, broker):
    import subprocess

    def weir(*words, fails=False):
        ran = subprocess.run([broker.weir, *words, "--brokers", broker.kafka], capture_output=True, text=True, timeout=60)
        check("weir " + " ".join(words) + (" fails" if fails else ""), (ran.returncode != 0) == fails, ran.stderr)
        return ran.stdout if not fails else ran.stderr

    subprocess.run([broker.weir, "produce", "t", "--brokers", broker.kafka], input="a\nb\nc\n" * 20, text=True, timeout=60,
                   capture_output=True, check=True)
    coordinator(broker, "cli").commit("cli", {("t", p): 1 for p in range(4)})
    listed = json.loads(weir("group", "list", "--json"))
    check("it is listed", {"group": "cli", "state": "Empty", "type": "classic"} in listed, listed)
    lag = json.loads(weir("group", "lag", "cli", "--json"))[0]
    check("its lag is what is left", lag["lag"] == sum(max(0, p["end"] - 1) for p in lag["partitions"]) and lag["lag"] > 0, lag)
    check("and so say the metrics", eventually(lambda: metric(broker, "weir_group_lag_sum", 'group="cli"') == lag["lag"]),
          metric(broker, "weir_group_lag_sum", 'group="cli"'))
    weir("group", "describe", "cli")
    shown = json.loads(weir("group", "reset", "cli", "--topic", "t", "--to", "start", "--json"))
    check("a reset is shown first", not shown["executed"] and all(p["after"] == 0 for p in shown["partitions"]), shown)
    check("and nothing is changed", coordinator(broker, "cli").committed("cli")[1] == {("t", p): 1 for p in range(4)})
    weir("group", "reset", "cli", "--topic", "t", "--to", "end", "--execute")
    check("then it is done", json.loads(weir("group", "lag", "cli", "--json"))[0]["lag"] == 0)
    weir("group", "delete", "cli", "--yes")
    weir("group", "delete", "cli", "--yes", fails=True)


def options_of_groups(check, broker):
    """What is set for a group of the consumer protocol, or for all of them, is what its members hear and are held to."""
    port = broker.kafka_port

    def heartbeat(group, member, epoch=0):
        return ask(port, "consumer_group_heartbeat", 1, {
            "group_id": group, "member_id": member, "member_epoch": epoch, "instance_id": None, "rack_id": None,
            "rebalance_timeout_ms": 60_000, "subscribed_topic_names": ["t"] if epoch == 0 else None,
            "subscribed_topic_regex": None, "server_assignor": None, "topic_partitions": [] if epoch == 0 else None})

    def change(kind, name, option, value):
        told = ask(port, "incremental_alter_configs", 1, {"validate_only": False, "resources": [
            {"resource_type": kind, "resource_name": name, "configs": [
                {"name": option, "config_operation": 0, "value": value}]}]})
        assert told["responses"][0]["error"] == NONE, told

    group, broker_wide = 32, 4
    joined = eventually(lambda: (h := heartbeat("of-its-own", "a"))["error"] == NONE and h)
    check("a group has Kafka's heartbeat", joined["heartbeat_interval_ms"] == 5000, joined)
    change(group, "of-its-own", "consumer.heartbeat.interval.ms", "7000")
    again = eventually(lambda: (h := heartbeat("of-its-own", "a", joined["member_epoch"]))["heartbeat_interval_ms"] == 7000 and h)
    check("and its own once that is set", again, again)
    check("others keep theirs", heartbeat("of-others", "b")["heartbeat_interval_ms"] == 5000)
    change(broker_wide, "", "group.consumer.heartbeat.interval.ms", "6000")
    check("the default is for all others", eventually(lambda: heartbeat("of-new-ones", "c")["heartbeat_interval_ms"] == 6000) and
          heartbeat("of-its-own", "a", joined["member_epoch"])["heartbeat_interval_ms"] == 7000)

    def members(name):
        return len(ask(port, "consumer_group_describe", 1, {"group_ids": [name], "include_authorized_operations": False})
                   ["groups"][0]["members"])

    change(broker_wide, "", "group.consumer.min.heartbeat.interval.ms", "100")
    change(broker_wide, "", "group.consumer.min.session.timeout.ms", "300")
    change(group, "short", "consumer.heartbeat.interval.ms", "100")
    change(group, "short", "consumer.session.timeout.ms", "300")
    check("a member joins", eventually(lambda: heartbeat("short", "d")["heartbeat_interval_ms"] == 100))
    check("one that is silent for the group's session is gone", eventually(lambda: members("short") == 0))
    check("in other groups it is not", members("of-its-own") == 1)
    change(broker_wide, "", "group.consumer.max.size", "1")
    check("a group takes no more than it may", eventually(lambda: heartbeat("of-others", "e")["error"] == GROUP_MAX_SIZE))


def moved(check, cluster):
    """The coordinator's broker is killed: another one answers for the group, with its offsets, in well under a second beyond
    the election."""
    cluster.cli("topic", "create", "t", "-p", 4, "-r", 3)
    peer = coordinator(cluster, "moves")
    a = peer.join("moves", session=30_000)
    peer.sync("moves", a["generation"], a["member"], {a["member"]: b"mine"})
    peer.commit("moves", {("t", p): 50 + p for p in range(4)}, a["generation"], a["member"])
    where = peer.socket.getpeername()[1]
    victim = next(b for b in cluster.brokers if b.kafka_port == where)
    other = next(b for b in cluster.brokers if b is not victim)
    error = Peer(other.kafka_port).heartbeat("moves", a["generation"], a["member"])
    check("other brokers say that they are not it", error == NOT_COORDINATOR, error)
    victim.kill()
    began = time.monotonic()
    next_one = coordinator(cluster, "moves")
    seconds = time.monotonic() - began
    check("offsets are there", next_one.committed("moves") == (NONE, {("t", p): 50 + p for p in range(4)}),
          next_one.committed("moves"))
    check("the member of before is one still", next_one.heartbeat("moves", a["generation"], a["member"]) == NONE)
    check(f"moved in {seconds:.2f} s", seconds < 5, seconds)
    victim.start()
    for b in list(cluster.brokers):
        b.stop()
        answered = coordinator(cluster, "moves").heartbeat("moves", a["generation"], a["member"])
        check("the group goes on through a rolling restart", answered == NONE, answered)
        b.start()


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--weir", required=True)
    args = parser.parse_args()
    check = Checks()
    with Broker(args.weir, options=QUICK, smp=2) as broker:
        classic(check, broker)
        leaving_while_waiting(check, broker)
        internal_topics(check, broker)
        restarts(check, broker)
        command_line(check, broker)
        options_of_groups(check, broker)
        broker.stop()
        check.verified(broker, "in the end")
    with Cluster(args.weir, options=QUICK) as cluster:
        cluster.start()
        moved(check, cluster)
    check.close()


if __name__ == "__main__":
    main()
