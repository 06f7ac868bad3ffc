"""The brokers that chaos is made with. A node has a name, a process, a data directory and what can be done to it; a cluster has
nodes, addresses for clients, and knows how to compare what its nodes stored. All traffic goes through the proxy."""
import ctypes
import os
import pathlib
import shutil
import signal
import subprocess
import sys
import time

import replicas
from disk import Disk
from network import Network
from process import Broker, free_ports

here = pathlib.Path(__file__).resolve().parent
sys.path.append(str(here.parent.parent / "bench"))
from harness import answer  # noqa: E402
from peer import kafka  # noqa: E402

STOP_SECONDS = 60
PRCTL, PR_SET_PDEATHSIG = ctypes.CDLL(None).prctl, 1
DISK_MIB = 768  # of a node whose disk is a file system of its own


def end_with_the_run():
    """In a new process: whatever ends the run, kill -9 too, ends its brokers."""
    PRCTL(PR_SET_PDEATHSIG, signal.SIGKILL)


class Node:
    """What is the same for every broker: `broker` is whatever starts its process."""

    def __init__(self, cluster, number, folder):
        self.cluster, self.number, self.name = cluster, number, f"n{number}"
        self.folder = pathlib.Path(folder)
        self.disk = Disk(DISK_MIB) if cluster.own_disks else None
        self.paused = False
        self.env = {}  # of its next start

    @property
    def process(self):
        return self.broker.process

    @property
    def up(self):
        return self.process is not None and self.process.poll() is None

    def spawn(self, command, log):
        """Its process, known to the proxy before it can have connected anywhere."""
        process = subprocess.Popen(list(map(str, command)), stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                                   env={**os.environ, **self.env}, preexec_fn=end_with_the_run)
        self.cluster.network.pid(self.name, process.pid)
        self.paused = False
        return process

    def signal(self, what):
        if self.up:
            self.process.send_signal(what)

    def kill(self):
        self.signal(signal.SIGKILL)
        if self.process is not None:
            self.process.wait(STOP_SECONDS)

    def ask_to_stop(self):
        self.resume()
        self.signal(signal.SIGTERM)

    def ended(self):
        """After it was asked: the exit code, or None when it had to be killed."""
        try:
            return self.process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self.kill()
            return None

    def pause(self):
        self.signal(signal.SIGSTOP)
        self.paused = True

    def resume(self):
        if self.paused:
            self.signal(signal.SIGCONT)
        self.paused = False

    def log_tail(self, size=2000):
        return self.log_path.read_bytes()[-size:].decode(errors="replace")


class WeirNode(Node):
    """One Weir. How a member of a cluster is started stands in `weir_cluster` alone."""

    def __init__(self, cluster, number, folder, weir, flags=(), options=()):
        super().__init__(cluster, number, folder)
        self.log_path = self.folder / f"{self.name}.log"
        self.data = pathlib.Path(self.disk.data) if self.disk else self.folder / self.name
        self.data.mkdir(parents=True, exist_ok=True)
        self.flags = list(flags)
        self.broker = Broker(weir, data=str(self.data), smp=1, memory="384M", log=str(self.log_path), options=options)
        self.client_port = self.broker.kafka_port  # past the proxy
        self.seen_by_clients, = free_ports(1)
        # Members of groups are missed early, so that a short run sees what follows.
        self.broker.options += ["group.session_ms_min=1s", "group.first_rebalance_delay_ms=500ms"]
        self.broker.options.append("topics.auto_create=false")  # a client's question would bring deleted topics back
        self.broker.options.append(f"kafka.advertise=127.0.0.1:{self.seen_by_clients}")
        cluster.network.route(self.seen_by_clients, self.broker.kafka_port, self.name)

    def start(self):
        with open(self.log_path, "ab") as log:
            command = [word for word in self.broker.command() if word != "--dev" or not self.flags]
            self.broker.process = self.spawn(command + self.flags, log)

    def ready(self):
        try:
            if self.broker.get("/v1/status/ready", timeout=2)[0] != 200:
                return False
            self.number = self.broker.json("/v1/cluster")["node_id"]
            return True
        except OSError:
            return False

    def wipe(self):
        """A broker without its disk is another one, which gets another number."""
        shutil.rmtree(self.data)
        self.data.mkdir()
        if "--node-id" in self.flags:
            at = self.flags.index("--node-id")
            del self.flags[at:at + 2]


