"""What an operator asks of a cluster, by the admin interface and by `weir cluster`: how it is, maintenance and back, who leads,
a dead broker, a new one, and one that goes for good."""
import argparse
import json
import os
import subprocess
import time
import urllib.error
import urllib.request

from brokers import Cluster, eventually
from process import Broker, Checks

PARTITIONS = 6


class Operator:
    """Talks to any of the brokers that are up."""

    def __init__(self, cluster):
        self.cluster = cluster

    @property
    def admins(self):
        return [b.admin for b in self.cluster.brokers if b.process.poll() is None]

    def ask(self, method, path):
        """Status and JSON."""
        request = urllib.request.Request(f"http://{self.admins[0]}{path}", method=method)
        try:
            with urllib.request.urlopen(request, timeout=20) as answer:
                return answer.status, json.loads(answer.read())
        except urllib.error.HTTPError as refused:
            return refused.code, json.loads(refused.read())

    def get(self, path):
        return self.ask("GET", path)[1]

    def weir(self, *words, admin=None):
        """Exit code, output and complaint of `weir cluster …`."""
        done = subprocess.run([self.cluster.weir, "cluster", *map(str, words), "--admin", admin or ",".join(self.admins)],
                              capture_output=True, text=True, timeout=30)
        return done.returncode, done.stdout, done.stderr

    def health(self):
        return self.get("/v1/cluster/health_overview")

    def broker(self, node):
        return self.get(f"/v1/brokers/{node}")

    def partition(self, n):
        return self.get(f"/v1/partitions/kafka/t/{n}")

    def partitions(self):
        return json.loads(self.weir("partitions", "t", "--json")[1])


def node_of(broker):
    return broker.json("/v1/cluster")["node_id"]


