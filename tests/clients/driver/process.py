"""Running clients: everything ends within its time, and a failure shows the last words."""

import os
import queue
import signal
import subprocess
import threading
import time
from pathlib import Path


UNSUPPORTED = 3  # a client's exit code for what it cannot do; its last line says why


class Failed(Exception):
    """A step did not do what it should; the text says what was seen."""


class Unsupported(Exception):
    """The client says that it cannot do this."""


def last_words(log: Path, lines: int = 15) -> str:
    text = log.read_text("utf-8", "replace") if log.exists() else ""
    return "\n".join(text.splitlines()[-lines:])


def end(process: subprocess.Popen) -> None:
    """Ends the process and all that it started."""
    try:
        os.killpg(process.pid, signal.SIGKILL)
    except ProcessLookupError:
        pass
    process.wait()


def run(command: list, log: Path, seconds: float, **options) -> None:
    """Runs to the end. Raises Failed on a non-zero exit or when `seconds` have passed, Unsupported on that code."""
    with open(log, "wb") as out:
        process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=out, stderr=out,
                                   start_new_session=True, **options)
        try:
            code = process.wait(seconds)
        except subprocess.TimeoutExpired:
            raise Failed(f"still running after {seconds:.0f} s\n{last_words(log)}") from None
        finally:
            end(process)
    if code == UNSUPPORTED:
        raise Unsupported(last_words(log, 1))
    if code:
        raise Failed(f"exit {code}\n{last_words(log)}")


class Dialog:
    """A client's `admin` mode: one command a line in, one answer a line out."""

    def __init__(self, command: list, log: Path, seconds: float):
        self.log_ = log
        self.seconds_ = seconds
        with open(log, "wb") as errors:
            self.process_ = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=errors,
                                             text=True, bufsize=1, start_new_session=True)
        self.answers_: queue.Queue[str] = queue.Queue()
        threading.Thread(target=self.listen_, daemon=True).start()

    def listen_(self) -> None:
        for line in self.process_.stdout:
            self.answers_.put(line.rstrip("\n"))
        self.answers_.put("")  # the end

    def ask(self, command: str) -> str:
        try:
            self.process_.stdin.write(command + "\n")
            answer = self.answers_.get(timeout=self.seconds_)
        except queue.Empty:
            raise Failed(f"no answer to '{command}' in {self.seconds_:.0f} s\n{last_words(self.log_)}") from None
        except OSError:
            answer = ""
        if not answer:
            raise Failed(f"ended before it answered '{command}'\n{last_words(self.log_)}")
        return answer

    def ask_until(self, command: str, want: str, seconds: float = 10) -> str:
        """Repeats a question, since brokers apply changes a moment after they acknowledge them."""
        deadline = time.monotonic() + seconds
        while (answer := self.ask(command)) not in (want, "n/a") and time.monotonic() < deadline:
            time.sleep(0.1)
        return answer

    def close(self) -> None:
        try:
            self.process_.stdin.close()
            self.process_.wait(5)
        except (OSError, subprocess.TimeoutExpired):
            pass
        end(self.process_)
