"""Three brokers with three seeds are one cluster, whatever the order; any one may die, or be stopped, or come back empty-handed,
and whoever produces and reads goes on."""
import argparse
import json
import random
import time

from brokers import Cluster, eventually
from process import Checks

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
    check.close()


if __name__ == "__main__":
    main()
