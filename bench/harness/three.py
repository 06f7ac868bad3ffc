"""Clusters of three brokers on this machine: Weir, and Apache Kafka with broker and controller in each process."""
import time

from harness import answer
from harness.brokers import OTHER, Served
from peer import kafka
from brokers import Cluster
from process import free_ports

THREE_EACH = ("weir3", "weir3-unflushed", "kafka3", "kafka3-flushed")
THREE_PLAIN = ("weir3", "kafka3")
SIZE = 3
OTHER3 = f"{OTHER}3"


class Three(Served):
    """Only one cluster is up at a time: nine processes, idle or not, are more than a small machine should have beside a
    measurement."""

    def __init__(self, args, name):
        super().__init__(args, name)
        self.folder.mkdir(parents=True)
        if name.startswith("weir"):
            options = ["store.flush=false"] if name.endswith("unflushed") else []
            self.cluster = Cluster(self.weir, SIZE, options, args.memory, args.smp, root=str(self.folder))
            self.brokers = self.cluster.brokers
            self.bootstrap = self.cluster.bootstrap
            return
        ports = {}
        for number in range(1, SIZE + 1):
            # Nobody stands between them: what is told is what is real.
            found = zip(kafka.LISTENERS, free_ports(len(kafka.LISTENERS)))
            ports[number] = {(listener, which): port for listener, port in found for which in ("real", "told")}
        self.brokers = [self.kafka(number, ports, flush_each=name == "kafka3-flushed") for number in ports]
        self.bootstrap = ",".join(b.bootstrap for b in self.brokers)

    def kafka(self, number, ports, flush_each):
        home = self.folder / str(number)
        mine = ports[number]
        return kafka.Kafka(kafka.prepare(), home, (mine["CLIENTS", "real"], mine["QUORUM", "real"]), flush_each=flush_each,
                           lines=kafka.member(number, ports, home / "logs"))

    def start(self):
        started = time.monotonic()
        for broker in self.brokers:
            broker.launch()
        for broker in self.brokers:
            self.await_ready(broker)
        self.await_together()
        return time.monotonic() - started

    def await_ready(self, broker):
        if self.name.startswith("weir"):
            broker.await_ready()
        else:
            answer.wait(broker.process, broker.port)

    def await_together(self):
        answer.together([int(address.rsplit(":", 1)[1]) for address in self.bootstrap.split(",")])

    def node_id(self, index):
        return self.brokers[index].json("/v1/cluster")["node_id"] if self.name.startswith("weir") else index + 1

    def await_dead_and_start(self, index):
        broker = self.brokers[index]
        broker.kill()
        broker.launch()
        self.await_ready(broker)
        self.await_together()

    def create(self, topic, partitions, *more):
        super().create(topic, partitions, "-r", SIZE, "-c", f"min.insync.replicas={SIZE // 2 + 1}", *more)