class KafkaNode(Node):
    """Apache Kafka, broker and controller in one process. Time-outs are short, so that much happens in little time."""

    JVM = ["-Xms256m", "-Xmx400m", "-XX:-UseG1GC", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1"]

    def __init__(self, cluster, number, folder, ports):
        super().__init__(cluster, number, folder)
        self.ports, self.jars = ports, kafka.prepare()
        self.home = self.folder / self.name
        self.data = pathlib.Path(self.disk.data if self.disk else self.home) / "logs"
        self.log_path = self.home / "kafka.log"
        self.client_port, self.seen_by_clients = ports[number]["CLIENTS", "real"], ports[number]["CLIENTS", "told"]
        self.make()
        for kind in kafka.LISTENERS:
            cluster.network.route(ports[number][kind, "told"], ports[number][kind, "real"], self.name)

    def make(self):
        mine = self.ports[self.number]
        self.broker = kafka.Kafka(self.jars, self.home, (mine["CLIENTS", "real"], mine["QUORUM", "real"]), jvm=self.JVM, lines=[
            *kafka.member(self.number, self.ports, self.data),
            "controller.quorum.fetch.timeout.ms=1500", "controller.quorum.election.timeout.ms=800",
            "controller.quorum.request.timeout.ms=1500", "broker.session.timeout.ms=3000", "broker.heartbeat.interval.ms=500",
            "replica.lag.time.max.ms=4000", "replica.socket.timeout.ms=3000", "replica.fetch.wait.max.ms=200",
            "controller.socket.timeout.ms=3000", "offsets.topic.replication.factor=3", "offsets.topic.num.partitions=2",
            "transaction.state.log.num.partitions=2", "group.min.session.timeout.ms=1000", "group.initial.rebalance.delay.ms=500",
            "num.recovery.threads.per.data.dir=2", "auto.create.topics.enable=false", "controlled.shutdown.enable=true",
            "file.delete.delay.ms=1000", "unclean.leader.election.enable=false"])

    def start(self):
        if not (self.data / "meta.properties").exists():
            self.broker.format()
        self.broker.process = self.spawn([self.broker.java[0], *self.broker.jvm, *self.broker.java[1:], "kafka.Kafka",
                                          self.broker.config], self.broker.log)

    def ready(self):
        try:
            return self.up and answer.once(self.client_port)
        except OSError:
            return False

    def wipe(self):
        shutil.rmtree(self.data)


class Cluster:
    copies_each, min_insync, read_copies = 3, 2, None
    start_seconds = 60
    last_stops = True  # whether the last of all brokers ends in order, too

    def __init__(self, folder, own_disks=False):
        self.folder, self.own_disks = pathlib.Path(folder), own_disks
        self.network = Network(self.folder / "proxy.log")
        self.nodes = []

    @property
    def bootstrap(self):
        return ",".join(f"127.0.0.1:{n.seen_by_clients}" for n in self.nodes)

    def node(self, name):
        return next(n for n in self.nodes if n.name == name)

    def start(self):
        for node in self.nodes:
            node.start()
        self.await_ready(self.nodes)

    def await_ready(self, nodes):
        end = time.monotonic() + self.start_seconds
        for node in nodes:
            while not node.ready():
                if not node.up or time.monotonic() > end:
                    raise RuntimeError(f"{node.name} did not get ready: {node.log_tail()}")
                time.sleep(0.05)

    def copies(self):
        """Of nodes that are down: what each stored."""
        return {n.name: self.read_copies(n.data) for n in self.nodes}

    def verify(self, check):
        """What a product's own tool says of the directories of nodes that are down."""

    def close(self):
        for node in self.nodes:
            node.kill()
            if node.disk:
                node.disk.__exit__()
        self.network.close()


class WeirAlone(Cluster):
    """One Weir broker."""

    copies_each = min_insync = 1
    read_copies = staticmethod(replicas.weir)

    def __init__(self, folder, weir, own_disks=False):
        super().__init__(folder, own_disks)
        self.nodes = [WeirNode(self, 1, folder, weir, options=["node.shutdown_ms=5s"])]

    def verify(self, check):
        for node in self.nodes:
            check.verified(node.broker, f"{node.name} at the end")


class weir_cluster(WeirAlone):  # noqa: N801  named for the one place that knows how a cluster of Weir is started
    """Three or more Weir brokers. Brokers reach each other at the addresses that they tell, which are the proxy's."""

    copies_each, min_insync = 3, 2

    def __init__(self, folder, weir, own_disks=False, size=3):
        Cluster.__init__(self, folder, own_disks)
        told = free_ports(size)
        seeds = ",".join(f"127.0.0.1:{port}" for port in told)
        for number, port in enumerate(told, 1):
            node = WeirNode(self, number, folder, weir, flags=["--node-id", str(number), "--seed", seeds],
                            options=[f"rpc.advertise=127.0.0.1:{port}", "node.shutdown_ms=5s"])
            self.network.route(port, int(node.broker.rpc.rsplit(":", 1)[1]), node.name)
            self.nodes.append(node)


class KafkaCluster(Cluster):
    last_stops = False  # without a majority it waits for minutes for somebody to take its leases over
    start_seconds = 120
    read_copies = staticmethod(replicas.kafka)

    def __init__(self, folder, own_disks=False, size=3):
        super().__init__(folder, own_disks)
        ports = {}
        for number in range(1, size + 1):
            found = free_ports(6)
            ports[number] = {(k, w): found.pop() for k in kafka.LISTENERS for w in ("real", "told")}
        self.nodes = [KafkaNode(self, number, folder, ports) for number in ports]


KINDS = {"weir": lambda folder, weir, disks: WeirAlone(folder, weir, disks),
         "weir3": lambda folder, weir, disks: weir_cluster(folder, weir, disks),
         "weir5": lambda folder, weir, disks: weir_cluster(folder, weir, disks, 5),
         "kafka3": lambda folder, weir, disks: KafkaCluster(folder, disks),
         "kafka5": lambda folder, weir, disks: KafkaCluster(folder, disks, 5)}
