"""Brokers that a run starts by itself: Weir from a bundle, or Apache Kafka through bench/peer."""

import subprocess
import sys
import tempfile
from contextlib import ExitStack
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent.parent
sys.path[:0] = [str(ROOT / "tests/broker"), str(ROOT / "bench")]

PEER = "Apache Kafka"


class Started:
    """As shipped, each with a directory of its own, ended with the run."""

    def __init__(self) -> None:
        self.all_ = ExitStack()

    def __enter__(self) -> "Started":
        return self

    def __exit__(self, *_) -> None:
        self.all_.close()

    def weir(self, launcher: str) -> str:
        from process import Broker

        broker = Broker(launcher)
        self.all_.callback(broker.__exit__, None, None, None)
        broker.__enter__()
        return broker.kafka

    def peer(self) -> str:
        from peer import kafka
        from process import free_ports

        folder = self.all_.enter_context(tempfile.TemporaryDirectory(prefix="weir-peer-", ignore_cleanup_errors=True))
        broker = kafka.Kafka(kafka.prepare(), folder, free_ports(2))
        self.all_.callback(broker.stop)
        broker.start()
        return broker.bootstrap


def weir_version(launcher: str) -> str:
    return subprocess.run([launcher, "--version"], capture_output=True, text=True, check=True, timeout=30).stdout.split()[-1]


def peer_version() -> str:
    from peer import kafka

    return kafka.version()


def have_peer() -> str:
    """What the machine lacks for Apache Kafka, or nothing."""
    import shutil

    from peer import kafka

    return "" if kafka.java() and shutil.which("mvn") else "needs Java 17 or newer and Maven"
