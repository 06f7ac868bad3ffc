"""Cases by name: `produce-1KiB-16p`, `latency-1KiB-16p-20MBps-50c-keyed`, `consume-disk-1KiB-256p`. A name says all."""
import itertools
import re
from dataclasses import dataclass, field

from harness.brokers import PLAIN, VARIANTS
from harness.three import THREE_EACH, THREE_PLAIN

WRITES = ("produce", "latency", "catchup", "flood")
# Of clusters: three brokers on this machine, three copies of everything.
KINDS = {"produce3": THREE_EACH, "latency3": THREE_EACH, "failover": THREE_PLAIN,
         "groupload": THREE_PLAIN, "transactions": VARIANTS, "rebalance": VARIANTS, "commits": VARIANTS,
         **dict.fromkeys(WRITES, VARIANTS), "consume": PLAIN, "consume-disk": PLAIN, "start": PLAIN, "idle": PLAIN,
         "partitions": PLAIN, "limits": ("machine",)}
SIZES = {"B": 1, "KiB": 1 << 10}
PARTITIONS = {"partitions": 2000, "failover": 1000, "groupload": 10}
RECORD = {"failover": 4096}
SETTERS = {"p": "partitions", "c": "clients", "g": "groups"}
CLIENTS = {"rebalance": 100, "commits": 50, "transactions": 16}

DEFAULT = ["limits", "produce-1KiB-1p", "produce-1KiB-16p", "produce-1KiB-256p", "produce-100B-16p",
           "latency-1KiB-16p-10MBps", "consume-1KiB-16p", "start", "idle"]
# For time's sake the default set runs these without Weir unflushed; asked for by name they have all.
THREE = {"produce-1KiB-1p", "produce-1KiB-256p", "produce-100B-16p"}
# Every kind once, at a size that tells nothing but that it still runs.
SMOKE = ["limits", "produce-1KiB-1p", "latency-1KiB-2p-1MBps", "consume-1KiB-2p", "consume-disk-1KiB-2p",
         "catchup-1KiB-2p-1MBps", "flood-1KiB-2p-1MBps-2c", "transactions-1KiB-4p-2c", "rebalance-4c", "commits-4c", "start",
         "idle", "partitions-20p", "produce3-1KiB-2p", "latency3-1KiB-2p-1MBps", "failover-12p-1MBps", "groupload-2p-50g"]


@dataclass
class Case:
    name: str
    kind: str
    record: int = 1024
    partitions: int = 16
    clients: int = 4
    groups: int = 1000  # of `groupload`
    rate: float = 20e6  # bytes per second, of `latency`, `catchup` and `flood`
    keyed: bool = False
    acks: str = "all"
    variants: tuple = field(default=VARIANTS)


def parse(name):
    kind = max((k for k in KINDS if name == k or name.startswith(k + "-")), key=len, default=None)
    if not kind:
        raise ValueError(f"no case '{name}': it begins with one of {', '.join(KINDS)}")
    case = Case(name, kind, variants=KINDS[kind], partitions=PARTITIONS.get(kind, 16), record=RECORD.get(kind, 1024),
                clients=CLIENTS.get(kind, 4))
    for word in filter(None, name[len(kind):].split("-")):
        number = re.fullmatch(r"(\d+)(B|KiB|p|c|g|MBps)", word)
        if word == "keyed":
            case.keyed = True
        elif word == "acks1":
            case.acks = "1"
        elif not number:
            raise ValueError(f"'{name}': what is '{word}'? sizes end in B or KiB; 16p, 50c, 300g, 20MBps, keyed, acks1")
        elif number[2] in SIZES:
            case.record = int(number[1]) * SIZES[number[2]]
        elif number[2] == "MBps":
            case.rate = int(number[1]) * 1e6
        else:
            setattr(case, SETTERS[number[2]], int(number[1]))
    return case


def defaults():
    chosen = [parse(name) for name in DEFAULT]
    for case in chosen:
        if case.name in THREE:
            case.variants = tuple(v for v in case.variants if v != "weir-unflushed")
    return chosen


def smoke():
    chosen = [parse(name) for name in SMOKE]
    if missing := set(KINDS) - {case.kind for case in chosen}:
        raise ValueError(f"no tiny case of {', '.join(missing)}")
    return chosen


def grid():
    """Every combination that a claim about Weir should have been tried in."""
    sizes, partitions, clients = ("100B", "1KiB", "64KiB"), (1, 16, 256, 2000), (4, 50, 400)
    names = ["limits"]
    for size, p, c, keyed, acks in itertools.product(sizes, partitions, clients, ("", "-keyed"), ("", "-acks1")):
        names.append(f"produce-{size}-{p}p-{c}c{keyed}{acks}")
    for size, p, c, keyed in itertools.product(sizes, partitions, clients, ("", "-keyed")):
        names.append(f"latency-{size}-{p}p-{'2' if size == '100B' else '20'}MBps-{c}c{keyed}")
    for kind, size, p, c in itertools.product(("consume", "consume-disk"), sizes, partitions, clients):
        names.append(f"{kind}-{size}-{p}p-{c}c")
    names += [f"catchup-1KiB-{p}p-20MBps" for p in partitions]
    names += [f"flood-1KiB-{p}p-1MBps" for p in partitions]
    return names + ["start", "idle", "partitions-2000p"]
