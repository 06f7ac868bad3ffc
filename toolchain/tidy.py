"""tidy.py BUILD JOBS: clang-tidy over src/ and cli/. A file that passed is not looked at again until it, a header that it
uses, or .clang-tidy changes: what passed is remembered outside the clone.

Most of the time goes into headers. Files that are compiled alike are therefore looked at some at a time, as one that includes
them; where that one has findings, or they can't be compiled together, each half of them, and at last each alone."""
import collections
import concurrent.futures
import hashlib
import json
import os
import pathlib
import re
import subprocess
import sys
import tempfile

TOGETHER = 6

build, jobs = pathlib.Path(sys.argv[1]), int(sys.argv[2])
repo = pathlib.Path.cwd()
passed = pathlib.Path(os.environ.get("WEIR_CACHE", os.environ["HOME"])) / "tidy"
passed.mkdir(parents=True, exist_ok=True)


def dependencies():
    """Object file -> files of ours that it was made of, from ninja's log."""
    deps, current = {}, None
    for line in subprocess.run(["ninja", "-C", build, "-t", "deps"], capture_output=True, text=True).stdout.splitlines():
        if line and not line.startswith(" "):
            current = deps.setdefault(line.split(":")[0], [])
        elif line.strip() and current is not None:
            path = (build / line.strip()).resolve()
            if path.is_relative_to(repo):
                current.append(path)
    return deps


def output(entry):
    return entry.get("output") or re.search(r" -o (\S+)", entry["command"])[1]


def key(entry, deps):
    state = hashlib.sha256((repo / ".clang-tidy").read_bytes())
    for path in sorted({pathlib.Path(entry["file"]).resolve(), *deps.get(output(entry), [])}):
        if path.exists() and ".pch" not in path.suffixes:
            state.update(str(path.relative_to(repo)).encode() + path.read_bytes())
    return state.hexdigest()


def to_do():
    """(entry of the database, the mark that it gets when it passes), and how many files there are."""
    deps, work, seen = dependencies(), [], set()
    for entry in json.load(open(build / "compile_commands.json")):
        path = pathlib.Path(entry["file"]).resolve()
        if path in seen or not any(path.is_relative_to(repo / d) for d in ("src", "cli")) or path.stem.endswith(("_test", "_fuzz")):
            continue
        seen.add(path)
        mark = passed / key(entry, deps)
        if not mark.exists():
            work.append((entry, mark))
    return work, len(seen)


def own_names(path):
    """Roughly what it keeps to itself: no two files of a batch may define the same."""
    kept = re.findall(r"^namespace \{$(.*?)^\}  // namespace$", path.read_text(), re.M | re.S)
    return {name for text in kept for name in re.findall(r"^(?!using [\w:]+;)[a-z][^\n;={(]*?\b(\w+) ?(?:[({;=]|$)", text, re.M)}


def batches(work):
    """Lists of files that are compiled with the same flags, each with what its files keep to themselves."""
    alike = collections.defaultdict(list)
    for entry, mark in work:
        of, names = alike[entry["command"].replace(entry["file"], "").replace(output(entry), "")], own_names(pathlib.Path(entry["file"]))
        fits = next((b for b in of if len(b[0]) < TOGETHER and not b[1] & names), None)
        if not fits:
            of.append(fits := ([], set()))
        fits[0].append((entry, mark))
        fits[1].update(names)
    return [files for some in alike.values() for files, _ in some]


def tidy(database, file, *more):
    return subprocess.run(["clang-tidy", "--quiet", *more, "-p", database, file], capture_output=True, text=True)


def pass_together(files):
    with tempfile.TemporaryDirectory(dir=build) as folder:
        path, first = pathlib.Path(folder).resolve() / "together.cc", files[0][0]
        path.write_text("".join(f'#include "{e["file"]}"  // NOLINT(bugprone-suspicious-include)\n' for e, _ in files))
        entry = {**first, "file": str(path), "command": first["command"].replace(first["file"], str(path))}
        (path.parent / "compile_commands.json").write_text(json.dumps([entry]))
        return tidy(folder, path, "--header-filter=/(src|cli)/").returncode == 0


def look(files):
    """What was found in each that did not pass."""
    if len(files) > 1 and not pass_together(files):
        half = len(files) // 2
        return look(files[:half]) + look(files[half:])
    if len(files) == 1 and (done := tidy(build, files[0][0]["file"])).returncode:
        return [done.stdout + "\n".join(l for l in done.stderr.splitlines() if "warnings generated" not in l)]
    for _, mark in files:
        mark.touch()
    return []


work, count = to_do()
print(f"{len(work)} of {count} files to look at", flush=True)
looked, found, todo = 0, [], batches(work)
with concurrent.futures.ThreadPoolExecutor(jobs) as pool:
    for files, said in zip(todo, pool.map(look, todo)):
        looked, found = looked + len(files), found + said
        print("\n".join([*said, f"{looked} of {len(work)}"]), flush=True)
print(f"clang-tidy: {len(found)} files with findings")
sys.exit(bool(found))
