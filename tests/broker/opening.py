"""Topics are made and deleted while a broker opens the partitions that it has: in the end it has what there is, once."""
import argparse
import os
import pathlib
import time

from brokers import Cluster, eventually
from process import Checks
from surface import ask
from surface_cases import topic

MANY, ROUNDS = 600, 3
PAUSE = 0.03  # between two commands; a broker opens its partitions for a second or so


def make(port, names, partitions=2):
    told = ask(port, "create_topics", 7, {"timeout_ms": 30_000, "topics": [topic(n, partitions, 3) for n in names]})
    return {t["error"] for t in told["topics"]}


def delete(port, names):
    told = ask(port, "delete_topics", 6, {"timeout_ms": 30_000, "topics": [{"name": n} for n in names]})
    return {t["error"] for t in told["responses"]}


def is_ready(broker):
    try:
        return broker.get("/v1/status/ready", timeout=2)[0] == 200
    except OSError:
        return False


def come_and_go(port, broker, turn):
    """Until the broker is ready; the names that are there then."""
    there = [f"old{turn}-{n}" for n in range(20)]
    assert make(port, there) == {0}
    broker.kill()
    broker.launch()
    codes, step = set(), 0
    while not is_ready(broker) and broker.process.poll() is None:
        step += 1
        there.append(f"new{turn}-{step}")
        codes |= make(port, there[-1:]) | delete(port, [there.pop(0)])
        time.sleep(PAUSE)
    return there, codes, step


def topics_of(broker):
    return {name.rpartition(".")[0] for name in os.listdir(f"{broker.data}/topics")}


def in_sync(port, names):
    told = ask(port, "metadata", 12, {"topics": [{"name": n} for n in names], "allow_auto_topic_creation": False})
    return all(len(p["isr_nodes"]) == 3 for t in told["topics"] for p in t["partitions"])


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--weir", required=True)
    args = parser.parse_args()
    check = Checks()
    with Cluster(args.weir, smp=2) as cluster:
        cluster.start()
        first, *_, last = cluster.brokers
        port = first.kafka_port
        check("a topic of many partitions", make(port, ["many"], MANY) == {0})
        names = {"many"}
        for turn in range(ROUNDS):
            there, codes, steps = come_and_go(port, last, turn)
            names |= set(there)
            check(f"start {turn}: commands were carried out meanwhile", steps > 3 and codes == {0}, (steps, codes))
            check(f"start {turn}: the broker is up", eventually(lambda: is_ready(last)), last.log_tail())
            check(f"start {turn}: it has the topics that there are", eventually(lambda: topics_of(last) == names),
                  (sorted(topics_of(last) - names), sorted(names - topics_of(last))))
            check(f"start {turn}: all its copies are in step", eventually(lambda: in_sync(port, sorted(names)), 60))
        said = pathlib.Path(last.log_path).read_text(errors="replace")
        check("nothing is offline", " is offline: " not in said, said[-2000:])
        for b in cluster.brokers:
            b.stop()
        check.verified(last, "at the end")
    check.close()


if __name__ == "__main__":
    main()
