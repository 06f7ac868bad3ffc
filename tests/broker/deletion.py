"""Topics that are deleted one right after the other, while they are written to: their files go, and nothing is said of files in
the way of each other. And records are counted and deleted as soon as acks=1 has acknowledged
them."""
import argparse
import os
import pathlib

from brokers import eventually
from process import Broker, Checks
from surface import ask
from surface_cases import batch, topic

TOPICS, PARTITIONS, ROUNDS = 12, 4, 5


def log_of(broker):
    return pathlib.Path(broker.log.name).read_text(errors="replace")


def write(port, names, acks=-1):
    told = ask(port, "produce", 11, {"transactional_id": None, "acks": acks, "timeout_ms": 10_000, "topic_data": [
        {"name": n, "partition_data": [{"index": p, "records": batch([1, 2])} for p in range(PARTITIONS)]} for n in names]})
    return {p["error"] for t in told["responses"] for p in t["partition_responses"]}


def ends(port):
    told = ask(port, "list_offsets", 7, {"replica_id": -1, "isolation_level": 0, "topics": [{"name": "written", "partitions": [
        {"partition_index": p, "current_leader_epoch": -1, "timestamp": -1} for p in range(PARTITIONS)]}]})
    return {p["offset"] for p in told["topics"][0]["partitions"]}


def delete_at_once(port):
    """Error codes of both, and how often the end was another one than it should have been."""
    codes, stale = set(), 0
    for before in range(2, 2 + 2 * 60, 2):
        codes |= write(port, ["written"], acks=1)
        stale += before % 4 == 0 and ends(port) != {before}
        told = ask(port, "delete_records", 2, {"topics": [{"name": "written", "partitions": [
            {"partition_index": p, "offset": before} for p in range(PARTITIONS)]}], "timeout_ms": 10_000})
        codes |= {p["error"] for p in told["topics"][0]["partitions"]}
    return codes, stale


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--weir", required=True)
    args = parser.parse_args()
    check = Checks()
    with Broker(args.weir, smp=2) as broker:
        port = broker.kafka_port
        for turn in range(ROUNDS):
            names = [f"t{turn}-{n}" for n in range(TOPICS)]
            ask(port, "create_topics", 7, {"topics": [topic(n, PARTITIONS) for n in names], "timeout_ms": 10_000})
            check(f"round {turn}: they are written to", eventually(lambda: write(port, names) == {0}))
            told = ask(port, "delete_topics", 6, {"topics": [{"name": n} for n in names], "timeout_ms": 10_000})
            check(f"round {turn}: they are deleted", {t["error"] for t in told["responses"]} == {0}, told)
        left = lambda: [n for n in os.listdir(f"{broker.data}/topics") if n.startswith("t")]
        check("all files go", eventually(lambda: not left()), left())
        ask(port, "create_topics", 7, {"topics": [topic("written", PARTITIONS)], "timeout_ms": 10_000})
        told, stale = delete_at_once(port)
        check("what acks=1 has acknowledged can be deleted", told == {0}, told)
        check("and is counted", not stale, stale)
        said = [line for line in log_of(broker).splitlines() if line.startswith(("WARN", "ERROR"))]
        check("and nothing was in the way", not said, said[:5])
    check.close()


if __name__ == "__main__":
    main()
