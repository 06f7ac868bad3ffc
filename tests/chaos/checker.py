"""Whether a history can be that of a log that keeps its word. Pure: no client, no clock, no process.

Everything is measured against the log as it was read from the start to the end once all was calm. What is wrong has a kind:

    lost        acknowledged, and not there               moved       there, but not at the offset that was acknowledged
    twice       an idempotent producer's record repeats   swapped     an idempotent producer's order is not kept
    overtaken   acknowledged before another was even sent, and yet behind it
    phantom     there, though nobody sent it, or it was refused before it was sent
    hole        offsets are not dense                     damaged     other bytes than were sent
    vanished    a reader saw it, and it is not there      changed     a reader saw another record at that offset
    backwards   a reader's offsets don't rise by one      watermark   a reader saw the high watermark fall
    unread      the log could not be read to its end      catalog     topics or partitions are not what was answered
    replica     copies of a partition differ              gave up     an idempotent producer's session broke
    answer      a producer was told UNKNOWN_SERVER_ERROR, by which clients cannot tell what to do
    history     the files themselves make no sense

What was acknowledged with acks=1 may be lost, though not after a reader saw it. So may what librdkafka calls delivered without
an offset before the first batch of that producer that the partition has, where that one is numbered as a later one. What plain producers may do is not wrong:
their records may repeat, and one that nobody knows the fate of may turn up late. A leader that has been cut off may answer
with an old high watermark; `linear` makes that wrong too (kind `stale`)."""
from array import array
from collections import Counter

from history import IDS_A_PRODUCER

ACKNOWLEDGED, UNKNOWN, REFUSED = ord("o"), ord("u"), ord("f")
SERVER_ERROR = "UNKNOWN"  # as librdkafka calls it
EXAMPLES = 5


class Report:
    def __init__(self):
        self.counts, self.examples, self.facts = Counter(), {}, Counter()

    def add(self, kind, text):
        self.counts[kind] += 1
        shown = self.examples.setdefault(kind, [])
        if len(shown) < EXAMPLES:
            shown.append(text)

    @property
    def kinds(self):
        return set(self.counts)

    def lines(self):
        for kind, count in sorted(self.counts.items()):
            yield f"{kind}: {count}"
            for text in self.examples[kind]:
                yield f"    {text}"


def check(history, linear=False):
    report = Report()
    for text in history.malformed:
        report.add("history", text)
    finals = [(who, lines) for who, lines in history.readers if who["role"] == "final"]
    for who, lines in finals:
        read_final(history, who, lines, report)
    if not finals:
        report.add("unread", "nobody read the log when all was calm")
    places = find_places(history, report)
    for producer in history.producers:
        check_producer(history, producer, places, report)
    check_real_time(history, report)
    watermarks = {}
    for who, lines in history.readers:
        if who["role"] != "final":
            Reader(history, who, report, watermarks).go(lines)
    check_watermarks(history, watermarks, report, linear)
    check_catalog(history, report)
    return report


def read_final(history, who, lines, report):
    keys, ends, refusals = {}, {}, {}
    for line in lines:
        kind, *rest = line.split()
        if kind == "r":
            index, offset = keys[rest[0]], int(rest[1])
            log = history.log.get(index)
            if log is None:
                log = history.log[index] = {"start": who.get("start", 0), "records": array("q")}
            records = log["records"]
            missing = offset - log["start"] - len(records)
            if missing < 0:
                report.add("backwards", f"{who['name']}: {history.show(index, offset)} after {offset - missing - 1}")
                continue
            if missing:
                report.add("hole", f"{history.show(index)}: {missing} offsets before {offset}")
                records.extend([-1] * missing)
            records.append(history.record(rest[2], rest[3]))
        elif kind == "=":
            keys[rest[0]] = history.index(rest[1], rest[2])
        elif kind == "x":
            report.add("damaged", f"{who['name']}: {history.show(keys[rest[0]], rest[1])}")
        elif kind == "e":
            refusals[keys[rest[0]]] = rest[1]  # of a leader that was one a moment ago: asked again, another one answered
        elif kind == "w":
            ends[keys[rest[0]]] = int(rest[1])
    for index in keys.values():
        log = history.log.setdefault(index, {"start": who.get("start", 0), "records": array("q")})
        if (end := log["start"] + len(log["records"])) < ends.get(index, end + 1):
            report.add("unread", f"{history.show(index)}: read to {end}, the high watermark is {ends.get(index, 'not known')} "
                       f"{refusals.get(index, '')}")
    report.facts["records in the log"] += sum(len(log["records"]) for log in history.log.values())


