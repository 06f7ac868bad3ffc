"""Keeps one worker of a run alive: whenever it dies, by the plan or by itself, another incarnation takes its place, with the
same transactional id and a history of its own.

    keeper.py COMMANDS ROLE NAME BOOTSTRAP FOLDER SEED PLAN

COMMANDS is a list in JSON of ways to start one, each a list of words; incarnations take them in turn. FOLDER/NAME.pid names
the process to kill. It ends with its worker once FOLDER/stop-ROLE is there."""
import json
import os
import pathlib
import subprocess
import sys
import time

DEAD_SECONDS = 0.2  # from one incarnation's end to the next one's start
GIVES_ITSELF_UP = 7  # the exit code of a worker one of whose calls never came back
INCARNATIONS_MAX = 1000


def keep(commands, role, name, *rest):
    folder, parent, commands = pathlib.Path(rest[1]), os.getppid(), json.loads(commands)
    stop, code = folder / f"stop-{role}", 0
    for incarnation in range(INCARNATIONS_MAX):
        if stop.exists() or os.getppid() != parent:
            break
        worker = subprocess.Popen([*commands[incarnation % len(commands)], role, f"{name}.{incarnation}", *rest],
                                  stdin=subprocess.DEVNULL)
        (folder / f"{name}.pid").write_text(str(worker.pid))
        code = worker.wait()
        with open(folder / f"{name}.ends", "a") as ends:
            ends.write(f"{incarnation} {code}\n")
        if code:
            time.sleep(DEAD_SECONDS)
    return 0


if __name__ == "__main__":
    sys.exit(keep(*sys.argv[1:]))
