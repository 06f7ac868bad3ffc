"""lint.py REPO: the house rules that a machine can check. Prints what breaks them; exit 1 if anything does."""
import pathlib
import re
import subprocess
import sys

repo = pathlib.Path(sys.argv[1])
BANNED = ("_manager", "_helper", "_helpers", "_util", "_utils", "_types", "_frontend", "_backend", "_impl")
LINES, TEST_LINES = 500, 800
WORDS = re.compile(r"\b(TODO|FIXME|XXX|HACK)\b")
bad = []

tracked = subprocess.run(["git", "-C", repo, "ls-files"], capture_output=True, text=True).stdout.split("\n")
for name in filter(None, tracked):
    path = repo / name
    if path.suffix not in (".h", ".cc", ".py", ".sh", ".cmake") or not path.exists():
        continue
    lines = path.read_text(errors="replace").splitlines()
    limit = TEST_LINES if path.stem.endswith(("_test", "_fuzz")) or name.startswith("tests/") else LINES
    if len(lines) > limit:
        bad.append(f"{name}: {len(lines)} lines, {limit} are allowed: split it")
    for banned in BANNED:
        if path.stem.endswith(banned):
            bad.append(f"{name}: names end in what a thing does, not in '{banned}'")
    if name == "toolchain/lint.py":
        continue
    for number, line in enumerate(lines, 1):
        if WORDS.search(line):
            bad.append(f"{name}:{number}: unfinished work goes into an issue, not into the code")
        if path.suffix in (".h", ".cc") and name.startswith("src/") and re.search(r"\busing namespace\b", line) and path.suffix == ".h":
            bad.append(f"{name}:{number}: using namespace in a header")
        # Debian's library of these is built without sanitizers and lays its tables out otherwise than our sanitized code does.
        if name.startswith(("src/core/", "sim/")) and re.search(r"absl/container/(flat|node)_hash", line):
            bad.append(f"{name}:{number}: no absl hash tables in rooms that run under ASan: std::unordered_map")
    if path.suffix == ".h" and "#pragma once" not in lines[:1] + lines[1:3]:
        bad.append(f"{name}: no #pragma once")
    if path.suffix == ".cc" and name.startswith("src/") and not path.stem.endswith(("_test", "_fuzz", "main")):
        for number, line in enumerate(lines, 1):
            if "printf(" in line and "fmt" not in line and "std::" not in line:
                bad.append(f"{name}:{number}: printf")
print("\n".join(bad), end="\n" if bad else "")
sys.exit(bool(bad))
