#!/usr/bin/env python3
"""weir verify and weir dump as an operator calls them, on the directory of a broker that was stopped: output, exit codes,
that nothing is changed. offline_e2e.py --weir PATH"""
import argparse
import hashlib
import json
import pathlib
import shutil
import subprocess
import sys
import tempfile

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "tests" / "broker"))
from process import Broker, Checks  # noqa: E402

parser = argparse.ArgumentParser()
parser.add_argument("--weir", required=True)
ARGS = parser.parse_args()
check = Checks()


def weir(*words, stdin=""):
    return subprocess.run([ARGS.weir, *map(str, words)], input=stdin, capture_output=True, text=True, timeout=120)


def sums(folder):
    return {str(p): hashlib.sha256(p.read_bytes()).hexdigest() for p in sorted(folder.rglob("*")) if p.is_file()}


def verify(data):
    ran = weir("verify", data)
    check("verify: one closing line, nothing on standard error",
          ran.returncode == 0 and ran.stdout.count("\n") == 1 and ran.stdout.strip().endswith("all good") and not ran.stderr,
          (ran.returncode, ran.stdout, ran.stderr))
    check("verify counts", "2 topics, 3 partitions, 4 segments" in ran.stdout and "60 records" in ran.stdout, ran.stdout)
    said = json.loads(weir("verify", data, "--json", "--jobs", 2).stdout)
    check("verify --json", said["result"] == "good" and said["counts"]["records"] == 60 and said["findings"] == [], said)
    one = json.loads(weir("verify", data, "--topic", "b", "--json").stdout)
    check("verify --topic", one["counts"]["partitions"] == 1 and one["counts"]["records"] == 20, one)
    for name, words in (("an unknown topic", (data, "--topic", "none")), ("no such directory", (data / "absent",)),
                        ("a directory of others", (data.parent,))):
        ran = weir("verify", *words)
        check(f"verify of {name}: exit code 2, one line", ran.returncode == 2 and ran.stderr.count("\n") == 1,
              (ran.returncode, ran.stderr))
    partition = next(data.glob("topics/b.*/0"))
    check("verify of a partition", "20 records" in weir("verify", partition).stdout)
    segment = next(partition.glob("*.log"))
    check("verify of a segment", "20 records" in weir("verify", segment).stdout)
    # Orderly stopped, the journal has nothing that the segments lack; it would put the byte below right again.
    kept = pathlib.Path(tempfile.mkdtemp(), "journal")
    shutil.move(data / "journal", kept)
    content = segment.read_bytes()
    segment.write_bytes(content[:4300] + b"?" + content[4301:])
    ran = weir("verify", data)
    check("verify of damage: exit code 1, where and what",
          ran.returncode == 1 and ran.stdout.startswith("damage    topics/b.") and "restore" in ran.stdout and
          "1 damaged" in ran.stdout.splitlines()[-1], (ran.returncode, ran.stdout))
    ran = weir("dump", segment)
    check("dump of damage: exit code 1, a line says where", ran.returncode == 1 and "damage  at 4" in ran.stdout,
          (ran.returncode, ran.stdout))
    segment.write_bytes(content)
    shutil.move(kept, data / "journal")
    kept.parent.rmdir()


def dump(data):
    segment = next(data.glob("topics/b.*/0/*.log"))
    text = weir("dump", segment).stdout
    check("dump of a segment", text.startswith("segment  first_index 1") and "batch  at " in text and "records " in text, text)
    lines = [json.loads(line) for line in weir("dump", segment, "--records", "--json").stdout.splitlines()]
    values = [line["value"] for line in lines if line["what"] == "record"]
    check("dump --records --json", values == [f"b{n}" for n in range(20)], values)
    some = weir("dump", segment, "--records", "--from", 18).stdout
    check("dump --from", '"b18"' in some and '"b17"' not in some, some)
    text = weir("dump", next(data.glob("catalog/*.log"))).stdout
    check("dump of the catalog, in words", "topic created: b, id " in text and "cluster created: id " in text, text)
    partition = segment.parent
    for name in ("terms", "checkpoint", segment.stem + ".idx", segment.stem + ".producers"):
        ran = weir("dump", partition / name)
        check(f"dump of {name}", ran.returncode == 0 and len(ran.stdout) > 20, (ran.returncode, ran.stdout, ran.stderr))
    for name in ("lock", "format"):
        check(f"dump of {name}", weir("dump", data / name).stdout.startswith("number  value "))
    ran = weir("dump", data / "absent")
    check("dump of nothing: exit code 2", ran.returncode == 2 and ran.stderr.count("\n") == 1, (ran.returncode, ran.stderr))
    for command in ("verify", "dump"):
        ran = weir(command, "--help")
        check(f"{command} --help teaches", ran.returncode == 0 and "Examples:" in ran.stdout and "Exit codes:" in ran.stdout)
        check(f"{command} without a path: exit code 2", weir(command).returncode == 2)


def main():
    with Broker(ARGS.weir) as broker:
        at = ("-b", broker.kafka)
        weir("topic", "create", "a", "-p", 2, *at).check_returncode()
        weir("topic", "create", "b", *at, "-p", 1).check_returncode()
        for topic, partition, first, last in (("a", 0, 0, 20), ("a", 1, 0, 20), ("b", 0, 0, 10), ("b", 0, 10, 20)):
            lines = "".join(f"{topic}{n}\n" for n in range(first, last))
            weir("produce", topic, "-p", partition, *at, stdin=lines).check_returncode()
        data = pathlib.Path(broker.data)
        busy = weir("verify", data)
        check("verify of a running broker's directory: exit code 2",
              busy.returncode == 2 and "in use by process" in busy.stderr, (busy.returncode, busy.stderr))
        check("an orderly stop", broker.stop() == 0)
        before = sums(data)
        verify(data)
        dump(data)
        check("nothing was changed", sums(data) == before)
    return check.close()


if __name__ == "__main__":
    main()
