"""What a client that makes transactions wrote down (transacting.py says which events there are), for both checkers. Pure."""
import json

COMMITTED, ABORTED, UNKNOWN, NEVER = "committed", "aborted", "unknown", "never asked to commit"
STATES = {"c": UNKNOWN, "C": COMMITTED, "A": ABORTED}


def read(lines):
    """(who wrote it, events); ValueError where it makes no sense."""
    lines = iter(lines)
    try:
        return json.loads(next(lines)), [json.loads(line) for line in lines]
    except (StopIteration, ValueError) as broken:
        raise ValueError(f"a file that can't be read: {broken}") from None


def trouble(_, step, why):
    """An "e" event, as one counts them."""
    return f"{step}: {why}" if step != "ends" else "incarnations that could not go on"


def begun(facts, version=1, *_):
    """A "b" event behind its name: of whoever says nothing more it is version 1."""
    facts[f"transactions of version {version}"] += 1
