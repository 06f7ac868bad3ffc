"""tidy.py BUILD JOBS: clang-tidy over src/ and cli/. A file that passed is not looked at again until it, a header that it
uses, or .clang-tidy changes: what passed is remembered outside the clone."""
import concurrent.futures
import hashlib
import json
import os
import pathlib
import re
import subprocess
import sys

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


def key(entry, deps):
    state = hashlib.sha256((repo / ".clang-tidy").read_bytes())
    output = entry.get("output") or re.search(r" -o (\S+)", entry["command"])[1]
    for path in sorted({pathlib.Path(entry["file"]).resolve(), *deps.get(output, [])}):
        if path.exists() and ".pch" not in path.suffixes:
            state.update(str(path.relative_to(repo)).encode() + path.read_bytes())
    return state.hexdigest()


def look(work):
    path, mark = work
    done = subprocess.run(["clang-tidy", "--quiet", "-p", build, path], capture_output=True, text=True)
    if done.returncode == 0:
        mark.touch()
        return path, ""
    return path, done.stdout + "\n".join(l for l in done.stderr.splitlines() if "warnings generated" not in l)


deps, work, seen = dependencies(), [], set()
for entry in json.load(open(build / "compile_commands.json")):
    path = pathlib.Path(entry["file"]).resolve()
    if path in seen or not any(path.is_relative_to(repo / d) for d in ("src", "cli")) or path.stem.endswith(("_test", "_fuzz")):
        continue
    seen.add(path)
    mark = passed / key(entry, deps)
    if not mark.exists():
        work.append((str(path), mark))
print(f"{len(work)} of {len(seen)} files to look at", flush=True)
failed = 0
with concurrent.futures.ThreadPoolExecutor(jobs) as pool:
    for number, (path, said) in enumerate(pool.map(look, work), 1):
        if said:
            failed += 1
            print(said, flush=True)
        if number % 20 == 0:
            print(f"{number} of {len(work)}", flush=True)
print(f"clang-tidy: {failed} files with findings")
sys.exit(bool(failed))
