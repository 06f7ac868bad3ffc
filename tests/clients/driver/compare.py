"""Says whether what a client read is what was produced."""

from collections import Counter
from pathlib import Path

Records = dict[bytes, list[bytes]]  # key -> its values, in order


def produced(path: Path) -> Records:
    """Reads `key TAB value` lines."""
    records: Records = {}
    with open(path, "rb") as lines:
        for line in lines:
            key, value = line.rstrip(b"\n").split(b"\t", 1)
            records.setdefault(key, []).append(value)
    return records


def consumed(path: Path, gaps: bool = False) -> tuple[Records, list[str]]:
    """Reads `partition TAB offset TAB key TAB value` lines. Gives the records and what is wrong with their places:
    offsets must count up from 0 in each partition, with `gaps` where transactions were aborted or end, and all records of a key
    lie in one partition."""
    records: Records = {}
    wrong: list[str] = []
    next_offset: Counter[int] = Counter()
    home: dict[bytes, int] = {}
    with open(path, "rb") as lines:
        for number, line in enumerate(lines, 1):
            try:
                partition_text, offset_text, key, value = line.rstrip(b"\n").split(b"\t", 3)
                partition, offset = int(partition_text), int(offset_text)
            except ValueError:
                wrong.append(f"line {number} is not a record: {line[:80]!r}")
                break
            if (offset < next_offset[partition] if gaps else offset != next_offset[partition]) and len(wrong) < 5:
                wrong.append(f"partition {partition}: offset {offset} where {next_offset[partition]} was due")
            if home.setdefault(key, partition) != partition and len(wrong) < 5:
                wrong.append(f"key {key!r} in partitions {home[key]} and {partition}")
            next_offset[partition] = offset + 1
            records.setdefault(key, []).append(value)
    return records, wrong


def count(records: Records) -> int:
    return sum(map(len, records.values()))


def difference(want: Records, got: Records) -> list[str]:
    """What differs, in words; empty when both hold the same records in the same order per key."""
    if want == got:
        return []
    said: list[str] = []
    if count(want) != count(got):
        said.append(f"{count(got)} records instead of {count(want)}")
    for key in want.keys() | got.keys():
        wanted, seen = want.get(key, []), got.get(key, [])
        if wanted == seen:
            continue
        lost, extra = Counter(wanted) - Counter(seen), Counter(seen) - Counter(wanted)
        if lost or extra:
            said.append(f"key {key!r}: {lost.total()} lost, {extra.total()} too many or altered")
        else:
            said.append(f"key {key!r}: out of order")
        if len(said) >= 5:
            break
    return said
