"""Reads decl/options/*.opt. The grammar:

    option NAME   [kafka NAME] [broker NAME] [flag NAME]
      type TYPE   [bits 16|32|64] [default VALUE] [range [MIN]..[MAX] [or VALUE]] [words WORD=NUMBER …]
      scope node|cluster|topic|group|client_metrics   applies live|restart   [extreme VALUE]
      inert REASON, one line
      help  Sentences; lines that are indented further continue it.

TYPE is bool, int, float, bytes, duration, string, secret string, enum(a,b), list, list(a,b),
list of host:port, list of replicas or host:port. A number may carry a unit (KiB MiB GiB TiB for bytes;
ms s min h d for durations), be one of its option's words, or be `max`, the largest of its width.
"""
import dataclasses
import pathlib
import re
import sys

SIZES = {"": 1, "B": 1, "KiB": 2**10, "MiB": 2**20, "GiB": 2**30, "TiB": 2**40}
TIMES = {"": 1, "ms": 1, "s": 1000, "min": 60_000, "h": 3_600_000, "d": 86_400_000}
UNITS = {"integer": {"": 1}, "bytes": SIZES, "duration": TIMES}
TYPES = {"bool": "boolean", "int": "integer", "float": "real", "bytes": "bytes", "duration": "duration",
         "string": "string", "secret string": "secret", "list": "list", "host:port": "host_port",
         "list of host:port": "host_ports", "list of replicas": "list"}
SCOPES = ("node", "cluster", "topic", "group", "client_metrics")
# Options of a kind of resource: what their names begin with. They have Kafka's name for such a resource.
PREFIXES = {"topic": "log.", "group": "group.", "client_metrics": "client_metrics."}
CLAUSES = ("type", "bits", "default", "range", "words", "scope", "applies", "extreme")


class Fault(Exception):
    """A declaration that is wrong: place and reason."""


@dataclasses.dataclass
class Option:
    name: str
    place: str
    kafka: str = ""
    broker: str = ""
    flag: str = ""
    type: str = ""
    written_type: str = ""
    bits: int = 0
    default: str = ""
    written_range: str = ""
    low: float | int | None = None
    high: float | int | None = None
    or_equal: int | None = None
    words: dict = dataclasses.field(default_factory=dict)
    choices: list = dataclasses.field(default_factory=list)
    replicas: bool = False
    scope: str = ""
    applies: str = ""
    extreme: str = ""
    inert: str = ""
    help: str = ""

    @property
    def field(self):
        """The member of the generated struct: what all options of a scope begin with goes."""
        return self.name.removeprefix(PREFIXES.get(self.scope, "")).replace(".", "_")

    @property
    def id(self):
        return self.name.replace(".", "_")

    def numeric(self):
        return self.type in UNITS

    def largest(self):
        return 2 ** (self.bits - 1) - 1

    def number(self, text):
        """A number as written in a declaration; float for floats."""
        if self.type == "real":
            return float(text)
        if text in self.words:
            return self.words[text]
        if text == "max":
            return self.largest()
        found = re.fullmatch(r"(-?\d+)([A-Za-z]*)", text)
        if not found or found[2] not in UNITS[self.type]:
            raise Fault(f"{self.place}: {self.name}: '{text}' is not a number of type {self.type}")
        value = int(found[1]) * UNITS[self.type][found[2]]
        if not -self.largest() - 1 <= value <= self.largest():
            raise Fault(f"{self.place}: {self.name}: {text} does not fit {self.bits} bits")
        return value

    def allows(self, value):
        if value == self.or_equal:
            return True
        return (self.low is None or value >= self.low) and (self.high is None or value <= self.high)


def clauses(line, place):
    """`type bytes  default 1KiB` as pairs; a value runs to the next clause word."""
    words, out = line.split(), []
    for word in words:
        if word in CLAUSES and not (out and not out[-1][1]):
            out.append((word, []))
        elif not out:
            raise Fault(f"{place}: '{word}' is none of {', '.join(CLAUSES)}, inert, help")
        else:
            out[-1][1].append(word)
    return [(word, " ".join(values)) for word, values in out]


