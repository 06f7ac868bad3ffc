"""tests/broker/thousands.py --weir LAUNCHER [--topics N]

Ten thousand partitions with a record in each: what they cost in memory and open files, idle, and after a start."""
import argparse
import os
import pathlib
import subprocess
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
from process import Broker, Checks  # noqa: E402

EACH = 1000  # partitions of a topic
KEYS = 12 * EACH  # enough for one to fall on nearly each of them
BYTES_MAX = 64 << 10
FILES_MAX = 256
BESIDE = 200  # sockets, journals, event files: none of them for a partition


def memory(broker):
    return sum(shard["memory_used_bytes"] for shard in broker.json("/v1/cache")["shards"])


def open_files(broker):
    return len(os.listdir(f"/proc/{broker.process.pid}/fd"))


def filled(broker):
    return [p for p in broker.json("/v1/partitions") if p["log_end_offset"] > 0]


def weir(broker, *words, stdin=None):
    ran = subprocess.run([broker.weir, *words, "--brokers", broker.kafka], input=stdin, capture_output=True, text=True, timeout=300)
    if ran.returncode:
        raise RuntimeError(f"{words}: {ran.stderr}")


def scenario(check, args):
    with Broker(args.weir, smp=2, memory="1G", options=[f"store.open_files_max={FILES_MAX}"]) as broker:
        before = memory(broker)
        lines = "".join(f"k{i}:value\n" for i in range(KEYS))
        for number in range(args.topics):
            weir(broker, "topic", "create", f"t{number}", "--partitions", str(EACH))
            weir(broker, "produce", f"t{number}", "-K", ":", stdin=lines)
        partitions = args.topics * EACH
        written = len(filled(broker))
        check(f"records are in {written} of {partitions} partitions", written > partitions * 0.99, written)

        def costs(when):
            each = (memory(broker) - before) / partitions
            check(f"{when}: a partition costs {each / 1024:.1f} KiB of memory", each < BYTES_MAX, each)
            files = open_files(broker)
            check(f"{when}: {files} files are open", files < FILES_MAX + BESIDE, files)

        costs("written")
        check("an orderly stop", broker.stop(300) == 0)
        broker.start(300)
        check("all are there after a start", len(filled(broker)) == written)
        costs("started")
        broker.kill()
        broker.start(300)
        check("all are there after a kill", len(filled(broker)) == written)
        costs("killed and started")
        # Every one of them takes data still.
        weir(broker, "produce", "t0", "-K", ":", stdin=lines)
        check("they take records", sum(p["log_end_offset"] for p in broker.json("/v1/partitions?topic=t0")) == 2 * KEYS)
        check("an orderly end", broker.stop(300) == 0)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--weir", required=True)
    parser.add_argument("--topics", type=int, default=10)
    args = parser.parse_args()
    check = Checks()
    scenario(check, args)
    check.close()


if __name__ == "__main__":
    main()
