"""Copies of a partition in the data directories of brokers that are down: the same batches at the same offsets, byte for byte.

Both formats are read here by their documentation alone (docs/formats/segment.md; Kafka's record batches), so that what a
broker's own tools believe of its files plays no part."""
import hashlib
import pathlib
import struct

WEIR_HEADER, WEIR_FRAME = 4096, 56
VOTE, KINDS = 3, {1: "batch", 2: "term start", 4: "configuration", 5: "command"}
BASE, COUNT, PRODUCER = 2, 3, 5  # in what is compared: term, kind, base, count, digest, (producer id, epoch, first sequence)
KAFKA_HEAD = 12  # base offset, length
PRODUCER_AT = 43  # in a record batch


def _table():
    for byte in range(256):
        for _ in range(8):
            byte = (byte >> 1) ^ (0x82F63B78 if byte & 1 else 0)
        yield byte


CRC_TABLE = tuple(_table())


def crc32c(data):
    crc = 0xFFFFFFFF
    for byte in data:
        crc = (crc >> 8) ^ CRC_TABLE[(crc ^ byte) & 0xFF]
    return crc ^ 0xFFFFFFFF


def compared(term, kind, base, count, body):
    producer = struct.unpack_from(">qhi", body, PRODUCER_AT) if kind == "batch" else None
    return term, kind, base, count, hashlib.sha256(body).hexdigest(), producer


def producers(copies):
    """{partition: [base, count, producer id, epoch, first sequence] of each batch, in order}, from whichever broker has a copy."""
    return {partition: sorted([e[BASE], e[COUNT], *e[PRODUCER]] for e in entries.values() if e[PRODUCER])
            for copy in copies.values() for partition, entries in copy.items()}


def weir_frames(raw):
    """(index, what is compared) of each frame. Behind the last one there may be anything, whole frames of a file's earlier
    life too, which have another salt in their checksum."""
    salt, at = raw[16:24], WEIR_HEADER
    while at + WEIR_FRAME <= len(raw):
        checksum, size, _, kind, _, _, term, index, base, count = struct.unpack_from("<IIIBBHQQqI", raw, at)
        if checksum != crc32c(salt + struct.pack("<Q", at) + raw[at + 4:at + WEIR_FRAME]):
            return
        body = raw[at + WEIR_FRAME:at + WEIR_FRAME + size]
        if kind != VOTE:  # which is the node's own
            yield index, compared(term, KINDS[kind], base, count, body)
        at += WEIR_FRAME + size


def weir(folder):
    """{partition: {index: entry}} of a data directory. A frame of a later segment replaces one of the same index."""
    found = {}
    for path in sorted(pathlib.Path(folder).glob("topics/*/*/*.log")):
        name = path.parent.parent.name.rsplit(".", 1)[0]
        found.setdefault(f"{name}-{path.parent.name}", {}).update(weir_frames(path.read_bytes()))
    return found


def kafka_batches(raw):
    at = 0
    while at + KAFKA_HEAD <= len(raw):
        base, length = struct.unpack_from(">qi", raw, at)
        if length <= 0 or at + KAFKA_HEAD + length > len(raw):
            return
        body = raw[at:at + KAFKA_HEAD + length]
        epoch, = struct.unpack_from(">i", body, 12)
        yield base, compared(epoch, "batch", base, struct.unpack_from(">i", body, 23)[0] + 1, body)
        at += KAFKA_HEAD + length


def kafka(folder):
    found = {}
    for path in sorted(pathlib.Path(folder).glob("*/*.log")):
        # Not its own topics, nor what it has renamed to be removed later ("…-delete").
        if not path.parent.name.startswith("__") and path.parent.name.rsplit("-", 1)[-1].isdigit():
            found.setdefault(path.parent.name, {}).update(kafka_batches(path.read_bytes()))
    return found


def differences(copies, replicas):
    """`copies`: {broker: {partition: {place: entry}}}; `replicas`: how many there must be of each partition. Lines of words,
    one for each partition that is not the same everywhere. Behind the end of the shortest copy others may have what holds no
    records: terms that began while brokers were stopped one by one."""
    partitions = {p for copy in copies.values() for p in copy}
    for partition in sorted(partitions):
        have = {broker: copy[partition] for broker, copy in copies.items() if partition in copy}
        if len(have) != replicas:
            yield f"{partition}: {len(have)} copies ({', '.join(map(str, have))}), not {replicas}"
        (first, reference), *others = have.items()
        for broker, entries in others:
            end = min(max(reference, default=-1), max(entries, default=-1))
            wrong = [at for at in sorted(reference.keys() | entries.keys()) if reference.get(at) != entries.get(at) and
                     (at <= end or (reference.get(at) or entries.get(at))[COUNT])]
            if wrong:
                at = wrong[0]
                yield (f"{partition}: {len(wrong)} of {len(reference)} entries differ between {first} and {broker}, the first "
                       f"at {at}: {reference.get(at)} and {entries.get(at)}")


def lacking(entries, start, end, name):
    """What is wrong when the offsets from `start` to `end` are not all in one copy, one after the other; or nothing."""
    at = start
    for term, kind, base, count, *_ in (entries[place] for place in sorted(entries)):
        if count and base != at:
            return f"{name}: offset {base} ({kind} of term {term}) where {at} should be"
        at += count
    return f"{name}: ends at {at}, {end} was read" if at < end else ""
