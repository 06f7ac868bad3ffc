"""Three brokers with three seeds are one cluster, whatever the order; any one may die, or be stopped, or come back empty-handed,
and whoever produces and reads goes on."""
import argparse
import json
import os
import pathlib
import random
import shutil
import time

from brokers import Cluster, eventually
from process import Checks
from surface import ask

PARTITIONS = 6


def leaders(cluster, topic="t"):
    """Partition -> leader as a broker that is up tells it."""
    told = json.loads(cluster.cli("topic", "describe", topic, "--json"))
    return {p["partition"]: p["leader"] or 0 for p in told[0]["partitions"]}


class Records:
    """What was acknowledged, and that it is all there once."""

    def __init__(self, cluster):
        self.cluster, self.sent = cluster, 0

    def send(self, count):
        lines = "".join(f"k{n}:v{n}\n" for n in range(self.sent, self.sent + count))
        self.cluster.cli("produce", "t", "-K", ":", "--acks", "all", given=lines, patience=120)
        self.sent += count

    def check(self, check, when):
        out = self.cluster.cli("consume", "t", "-f", "%v\\n", patience=120)
        got = sorted(out.split(), key=lambda v: int(v[1:]))
        check(f"{when}: all {self.sent} acknowledged records are there once", got == [f"v{n}" for n in range(self.sent)],
              (len(got), got[:3], got[-3:]))


def forming(check, cluster):
    ids = {b.json("/v1/cluster")["cluster_id"] for b in cluster.brokers}
    nodes = sorted(b.json("/v1/cluster")["node_id"] for b in cluster.brokers)
    check("one cluster of three", len(ids) == 1 and nodes == [1, 2, 3], (ids, nodes))


def dying(check, cluster, records):
    for n, victim in enumerate(cluster.brokers):
        victim.kill() if n % 2 == 0 else victim.stop()
        records.send(300)
        told = eventually(lambda: all(v > 0 for v in leaders(cluster).values()))
        check(f"broker {n + 1} down: each partition has a leader", told, leaders(cluster))
        records.check(check, f"broker {n + 1} down")
        victim.start()
    records.send(300)
    records.check(check, "all back")


def whole_restart(check, cluster, records):
    for b in cluster.brokers:
        b.kill()
    cluster.start(order=list(reversed(cluster.brokers)))
    check("all killed and started: leaders again", eventually(lambda: all(v > 0 for v in leaders(cluster).values())))
    records.check(check, "all killed and started")
    records.send(100)
    for b in cluster.brokers:
        check("SIGTERM ends it with 0", b.stop() == 0)
    for n, b in enumerate(cluster.brokers):
        check.verified(b, f"broker {n + 1} down")


def keepers(broker):
    """Who votes on the cluster's state."""
    (told,) = ask(broker.kafka_port, "describe_quorum", 2, {"topics": [{
        "topic_name": "__cluster_metadata", "partitions": [{"partition_index": 0}]}]})["topics"]
    return {v["replica_id"] for v in told["partitions"][0]["current_voters"]}


def copies(cluster):
    """Of the partitions: the sets of brokers that are in step, where those are all that should be."""
    told = json.loads(cluster.cli("topic", "describe", "t", "--json"))
    return {frozenset(p["isr"]) if sorted(p["isr"]) == sorted(p["replicas"]) else None for p in told[0]["partitions"]}


def wipe(broker):
    broker.kill()
    shutil.rmtree(broker.data)
    os.mkdir(broker.data)


def replaced(check, weir):
    """Disks are lost, one after the other, then two at once."""
    with Cluster(weir) as cluster:
        cluster.start()
        cluster.cli("topic", "create", "t", "-p", PARTITIONS, "-r", 3)
        records = Records(cluster)
        first, *others = cluster.brokers
        for turn, lost in enumerate(others):
            wipe(lost)
            lost.start()
            node = lost.json("/v1/cluster")["node_id"]
            check(f"disk {turn + 1} lost: it votes under a new id", node == 4 + turn and eventually(lambda: node in keepers(first)),
                  (node, keepers(first)))
            alive = {b.json("/v1/cluster")["node_id"] for b in cluster.brokers}
            check(f"disk {turn + 1} lost: all copies are made again", eventually(lambda: copies(cluster) == {frozenset(alive)}, 60),
                  (copies(cluster), alive))
            records.send(200)
        wanted = {first.json("/v1/cluster")["node_id"], 4, 5}
        check("the lost ones have no vote", eventually(lambda: keepers(first) == wanted), (keepers(first), wanted))
        records.check(check, "two disks lost one after the other")
        first.kill()
        for lost in others:
            wipe(lost)
        begun = {b: os.path.getsize(b.log_path) for b in others}
        for b in cluster.brokers:
            b.launch()

        def said():
            return [pathlib.Path(b.log_path).read_text(errors="replace")[begun[b]:] for b in others]
        check("two disks lost at once: they wait for the cluster",
              eventually(lambda: all("waiting for the cluster of" in text for text in said()), 60), said())
        check("and begin none of their own", not any("this broker is" in text for text in said()), said())


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--weir", required=True)
    args = parser.parse_args()
    check = Checks()
    with Cluster(args.weir) as cluster:
        order = list(cluster.brokers)
        random.Random(time.time_ns()).shuffle(order)
        cluster.start(order)
        forming(check, cluster)
        cluster.cli("topic", "create", "t", "-p", PARTITIONS, "-r", 3)
        check("each partition gets a leader", eventually(lambda: all(v > 0 for v in leaders(cluster).values())))
        records = Records(cluster)
        records.send(500)
        records.check(check, "at first")
        dying(check, cluster, records)
        whole_restart(check, cluster, records)
    replaced(check, args.weir)
    check.close()


if __name__ == "__main__":
    main()
