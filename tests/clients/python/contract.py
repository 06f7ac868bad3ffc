"""What every client program here speaks (../README.md); a client gives produce, consume and its admin operations."""

import importlib.metadata
import itertools
import sys
from collections.abc import Callable, Iterator
from pathlib import Path


def records(path: Path) -> Iterator[tuple[bytes, bytes]]:
    """The key and value of each `key TAB value` line."""
    with open(path, "rb") as lines:
        for line in lines:
            key, value = line.rstrip(b"\n").split(b"\t", 1)
            yield key, value


def record_line(partition: int, offset: int, key: bytes, value: bytes) -> bytes:
    return b"%d\t%d\t%b\t%b\n" % (partition, offset, key, value)


def endings() -> Iterator[list[bool]]:
    """How a copier ends its transactions: whether it commits, in order. Each third batch is aborted first and sent again."""
    return ([False, True] if n % 3 == 1 else [True] for n in itertools.count())


def dialog(operations: dict[str, Callable]) -> None:
    for line in sys.stdin:
        name, *arguments = line.split()
        if name not in operations:
            answer = "n/a"
        else:
            try:
                answer = operations[name](*arguments)
                answer = "ok" if answer is None else str(answer)
            except Exception as error:  # whatever the client raises is the answer
                answer = "! " + " ".join(f"{type(error).__name__}: {error}".split())
        print(answer, flush=True)


def main(package: str, produce: Callable, consume: Callable, group: Callable, copy: Callable, admin: Callable,
         below: str = "") -> None:
    match sys.argv[1:]:
        case ["version"]:
            print(importlib.metadata.version(package) + below)
        case ["produce", bootstrap, topic, compression, path]:
            produce(bootstrap, topic, compression, Path(path))
        case ["consume", bootstrap, topic, path]:
            consume(bootstrap, topic, Path(path))
        case ["group", bootstrap, topic, name, count, path]:
            group(bootstrap, topic, name, int(count), Path(path))
        case ["copy", bootstrap, source, target, name, transactional_id, count]:
            copy(bootstrap, source, target, name, transactional_id, int(count))
        case ["admin", bootstrap]:
            dialog(admin(bootstrap))
        case _:
            sys.exit("produce BOOTSTRAP TOPIC COMPRESSION FILE | consume BOOTSTRAP TOPIC FILE | group BOOTSTRAP TOPIC GROUP COUNT FILE "
                     "| copy BOOTSTRAP FROM TO GROUP ID COUNT | admin BOOTSTRAP | version")
