"""The scenarios of Kafka's own Java clients (java/src/main/java/weir/scenarios), which play several at a time."""

import subprocess
import threading
from dataclasses import dataclass
from pathlib import Path

from . import process
from .report import Report

LANES = 6  # they mostly wait: for rebalances, sessions and timeouts
SECONDS = 250  # of one; each has its own bound, which is a little shorter


@dataclass(frozen=True)
class Scenario:
    name: str
    area: str
    full: bool
    told: str


def command(client: list) -> list:
    """That of the client, with the scenarios' main class."""
    return [*client[:-1], "weir.scenarios.Main"]


def known(client: list) -> list[Scenario]:
    said = subprocess.run([*command(client), "list"], capture_output=True, text=True, timeout=60, check=True).stdout
    return [Scenario(name, area, span == "full", told)
            for name, area, span, told in (line.split("\t") for line in said.splitlines())]


def play(client: list, scenarios: list[Scenario], bootstrap: str, other: str, work: Path, report: Report,
         about: str = "", lanes: int = LANES) -> None:
    """Plays them and reports each; `about` stands behind its name."""
    left = {s.name: s for s in scenarios}
    log = work / "scenarios.log"
    with open(log, "ab") as errors:
        player = subprocess.Popen([*map(str, command(client)), "run", bootstrap, other, str(work / "scenarios"), str(lanes),
                                   *left], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=errors, text=True,
                                  start_new_session=True)
    late = threading.Timer(SECONDS * (1 + len(left) / lanes), process.end, [player])
    late.start()
    try:
        for line in player.stdout:
            status, name, seconds, wrong = line.rstrip("\n").split("\t")
            one = left.pop(name)
            report.add(status, "java", name + about, wrong or one.told, float(seconds), area=one.area, told=one.told + about)
    finally:
        late.cancel()
        process.end(player)
    for one in left.values():
        report.add("failed", "java", one.name + about, process.last_words(log), area=one.area, told=one.told + about)
