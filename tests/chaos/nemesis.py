"""The troubles that brokers can have, and who carries out a plan of them (plan.py). Who leads what when a step comes is the
cluster's affair."""
import shutil
import signal
import time

from network import CLIENTS
from plan import Step

SLACK_SECONDS = 30


class Trouble:
    """Something that can be begun and ended. `alone`: only when nothing else is wrong, all copies are in step, and nothing
    else begins before it has ended. `takes`: what of a node it changes, and only one trouble at a time may."""

    alone, takes = False, ()

    def __init__(self, cluster, step, hands):
        self.cluster, self.step, self.hands = cluster, step, hands
        self.node = cluster.node(step.target)

    def begin(self):
        raise NotImplementedError

    def end(self):
        pass


class Kill(Trouble):
    """kill -9, and a start after a while. words: again=N dies N more times while it starts."""

    takes = ("process",)

    def begin(self):
        self.node.kill()

    def end(self):
        if self.node.up:  # another trouble's end was earlier
            return
        for _ in range(self.step.words.get("again", 0)):
            self.node.start()
            time.sleep(self.step.words["after"])
            self.node.kill()
        self.node.start()


class KillCoordinator(Trouble):
    """kill -9 of whoever coordinates a group or a transactional id of the workload now."""

    def begin(self):
        kind, key = self.step.words["kind"], self.hands.coordinated(self.step.words)
        found = self.hands.coordinator(kind, key)
        self.victim = found if found is not None and found.up and not found.paused else None
        if self.victim is not None:
            self.hands.note(f"the coordinator of {kind} {key} is {found.name}")
            found.kill()

    def end(self):
        if self.victim is not None and not self.victim.up:
            self.victim.start()


class KillWorker(Trouble):
    """kill -9 of a client in the middle of whatever it does; another with its transactional id follows."""

    def begin(self):
        self.hands.kill_worker(self.step.words["number"])


class Restart(Trouble):
    """SIGTERM, and a start at once when it has ended in order."""

    takes = ("process",)

    def begin(self):
        if self.node.up:
            starting = not self.node.ready()
            self.node.ask_to_stop()
            code = self.node.ended()
            if code is None:
                self.hands.complain(f"{self.node.name} did not end within its time")
            elif code == -signal.SIGTERM and starting:
                self.hands.note(f"{self.node.name} was asked before it could hear it")
            elif code not in (0, 143):  # 143: Java's way of saying that it was asked to
                self.hands.complain(f"{self.node.name} ended with {code}")
        self.node.start()


class Rolling(Trouble):
    """Every node in turn, each when the one before is ready and in step."""

    alone = True

    def begin(self):
        for node in self.cluster.nodes:
            self.hands.await_in_step()
            Restart(self.cluster, Step(0, "restart", node.name), self.hands).begin()
            self.cluster.await_ready([node])


class KillAll(Trouble):
    """All at once, as when the power goes (what the system's page cache holds stays, though: see docs/chaos.md)."""

    alone = True

    def begin(self):
        for node in self.cluster.nodes:
            node.kill()

    def end(self):
        for node in self.cluster.nodes:
            node.start()
        self.cluster.await_ready(self.cluster.nodes)


class Pause(Trouble):
    takes = ("process",)

    def begin(self):
        self.node.pause()

    def end(self):
        self.node.resume()


class Cut(Trouble):
    """Links of one node. words: way (in, out, both), who (brokers, clients, all)."""

    takes = ("links",)

    def pairs(self):
        name, way, who = self.node.name, self.step.words["way"], self.step.words["who"]
        others = [n.name for n in self.cluster.nodes if n.name != name] if who != "clients" else []
        others += [CLIENTS] if who != "brokers" else []
        for other in others:
            if way in ("in", "both"):
                yield other, name
            if way in ("out", "both"):
                yield name, other

    def begin(self):
        for source, target in self.pairs():
            self.cluster.network.cut(source, target)

    def end(self):
        if self.step.words.get("then") == "reset":  # what waited is gone, as if the callers' kernels had given up
            for source, target in self.pairs():
                self.cluster.network.reset(source, target)
        for source, target in self.pairs():
            self.cluster.network.mend(source, target)


class Slow(Cut):
    """Delay, and now and then a connection that breaks."""

    def begin(self):
        w = self.step.words
        for source, target in self.pairs():
            self.cluster.network.slow(source, target, w.get("delay", 0.0), w.get("spread", 0.0), w.get("reset", 0.0))

    def end(self):
        for source, target in self.pairs():
            self.cluster.network.mend(source, target, cut=False)


class LostAnswers(Trouble):
    """Requests arrive, the answers don't, and the connections break: every client has to try again what has been done."""

    takes = ("links",)

    def begin(self):
        self.cluster.network.cut(self.node.name, CLIENTS)

    def end(self):
        self.cluster.network.reset(self.node.name, CLIENTS)
        self.cluster.network.mend(self.node.name, CLIENTS)


