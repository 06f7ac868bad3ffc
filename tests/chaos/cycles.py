"""Anomalies in a history of transactions that append to lists and read them, by Adya's names. Pure.

    G0           transactions wrote in a cycle: each before the other
    G1a          an aborted transaction's element was read       G1b   some but not all that a transaction appended to a list
    G1c          in a cycle of writes and reads of writes        own   it read what it had not committed yet
    lost update  a list changed between a transaction's guarded read of it and its append
    lost         a committed element is not there                torn  some of a transaction's elements are there, some not
    repeated     an element is there twice                       swapped  a transaction's elements of a list are out of order
    order        a read is no beginning of the list              phantom  an element that nobody appended
    epoch        two transactions of version 2 had the same  history  the files themselves make no sense

That nothing is written in cycles, and no update lost, Kafka does not promise by itself: the clients append only to lists that
their group gave them, and read them first as far as the committed offset says (appends.py). Reads of other lists need no guard
for G1a to G1c. Cycles with reads of what was not written yet (G2) are possible and only counted."""
from collections import defaultdict
from dataclasses import dataclass, field

import transaction_file
from checker import Report
from transaction_file import ABORTED, COMMITTED, NEVER, STATES, UNKNOWN


@dataclass
class Txn:
    """`reads`: list -> (how many elements it had, whether nobody else might have changed it up to the commit)."""

    name: str
    state: str = NEVER
    appends: dict = field(default_factory=lambda: defaultdict(list))
    reads: dict = field(default_factory=dict)


class Lists:
    """Transactions, and the lists as they were in the end."""

    def __init__(self):
        self.txns, self.order, self.facts, self.malformed = {}, {}, defaultdict(int), []
        self.producers = {}
        self.wrong_reads = []  # (transaction, list, how far it is right, the first that is not)
        self.waiting, self.whole = [], False

    def add(self, lines):
        """The last reader's file may come at any time: reads are held against it by `check`."""
        try:
            who, events = transaction_file.read(lines)
        except ValueError as broken:
            self.malformed.append(str(broken))
            return
        if who["role"] == "final":
            self.whole = True
            for kind, *rest in events:
                if kind == "l":
                    self.order[str(rest[0])] = rest[1]
        else:
            self.waiting.append((who["name"], events))

    def resolve(self):
        for name, events in self.waiting:
            seen = defaultdict(list)  # reads are written down as what was new in them
            for kind, *rest in events:
                self._event(name, seen, kind, rest)
        self.waiting = []

    def _event(self, name, seen, kind, rest):
        if kind == "b":
            self.txns[rest[0]] = Txn(rest[0])
            transaction_file.begun(self, *rest)
        elif kind == "s":
            self.txns[rest[0]].appends[str(rest[1])].append(rest[2])
        elif kind == "r":
            txn, key, start, new, guarded = rest
            mine = seen[str(key)]
            if start != len(mine):
                self.malformed.append(f"{name}: a read of {key} goes on from {start}, not {len(mine)}")
            self.read(self.txns[txn], str(key), mine, new, guarded)
        elif kind in "cCA":
            self.txns[rest[0]].state = STATES[kind]
        elif kind == "e":
            self.facts[transaction_file.trouble(*rest)] += 1

    def read(self, txn, key, before, new, guarded=False):
        order = self.order.get(key, [])
        at = len(before)
        before += new
        for place, element in enumerate(new, at):
            if place >= len(order) or order[place] != element:
                self.wrong_reads.append((txn, key, place, element))
                break
        txn.reads[key] = len(before), guarded


def check(lists):
    report = Report()
    lists.resolve()
    for text in lists.malformed:
        report.add("history", text)
    if not lists.whole:
        report.add("history", "nobody read the lists when all was calm")
        return report
    for text in transaction_file.epochs_twice(lists.producers, {t.name: t.appends for t in lists.txns.values()}):
        report.add("epoch", text)
    writer = find_writers(lists, report)
    check_there(lists, writer, report)
    for txn, key, place, element in lists.wrong_reads:
        found = lists.order[key][place] if place < len(lists.order.get(key, [])) else "nothing"
        kind = "G1a" if writer_state(lists, element) in (ABORTED, NEVER) else "order"
        report.add(kind, f"{txn.name} read {element} at {place} of {key}; there is {found}")
    for txn in lists.txns.values():
        check_reads(lists, txn, writer, report)
    check_cycles(lists, writer, report)
    for txn in lists.txns.values():
        report.facts[f"transactions {txn.state}"] += 1
        report.facts["reads"] += len(txn.reads)
    for what, count in lists.facts.items():
        report.facts[what] += count
    report.facts["elements"] += sum(map(len, lists.order.values()))
    return report


def writer_state(lists, element):
    """Of an element that is not there, by the transaction's name in it."""
    txn = lists.txns.get(element.rsplit("#", 1)[0])
    return txn.state if txn else None


def find_writers(lists, report):
    """{list: [who appended its elements]}; None where that is not known."""
    by_element = {(k, e): t for t in lists.txns.values() for k, elements in t.appends.items() for e in elements}
    found = {}
    for key, order in lists.order.items():
        places = {}
        for place, element in enumerate(order):
            txn = by_element.get((key, element))
            if element in places:
                report.add("repeated", f"{element} at {places[element]} and {place} of {key}")
            places[element] = place
            if txn is None:
                report.add("phantom", f"{element} at {place} of {key}")
            elif txn.state in (ABORTED, NEVER):
                report.add("G1a", f"{element} at {place} of {key} is there, {txn.state}")
        found[key] = [by_element.get((key, e)) for e in order]
    return found


