"""Troubles that take something of the machine: throttled disks (root and the blkio controller), clocks (a C compiler). Each
tells what it lacks, and the scenario is skipped then."""
import os
import pathlib
import shutil
import struct
import subprocess
import sys

here = pathlib.Path(__file__).resolve().parent
BLKIO = pathlib.Path("/sys/fs/cgroup/blkio")
NO_BOUND = 0


class Throttle:
    """Bounds the writes and reads a second of one broker on its own file system (soak/disk.py). The kernel counts what a
    process asks of a device itself, that is direct I/O; what goes through the page cache is written back by others and not
    slowed down (so this does little to Apache Kafka)."""

    def __init__(self, name):
        self.name, self.groups = name, {}

    @staticmethod
    def lacks():
        if os.geteuid() != 0:
            return "a throttled disk needs root"
        if not (BLKIO / "blkio.throttle.write_iops_device").exists():
            return "a throttled disk needs the blkio controller at /sys/fs/cgroup/blkio"
        return ""

    def begin(self, node, a_second):
        group = BLKIO / f"{self.name}-{node.name}"
        group.mkdir(exist_ok=True)
        self.groups[node.name] = group
        self._bound(node, a_second)
        if node.up:
            (group / "cgroup.procs").write_text(str(node.process.pid))

    def end(self, node):
        self._bound(node, NO_BOUND)

    def _bound(self, node, a_second):
        device = os.stat(node.data).st_dev
        for way in ("read", "write"):
            (self.groups[node.name] / f"blkio.throttle.{way}_iops_device").write_text(
                f"{os.major(device)}:{os.minor(device)} {a_second}")

    def close(self):
        """When the brokers have ended: a group that nobody is in can be removed."""
        for group in self.groups.values():
            try:
                group.rmdir()
            except OSError:
                pass


class Clocks:
    """A wall clock of its own for each node (clock.c)."""

    def __init__(self, folder):
        self.folder = pathlib.Path(folder)
        self.library = self.folder / "clock.so"

    def lacks(self):
        compiler = os.environ.get("CC") or shutil.which("cc")
        if not compiler:
            return "clocks of their own need a C compiler"
        built = subprocess.run([compiler, "-O1", "-shared", "-fPIC", "-o", self.library, here / "clock.c"], capture_output=True,
                               text=True)
        return f"clock.c does not compile: {built.stderr[-300:]}" if built.returncode else ""

    def file(self, node):
        return self.folder / f"clock-{node}"

    def give(self, node):
        self.put(node.name, 0)
        node.env = {"LD_PRELOAD": str(self.library), "WEIR_CHAOS_CLOCK": str(self.file(node.name))}

    def put(self, name, seconds):
        with open(self.file(name), "r+b" if self.file(name).exists() else "wb") as file:
            file.write(struct.pack("=q", seconds))

    def set(self, node, seconds):
        maps = pathlib.Path(f"/proc/{node.process.pid}/maps")
        if node.up and str(self.library) not in maps.read_text():
            raise RuntimeError(f"{node.name} does not have its own clock")
        self.put(node.name, seconds)

    def shows(self, seconds):
        """Whether a process with such a clock sees it jump while it runs."""
        self.put("trial", 0)
        seen = subprocess.run([sys.executable, "-c", "import sys, time; a, m = time.time(), time.monotonic();"
                               "open(sys.argv[1], 'r+b').write(int(sys.argv[2]).to_bytes(8, 'little', signed=True));"
                               "print(round(time.time() - a - time.monotonic() + m))", self.file("trial"), str(seconds)],
                              env={**os.environ, "LD_PRELOAD": str(self.library), "WEIR_CHAOS_CLOCK": str(self.file("trial"))},
                              capture_output=True, text=True)
        return seen.stdout.strip() == str(seconds)
