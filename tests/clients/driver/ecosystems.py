"""Where each client comes from: the tools that must be on the machine, how it is built, how it is called."""

import fcntl
import hashlib
import os
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from . import process

SOURCES = Path(__file__).resolve().parent.parent
BUILD_SECONDS = 1500
KEPT_SECONDS = 3 * 24 * 3600


@dataclass(frozen=True, eq=False)
class Ecosystem:
    folder: str  # below tests/clients; its files are copied to the cache and built there
    tools: dict[str, tuple[list[str], tuple[int, ...]]]  # program -> arguments that show its version, least version
    build: list[list[str]] = field(default_factory=list)  # commands, run in the copy


@dataclass(frozen=True, eq=False)
class Client:
    name: str
    ecosystem: Ecosystem
    command: Callable[[Path], list]  # the copy's folder -> command, to which the contract's arguments are added
    consumes: bool = True
    joins: bool = False  # groups
    copies: bool = False  # in transactions


# The same one for who runs in the venv that it made.
INTERPRETER = os.path.realpath(sys.executable)
PYTHON = Ecosystem("python", {INTERPRETER: (["--version"], (3, 11))}, [
    [INTERPRETER, "-m", "venv", "venv"],
    ["venv/bin/python", "-m", "pip", "install", "-q", "--disable-pip-version-check", "-r", "requirements.txt"]])
KCAT = Ecosystem("kcat", {"kcat": (["-V"], (1, 7)), "bash": (["--version"], (4,))})
GO = Ecosystem("go", {"go": (["version"], (1, 21))}, [
    ["go", "build", "-mod=readonly", "-o", "bin/", "./franz-go", "./sarama"]])
JAVA = Ecosystem("java", {"java": (["-version"], (17,)), "javac": (["-version"], (17,)), "mvn": (["-version"], (3, 6))}, [
    ["mvn", "-q", "-B", "package"]])
NODE = Ecosystem("node", {"node": (["--version"], (20, 19)), "npm": (["--version"], (9,))}, [
    ["npm", "ci", "--no-audit", "--no-fund", "--ignore-scripts"]])
RUST = Ecosystem("rust", {"cargo": (["--version"], (1, 85)), "cc": (["--version"], (4,))}, [
    ["cargo", "build", "-q", "--release"]])


def python_client(script: str) -> Callable[[Path], list]:
    return lambda built: [built / "venv/bin/python", "-B", built / script]


REFERENCE = Client("confluent-kafka-python", PYTHON, python_client("confluent.py"), joins=True, copies=True)
CLIENTS = [
    REFERENCE,
    Client("kcat", KCAT, lambda built: [built / "client"]),
    Client("franz-go", GO, lambda built: [built / "bin/franz-go"], joins=True, copies=True),
    Client("sarama", GO, lambda built: [built / "bin/sarama"], joins=True, copies=True),
    Client("java", JAVA, lambda built: ["java", "-Xmx512m", "-cp", f"{built}/target/classes:{built}/target/lib/*",
                                        "weir.clients.Client"], joins=True),
    # Its consumer only reads as a member of a group.
    Client("kafkajs", NODE, lambda built: ["node", built / "kafkajs.mjs"], consumes=False, joins=True, copies=True),
    Client("platformatic-kafka", NODE, lambda built: ["node", built / "platformatic.mjs"]),
    Client("kafka-python", PYTHON, python_client("kafka_python.py"), joins=True, copies=True),
    Client("rskafka", RUST, lambda built: [built / "target/release/rskafka-client"]),
]


def version(command: list) -> str:
    """What the client says of its library."""
    shown = subprocess.run([*map(str, command), "version"], capture_output=True, text=True, timeout=60)
    if shown.returncode or not shown.stdout.strip():
        raise process.Failed(f"no version: {shown.stderr[-500:]}")
    return shown.stdout.strip()


def lacks(ecosystem: Ecosystem) -> str:
    """What the machine lacks for this ecosystem, or nothing."""
    for program, (arguments, least) in ecosystem.tools.items():
        wanted = f"{Path(program).name} {'.'.join(map(str, least))} or newer"
        if not shutil.which(program):
            return f"needs {wanted}"
        shown = subprocess.run([program, *arguments], capture_output=True, text=True, timeout=60)
        # The first number that is no part of a colour (Maven's).
        number = re.search(r"(?<![\[\d])\d+(\.\d+)*", shown.stdout + shown.stderr)
        if not number or tuple(map(int, number[0].split("."))) < least:
            return f"needs {wanted}, has {number[0] if number else 'another'}"
    if ecosystem is PYTHON and subprocess.run([INTERPRETER, "-c", "import ensurepip"], capture_output=True).returncode:
        return "needs Python's venv (python3-venv)"
    return ""


@contextmanager
def locked(cache: Path):
    """One preparation at a time: runs may share a cache."""
    with open(cache / ".lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def drop_old(cache: Path, folder: str, kept: Path) -> None:
    """Removes what was built of other sources and has not been used for days."""
    for old in cache.glob(f"{folder}-*/.built"):
        if old.parent != kept and time.time() - old.stat().st_mtime > KEPT_SECONDS:
            shutil.rmtree(old.parent, ignore_errors=True)


def prepare(ecosystem: Ecosystem, cache: Path) -> Path:
    """Gives the folder with the built clients; builds only when the sources have changed. Raises process.Failed. Runs of different
    sources may share a cache: each has a folder of its own."""
    source = SOURCES / ecosystem.folder
    files = sorted(p for p in source.rglob("*") if p.is_file() and "__pycache__" not in p.parts)
    state = hashlib.sha256(repr(ecosystem).encode())
    for file in files:
        state.update(f"{file.relative_to(source)} {file.stat().st_mode}\n".encode() + file.read_bytes())
    built = cache / f"{ecosystem.folder}-{state.hexdigest()[:12]}"
    stamp = built / ".built"
    if stamp.exists():
        stamp.touch()
        return built
    drop_old(cache, ecosystem.folder, built)
    for file in files:
        target = built / file.relative_to(source)
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(file, target)
    for command in ecosystem.build:
        process.run(command, built / ".log", BUILD_SECONDS, cwd=built)
    stamp.touch()
    return built


def cache_folder() -> Path:
    """Where clients stay from one run to the next; WEIR_CACHE and XDG_CACHE_HOME move it."""
    base = os.environ.get("WEIR_CACHE") or Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "weir"
    folder = Path(base) / "clients"
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def python_or_skip(cache: Path) -> str:
    """A Python that has the clients. Where there can be none the whole suite is skipped, and says so."""
    lacking = lacks(PYTHON)
    if lacking:
        print(f"skipped: {lacking}\n0 passed, 0 failed, 1 skipped")
        raise SystemExit(0)
    return str(prepare(PYTHON, cache) / "venv/bin/python")