def find_places(history, report):
    """Where each producer's records are: for each an array of the first offset by number; what repeats is judged here."""
    places = {p.number: array("q", [-1]) * len(p.state) for p in history.producers}
    for index, log in history.log.items():
        last = {}
        for offset, record in enumerate(log["records"], log["start"]):
            if record < 0:
                if record == -2:
                    report.add("phantom", f"{history.show(index, offset)}: of no producer of this run")
                continue
            number, n = divmod(record, IDS_A_PRODUCER)
            producer, place = history.producers[number], places[number]
            if n >= len(place) or producer.state[n] == REFUSED or producer.partition[n] != index:
                report.add("phantom", f"{history.show(index, offset)}: {history.name(record)} was not sent there")
                continue
            if place[n] >= 0:
                # A client that begins a new epoch of its own answers for what it sends again: KIP-360.
                if producer.idempotent and history.epoch(index, place[n]) == history.epoch(index, offset):
                    report.add("twice", f"{history.name(record)}: {history.show(index, place[n])} and {offset}")
                elif producer.idempotent:
                    report.facts["repeated by idempotent producers in a new epoch"] += 1
                else:
                    report.facts["repeated by plain producers"] += 1
                continue
            place[n] = offset
            if producer.idempotent:
                if n < last.get(number, -1):
                    report.add("swapped", f"{history.show(index, offset)}: {history.name(record)} behind "
                                          f"{last[number]}")
                last[number] = n
    return places


def at(history, index, offset):
    log = history.log.get(index)
    if log is None or not log["start"] <= offset < log["start"] + len(log["records"]):
        return -1
    return log["records"][offset - log["start"]]


def check_producer(history, producer, places, report):
    place, late = places[producer.number], late_beginnings(history, producer, places)
    for text in producer.given_up:
        report.add("gave up", f"{producer.name}: {text}")
    for code, count in producer.codes.items():
        report.facts[f"records that ended with {code}"] += count
        if code == SERVER_ERROR:
            report.add("answer", f"{producer.name}: {count} records")
    for n, state in enumerate(producer.state):
        report.facts[chr(state)] += 1
        if state != ACKNOWLEDGED:
            continue
        if not producer.for_good:
            report.facts["acknowledged by a leader alone and lost"] += place[n] < 0
            continue
        index, offset = producer.partition[n], producer.offset[n]
        if place[n] < 0 and offset < 0 and n < late.get(index, 0):
            report.facts["never sent again by librdkafka, which took a later batch's answer for theirs"] += 1
            continue
        if place[n] < 0:
            report.add("lost", f"{history.name(producer.record(n))}, acknowledged as {history.show(index, offset)}")
            continue
        if offset < 0:
            continue
        if at(history, index, offset) != producer.record(n):
            report.add("moved", f"{history.name(producer.record(n))}, acknowledged as {history.show(index, offset)}, is at "
                                f"{place[n]}; there is {history.name(at(history, index, offset))}")


def late_beginnings(history, producer, places):
    """Partition -> its first record there, where that one's batch was let in though it is not the producer's first: a partition
    that doesn't know a producer takes what it begins with (docs/decisions/0019-first-sequence.md)."""
    first = {}
    if producer.idempotent:
        for n, offset in enumerate(places[producer.number]):
            if offset >= 0:
                first.setdefault(producer.partition[n], (n, offset))
    return {index: n for index, (n, offset) in first.items() if history.begins_late(index, offset)}


def check_real_time(history, report):
    """Whoever was answered before another call began is in front of it, whoever made the calls. That is all that plain
    producers are promised: with one request at a time for each connection they still send to a new leader while the old one
    owes them an answer."""
    by_partition = {}
    for p in (p for p in history.producers if p.for_good):
        for n, state in enumerate(p.state):
            if state == ACKNOWLEDGED and p.offset[n] >= 0:
                by_partition.setdefault(p.partition[n], []).append((p.offset[n], p.invoked[n], p.ended[n], p.record(n)))
    for index, rows in by_partition.items():
        rows.sort()
        latest, whose = -1, None
        for offset, invoked, ended, record in rows:
            if ended < latest:
                report.add("overtaken", f"{history.show(index, offset)}: {history.name(record)} was acknowledged before "
                                        f"{history.name(whose)} was sent, which is in front of it")
            if invoked > latest:
                latest, whose = invoked, record


