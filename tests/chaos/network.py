"""Orders to the proxy (proxy.py), which is a process of its own."""
import json
import pathlib
import subprocess
import sys

PROXY = pathlib.Path(__file__).resolve().parent / "proxy.py"
CLIENTS = "clients"


class Network:
    def __init__(self, log):
        self.log = open(log, "ab")
        self.states = {}  # (source, target) -> what was begun there and has not ended
        self.process = subprocess.Popen([sys.executable, "-B", PROXY], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                        stderr=self.log, text=True, bufsize=1)

    def order(self, do, **words):
        self.process.stdin.write(json.dumps({"do": do, **words}) + "\n")
        answer = json.loads(self.process.stdout.readline() or '"failed: the proxy is gone"')
        if isinstance(answer, str) and answer != "ok":
            raise RuntimeError(f"proxy: {do} {words}: {answer}")
        return answer

    def route(self, listen, target, name):
        self.order("route", listen=listen, target=target, name=name)

    def pid(self, name, pid):
        """To be told at once when a broker has started: it must be known before it connects."""
        self.order("pid", name=name, pid=pid)

    def cut(self, source, target):
        """Nothing arrives at `target` from `source` any more; the other way is another call."""
        self._begin(source, target, {"cut": True})

    def slow(self, source, target, delay, spread=0.0, reset=0.0):
        self._begin(source, target, {"delay": delay, "spread": spread, "reset": reset})

    def mend(self, source, target, cut=True):
        """Ends one cut, or one slowness; others of the same link go on."""
        for state in self.states.get((source, target), []):
            if ("cut" in state) == cut:
                self.states[source, target].remove(state)
                break
        self._tell(source, target)

    def _begin(self, source, target, state):
        self.states.setdefault((source, target), []).append(state)
        self._tell(source, target)

    def _tell(self, source, target):
        """A cut is stronger than what is slow; of those, the last counts."""
        states = sorted(self.states.get((source, target), []), key=lambda state: "cut" in state)
        self.order("link", source=source, target=target, **(states[-1] if states else {}))

    def heal(self):
        self.states.clear()
        self.order("heal")

    def reset(self, one, other):
        self.order("reset", source=one, target=other)

    def connections(self, one, other):
        return self.order("count", source=one, target=other)

    def close(self):
        self.process.stdin.close()
        try:
            self.process.wait(5)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        self.log.close()
