"""tests/soak/run.py --weir LAUNCHER [--minutes M] [--seed N]

A broker under mixed load for as long as you like, while its disk fills up and empties and it is killed with SIGKILL at
random moments; in the last part it is left alone, and its memory must not grow. Ends with one closing line."""
import argparse
import json
import os
import pathlib
import random
import re
import signal
import subprocess
import sys
import time

here = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(here), str(here.parent / "broker"), str(here.parent / "clients")]
from disk import MIB, Disk  # noqa: E402
from process import Broker, Checks  # noqa: E402

MEMORY_MIB = 384
# Shards' memory and the program itself; a broker that holds more leaks.
RSS_MIB_MAX = MEMORY_MIB + 320
RSS_SLOPE_MAX = 4.0  # MiB a minute, in the calm part of a long run
STALL_MS_MAX = 50  # the least that Seastar reports here (src/app/main.cc)
KEYS = 240  # as in workers.py
ROLES = ("small", "middle", "large", "churn-snappy", "churn-gzip", "keyed", "tail-kept", "tail-churn", "catch-up-kept",
         "catch-up-churn", "catch-up-compact", "times", "admin")


class Soak:
    def __init__(self, args, python, disk, check):
        self.args, self.python, self.disk, self.check = args, python, disk, check
        self.rng = random.Random(args.seed)
        self.folder = str(disk.folder)
        self.broker = Broker(args.weir, data=disk.data, smp=2, memory=f"{MEMORY_MIB}M", log=f"{self.folder}/broker.log",
                             options=["retention.check_interval_ms=2s", "compaction.check_interval_ms=2s", "node.shutdown_ms=5s"])
        self.workers, self.rss, self.kills, self.fills = {}, [], 0, 0
        self.started = time.monotonic()

    def age(self):
        return time.monotonic() - self.started

    def say(self, what):
        print(f"[{self.age():7.1f} s] {what}", flush=True)

    def venv(self, *arguments, **options):
        return subprocess.Popen([self.python, "-B", here / "workers.py", *map(str, arguments)], text=True, **options)

    def begin(self):
        self.broker.start()
        assert self.venv("make", self.broker.kafka).wait(60) == 0, "topics could not be made"
        for role in ROLES:
            self.workers[role] = self.venv(role, self.broker.kafka, self.folder, self.args.seed, stdout=subprocess.PIPE)

    def storage(self):
        return self.broker.json("/v1/status")["storage"]

    def until(self, wanted, patience=30):
        end = time.monotonic() + patience
        while time.monotonic() < end:
            if wanted(self.storage()):
                return True
            time.sleep(0.1)
        return False

    def kill(self):
        self.broker.kill()
        self.kills += 1
        time.sleep(self.rng.uniform(0, 1))
        self.broker.start()
        self.say(f"killed; ready again {self.broker.json('/v1/status')['storage']['space']}")

    def acknowledged(self):
        """Lines of acknowledgements so far (as far as they were written through)."""
        return sum(os.path.getsize(f"{self.folder}/acks-{r}") for r in ("small", "middle", "large")
                   if os.path.exists(f"{self.folder}/acks-{r}"))

    def fill(self, completely):
        """The disk fills up, down to the watermark or to the last block, and has room again."""
        self.fills += 1
        name = "a full disk" if completely else "a disk below store.free_bytes_min"
        if not self.disk.own:
            return self.fill_by_option()
        self.disk.fill(0 if completely else self.storage()["free_bytes_min"] * 3 // 4)
        refused = self.until(lambda s: not s["takes_data"])
        self.check(f"{name} is noticed", refused, self.storage())
        time.sleep(self.rng.uniform(1, 4))
        cleaned = self.cli("topic", "create", f"soak-while-full-{self.fills}") and \
            self.cli("topic", "delete", f"soak-while-full-{self.fills}", "--yes")
        self.check(f"topics are made and deleted on {name}", cleaned)
        if self.rng.random() < 0.3:
            self.kill()
        self.disk.empty()
        self.check(f"{name} ends by itself", self.until(lambda s: s["takes_data"] and not s["logs_waiting_for_space"]),
                   self.storage())
        self.check("no log has failed by it", self.storage()["logs_failed"] == 0, self.storage())
        self.say(f"{name}, and room again")

    def fill_by_option(self):
        before = list(self.broker.options)
        for options, wanted in ((before + ["store.free_bytes_min=1000TiB"], False), (before, True)):
            self.broker.stop()
            self.broker.options = options
            self.broker.start()
            self.check(f"producers are {'served' if wanted else 'refused'}", self.storage()["takes_data"] == wanted)
            time.sleep(self.rng.uniform(1, 4))

    def cli(self, *arguments):
        for _ in range(3):
            done = subprocess.run([self.args.weir, *arguments, "--brokers", self.broker.kafka], capture_output=True, timeout=60)
            if done.returncode == 0:
                return True
        self.say(f"{arguments}: {done.stderr.decode()[-300:]}")
        return False

    def watch(self, seconds, calm=False):
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            self.rss.append((self.age(), self.broker.memory_kib() / 1024, calm))
            for role, worker in self.workers.items():
                if worker.poll() is not None:
                    self.check(f"{role} goes on", False, worker.returncode)
                    self.workers = {r: w for r, w in self.workers.items() if w.poll() is None}
                    break
            time.sleep(min(1.0, max(0.0, end - time.monotonic())))

    def load(self):
        whole = self.args.minutes * 60
        troubled = self.age() + whole * 0.6
        # All troubles once, in any order, and then at random.
        plan = [self.kill, lambda: self.fill(False), lambda: self.fill(True), self.kill]
        self.rng.shuffle(plan)
        self.watch(min(5, whole / 12))
        while self.age() < troubled or plan:
            trouble = plan.pop() if plan else self.rng.choice([self.kill, self.kill, self.kill, lambda: self.fill(False),
                                                               lambda: self.fill(True)])
            trouble()
            self.watch(self.rng.uniform(1, min(25, whole / 14)))
        self.say("left alone from here on")
        self.watch(max(5, whole - self.age()), calm=True)

    def end(self):
        pathlib.Path(self.folder, "stop").touch()
        for role, worker in self.workers.items():
            try:
                said = json.loads(worker.communicate(timeout=300)[0].splitlines()[-1])
            except (subprocess.TimeoutExpired, IndexError, ValueError) as e:
                worker.kill()
                self.check(f"{role} ends in order", False, e)
                continue
            self.check(f"{role}: {said['counts']}", not said["wrong"] and said["counts"], said["wrong"])

    def memory(self):
        peak = max(r for _, r, _ in self.rss)
        self.check(f"memory has a bound: {peak:.0f} MiB at most", peak < RSS_MIB_MAX, peak)
        calm = [(t / 60, r) for t, r, c in self.rss if c]
        calm = calm[len(calm) // 3:]
        n = len(calm)
        mean_t, mean_r = sum(t for t, _ in calm) / n, sum(r for _, r in calm) / n
        spread = sum((t - mean_t) ** 2 for t, _ in calm)
        slope = sum((t - mean_t) * (r - mean_r) for t, r in calm) / spread if spread else 0
        minutes = calm[-1][0] - calm[0][0]
        what = f"{slope:+.2f} MiB a minute over {minutes:.1f} minutes, around {mean_r:.0f} MiB"
        if minutes < 3:  # the cache still fills
            return self.say(f"memory: {what} (too short to judge)")
        return self.check(f"memory is flat: {what}", slope < RSS_SLOPE_MAX, slope)

    def stalls(self):
        found = self.broker.stalls_ms()
        over = [ms for ms in found if ms >= 50]
        self.say(f"stalls of a core: {len(over)} reports of 50 ms or more, the longest {max(found, default=0)} ms")
        self.check(f"no core stalled for more than {STALL_MS_MAX} ms", max(found, default=0) <= STALL_MS_MAX, found)
        text = pathlib.Path(self.broker.log_path).read_text(errors="replace")
        errors = [line for line in text.splitlines() if re.match(r"ERROR", line) and "is full" not in line]
        self.check("no error in the broker's log but full disks", not errors, errors[:3])

    def read(self, topic):
        reader = self.venv("read", self.broker.kafka, topic, stdout=subprocess.PIPE)
        for line in reader.stdout:
            if line.startswith(("END", "LATE")):
                self.check(f"everything in {topic} can be read, in order, whole", line.split(" ", 1) == ["END", "[]\n"], line)
                break
            yield line.split()
        reader.communicate()

    def verify_compacted(self):
        acked, newest, count, stored = {}, {}, 0, 0
        for line in open(f"{self.folder}/acks-keyed"):
            number = int(line.split()[2])
            count += 1
            acked[number % KEYS] = max(acked.get(number % KEYS, -1), number)
        for _, _, _, number in self.read("soak-compact"):
            stored += 1
            newest[int(number) % KEYS] = int(number)
        old = [key for key, number in acked.items() if newest.get(key, -1) < number]
        self.check(f"the newest acknowledged record of each of {len(acked)} keys is there", acked and not old, old)
        self.check(f"compaction went on: {stored} records of {count} are left", stored < count)

    def verify(self):
        there, twice, numbers = {}, 0, set()
        for partition, at, producer, number in self.read("soak-kept"):
            twice += (producer, number) in numbers
            numbers.add((producer, number))
            there[partition, at] = (producer, number)
        acked = lost = 0
        for producer in ("small", "middle", "large"):
            for line in open(f"{self.folder}/acks-{producer}"):
                partition, at, number = line.split()
                acked += 1
                lost += there.get((partition, at)) != (producer, number)
        self.check(f"none of {acked} acknowledged records is lost or moved", acked and not lost, lost)
        self.check(f"none of {len(there)} stored records is there twice", not twice, twice)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--weir", required=True)
    parser.add_argument("--minutes", type=float, default=60)
    parser.add_argument("--seed", type=int, default=int(time.time()))
    args = parser.parse_args()
    from driver import ecosystems
    python = ecosystems.python_or_skip(ecosystems.cache_folder())
    check = Checks()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    with Disk(2048 + int(args.minutes * 60)) as disk:
        print(f"seed {args.seed}, {args.minutes} minutes, on {disk.kind}", flush=True)
        soak = Soak(args, python, disk, check)
        try:
            soak.begin()
            soak.load()
            soak.end()
            soak.say(f"{soak.kills} kills, {soak.fills} full disks")
            soak.verify()
            soak.verify_compacted()
            check("an orderly stop", soak.broker.stop() == 0)
            soak.broker.start()
            soak.verify()
            soak.verify_compacted()
            check("and again", soak.broker.stop() == 0)
            soak.memory()
            soak.stalls()
        finally:
            for worker in soak.workers.values():
                worker.kill()
            soak.broker.__exit__()
    check.close()


if __name__ == "__main__":
    main()
