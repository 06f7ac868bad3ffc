"""Three brokers with three seeds: one cluster, whatever the order; any one may die."""
import os
import shutil
import subprocess
import tempfile
import time

from process import Broker


class Cluster:
    """Brokers that have each other as seeds."""

    def __init__(self, weir, count=3, options=(), memory="512M", smp=1, root=None):
        self.root = root or tempfile.mkdtemp(prefix="weir-cluster-")
        self.weir = str(weir)
        self.brokers = []
        for number in range(1, count + 1):
            data = os.path.join(self.root, str(number))
            os.mkdir(data)
            self.brokers.append(Broker(weir, data=data, memory=memory, smp=smp, options=options,
                                       log=os.path.join(self.root, f"{number}.log")))
        for b in self.brokers:
            b.seeds = [other.rpc for other in self.brokers]

    def start(self, order=None):
        """All at once, or in the order given: a broker is ready only when the cluster is."""
        for b in order or self.brokers:
            b.launch()
        for b in self.brokers:
            b.await_ready()
        return self

    @property
    def bootstrap(self):
        return ",".join(b.kafka for b in self.brokers)

    def cli(self, *words, patience=60, given=None, check=True):
        done = subprocess.run([self.weir, *map(str, words), "--brokers", self.bootstrap], input=given, capture_output=True,
                              text=True, timeout=patience)
        if check and done.returncode:
            raise RuntimeError(f"weir {' '.join(map(str, words))}: {done.stderr}")
        return done.stdout

    def close(self):
        for b in self.brokers:
            if b.process and b.process.poll() is None:
                b.kill()
        shutil.rmtree(self.root, ignore_errors=True)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()


def eventually(holds, patience=30):
    end = time.monotonic() + patience
    while time.monotonic() < end:
        if found := holds():
            return found
        time.sleep(0.1)
    return holds()
