"""Tables for people: medians with their spread, ratios made round by round."""
import statistics

# (title, ours, the peer's): the first two promise the same; the last is what people get who change nothing.
PAIRS = [("both flush", "weir", "kafka-flushed"), ("neither flushes", "weir-unflushed", "kafka"),
         ("as shipped", "weir", "kafka"), ("the other", "weir", "weir-other"),
         ("both flush", "weir3", "kafka3-flushed"), ("neither flushes", "weir3-unflushed", "kafka3"),
         ("as shipped", "weir3", "kafka3"), ("the other", "weir3", "weir-other3")]
WIDTH, LABEL = 23, 33
RATES = ("MB/s", "records/s", "flushes/s", "transactions/s", "commits/s")


def number(value):
    return f"{value:.0f}" if abs(value) >= 100 else f"{value:.1f}" if abs(value) >= 10 else f"{value:.2f}"


def label(figure):
    """With the direction in which it gets better; all but what is moved per second is a cost."""
    return f"{figure} {'↑' if figure.endswith(RATES) else '↓'}"


def spread(values):
    return f"{number(statistics.median(values))} ({number(min(values))}–{number(max(values))})"


def ratios(ours, theirs, figure):
    """One for each round in which both have the figure; what is nothing on one side has no ratio."""
    return [a[figure] / b[figure] for a, b in zip(ours, theirs) if figure in a and b.get(figure, 0) > 0]


def series(turns, figure):
    return [turn[figure] for turn in turns if figure in turn]


def pairs_of(turns):
    return [(title, a, b) for title, a, b in PAIRS if a in turns and b in turns]


def table(name, turns):
    """turns: variant -> one dict of figures per round."""
    pairs = pairs_of(turns)
    columns = [*turns, *(f"× {title}" for title, _, _ in pairs)]
    lines = [f"{name:<{LABEL + 2}}" + "".join(f"{c:>{WIDTH}}" for c in columns)]
    figures = list(dict.fromkeys(figure for rounds in turns.values() for turn in rounds for figure in turn))
    for figure in figures:
        values = {v: series(rounds, figure) for v, rounds in turns.items()}
        cells = [spread(v) if v else "–" for v in values.values()]
        for _, ours, theirs in pairs:
            found = ratios(turns[ours], turns[theirs], figure)
            cells.append(spread(found) if found else "–")
        lines.append(f"  {label(figure):<{LABEL}}" + "".join(f"{c:>{WIDTH}}" for c in cells))
    return "\n".join(lines)


def shares(results):
    """Of each produce case, as a share of what the machine gives at best."""
    if not any(results.get("limits", {}).get("machine", [])):
        return ""
    best = {f: statistics.median(series(results["limits"]["machine"], f)) for f in ("sink MB/s", "flushed file MB/s")}
    lines = []
    for name, turns in results.items():
        for variant, rounds in turns.items() if name.startswith("produce") else ():
            if not (rates := series(rounds, "MB/s")):
                continue
            rate = statistics.median(rates)
            lines.append(f"  {name:<22} {variant:<16}{rate / best['sink MB/s']:>8.1%} of the bare sink"
                         f"{rate / best['flushed file MB/s']:>8.1%} of the flushed file")
    return "\n".join(["shares of the limits", *lines]) if lines else ""


def summary(results):
    """The same for programs: medians, spread and every round."""
    out = {}
    for name, turns in results.items():
        figures = {v: {f: {"median": statistics.median(series(rounds, f)), "min": min(series(rounds, f)),
                           "max": max(series(rounds, f)), "rounds": series(rounds, f)}
                       for f in dict.fromkeys(f for turn in rounds for f in turn)} for v, rounds in turns.items()}
        made = {}
        for title, ours, theirs in pairs_of(turns):
            of = {f: ratios(turns[ours], turns[theirs], f) for f in figures[ours]}
            made[title] = {"of": [ours, theirs], **{f: {"median": statistics.median(r), "min": min(r), "max": max(r)}
                                                    for f, r in of.items() if r}}
        out[name] = {"figures": figures, "ratios": made}
    return out
