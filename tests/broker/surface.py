"""The client and admin APIs, request by request, against what Apache Kafka 4.3 answers: error codes, messages and fields, with ids,
addresses and times masked. surface/answers.txt holds Kafka's answers as it gave them, and Weir's where they differ; why they do
stands with the case (surface_cases.py).

    surface.py --weir LAUNCHER            Weir answers as written down; docs/compatibility.md tells the truth
    surface.py --weir LAUNCHER --record   asks a real Kafka as well and writes both down again (needs Java and Maven)
    surface.py --weir LAUNCHER --page     writes the versions that Weir serves into docs/compatibility.md"""
import argparse
import json
import pathlib
import re
import sys
import tempfile
import time

here = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(here.parent.parent / "bench"))
import codec  # noqa: E402
from process import Broker, Checks, free_ports  # noqa: E402
from surface_cases import IdOf, cases  # noqa: E402
from wire import Wire, request  # noqa: E402

ANSWERS = here / "surface/answers.txt"
PAGE = here.parent.parent / "docs/compatibility.md"
MASKED = {"topic_id", "cluster_id", "host", "port", "log_dir", "total_bytes", "usable_bytes", "partition_size", "node_id",
          "broker_id", "controller_id", "client_instance_id", "subscription_id", "leader_epoch", "replica_directory_id",
          "finalized_features_epoch"}
PATIENCE = 15


def masked(value, name=""):
    if isinstance(value, dict):
        return {k: masked(v, k) for k, v in value.items() if k != "throttle_time_ms"}
    if isinstance(value, list):
        return [masked(v, name) for v in value]
    if isinstance(value, str) and name == "error_message":
        return re.sub(r'cluster id "[^"]*"', 'cluster id "*"', value)
    return "*" if name in MASKED and value not in (-1, codec.NO_ID, None) else value


def in_order(value):
    """Kafka answers about several things in any order."""
    if isinstance(value, dict):
        return {k: in_order(v) for k, v in value.items()}
    if isinstance(value, list):
        return sorted((in_order(v) for v in value), key=lambda v: json.dumps(v, sort_keys=True))
    return value


def ask_on(wire, api, version, fields):
    key, body, flexible = codec.encode(api, version, fields)
    raw = wire.send(request(key, version, body, flexible=flexible, client="surface")).answer()
    return "closed" if raw is None else codec.decode(api, version, raw)


def ask(port, api, version, fields):
    wire = Wire(port, timeout=30)
    try:
        return ask_on(wire, api, version, fields)
    finally:
        wire.close()


def resolved(port, value):
    """With the ids of topics where they are asked for by name."""
    if isinstance(value, IdOf):
        return ask(port, "metadata", 13, {"topics": [{"name": value.topic}]})["topics"][0]["topic_id"]
    if isinstance(value, dict):
        return {k: resolved(port, v) for k, v in value.items()}
    return [resolved(port, v) for v in value] if isinstance(value, list) else value


def ask_in_turn(port, case):
    """Over one connection: it is what some of the state belongs to."""
    wire = Wire(port, timeout=30)
    try:
        for api, version, fields in case.before:
            told = ask_on(wire, api, version, resolved(port, fields))
            if told == "closed" or not case.settled(told):
                return told
        return ask_on(wire, case.api, case.version, resolved(port, case.fields))
    finally:
        wire.close()


def answer(port, case):
    """What a client is told, as one line of text. Asked again while the case says that it is not settled yet."""
    end = time.monotonic() + PATIENCE
    while True:
        told = ask_in_turn(port, case)
        if told == "closed" or case.settled(told) or time.monotonic() > end:
            break
        time.sleep(0.1)
    view = told if told == "closed" else case.view(in_order(masked(told)))
    return json.dumps(view, ensure_ascii=False, separators=(", ", ": "))


def run(port):
    return {c.name: answer(port, c) for c in cases()}


def read():
    """{case: (Kafka's answer, Weir's)}"""
    found, name = {}, None
    for line in ANSWERS.read_text().splitlines():
        if line.startswith("  kafka "):
            found[name] = (line[8:], line[8:])
        elif line.startswith("  weir  "):
            found[name] = (found[name][0], line[8:])
        elif line and not line.startswith(("#", "  ")):
            name = line
    return found


