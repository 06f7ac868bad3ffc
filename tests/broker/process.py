"""A broker process for tests: free ports, its own directory, readiness by the admin API, end by signal and by id."""
import json
import os
import pathlib
import random
import re
import shutil
import signal
import socket
import subprocess
import tempfile
import time
import urllib.request


given = set()


def free_ports(count):
    """Below those that the system gives to outgoing connections: else one of these takes the port of a broker that is down
    for a moment, which then cannot start again."""
    lowest = int(pathlib.Path("/proc/sys/net/ipv4/ip_local_port_range").read_text().split()[0])
    ports = []
    while len(ports) < count:
        port = random.SystemRandom().randrange(10_000, max(lowest, 20_000))
        with socket.socket() as s:
            try:
                s.bind(("127.0.0.1", port))
            except OSError:
                continue
        if port not in given:
            given.add(port)
            ports.append(port)
    return ports


class Broker:
    def __init__(self, weir, data=None, smp=1, memory="512M", options=(), log=None):
        self.weir = str(pathlib.Path(weir).resolve())
        self.own_data = data is None
        self.data = data or tempfile.mkdtemp(prefix="weir-test-")
        self.log_path = log or os.path.join(self.data, "..", os.path.basename(self.data) + ".log")
        kafka, admin, rpc = free_ports(3)
        self.kafka, self.admin, self.rpc = (f"127.0.0.1:{p}" for p in (kafka, admin, rpc))
        self.kafka_port = kafka
        self.smp, self.memory, self.options = smp, memory, list(options)
        self.process = None
        self.seeds = []

    def command(self):
        sets = [a for o in self.options for a in ("--set", o)] + [a for s in self.seeds for a in ("--seed", s)]
        return [self.weir, "start", "--dev", "--data-dir", self.data, "--kafka", self.kafka, "--admin", self.admin,
                "--rpc", self.rpc, "--smp", str(self.smp), "--memory", self.memory, *sets]

    def start(self, patience=60):
        self.launch()
        return self.await_ready(patience)

    def launch(self):
        self.log = open(self.log_path, "ab")
        self.process = subprocess.Popen(self.command(), stdin=subprocess.DEVNULL, stdout=self.log, stderr=self.log)

    def await_ready(self, patience=60):
        end = time.monotonic() + patience
        while time.monotonic() < end:
            if self.process.poll() is not None:
                raise RuntimeError(f"the broker ended with {self.process.returncode}: {self.log_tail()}")
            try:
                if self.get("/v1/status/ready", timeout=2)[0] == 200:
                    return self
            except OSError:
                pass
            time.sleep(0.02)
        raise RuntimeError(f"not ready within {patience} s: {self.log_tail()}")

    def get(self, path, timeout=10):
        try:
            with urllib.request.urlopen(f"http://{self.admin}{path}", timeout=timeout) as answer:
                return answer.status, answer.read().decode()
        except urllib.error.HTTPError as refused:
            return refused.code, refused.read().decode()

    def json(self, path):
        return json.loads(self.get(path)[1])

    def metric(self, name):
        """Of all shards and labels."""
        return sum(float(line.rsplit(" ", 1)[1]) for line in self.get("/metrics")[1].splitlines()
                   if line.startswith(f"weir_{name}{{"))

    def log_tail(self, size=3000):
        path = pathlib.Path(self.log.name)
        return path.read_bytes()[-size:].decode(errors="replace")

    def stalls_ms(self):
        """How long a core was kept from its other work, each time that Seastar saw it (from 50 ms on: see src/app/main.cc)."""
        text = pathlib.Path(self.log_path).read_text(errors="replace")
        return [int(ms) for ms in re.findall(r"Reactor stalled for (\d+) ms", text)]

    def memory_kib(self):
        for line in pathlib.Path(f"/proc/{self.process.pid}/status").read_text().splitlines():
            if line.startswith("VmRSS"):
                return int(line.split()[1])

    def kill(self):
        self.process.kill()
        self.process.wait(30)

    def stop(self, patience=30):
        """SIGTERM; the exit code."""
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(patience)

    def verify(self, *options):
        """Of a broker that is down: `weir verify`'s exit code, report and complaint."""
        ran = subprocess.run([self.weir, "verify", str(self.data), "--json", *options], capture_output=True, text=True,
                             timeout=120)
        return ran.returncode, json.loads(ran.stdout or "{}"), ran.stderr

    def __enter__(self):
        return self.start()

    def __exit__(self, *_):
        if self.process and self.process.poll() is None:
            try:
                self.stop()
            except subprocess.TimeoutExpired:
                self.kill()
        self.log.close()
        if self.own_data:
            shutil.rmtree(self.data, ignore_errors=True)
            pathlib.Path(self.log.name).unlink(missing_ok=True)


class Checks:
    """Counts named checks and prints the closing line."""

    def __init__(self):
        self.passed = self.failed = 0

    def __call__(self, name, good, detail=""):
        self.passed += bool(good)
        self.failed += not good
        print(("ok    " if good else "FAILED ") + name + (f": {detail}" if detail and not good else ""), flush=True)
        return good

    def verified(self, broker, when, *options):
        """`weir verify` finds nothing wrong in the directory of a broker that is down; its report."""
        code, said, error = broker.verify(*options)
        self(f"{when}: verify is content", code == 0 and said.get("result") == "good", (code, said, error))
        return said

    def close(self):
        print(f"{self.passed} passed, {self.failed} failed")
        raise SystemExit(1 if self.failed or not self.passed else 0)