def good(check, op):
    check("each partition gets a leader, and all is well", eventually(lambda: op.health()["is_healthy"]), op.health())
    h = op.health()
    check("health counts", (h["all_nodes"], h["nodes_down"], h["partitions"]) == ([1, 2, 3], [], PARTITIONS), h)
    check("some broker leads the cluster", h["controller_id"] in (1, 2, 3), h)
    code, said, error = op.weir("health", "--exit-code")
    check("weir cluster health says so", code == 0 and "healthy      yes" in said, (code, said, error))
    code, said, _ = op.weir("brokers")
    check("weir cluster brokers has a line for each", code == 0 and len(said.splitlines()) == 4, said)
    check("leaders are even", eventually(lambda: {b["leaders"] for b in op.get("/v1/brokers")} == {PARTITIONS // 3}),
          op.get("/v1/brokers"))
    told = {p["partition"]: len(p["replicas"]) for p in op.partitions()}
    check("partitions have three copies each", told == dict.fromkeys(range(PARTITIONS), 3), told)
    check("a stop is safe", op.get("/v1/cluster/safe_to_stop?broker=1")["safe"])


def refusals(check, op):
    for method, path, wanted in (("GET", "/v1/brokers/77", 404), ("GET", "/v1/brokers/one", 400),
                                 ("PUT", "/v1/brokers/77/decommission", 404), ("PUT", "/v1/brokers/77/maintenance", 404),
                                 ("PUT", "/v1/brokers/-1/recommission", 400), ("DELETE", "/v1/brokers/1", 409),
                                 ("GET", "/v1/cluster/safe_to_stop", 400), ("GET", "/v1/cluster/safe_to_stop?broker=9", 404),
                                 ("GET", "/v1/partitions/kafka/none/0", 404), ("GET", "/v1/partitions/kafka/t/99", 404),
                                 ("GET", "/v1/cluster/partitions?topic=none", 404),
                                 ("POST", "/v1/partitions/kafka/t/0/transfer_leadership?target=77", 400),
                                 ("POST", "/v1/partitions/kafka/t/0/transfer_leadership?target=x", 400)):
        code, said = op.ask(method, path)
        check(f"{method} {path} is refused with a reason", code == wanted and said.get("error"), (code, said))
    code, _, error = op.weir("decommission", 77)
    check("the client passes the reason on", code == 1 and "no broker 77" in error, (code, error))
    code, _, error = op.weir("health", admin="127.0.0.1:1")
    check("nobody there: it says where it looked", code == 1 and "127.0.0.1:1" in error, (code, error))


def transfer(check, op):
    """The balancer may move it again: what counts is the answer."""
    before = op.partition(0)["leader_id"]
    to = next(n for n in (1, 2, 3) if n != before)
    code, said, error = op.weir("transfer", "t", 0, "--to", to, "--json")
    check("another broker leads when asked to", code == 0 and json.loads(said)["leader_id"] == to, (code, said, error))
    code, said = op.ask("POST", "/v1/partitions/kafka/t/1/transfer_leadership")
    check("or the one that is chosen", code == 200 and said["leader_id"] > 0, (code, said))


def maintenance(check, op):
    node = op.health()["controller_id"]
    code, said, error = op.weir("maintenance", "on", node)
    check(f"maintenance of broker {node}, the controller", code == 0, (code, said, error))
    check("it leads nothing any more", eventually(lambda: op.broker(node)["maintenance_status"]["finished"]), op.broker(node))
    check("nor the cluster", eventually(lambda: op.health()["controller_id"] not in (node, -1)), op.health())
    check("which is healthy and knows why", eventually(
        lambda: op.health()["is_healthy"] and op.health()["nodes_in_maintenance"] == [node]), op.health())
    code, _ = op.ask("PUT", f"/v1/brokers/{node}/recommission")
    check("that is no decommission to be called off", code == 409, code)
    code, said, error = op.weir("maintenance", "off", node)
    check("maintenance ends", code == 0, (code, said, error))
    check("leaders come back", eventually(lambda: op.broker(node)["leaders"] == PARTITIONS // 3), op.broker(node))


def dying(check, op, victim):
    node = node_of(victim)
    victim.kill()
    check("a dead broker is named", eventually(lambda: op.health()["nodes_down"] == [node]), op.health())
    check("with what lacks a copy, but everything is led again",
          eventually(lambda: op.health()["under_replicated_count"] == PARTITIONS and not op.health()["leaderless_count"]),
          op.health())
    code, said, _ = op.weir("health", "--exit-code")
    check("weir cluster health ends with 1", code == 1 and f"down: {node}" in said and "under-replicated:" in said, said)
    other = next(n for n in (1, 2, 3) if n != node)
    code, said, error = op.weir("safe-to-stop", other)
    check("no other one should stop", code == 1 and "no majority" in said, (code, said, error))
    lacking = json.loads(op.weir("partitions", "--not-ok", "--json")[1])
    check("weir cluster partitions --not-ok lists all", len(lacking) == PARTITIONS, lacking)
    victim.start()
    check("back, it catches up", eventually(lambda: op.health()["is_healthy"]), op.health())


def metrics(check, cluster):
    check("metrics: brokers up", eventually(lambda: cluster.brokers[0].metric("cluster_brokers_up") == 3))
    check("metrics: leaders add up", eventually(lambda: sum(b.metric("raft_leaders") for b in cluster.brokers) == PARTITIONS))
    check("metrics: one controller", eventually(lambda: sum(b.metric("cluster_is_controller") for b in cluster.brokers) == 1))
    check("metrics: Raft talks", cluster.brokers[0].metric("raft_messages_out") > 0)


def emptied(check, op, node):
    code, said, error = op.weir("decommission", node)
    check(f"broker {node} is to go", code == 0 and f"broker {node}" in said, (code, said, error))
    path = f"/v1/brokers/{node}/decommission"
    check("its partitions leave", eventually(lambda: op.get(path)["finished"]), op.get(path))


def joined(cluster, name):
    """One more broker, whose seeds are the others."""
    data = os.path.join(cluster.root, name)
    os.mkdir(data)
    new = Broker(cluster.weir, data=data, log=data + ".log")
    new.seeds = [b.rpc for b in cluster.brokers]
    cluster.brokers.append(new)
    return new.start()


def taken_id(check, cluster):
    """Whoever asks for another one's node id is not given a third one, which its next start would refuse."""
    thief = Broker(cluster.weir, data=os.path.join(cluster.root, "thief"), log=os.path.join(cluster.root, "thief.log"))
    os.mkdir(thief.data)
    thief.seeds = [b.rpc for b in cluster.brokers]
    done = subprocess.run([*thief.command(), "--node-id", "1"], capture_output=True, text=True, timeout=30)
    check("a node id is one broker's", done.returncode != 0 and "node id 1 belongs to another broker" in done.stderr,
          (done.returncode, done.stderr[-500:]))


def leaving(check, op, cluster):
    new = joined(cluster, "4")
    node = node_of(new)
    check("a fourth broker joins", op.broker(node)["is_alive"] and len(op.health()["all_nodes"]) == 4, op.health())
    # Its share would come by itself, but not on a disk as full as a developer's may be.
    emptied(check, op, 2)
    check("the fourth has all that was there", op.broker(node)["replicas"] == PARTITIONS, op.get("/v1/brokers"))
    check("called off, the second stays", op.weir("recommission", 2)[0] == 0)
    emptied(check, op, node)
    check("none names it", all(node != r["node_id"] for p in op.partitions() for r in p["replicas"]), op.partitions())
    check("nor has it any", eventually(lambda: new.json("/v1/partitions") == []), new.json("/v1/partitions"))
    code, said = op.ask("DELETE", f"/v1/brokers/{node}")
    check("but it is not forgotten while it is up", code == 409, (code, said))
    check("it stops", new.stop() == 0)
    cluster.brokers.remove(new)
    check("and is forgotten", eventually(lambda: op.weir("forget", node)[0] == 0))
    check("three are left, and well", eventually(lambda: op.health()["is_healthy"]) and len(op.health()["all_nodes"]) == 3,
          op.health())


def hindered(check, op):
    """Three copies on three brokers: none can go."""
    code, said = op.ask("PUT", "/v1/brokers/2/decommission")
    check("who can't be emptied is told so", code == 200 and said["hindrances"][0]["reason"] == "too_few_brokers", (code, said))
    code, said, _ = op.weir("decommission", 2, "--status")
    check("and what to do", code == 0 and "start another broker" in said, (code, said))
    code, said = op.ask("PUT", "/v1/brokers/2/maintenance")
    check("maintenance does not call it off", code == 409 and "decommissioned" in said["error"], (code, said))
    code, said, error = op.weir("recommission", 2)
    check("recommission does", code == 0 and op.broker(2)["membership_status"] == "active", (code, said, error))


def replacing(check, op, cluster):
    """A broker is gone with its disk; another one takes its place."""
    lost = cluster.brokers[1]
    node = node_of(lost)
    lost.kill()
    check("its death is seen", eventually(lambda: op.health()["nodes_down"] == [node]), op.health())
    code, _, error = op.weir("forget", node)
    check("who holds replicas is not forgotten", code == 1 and "decommission" in error, (code, error))
    joined(cluster, "5")
    emptied(check, op, node)
    code, _, error = op.weir("forget", node)
    check("emptied, it is forgotten", code == 0, (code, error))
    cluster.brokers.remove(lost)
    check("the cluster is whole again",
          eventually(lambda: op.health()["is_healthy"]) and node not in op.health()["all_nodes"], op.health())


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--weir", required=True)
    args = parser.parse_args()
    check = Checks()
    began = time.monotonic()
    with Cluster(args.weir) as cluster:
        cluster.start()
        cluster.cli("topic", "create", "t", "-p", PARTITIONS, "-r", 3)
        cluster.cli("produce", "t", "--acks", "all", given="".join(f"v{n}\n" for n in range(500)))
        op = Operator(cluster)
        good(check, op)
        refusals(check, op)
        transfer(check, op)
        maintenance(check, op)
        metrics(check, cluster)
        taken_id(check, cluster)
        dying(check, op, cluster.brokers[0])
        leaving(check, op, cluster)
        hindered(check, op)
        replacing(check, op, cluster)
        got = cluster.cli("consume", "t", "-f", "%v\\n").split()
        check("after all of it each record is there once", sorted(got, key=lambda v: int(v[1:])) == [f"v{n}" for n in range(500)],
              len(got))
    print(f"in {time.monotonic() - began:.0f} s")
    check.close()


if __name__ == "__main__":
    main()