class Reader:
    """Goes through one reader's file."""

    def __init__(self, history, who, report, watermarks):
        self.history, self.who, self.report, self.watermarks = history, who, report, watermarks
        self.keys, self.next, self.high = {}, {}, {}

    def go(self, lines):
        logs, keys, at_next, history = self.history.log, self.keys, self.next, self.history
        seen = 0
        for line in lines:
            kind, *rest = line.split()
            if kind != "r":
                self.other(kind, rest)
                continue
            seen += 1
            index, offset = keys[rest[0]], int(rest[1])
            wanted = at_next.get(index, offset)
            if offset != wanted:
                self.report.add("backwards" if offset < wanted else "hole",
                                f"{self.who['name']}: {history.show(index, offset)} after {wanted - 1}")
            at_next[index] = offset + 1
            record, log = history.record(rest[2], rest[3]), logs.get(index)
            there = -1
            if log is not None:
                position = offset - log["start"]
                there = log["records"][position] if 0 <= position < len(log["records"]) else -1
            if there != record:
                self.report.add("vanished" if there < 0 else "changed",
                                f"{self.who['name']} saw {history.name(record) if record >= 0 else line.strip()} at "
                                f"{history.show(index, offset)}; there is {history.name(there)}")
        self.report.facts["records read"] += seen

    def other(self, kind, rest):
        if kind == "s":
            self.next.clear()
        elif kind == "=":
            self.keys[rest[0]] = self.history.index(rest[1], rest[2])
        elif kind == "x":
            self.report.add("damaged", f"{self.who['name']}: {self.history.show(self.keys[rest[0]], rest[1])}")
        elif kind == "e":
            self.report.facts[f"readers' {rest[1]}"] += 1
        elif kind == "w":
            index, high, began, ended = self.keys[rest[0]], *map(int, rest[1:])
            before = self.high.get(index, 0)
            if high < before:
                self.report.add("watermark", f"{self.who['name']}: {self.history.show(index)} fell from {before} to {high}")
            self.high[index] = high
            self.watermarks.setdefault(index, []).append((began, ended, high))
            self.report.facts["watermarks asked for"] += 1
        elif kind == "h":
            self.report.facts[f"readers given up: {' '.join(rest[:-1])}"] += 1
        else:
            self.report.add("history", f"{self.who['name']}: {kind} {' '.join(rest)}")


def check_watermarks(history, watermarks, report, linear):
    """One that was asked for later is not lower, nor is it at or below what was acknowledged before."""
    for p in (p for p in history.producers if p.for_good):
        for n, state in enumerate(p.state):
            if state == ACKNOWLEDGED and p.partition[n] in watermarks and p.offset[n] >= 0:
                watermarks[p.partition[n]].append((p.ended[n], p.ended[n], p.offset[n] + 1))
    for index, rows in watermarks.items():
        log = history.log.get(index)
        end = log["start"] + len(log["records"]) if log else 0
        by_end = sorted((ended, high) for _, ended, high in rows)
        top, position = 0, 0
        for began, ended, high in sorted(rows):
            while position < len(by_end) and by_end[position][0] < began:
                top = max(top, by_end[position][1])
                position += 1
            if high < top and began != ended:
                report.facts["old watermarks"] += 1
                if linear:
                    report.add("stale", f"{history.show(index)}: {high}, when {top} had been seen")
            if high > end:
                report.add("vanished", f"{history.show(index)}: the high watermark was {high}, the log ends at {end}")


def check_catalog(history, report):
    """Calls of one admin client, one at a time: what each topic may be, as a set of partition counts (0: not there). What
    nobody knows the fate of may also happen later. Only the look at the end is held to it: brokers apply what they have
    answered a moment later; a description before that must at least show what the topic was at some time."""
    possible, late, ever = {}, {}, {}
    for call in sorted(history.calls, key=lambda c: c["t0"]):
        topic, op, result = call["topic"], call["op"], call["result"]
        before, open_ = possible.get(topic, {0}), late.setdefault(topic, set())
        report.facts[f"{op}: {result}"] += 1
        if op == "final":
            if call["partitions"] not in before | open_:
                report.add("catalog", f"{topic} has {call['partitions']} partitions; possible: {sorted(before | open_)}")
        elif op == "describe":
            if result == "ok" and call["partitions"] not in ever.get(topic, {0}):
                report.add("catalog", f"{topic} is described with {call['partitions']} partitions; ever possible: "
                                      f"{sorted(ever.get(topic, {0}))}")
        elif op in ("create", "delete", "grow"):
            after = call["partitions"] if op != "delete" else 0
            ever.setdefault(topic, {0}).add(after)
            if result == "ok":
                if op == "create" and 0 not in before | open_:
                    report.add("catalog", f"{topic} was made though it was there")
                possible[topic] = {after}
            elif result == "unknown":
                open_ |= {after} | before