def write(kafka, weir):
    out = ["# Made by surface.py --record. Do not edit.", ""]
    for c in cases():
        out += [c.name, f"  kafka {kafka[c.name]}"]
        if weir[c.name] != kafka[c.name]:
            out += [f"  weir  {weir[c.name]}", f"  since {c.differs or 'NOBODY KNOWS WHY'}"]
    ANSWERS.write_text("\n".join(out) + "\n")


def ranges(port):
    told = ask(port, "api_versions", 4, {"client_software_name": "surface", "client_software_version": "1"})
    return {k["api_key"]: (k["min_version"], k["max_version"]) for k in told["api_keys"]}


def page_rows():
    """{key: (name, Kafka's versions, Weir's)} of the table in docs/compatibility.md."""
    row = re.compile(r"\| (\d+) \| (\w+) \| ([^|]*) \| ([^|]*) \|")
    found = {}
    for line in PAGE.read_text().splitlines():
        if at := row.match(line):
            found[int(at[1])] = (at[2], at[3].strip(), at[4].strip())
    return found


def written(range_):
    return "–" if range_ is None else str(range_[0]) if range_[0] == range_[1] else f"{range_[0]}–{range_[1]}"


def check_page(check, weir, kafka=None):
    rows = page_rows()
    told = {k: r[2] for k, r in rows.items() if r[2] != "–"}
    served = {k: written(v) for k, v in weir.items()}
    check("docs/compatibility.md has the versions that Weir serves", told == served,
          {k: (told.get(k), served.get(k)) for k in told.keys() ^ served.keys() | {k for k in told if told[k] != served.get(k)}})
    names = {k: "".join(w.capitalize() for w in codec_name(k).split("_")) for k in weir}
    check("under Kafka's names", all(rows.get(k, ("",))[0] == n for k, n in names.items()),
          [(k, n) for k, n in names.items() if rows.get(k, ("",))[0] != n])
    for key, range_ in (kafka or {}).items():
        check(f"and Kafka's of API {key}", rows.get(key, ("", "", ""))[1] == written(range_), (rows.get(key), written(range_)))


def rewrite_page(weir):
    out = []
    for line in PAGE.read_text().splitlines():
        if at := re.match(r"(\| (\d+) \| \w+ \| [^|]* \| )[^|]*( \|.*)", line):
            line = at[1] + written(weir.get(int(at[2]))) + at[3]
        out.append(line)
    PAGE.write_text("\n".join(out) + "\n")


def codec_name(key):
    for path in (codec.root / "decl/kafka").glob("*.api"):
        if codec.declaration(path.stem).key == key:
            return path.stem
    return "unknown"


def record(weir):
    from peer import kafka
    with tempfile.TemporaryDirectory(prefix="weir-surface-") as folder:
        peer = kafka.Kafka(kafka.prepare(), folder, free_ports(2))
        try:
            peer.start()
            told, versions = run(peer.port), ranges(peer.port)
        finally:
            peer.stop()
    write(told, weir)
    return versions


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--weir", required=True)
    parser.add_argument("--record", action="store_true")
    parser.add_argument("--page", action="store_true")
    args = parser.parse_args()
    check = Checks()
    with Broker(args.weir) as broker:
        weir, versions = run(broker.kafka_port), ranges(broker.kafka_port)
    if args.page:
        rewrite_page(versions)
    kafka = record(weir) if args.record else None
    expected = read()
    for c in cases():
        kafkas, weirs = expected.get(c.name, ("not written down", "not written down"))
        check(c.name, weir[c.name] == weirs and (kafkas == weirs or c.differs),
              f"\n  is       {weir[c.name]}\n  expected {weirs}\n  kafka    {kafkas}")
    check("no answer is written down that nobody asks for", expected.keys() <= {c.name for c in cases()},
          expected.keys() - {c.name for c in cases()})
    check_page(check, versions, kafka)
    check.close()


if __name__ == "__main__":
    main()
