"""Configs of one resource changed through several brokers at the same time: every change that was answered is there."""
import argparse
import threading

import codec
from brokers import Cluster, eventually
from process import Checks
from wire import Wire, request

SET, TOPIC, BROKER, GROUP = 0, 2, 4, 32
ROUNDS = 40
# Each broker's client sets an option of its own.
OPTIONS = {(TOPIC, "t"): ["retention.ms", "segment.ms", "max.message.bytes"],
           (BROKER, ""): ["log.retention.ms", "log.roll.ms", "fetch.max.bytes"],
           (GROUP, "g"): ["consumer.session.timeout.ms", "share.session.timeout.ms", "streams.session.timeout.ms"]}


class Client:
    def __init__(self, broker):
        self.wire = Wire(broker.kafka_port, timeout=60)

    def ask(self, api, version, **fields):
        key, body, flexible = codec.encode(api, version, fields)
        return codec.decode(api, version, self.wire.send(request(key, version, body, flexible=flexible)).answer())

    def set(self, kind, name, option, value):
        told = self.ask("incremental_alter_configs", 1, resources=[{"resource_type": kind, "resource_name": name, "configs": [
            {"name": option, "config_operation": SET, "value": str(value)}]}])
        return told["responses"][0]["error"], told["responses"][0]["error_message"]

    def see(self, kind, name, options):
        told = self.ask("describe_configs", 4, resources=[
            {"resource_type": kind, "resource_name": name, "configuration_keys": options}])
        return {c["name"]: c["value"] for c in told["results"][0]["configs"]}


def race(check, clients, kind, name, options):
    refused, lost = [], []
    for turn in range(ROUNDS):
        value = 46_000 + turn
        threads = [threading.Thread(target=lambda c=c, o=o: refused.append(told) if (told := c.set(kind, name, o, value))[0] else None)
                   for c, o in zip(clients, options)]
        for t in threads:
            t.start()
        for t in threads:
            t.join()
        wanted = {o: str(value) for o in options}
        if not eventually(lambda: all(c.see(kind, name, options) == wanted for c in clients), patience=10):
            lost.append((turn, [c.see(kind, name, options) for c in clients]))
    check(f"{kind} {name}: nobody is refused", not refused, refused[:3])
    check(f"{kind} {name}: no change is lost", not lost, lost[:3])


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--weir", required=True)
    args = parser.parse_args()
    check = Checks()
    with Cluster(args.weir) as cluster:
        cluster.start()
        clients = [Client(b) for b in cluster.brokers]
        told = clients[0].ask("create_topics", 7, timeout_ms=10_000, topics=[
            {"name": "t", "num_partitions": 1, "replication_factor": 3}])
        check("a topic", told["topics"][0]["error"] == 0, told)
        eventually(lambda: all(c.see(TOPIC, "t", ["retention.ms"]) for c in clients))
        for (kind, name), options in OPTIONS.items():
            race(check, clients, kind, name, options)
    check.close()


if __name__ == "__main__":
    main()
