"""tests/broker/sleepers.py --weir LAUNCHER [--topics N] [--each N]

Many partitions on three brokers, three copies of each: elected, led by whom they should be, asleep; what they cost then; how
long they are without a leader when one of the brokers is killed; that they sleep while it is away, though they were written
to, when it is back, and after each broker was restarted in its turn."""
import argparse
import pathlib
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
from brokers import Cluster, eventually  # noqa: E402
from process import Checks  # noqa: E402

BYTES_MAX = 64 << 10
SHARE_MAX = 3.0  # % of a core, of a broker that has nothing to do
IDLE_SECONDS = 5
UNEVEN_MAX = 1.1  # the most led by one broker, in shares
ASLEEP_WITHIN = 30  # seconds after something has happened
LEADERLESS_MAX = 3.0  # seconds; on machines that do other things, too


def memory(broker):
    return sum(shard["memory_used_bytes"] for shard in broker.json("/v1/cache")["shards"])


def cpu_seconds(broker):
    fields = pathlib.Path(f"/proc/{broker.process.pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / 100


def idle_share(brokers):
    """The busiest one's."""
    before = [cpu_seconds(b) for b in brokers]
    time.sleep(IDLE_SECONDS)
    return max(cpu_seconds(b) - was for b, was in zip(brokers, before)) / IDLE_SECONDS * 100


class Scenario:
    def __init__(self, check, args, cluster):
        self.check, self.cluster, self.each, self.topics = check, cluster, args.each, args.topics
        self.partitions = args.each * args.topics
        self.free = [memory(b) for b in cluster.brokers]

    def led(self):
        return [b.metric("raft_leaders") for b in self.cluster.brokers]

    def make(self):
        began = time.monotonic()
        for number in range(self.topics):
            self.cluster.cli("topic", "create", f"t{number}", "-p", self.each, "-r", 3, "--timeout", 120, patience=150)
        made = time.monotonic() - began
        elected = eventually(lambda: sum(self.led()) == self.partitions, 60)
        self.check(f"{self.partitions} partitions made in {made:.1f} s, with leaders in {time.monotonic() - began:.1f} s",
                   elected, self.led())
        even = eventually(lambda: max(self.led()) * 3 <= self.partitions * UNEVEN_MAX, 120)
        self.check(f"led evenly after {time.monotonic() - began:.1f} s: {self.led()}", even)

    def fill(self, name):
        lines = "".join(f"k{i}:{name}\n" for i in range(12 * self.each))  # enough for one to fall on nearly each
        for number in range(self.topics):
            self.cluster.cli("produce", f"t{number}", "-K", ":", "--acks", "all", given=lines, patience=300)

    def rest(self, when, brokers=None):
        brokers = brokers or self.cluster.brokers

        def most_asleep():  # once in a while a few of them ask each other whether they are there
            return all(b.metric("raft_asleep") > self.partitions * 0.98 for b in brokers)
        began = time.monotonic()
        asleep = eventually(most_asleep, ASLEEP_WITHIN)
        self.check(f"{when}: asleep after {time.monotonic() - began:.1f} s", asleep, [b.metric("raft_asleep") for b in brokers])
        share = min(idle_share(brokers) for _ in range(3))
        self.check(f"{when}: idle at {share:.1f} % of a core", share < SHARE_MAX, share)
        self.check(f"{when}: they sleep on", all(b.metric("raft_asleep") > self.partitions * 0.9 for b in brokers))

    def costs(self, when):
        each = max((memory(b) - was) / self.partitions for b, was in zip(self.cluster.brokers, self.free))
        self.check(f"{when}: a partition costs {each / 1024:.1f} KiB of memory", each < BYTES_MAX, each)

    def lose_one(self):
        terms = self.led()
        victim = self.cluster.brokers[0]
        left = self.cluster.brokers[1:]
        victim.kill()
        began = time.monotonic()
        again = eventually(lambda: sum(b.metric("raft_leaders") for b in left) == self.partitions, 30)
        took = time.monotonic() - began
        self.check(f"a broker that led {terms[0]:.0f} is killed: {took:.2f} s until all are led again",
                   again and took < LEADERLESS_MAX, took)
        self.fill("without")
        self.rest("one away", left)
        began = time.monotonic()
        victim.start(120)
        self.check(f"it starts in {time.monotonic() - began:.1f} s", True)

    def roll(self):
        for b in self.cluster.brokers:
            self.check("an orderly end", b.stop(60) == 0)
            b.start(120)

    def stalls(self):
        worst = [max(b.stalls_ms(), default=0) for b in self.cluster.brokers]
        self.check(f"longest stalls: {worst} ms", True)

    def run(self):
        self.make()
        self.rest("empty")
        self.costs("empty")
        self.fill("value")
        self.rest("written")
        self.costs("written")
        self.lose_one()
        self.rest("back")
        self.costs("back")
        self.roll()
        self.rest("restarted one by one")
        for b in self.cluster.brokers:
            b.kill()
        began = time.monotonic()
        self.cluster.start()
        elected = eventually(lambda: sum(self.led()) == self.partitions, 120)
        self.check(f"all killed and started: led again after {time.monotonic() - began:.1f} s: {self.led()}", elected)
        self.rest("started")
        self.stalls()
        for b in self.cluster.brokers:
            self.check("an orderly end", b.stop(60) == 0)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--weir", required=True)
    parser.add_argument("--topics", type=int, default=1)
    parser.add_argument("--each", type=int, default=600, help="partitions of a topic")
    parser.add_argument("--memory", default="512M")
    args = parser.parse_args()
    check = Checks()
    with Cluster(args.weir, memory=args.memory) as cluster:
        cluster.start()
        Scenario(check, args, cluster).run()
    check.close()


if __name__ == "__main__":
    main()
