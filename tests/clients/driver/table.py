"""What the last runs of everything said, one file per broker in results/, and the table of it in docs/compatibility.md."""

import json
from pathlib import Path

HERE = Path(__file__).resolve().parent.parent
PAGE = HERE.parent.parent / "docs/compatibility.md"
RESULTS = HERE / "results"
BEGIN, END = "<!-- tests/clients/run --table writes from here -->", "<!-- to here -->"
BROKERS = ("weir", "kafka")


def save(broker: str, title: str, versions: dict[str, str], entries: list[dict], whole: bool = True) -> None:
    """Keeps what can be compared from run to run: no times, and of skipped steps none. A run that is not of everything replaces its
    own steps in what is kept, if that is of the same versions."""
    RESULTS.mkdir(exist_ok=True)
    kept = RESULTS / f"{broker}.json"
    steps = [{"client": e["client"], "area": e["area"], "told": e["told"], "status": e["status"],
              **({"detail": e["detail"].splitlines()[0][:300] if e["detail"] else ""} if e["status"] == "failed" else {})}
             for e in entries if e["status"] != "skipped"]
    if not whole:
        before = json.loads(kept.read_text("utf-8"))
        if before["broker"] != title or any(before["clients"].get(c) != v for c, v in versions.items()):
            raise ValueError(f"{kept} is of {before['broker']} and {before['clients']}: run everything")
        ran = {(s["client"], s["area"], s["told"]) for s in steps}
        steps = [s for s in before["steps"] if (s["client"], s["area"], s["told"]) not in ran] + steps
        versions = before["clients"]
    steps.sort(key=lambda s: (list(versions).index(s["client"]), s["area"]))  # else in order
    content = {"broker": title, "clients": versions, "steps": steps}
    kept.write_text(json.dumps(content, indent=1, ensure_ascii=False) + "\n", "utf-8")


def result(steps: list[dict] | None) -> str:
    if not steps:
        return "–"
    failed = [s["told"] for s in steps if s["status"] == "failed"]
    if not failed:
        return "passed"
    return f"{len(steps) - len(failed)} of {len(steps)}; failed: {'; '.join(failed)}"


def rows(runs: dict[str, dict]) -> list[str]:
    """One line per client and area, in the order of the newest run."""
    places: dict[tuple[str, str], dict[str, list[dict]]] = {}
    versions: dict[str, str] = {}
    for broker, run in runs.items():
        versions = {**run["clients"], **versions}
        for step in run["steps"]:
            places.setdefault((step["client"], step["area"]), {}).setdefault(broker, []).append(step)
    order = list(versions)
    lines = []
    for (client, area), by in sorted(places.items(), key=lambda place: order.index(place[0][0])):
        told = list(dict.fromkeys(s["told"] for steps in by.values() for s in steps))
        cells = [client, versions[client], f"**{area}**: {'; '.join(told)}", *(result(by.get(b)) for b in BROKERS)]
        lines.append("| " + " | ".join(c.replace("|", "\\|") for c in cells) + " |")
    return lines


def rewrite() -> None:
    """Puts what is in results/ into the page."""
    runs = {b: json.loads((RESULTS / f"{b}.json").read_text("utf-8")) for b in BROKERS if (RESULTS / f"{b}.json").exists()}
    titles = [runs[b]["broker"] if b in runs else b for b in BROKERS]
    table = [f"| client | version | what was tried | {' | '.join(titles)} |", "|---|---|---|---|---|", *rows(runs)]
    page = PAGE.read_text("utf-8")
    before, rest = page.split(BEGIN)
    _, after = rest.split(END)
    PAGE.write_text(f"{before}{BEGIN}\n\n" + "\n".join(table) + f"\n\n{END}{after}", "utf-8")