class LostAnswersThenKill(LostAnswers):
    """The same, and whoever did it dies before it is asked again."""

    takes = ("links", "process")

    def end(self):
        self.node.kill()
        super().end()
        time.sleep(self.step.words["down"])
        self.node.start()


class Replace(Trouble):
    """A broker dies, its disk is gone, and it comes back with an empty one under its old name."""

    alone = True

    def begin(self):
        self.node.kill()

    def end(self):
        self.node.wipe()
        self.node.start()
        self.cluster.await_ready([self.node])


class RollBack(Trouble):
    """The disk becomes what it was a while ago, as from a snapshot: a real loss of what was acknowledged since. No broker can
    stand that alone; it shows that the checker sees what really happened to a broker."""

    alone = True

    def begin(self):
        self.node.ask_to_stop()
        self.node.ended()
        shutil.copytree(self.node.data, self.cluster.folder / "snapshot")
        self.node.start()

    def end(self):
        self.node.kill()
        shutil.rmtree(self.node.data)
        (self.cluster.folder / "snapshot").rename(self.node.data)
        self.node.start()
        self.cluster.await_ready([self.node])


class FullDisk(Trouble):
    """Down to the last block; a broker that ends because of it is started again when there is room."""

    takes = ("process", "disk")

    def begin(self):
        self.node.disk.fill(self.step.words.get("leave", 0))

    def end(self):
        self.node.disk.empty()
        if not self.node.up:
            self.hands.note(f"{self.node.name} had ended with {self.node.process.returncode}")
            self.node.start()


class SlowDisk(Trouble):
    """So many writes a second and no more."""

    takes = ("disk",)

    def begin(self):
        self.hands.throttle.begin(self.node, self.step.words["writes"])

    def end(self):
        self.hands.throttle.end(self.node)


class ClockJump(Trouble):
    """The broker's wall clock, and nobody else's, jumps by so many seconds, and back at the end."""

    takes = ("clock",)

    def begin(self):
        self.hands.clocks.set(self.node, self.step.words["seconds"])

    def end(self):
        self.hands.clocks.set(self.node, 0)


class Reassign(Trouble):
    """One partition's copies are to be on these brokers from now on."""

    def begin(self):
        self.hands.reassign(self.step.words["partition"], self.step.words["to"])


class Elect(Trouble):
    """Leadership goes back to whom it belongs."""

    def begin(self):
        self.hands.elect()


TROUBLES = {"kill": Kill, "kill-coordinator": KillCoordinator, "kill-worker": KillWorker, "restart": Restart, "rolling": Rolling, "kill-all": KillAll, "pause": Pause, "cut": Cut, "slow": Slow,
            "lost-answers": LostAnswers, "lost-answers-kill": LostAnswersThenKill, "replace": Replace, "roll-back": RollBack,
            "full-disk": FullDisk,
            "slow-disk": SlowDisk, "clock": ClockJump, "reassign": Reassign, "elect": Elect}


class Nemesis:
    """Carries a plan out in one thread. Steps come no earlier than planned; later, where one before took its time."""

    def __init__(self, cluster, hands, say):
        self.cluster, self.hands, self.say = cluster, hands, say
        self.running, self.done = [], {}

    def run(self, plan, seconds):
        """`seconds` as planned; brokers that take long over everything get twice that, and what is left then is left out."""
        began = time.monotonic()
        waiting = list(plan)
        while waiting or self.running:
            age = time.monotonic() - began
            if waiting and age > 2 * seconds + SLACK_SECONDS:
                self.say(f"left out, for it is late: {len(waiting)} steps")
                waiting.clear()
            ends = min(self.running, key=lambda r: r[0], default=None)
            if ends and ends[0] <= age:
                self.running.remove(ends)
                self._end(ends[1])
            elif waiting and waiting[0].at <= age and self._may(waiting[0]):
                self._begin(waiting.pop(0), began)
            else:
                time.sleep(0.01)
        self.calm()

    def _may(self, step):
        kind = TROUBLES[step.what]
        if kind.alone or any(t.alone for _, t in self.running):
            return not self.running
        return not any(t.node.name == step.target and set(t.takes) & set(kind.takes) for _, t in self.running)

    def _begin(self, step, began):
        trouble = TROUBLES[step.what](self.cluster, step, self.hands)
        if trouble.alone and not self.hands.await_in_step():
            self.say(f"left out: {step.what} {step.target}: copies are not in step")
            return
        self.say(f"begin {step.what} {step.target} {step.words or ''}")
        trouble.begin()
        self.done[step.what] = self.done.get(step.what, 0) + 1
        if step.lasts or type(trouble).end is not Trouble.end:
            self.running.append((time.monotonic() - began + step.lasts, trouble))

    def _end(self, trouble):
        trouble.end()
        self.say(f"end   {trouble.step.what} {trouble.step.target}")

    def calm(self):
        """Everything that was begun ends, and whatever is down comes up."""
        for _, trouble in self.running:
            self._end(trouble)
        self.running.clear()
        self.cluster.network.heal()
        for node in self.cluster.nodes:
            node.resume()
            if not node.up:
                node.start()
