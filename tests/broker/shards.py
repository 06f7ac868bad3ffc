"""Copies go to another core while the broker runs, when deleted topics left them uneven: nothing is lost, nothing doubled, also
not through a kill after it."""
import argparse
import pathlib
import subprocess

from brokers import eventually
from process import Broker, Checks

TOPICS = 40


def weir(args, broker, *arguments, given=""):
    return subprocess.run([args.weir, *map(str, arguments), "--brokers", broker.kafka], check=True, capture_output=True,
                          timeout=60, text=True, input=given).stdout


def log_of(broker):
    return pathlib.Path(broker.log.name).read_text(errors="replace")


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--weir", required=True)
    args = parser.parse_args()
    check = Checks()
    kept = [f"t{n}" for n in range(0, TOPICS, 2)]
    with Broker(args.weir, smp=2) as broker:
        # Each on the core with fewer copies: every second one is on the same.
        for n in range(TOPICS):
            weir(args, broker, "topic", "create", f"t{n}", "-p", 1)
        for topic in kept:
            weir(args, broker, "produce", topic, given="before\n")
        for n in range(1, TOPICS, 2):
            weir(args, broker, "topic", "delete", f"t{n}", "--yes")
        check("copies move to the core with few", eventually(lambda: "partitions of broker 1 to core" in log_of(broker), 30))
        for topic in kept:
            weir(args, broker, "produce", topic, given="after\n")

        def whole():
            return all(weir(args, broker, "consume", topic).split() == ["before", "after"] for topic in kept)
        check("what was there is there, and what came since", whole())
        broker.kill()
        broker.start()
        check("also after a kill", whole())
        check("no partition is offline", " is offline" not in log_of(broker))
        broker.stop()
        check.verified(broker, "in the end")
    check.close()


if __name__ == "__main__":
    main()
