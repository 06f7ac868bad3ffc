"""Apache Kafka as the peer: its jars come through Maven (pom.xml names the version), broker and controller in one process as
its own quick start has it, every setting that is not said here as shipped."""
import hashlib
import os
import pathlib
import re
import shutil
import signal
import subprocess
import sys

from harness import answer

here = pathlib.Path(__file__).resolve().parent
CLUSTER = "d2Vpci1iZW5jaC1wZWVyLQ"
# Those of Kafka's own start script.
JVM = ["-server", "-Xms1G", "-Xmx1G", "-XX:+UseG1GC", "-XX:MaxGCPauseMillis=20", "-XX:InitiatingHeapOccupancyPercent=35",
       "-XX:+ExplicitGCInvokesConcurrent", "-Djava.awt.headless=true"]


def java():
    """The newest Java of the machine, unless WEIR_JAVA or JAVA_HOME says another."""
    if os.environ.get("WEIR_JAVA"):
        return os.environ["WEIR_JAVA"]
    if os.environ.get("JAVA_HOME"):
        return os.environ["JAVA_HOME"] + "/bin/java"
    found = []
    for release in pathlib.Path("/usr/lib/jvm").glob("*/release"):
        version = re.search(r'JAVA_VERSION="(\d+)', release.read_text())
        if version and (release.parent / "bin/java").exists():
            found.append((int(version[1]), str(release.parent / "bin/java")))
    return max(found)[1] if found else shutil.which("java")


def java_version():
    shown = subprocess.run([java(), "-version"], capture_output=True, text=True)
    return shown.stderr.splitlines()[0]


def version():
    return re.search(r"<kafka.version>(.*)</kafka.version>", (here / "pom.xml").read_text())[1]


def prepare():
    """The folder with Kafka's jars; brings them when they are not there."""
    cache = pathlib.Path(os.environ.get("WEIR_CACHE") or pathlib.Path.home() / ".cache/weir")
    name = hashlib.sha256((here / "pom.xml").read_bytes()).hexdigest()[:12]
    jars = cache / f"peer-{name}"
    if not jars.exists():
        if not java() or not shutil.which("mvn"):
            raise RuntimeError("the peer needs Java 17 or newer and Maven (--only weir does without)")
        print("bringing Apache Kafka through Maven", file=sys.stderr, flush=True)
        making = cache / f"peer-{name}.{os.getpid()}"
        # The pom is copied so that Maven leaves nothing in the source tree.
        making.mkdir(parents=True)
        shutil.copy(here / "pom.xml", making)
        done = subprocess.run(["mvn", "-q", "-B", "-f", making / "pom.xml", "dependency:copy-dependencies",
                               "-DincludeScope=runtime", f"-DoutputDirectory={making}"], timeout=900, capture_output=True,
                              text=True)
        if done.returncode:
            shutil.rmtree(making)
            raise RuntimeError(f"Maven failed: {done.stdout[-2000:]}")
        try:
            making.rename(jars)
        except OSError:  # another run was faster
            shutil.rmtree(making)
    return jars


LISTENERS = ("CLIENTS", "PEERS", "QUORUM")  # of a member of a cluster: each has its real port, and the one that others are told


def member(number, ports, logs):
    """The configuration of one of several nodes, each broker and controller; `ports`: of all, {number: {(listener, "real" or
    "told"): port}}. All else is as shipped."""
    mine = ports[number]
    return ["process.roles=broker,controller", f"node.id={number}", f"log.dirs={logs}",
            "listeners=" + ",".join(f"{name}://127.0.0.1:{mine[name, 'real']}" for name in LISTENERS),
            "advertised.listeners=" + ",".join(f"{name}://127.0.0.1:{mine[name, 'told']}" for name in LISTENERS),
            "listener.security.protocol.map=" + ",".join(f"{name}:PLAINTEXT" for name in LISTENERS),
            "controller.listener.names=QUORUM", "inter.broker.listener.name=PEERS",
            "controller.quorum.voters=" + ",".join(f"{n}@127.0.0.1:{p['QUORUM', 'told']}" for n, p in ports.items())]


class Kafka:
    """One process: a cluster of its own, or with `lines` of configuration whatever those say."""

    def __init__(self, jars, data, ports, flush_each=False, lines=None, jvm=()):
        self.data = pathlib.Path(data)
        self.port, controller = ports
        self.bootstrap = f"127.0.0.1:{self.port}"
        self.data.mkdir(parents=True, exist_ok=True)
        self.jvm, self.alone = [*JVM, *jvm], lines is None
        self.log = open(self.data / "kafka.log", "ab")
        self.process = None
        self.java = [java(), f"-Dlog4j2.configurationFile={here / 'log4j2.yaml'}", "-cp", f"{jars}/*"]
        self.config = self.data / "server.properties"
        lines = lines or ["process.roles=broker,controller", "node.id=1", f"listeners=PLAINTEXT://{self.bootstrap},"
                          f"CONTROLLER://127.0.0.1:{controller}", "controller.listener.names=CONTROLLER",
                          f"controller.quorum.bootstrap.servers=127.0.0.1:{controller}", f"log.dirs={self.data / 'logs'}",
                          "offsets.topic.replication.factor=1", "transaction.state.log.replication.factor=1",
                          "transaction.state.log.min.isr=1", "share.coordinator.state.topic.replication.factor=1",
                          "share.coordinator.state.topic.min.isr=1"]
        if flush_each:
            lines.append("log.flush.interval.messages=1")
        self.config.write_text("\n".join(lines) + "\n")

    def format(self):
        subprocess.run([*self.java[:1], "-Xmx256m", *self.java[1:], "kafka.tools.StorageTool", "format",
                        *(["--standalone"] if self.alone else []), "-t", CLUSTER, "-c", self.config], check=True, timeout=90,
                       stdout=self.log, stderr=self.log)

    def start(self):
        """Seconds until it answered."""
        self.launch()
        return answer.wait(self.process, self.port)

    def launch(self):
        if not (self.data / "logs").exists():
            self.format()
        self.process = subprocess.Popen([self.java[0], *self.jvm, *self.java[1:], "kafka.Kafka", self.config],
                                        stdin=subprocess.DEVNULL, stdout=self.log, stderr=self.log)

    def kill(self):
        self.process.kill()
        self.process.wait(30)

    def stop(self):
        if self.process and self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            try:
                self.process.wait(30)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait(30)

    def files(self, topic):
        return (self.data / "logs").glob(f"{topic}-*/*.log")