def check_there(lists, writer, report):
    places = {(k, e): i for k, order in lists.order.items() for i, e in enumerate(order)}
    for txn in lists.txns.values():
        elements = [(k, e) for k, mine in txn.appends.items() for e in mine]
        missing = [f"{e} of {k}" for k, e in elements if (k, e) not in places]
        if missing and len(missing) < len(elements) and txn.state in (COMMITTED, UNKNOWN):
            report.add("torn", f"{txn.name}: {', '.join(missing[:3])} not there, {len(elements) - len(missing)} others are")
        elif missing and txn.state == COMMITTED:
            report.add("lost", f"{txn.name}: {', '.join(missing[:3])}")
        for key, mine in txn.appends.items():
            at = [places[key, e] for e in mine if (key, e) in places]
            if at != sorted(at):
                report.add("swapped", f"{txn.name}'s of {key}: at {at}")


def check_reads(lists, txn, writer, report):
    for key, (count, guarded) in txn.reads.items():
        whose = writer.get(key, [])[:count]
        if txn in whose:
            report.add("own", f"{txn.name} read its own of {key}")
        last = whose[-1] if whose else None
        if last is not None and last is not txn and last in writer[key][count:]:
            report.add("G1b", f"{txn.name} read {count} elements of {key}, and {last.name}, whose is the last, has more behind")
        mine = [i for i, t in enumerate(writer.get(key, [])) if t is txn]
        if guarded and mine and mine[0] > count:
            between = {t.name for t in writer[key][count:mine[0]] if t}
            report.add("lost update", f"{txn.name} read {count} elements of {key} and appended as number {mine[0]}, behind what "
                                      f"it had not seen of {', '.join(sorted(between)[:3])}")


def edges(lists, writer):
    """{kind: {transaction: {others that must be behind it}}}"""
    found = {kind: defaultdict(dict) for kind in ("ww", "wr", "rw")}
    for key, whose in writer.items():
        for place, (one, two) in enumerate(zip(whose, whose[1:])):
            if one is not two and one and two:
                found["ww"][one.name].setdefault(two.name, f"{key} {place}")
    for txn in lists.txns.values():
        if txn.state in (ABORTED, NEVER):
            continue
        for key, (count, _) in txn.reads.items():
            whose = writer.get(key, [])
            if 0 < count <= len(whose) and (one := whose[count - 1]) and one is not txn:
                found["wr"][one.name].setdefault(txn.name, f"{key} {count - 1}")
            behind = next((t for t in whose[count:] if t is not txn), None)
            if behind:
                found["rw"][txn.name].setdefault(behind.name, f"{key} {count}")
    return found


def check_cycles(lists, writer, report):
    found = edges(lists, writer)
    for kind, of, needs in (("G0", ("ww",), "ww"), ("G1c", ("ww", "wr"), "wr"), ("G2", ("ww", "wr", "rw"), "rw")):
        for component in components([found[k] for k in of]):
            if not any(b in component for a in component for b in found[needs].get(a, ())):
                continue
            if kind == "G2":
                report.facts["cycles with reads of what was not there yet (G2)"] += 1
            else:
                report.add(kind, " → ".join(cycle(component, {k: found[k] for k in of}, needs)))


def components(graphs):
    """Those of more than one node that are strongly connected, as sets (Tarjan's way, without recursion)."""
    nodes = {n for g in graphs for a, others in g.items() for n in (a, *others)}
    index, low, stack, on, count = {}, {}, [], set(), 0
    for root in sorted(nodes):
        if root in index:
            continue
        work = [(root, iter(sorted({b for g in graphs for b in g.get(root, ())})))]
        index[root] = low[root] = count = count + 1
        stack.append(root)
        on.add(root)
        while work:
            node, others = work[-1]
            for other in others:
                if other not in index:
                    index[other] = low[other] = count = count + 1
                    stack.append(other)
                    on.add(other)
                    work.append((other, iter(sorted({b for g in graphs for b in g.get(other, ())}))))
                    break
                if other in on:
                    low[node] = min(low[node], index[other])
            else:
                work.pop()
                if work:
                    low[work[-1][0]] = min(low[work[-1][0]], low[node])
                if low[node] == index[node]:
                    component = set()
                    while node not in component:
                        on.discard(stack[-1])
                        component.add(stack.pop())
                    if len(component) > 1:
                        yield component


def cycle(component, found, needs):
    """One through an edge of that kind, shortest behind it: names, with the kind and the place of each edge between."""
    start, first = next((a, b) for a in sorted(component) for b in sorted(found[needs].get(a, ())) if b in component)
    before, edge = {first: start}, [first]
    while start not in before:
        following = []
        for node in edge:
            for graph in found.values():
                for other in graph.get(node, ()):
                    if other in component and other not in before:
                        before[other] = node
                        following.append(other)
        edge = following
    path = [start]
    while len(path) == 1 or path[-1] != start:
        path.append(before[path[-1]])
    path.reverse()
    for one, two in zip(path, path[1:]):
        kind = needs if (one, two) == (start, first) else next(k for k, g in found.items() if two in g.get(one, ()))
        yield f"{one} {kind}[{found[kind][one][two]}]"
    yield path[-1]
