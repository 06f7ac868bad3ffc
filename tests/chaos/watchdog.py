"""Ends a worker one of whose calls never comes back, as it would be ended where it is for real. librdkafka 2.16 has such calls,
whatever time-outs they are given: its issues 2588 and 5511 (docs/chaos.md)."""
import faulthandler
import os
import threading
import time

from keeper import GIVES_ITSELF_UP

HANG_SECONDS = 45  # of one step, which is several calls


class Watchdog(threading.Thread):
    """To be told of every step; `say` is told of the one that hangs. Where it does stands in the worker's .err file then."""

    def __init__(self, say):
        super().__init__(daemon=True)
        self.say, self.at, self.since = say, "start", time.monotonic()
        self.start()

    def step(self, name):
        self.at, self.since = name, time.monotonic()

    def run(self):
        while True:
            time.sleep(0.5)
            if time.monotonic() - self.since > HANG_SECONDS:
                faulthandler.dump_traceback()
                self.say(self.at)
                os._exit(GIVES_ITSELF_UP)
