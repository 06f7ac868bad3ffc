"""Whether numbers went through all pipelines whole and once. Pure: no client, no clock, no process. What is wrong has a kind:

    lost       of a committed transaction, and not there      torn       some of a transaction's records are there, some not
    aborted    of one that was not committed, and there       phantom    nobody handed it over, or not there
    unmoved    an input of which nothing came                 doubled    an input that was moved in two transactions
    altered    what came of an input is not what went in      sums       the topics' sums are not the same
    swapped    inputs of a partition were moved out of order  repeated   a record is there twice
    vanished   an observer saw it, and it is not there        skipped    an observer did not see what it should have
    backwards  an observer's offsets don't rise               open       a transaction stays open when all is calm
    epoch      two transactions of version 2 had the same   history    the files themselves make no sense

`skipped` and `vanished` hold what observers of committed records saw at any moment against what is there in the end."""
from collections import defaultdict

import transaction_file
from checker import Report
from transaction_file import ABORTED, COMMITTED, NEVER, STATES

PARTS = {0: 2}  # outputs of an input, by the stage; else one


class Run:
    """What the workers wrote down, and the log as it was read in the end."""

    def __init__(self):
        self.state, self.sent, self.producers = {}, {}, {}
        self.log = defaultdict(dict)  # (topic, partition) -> {offset: value}
        self.observers, self.ends, self.facts, self.malformed = [], None, defaultdict(int), []

    def add(self, lines):
        try:
            who, events = transaction_file.read(lines)
        except ValueError as broken:
            self.malformed.append(str(broken))
            return
        if who["role"] == "final":
            self._final(who, events)
        elif who["role"] == "observe":
            self.observers.append((who["name"], events))
        else:
            self._worker(events)

    def _final(self, who, events):
        for kind, *rest in events:
            if kind == "r":
                topic, partition, offset, value = rest
                if offset in self.log[topic, partition]:
                    self.malformed.append(f"{who['name']}: {topic}-{partition}@{offset} twice")
                self.log[topic, partition][offset] = value
            elif kind == "ends":
                self.ends = rest

    def _worker(self, events):
        for kind, *rest in events:
            if kind == "b":
                self.state[rest[0]], self.sent[rest[0]] = NEVER, {}
                transaction_file.begun(self, *rest)
            elif kind == "s":
                txn, topic, partition, sequence = rest
                self.sent[txn][sequence] = topic, partition
            elif kind in "cCA":
                self.state[rest[0]] = STATES[kind]
            elif kind == "e":
                self.facts[transaction_file.trouble(*rest)] += 1


class Record:
    def __init__(self, value):
        self.txn, sequence, self.number, amount, partition, offset = value.split()
        self.sequence, self.amount, self.origin = int(sequence), int(amount), (int(partition), int(offset))


def check(run, topics):
    report = Report()
    for text in run.malformed:
        report.add("history", text)
    if run.ends is None:
        report.add("history", "nobody read the log when all was calm")
        return report
    records = {place: {o: Record(v) for o, v in log.items()} for place, log in run.log.items()}
    check_transactions(run, records, report)
    for stage in range(len(topics) - 1):
        check_stage(records, topics, stage, report)
    for text in transaction_file.epochs_twice(run.producers, run.sent):
        report.add("epoch", text)
    sums = {t: sum(r.amount for (topic, _), log in records.items() if topic == t for r in log.values()) for t in topics}
    if len(set(sums.values())) != 1:
        report.add("sums", f"{sums}")
    for name, events in run.observers:
        check_observer(run, name, events, report)
    for place, end in run.ends[0].items():
        if run.ends[1].get(place) != end:
            report.add("open", f"{place}: the last stable offset is {end}, the high watermark {run.ends[1].get(place)}")
    for what, count in run.facts.items():
        report.facts[what] += count
    for state in run.state.values():
        report.facts[f"transactions {state}"] += 1
    report.facts["visible records"] += sum(map(len, records.values()))
    return report


def check_transactions(run, records, report):
    there = defaultdict(dict)
    for (topic, partition), log in records.items():
        for offset, r in log.items():
            shown = f"{topic}-{partition}@{offset}: {r.sequence} of {r.txn}"
            if run.sent.get(r.txn, {}).get(r.sequence) != (topic, partition):
                report.add("phantom", shown)
            elif run.state[r.txn] in (ABORTED, NEVER):
                report.add("aborted", f"{shown}, {run.state[r.txn]}")
            elif r.sequence in there[r.txn]:
                report.add("repeated", f"{shown}, and {there[r.txn][r.sequence]}")
            else:
                there[r.txn][r.sequence] = f"{topic}-{partition}@{offset}"
    for txn, sent in run.sent.items():
        missing = sorted(set(sent) - set(there[txn]))
        if run.state[txn] == COMMITTED and missing and len(missing) == len(sent):
            report.add("lost", f"all {len(sent)} records of {txn}")
        elif missing and there[txn]:
            report.add("torn", f"{txn}: {len(missing)} of {len(sent)} are not there: {[sent[n] for n in missing[:3]]}")


def check_stage(records, topics, stage, report):
    """What became of each record of a topic that is there."""
    source, target = topics[stage:stage + 2]
    came = defaultdict(list)
    for (topic, partition), log in records.items():
        if topic == target:
            last = {}
            for offset in sorted(log):
                r = log[offset]
                came[r.origin].append((r, f"{target}-{partition}@{offset}"))
                if r.origin[1] < last.get(r.origin[0], -1):
                    report.add("swapped", f"{target}-{partition}@{offset}: of {source}-{r.origin[0]}@{r.origin[1]}, behind what "
                                          f"came of {last[r.origin[0]]}")
                last[r.origin[0]] = max(r.origin[1], last.get(r.origin[0], -1))
    for (topic, partition), log in records.items():
        for offset, r in log.items() if topic == source else ():
            outputs, shown = came.pop((partition, offset), []), f"{source}-{partition}@{offset}"
            if not outputs:
                report.add("unmoved", shown)
            elif len({o.txn for o, _ in outputs}) > 1 or len(outputs) > PARTS.get(stage, 1):
                report.add("doubled", f"{shown}: {[f'{place} by {o.txn}' for o, place in outputs]}")
            elif sum(o.amount for o, _ in outputs) != r.amount or any(o.number != r.number for o, _ in outputs) or \
                    len(outputs) != PARTS.get(stage, 1):
                report.add("altered", f"{shown}: {[place for _, place in outputs]}")
    for origin, outputs in came.items():
        report.add("phantom", f"{outputs[0][1]} comes from {source}-{origin[0]}@{origin[1]}, where nothing is")


def check_observer(run, name, events, report):
    offsets = {place: sorted(log) for place, log in run.log.items()}
    at = {}  # place -> how many of its records were seen
    for kind, *rest in events:
        if kind == "n":
            at = {}
        if kind != "r":
            continue
        topic, partition, offset, value = rest
        place, shown = (topic, partition), f"{name} saw {topic}-{partition}@{offset}"
        report.facts["records observed"] += 1
        if run.log[place].get(offset) != value:
            txn = Record(value).txn
            report.add("vanished", f"{shown}: {value}, of a transaction {run.state.get(txn, 'of nobody')}; there is "
                                   f"{run.log[place].get(offset)}")
            continue
        position = at.get(place, 0)
        wanted = offsets[place][position] if position < len(offsets[place]) else None
        if wanted == offset:
            at[place] = position + 1
        elif wanted is None or offset < wanted:
            report.add("backwards", shown)
        else:
            report.add("skipped", f"{shown}, not {wanted} before it")
            at[place] = offsets[place].index(offset) + 1
