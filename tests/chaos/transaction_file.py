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


def begun(run, txn, version=1, *producer):
    """A "b" event: of whoever says nothing more it is version 1. `producer`: its id and epoch."""
    run.facts[f"transactions of version {version}"] += 1
    if version > 1:
        run.producers[txn] = producer


def epochs_twice(producers, sent):
    """Version 2 gives each transaction an epoch of its own, so that nothing late meets the next one: pairs that had the
    same and both handed records over, in words."""
    seen = {}
    for txn, producer in producers.items():
        if sent.get(txn):
            if producer in seen:
                yield f"{seen[producer]} and {txn}: both of producer {producer[0]}, epoch {producer[1]}"
            seen[producer] = txn
