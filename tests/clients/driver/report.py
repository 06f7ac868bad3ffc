"""One line per client and step."""

import json
from collections import Counter
from pathlib import Path


class Report:
    def __init__(self, client_width: int):
        self.width_ = client_width
        self.entries_: list[dict] = []
        self.counts_: Counter[str] = Counter()

    def add(self, status: str, client: str, step: str, detail: str = "", seconds: float | None = None, area: str = "",
            told: str = "") -> None:
        """`status` is passed, failed or skipped; further lines of `detail` are shown below the first. The table counts the step
        under `area` and says `told` of it."""
        self.counts_[status] += 1
        entry = {"client": client, "step": step, "status": status, "detail": detail, "area": area,
                 "told": told or step}
        if seconds is not None:
            entry["seconds"] = round(seconds, 3)
        self.entries_.append(entry)
        first, *more = detail.splitlines() or [""]
        timing = "" if seconds is None else f"{seconds:7.2f} s"
        print(f"{status:8}{client:{self.width_}} {step:26} {timing:>9}  {first}".rstrip(), flush=True)
        for line in more:
            print(f"        | {line}", flush=True)

    @property
    def entries(self) -> list[dict]:
        return self.entries_

    @property
    def failed(self) -> int:
        return self.counts_["failed"]

    def finish(self, json_file: Path | None) -> None:
        counts = {name: self.counts_[name] for name in ("passed", "failed", "skipped")}
        if json_file:
            json_file.write_text(json.dumps({**counts, "steps": self.entries_}, indent=1) + "\n", "utf-8")
        print(", ".join(f"{number} {name}" for name, number in counts.items()), flush=True)
