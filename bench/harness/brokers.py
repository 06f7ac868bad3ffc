"""The brokers that are measured: Weir and its peer, each with and without a flush before the acknowledgement."""
import os
import pathlib
import shutil
import signal
import subprocess
import sys
import time

from harness import answer, usage
from peer import kafka

repo = pathlib.Path(__file__).resolve().parent.parent.parent
sys.path.insert(0, str(repo / "tests/broker"))
from process import Broker, free_ports  # noqa: E402

# What each acknowledges: records on the device, or records that the device may still lose without power.
VARIANTS = ("weir", "weir-unflushed", "kafka", "kafka-flushed")
OTHER = "weir-other"  # another build of Weir, by --against
LOOK_SECONDS, QUIET_SHARE = 0.2, 0.25
STOP_SECONDS = 15
LOG_LINES = 12
PLAIN = ("weir", "kafka")  # where a flush plays no part


class Served:
    """What serves clients, on a directory of its own. `brokers` are one or more, each with a process."""

    def __init__(self, args, name):
        self.name, self.kept = name, {}
        self.weir = args.against if name.startswith(OTHER) else args.weir
        self.beside = None  # another of the same, for what needs a fresh one
        self.folder = pathlib.Path(args.dir) / f"{os.getpid()}-{name}-{time.monotonic_ns()}"

    @property
    def pids(self):
        return [b.process.pid for b in self.brokers]

    @property
    def up(self):
        return all(b.process and b.process.poll() is None for b in self.brokers)

    def of_all(self, figure):
        """What /proc tells of each of its processes, in sum."""
        return sum(figure(pid) for pid in self.pids)

    def stop(self):
        """All at once: the last one of a cluster, stopped behind the others, would wait for a quorum."""
        running = [b for b in self.brokers if b.process and b.process.poll() is None]
        for broker in running:
            broker.process.terminate()
        end = time.monotonic() + STOP_SECONDS
        for broker in running:
            try:
                broker.process.wait(max(0, end - time.monotonic()))
            except subprocess.TimeoutExpired:
                broker.kill()

    def logs(self):
        return sorted([*self.folder.glob("*.log"), *self.folder.glob("*/kafka.log")])

    def obituary(self):
        """Of brokers that ended by themselves: how, and their last words."""
        ended = [b for b in self.brokers if b.process and b.process.poll() not in (None, 0, -signal.SIGKILL)]
        words = [f"a broker ended with {b.process.returncode}; its last words:\n" +
                 "\n".join(pathlib.Path(b.log.name).read_text(errors="replace").splitlines()[-LOG_LINES:]) for b in ended]
        return "\n".join(words)

    def close(self):
        if self.beside:
            self.beside.close()
        self.stop()
        shutil.rmtree(self.folder, ignore_errors=True)

    def topic(self, *words):
        command = [self.weir, "topic", *map(str, words), "--brokers", self.bootstrap, "--timeout", "90"]
        done = subprocess.run(command, capture_output=True, text=True, timeout=120)
        if done.returncode:
            raise RuntimeError(f"topic {words[0]} {words[1]}: {(done.stderr or done.stdout).strip()[-1500:]}")

    def create(self, topic, partitions, *more):
        """The delay before files go is short, so that they go before another's turn."""
        self.topic("create", topic, "-p", partitions, "-c", "file.delete.delay.ms=100", *more)
        self.await_quiet()

    def delete(self, topic):
        self.topic("delete", topic, "--yes")
        self.await_quiet()

    def await_quiet(self, patience=15):
        """Until what a topic's birth or death set going is done: a broker answers before it is."""
        end = time.monotonic() + patience
        busy = True
        while busy and time.monotonic() < end:
            before = self.of_all(usage.cpu_seconds)
            time.sleep(LOOK_SECONDS)
            busy = self.of_all(usage.cpu_seconds) - before > QUIET_SHARE * LOOK_SECONDS

    def settle(self, topic):
        """Puts what the peer left in the page cache onto the device, so that its write-back falls into nobody's turn."""
        if self.name.startswith("kafka"):
            for path in [path for b in self.brokers for path in b.files(topic)]:
                with open(path, "rb") as file:
                    os.fsync(file.fileno())

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()


class Variant(Served):
    """One broker, kept running between its turns."""

    def __init__(self, args, name):
        super().__init__(args, name)
        if name.startswith("weir"):
            self.folder.mkdir(parents=True)
            options = ["store.flush=false"] if name == "weir-unflushed" else []
            self.broker = Broker(self.weir, data=str(self.folder / "data"), smp=args.smp, memory=args.memory, options=options)
            (self.folder / "data").mkdir()
            self.bootstrap, self.port = self.broker.kafka, self.broker.kafka_port
        else:
            self.broker = kafka.Kafka(kafka.prepare(), self.folder, free_ports(2), flush_each=name == "kafka-flushed")
            self.bootstrap, self.port = self.broker.bootstrap, self.broker.port
        self.brokers = [self.broker]

    @property
    def pid(self):
        return self.broker.process.pid

    def start(self):
        """Seconds from the command to the first answer; what a first start prepares in another process is not counted."""
        if self.name.startswith("kafka"):
            return self.broker.start()
        self.broker.log = open(self.folder / "weir.log", "ab")
        self.broker.process = subprocess.Popen(self.broker.command(), stdin=subprocess.DEVNULL, stdout=self.broker.log,
                                               stderr=self.broker.log)
        return answer.wait(self.broker.process, self.port)

    def empty_cache(self, topic):
        """Makes the next read of the topic come from the device."""
        if self.name.startswith("weir"):
            self.stop()
            self.start()
        else:
            self.settle(topic)
            for path in self.broker.files(topic):
                with open(path, "rb") as file:
                    os.posix_fadvise(file.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)