def set_type(option, text):
    option.written_type = text
    if found := re.fullmatch(r"(enum|list)\(([^()]+)\)", text):
        option.type = "choice" if found[1] == "enum" else "list"
        option.choices = [c.strip() for c in found[2].split(",")]
    elif text in TYPES:
        option.type = TYPES[text]
        option.replicas = text == "list of replicas"
    else:
        raise Fault(f"{option.place}: {option.name}: no such type: {text}")
    option.bits = {"integer": 32, "bytes": 64, "duration": 64}.get(option.type, 0)


def set_clause(option, word, text):
    if word == "type":
        set_type(option, text)
    elif word == "bits":
        option.bits = int(text)
    elif word == "default":
        option.default = "" if text == '""' else text
    elif word == "range":
        option.written_range = text
    elif word == "words":
        for pair in text.split():
            name, number = pair.split("=")
            option.words[name] = option.number(number)
    else:
        setattr(option, word, text)


def check(option):
    """Everything that a later step relies on."""
    bad = lambda why: Fault(f"{option.place}: {option.name}: {why}")
    for word in ("type", "scope", "applies", "help"):
        if not getattr(option, word):
            raise bad(f"no {word}")
    if option.scope not in SCOPES or option.applies not in ("live", "restart"):
        raise bad(f"scope is one of {', '.join(SCOPES)}; applies is live or restart")
    prefix = PREFIXES.get(option.scope)
    if prefix and not (option.name.startswith(prefix) and option.kafka):
        raise bad(f"an option of scope {option.scope} begins with {prefix} and has Kafka's name")
    if not re.fullmatch(r"[a-z][a-z0-9_]*(\.[a-z][a-z0-9_]*)+", option.name):
        raise bad("a name is lower case words joined by _ in at least two parts joined by a dot")
    if option.written_range:
        span, _, other = option.written_range.partition(" or ")
        low, dots, high = span.partition("..")
        if not dots:
            raise bad("a range is MIN..MAX, either may be left out")
        option.low = option.number(low) if low else None
        option.high = option.number(high) if high else None
        option.or_equal = option.number(other) if other else None
    if option.numeric() or option.type == "real":
        if not option.allows(option.number(option.default)):
            raise bad("the default is outside the range")
        if option.extreme:
            option.number(option.extreme)
    if option.type == "boolean" and option.default not in ("true", "false"):
        raise bad("a bool's default is true or false")
    if option.choices:
        for one in filter(None, option.default.split(",")):
            if one not in option.choices:
                raise bad(f"the default {one} is no choice")


def read_file(path):
    options, option, last = [], None, ""
    for count, raw in enumerate(path.read_text().splitlines(), 1):
        place, line = f"{path.name}:{count}", raw.strip()
        if not line or line.startswith("#"):
            continue
        if raw.startswith("option "):
            head = line.split()[1:]
            option, last = Option(head[0], place), ""
            options.append(option)
            for key, value in zip(head[1::2], head[2::2], strict=True):
                if key not in ("kafka", "broker", "flag"):
                    raise Fault(f"{place}: after the name come kafka, broker and flag, not {key}")
                setattr(option, key, value)
            continue
        if option is None or not raw.startswith("  "):
            raise Fault(f"{place}: expected `option NAME`")
        word, _, rest = line.partition(" ")
        if raw.startswith("     ") and last == "help":
            option.help += " " + line
        elif word in ("help", "inert"):
            setattr(option, word, rest.strip())
            last = word
        else:
            for key, value in clauses(line, place):
                set_clause(option, key, value)
            last = ""
    return options


def read(folder):
    """All options by their scopes; raises Fault."""
    options = [o for path in sorted(pathlib.Path(folder).glob("*.opt")) for o in read_file(path)]
    options.sort(key=lambda o: SCOPES.index(o.scope) if o.scope in SCOPES else 0)
    taken = {}
    for option in options:
        check(option)
        names = {("any", option.name), ("flag", option.flag), ("any", option.broker)}
        names.add((option.scope if option.scope in PREFIXES else "any", option.kafka))
        for key in names:
            if key[1] and key in taken:
                raise Fault(f"{option.place}: {option.name}: the name {key[1]} is {taken[key]}'s")
            taken[key] = option.name
    return options


def read_or_exit(folder):
    try:
        return read(folder)
    except (Fault, ValueError) as fault:
        sys.exit(f"options: {fault}")
