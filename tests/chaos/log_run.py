"""One run of a scenario: a cluster, clients that write down all they see, the plan's troubles, calm, and the checker."""
import json
import pathlib
import subprocess
import time

import clusters
import replicas
from checker import check as judge
from hands import Hands
from history import History
from keeper import GIVES_ITSELF_UP
from machine import Clocks, Throttle
from nemesis import TROUBLES, Nemesis
from plan import Planner

here = pathlib.Path(__file__).resolve().parent
TOPIC = "chaos"
CALM_SECONDS = 120  # within which a cluster that is left alone must serve again
HOME_SECONDS = 15


def judged(folder, linear):
    """Readers' files come last: what they saw is held against what the others wrote."""
    history, files = History(), [open(path) for path in sorted(pathlib.Path(folder).glob("history-*"))]
    if (batches := pathlib.Path(folder) / "batches").exists():
        history.batches = {(p.rsplit("-", 1)[0], int(p.rsplit("-", 1)[1])): b for p, b in json.loads(batches.read_text()).items()}
    for file in sorted(files, key=lambda f: "read" in f.name):
        history.add(file)
    report = judge(history, linear)
    for file in files:
        file.close()
    return history, report


class Run:
    """Producers and readers of one topic; transactional_run.py has other workloads."""

    topics = (TOPIC,)

    def __init__(self, args, scenario, python, check, folder):
        self.args, self.scenario, self.python, self.check = args, scenario, python, check
        self.folder = pathlib.Path(folder)
        self.seconds = args.minutes * 60 if args.minutes else scenario.seconds
        self.workers = {}
        self.began = time.monotonic()
        self.cluster = clusters.KINDS[args.cluster](self.folder, args.weir, scenario.own_disk)
        self.hands = Hands(self.cluster, TOPIC, scenario.partitions, self.say)
        self.hands.topics = self.topics
        self.hands.throttle, self.hands.clocks = Throttle(self.folder.name), Clocks(self.folder)

    def lacks(self):
        """What this machine has not got and the scenario needs."""
        if self.scenario.own_disk and not all(n.disk.own for n in self.cluster.nodes):
            return "a file system of its own for a broker needs root, mkfs.ext4 and a loop device"
        if "slow-disk" in self.scenario.mix and (lack := Throttle.lacks()):
            return lack
        if self.scenario.clocks:
            if lack := self.hands.clocks.lacks():
                return lack
            for node in self.cluster.nodes:
                self.hands.clocks.give(node)
        return ""

    def say(self, what):
        print(f"[{time.monotonic() - self.began:7.2f} s] {what}", flush=True)

    def plan(self):
        s = self.scenario
        mix = {k: v for k, v in s.mix.items() if len(self.cluster.nodes) > 1 or k not in ("elect", "reassign")}
        return Planner(TROUBLES, f"{self.args.seed}-{s.name}", [n.name for n in self.cluster.nodes], s.partitions,
                       self.cluster.copies_each, self.seconds, mix, s.gap, s.busy).plan()

    def client(self, role, name, **more):
        plan = {"topic": TOPIC, "partitions": self.scenario.partitions, "replicas": self.cluster.copies_each,
                "min_insync": self.cluster.min_insync, "rate": self.scenario.rate, "patience": CALM_SECONDS, **more}
        with open(self.folder / f"{name}.err", "ab") as errors:
            return subprocess.Popen([self.python, "-B", here / "load.py", role, name, self.cluster.bootstrap, self.folder,
                                     str(self.args.seed), json.dumps(plan)], stdin=subprocess.DEVNULL,
                                    stdout=subprocess.PIPE, stderr=errors, text=True)

    def begin(self):
        self.cluster.start()
        self.say(f"{len(self.cluster.nodes)} brokers are ready")
        made = self.client("make", "make")
        if made.wait(120) != 0:
            raise RuntimeError(f"the topic could not be made: {(self.folder / 'make.err').read_text()[-500:]}")
        self.employ()

    def employ(self):
        for kind, count in self.scenario.producers.items():
            for n in range(count):
                self.workers[f"{kind}{n}"] = self.client("produce", f"{kind}{n}", kind=kind)
        for n, role in enumerate(self.scenario.readers):
            self.workers[f"{role}{n}"] = self.client(role, f"{role}{n}")
        for n in range(self.scenario.admins):
            self.workers[f"admin{n}"] = self.client("admin", f"admin{n}")

    def trouble(self):
        plan = self.plan()
        for step in plan:
            print(f"    {step}")
        nemesis = Nemesis(self.cluster, self.hands, self.say)
        nemesis.run(plan, self.seconds)
        self.check(f"{sum(nemesis.done.values())} of {len(plan)} steps were carried out: {nemesis.done}", nemesis.done)
        self.say("left alone from here on")

    def calm(self):
        self.cluster.await_ready(self.cluster.nodes)
        if "reassign" in self.scenario.mix and len(self.cluster.nodes) > 1:
            good = self.go_home()
        else:
            good = self.hands.await_in_step(CALM_SECONDS)
        self.check("left alone, all copies come into step", good, [self.hands.metadata(t) for t in self.topics])
        self.dismiss()

    def dismiss(self):
        """Clients end, and one more reads everything."""
        (self.folder / "stop").touch()
        for name, worker in self.workers.items():
            try:
                code = worker.wait(CALM_SECONDS)
            except subprocess.TimeoutExpired:
                worker.kill()
                code = "no end"
            if code == GIVES_ITSELF_UP:
                self.say(f"{name} gave itself up: {(self.folder / f'{name}.err').read_text()[-800:]}")
            elif code:
                self.check(f"{name} ends in order", False, (code, (self.folder / f"{name}.err").read_text()[-800:]))
        said = self.read_all(kind="probe")
        self.check("every partition takes a record and can be read to its end", said and said["taken"] == said["read"] ==
                   said["of"], said or (self.folder / "final.err").read_text()[-800:])

    def read_all(self, **more):
        """What the last reader says of itself."""
        reader = self.client("final", "final", **more)
        try:
            said = reader.communicate(timeout=CALM_SECONDS * 3)[0].splitlines()
            return json.loads(said[-1]) if said else {}
        except subprocess.TimeoutExpired:
            reader.kill()
            return {}

    def go_home(self):
        """Every partition with all its copies on the first brokers again, so that copies can be counted. Asked for again
        where it does not happen, once what is under way was called off: Kafka may leave a move half done that replaced
        another."""
        # In this order: a broker of Weir that lost its disk has another number than before.
        home = sorted(n.number for n in self.cluster.nodes[:self.cluster.copies_each])
        for attempt in range(CALM_SECONDS // HOME_SECONDS):
            for partition, (_, copies, _) in sorted(self.hands.metadata().items()):
                if sorted(copies) != home:
                    if attempt:
                        self.hands.reassign(partition, None)
                    self.hands.reassign(partition, home)
            if self.hands.await_in_step(HOME_SECONDS, home):
                return True
        return False

    def stop(self):
        majority = len(self.cluster.nodes) // 2 + 1
        for left, node in zip(range(len(self.cluster.nodes), 0, -1), self.cluster.nodes):
            if left < majority and not self.cluster.last_stops:
                node.kill()
                continue
            node.ask_to_stop()
            code = node.ended()
            self.check(f"{node.name} stops in order", code in (0, 143), code)
        self.cluster.verify(self.check)
        found = self.copies = self.cluster.copies()
        (self.folder / "batches").write_text(json.dumps(replicas.producers(found)))
        topics = {p for copy in found.values() for p in copy if p.rsplit("-", 1)[0] in self.topics}
        wrong = [d for d in replicas.differences(found, self.cluster.copies_each) if d.split(":")[0] in topics]
        entries = sum(len(v) for copy in found.values() for p, v in copy.items() if p in topics)
        self.check(f"the {len(found)} brokers' copies of {len(topics)} partitions are the same, {entries} entries",
                   len(topics) == self.scenario.partitions * len(self.topics) and not wrong, wrong[:3])

    def judge(self):
        history, report = judged(self.folder, self.args.linear)
        f = report.facts
        self.say(f"{f['o']} records acknowledged, {f['u']} unknown, {f['f']} refused; {f['records in the log']} in the log, "
                 f"{f['repeated by plain producers']} repeats of plain producers, "
                 f"{f['repeated by idempotent producers in a new epoch']} of idempotent ones in a new epoch; {f['records read']} read; "
                 f"{f['watermarks asked for']} high watermarks, {f['old watermarks']} old ones")
        self.say("; ".join(f"{count} {what}" for what, count in sorted(f.items()) if ": " in what or "' " in what or
                           "ended with" in what or "alone" in what))
        short = [text for name, copy in self.copies.items() for index, log in history.log.items()
                 if (text := replicas.lacking(copy.get("-".join(map(str, history.partitions[index])), {}), log["start"],
                                              log["start"] + len(log["records"]), f"{name}, {history.show(index)}"))]
        # Where partitions move, not every broker has a copy of each; that all copies are the same was looked at before.
        self.check("what was read is in every broker's files, without a hole", not short or self.moving(), short[:3])
        self.check("something was acknowledged and read", f["o"] and f["records read"], f)
        for line in report.lines():
            self.say(line)
        if must := self.scenario.must_find:
            self.check(f"{self.scenario.name}: the loss was found as {', '.join(sorted(must))}", must <= report.kinds,
                       sorted(report.kinds))
        else:
            self.check(f"{self.scenario.name}: the history is one that a log may have", not report.kinds, sorted(report.kinds))
        self.check("nothing else was wrong", not self.hands.wrong, self.hands.wrong)

    def moving(self):
        return len(self.cluster.nodes) > self.cluster.copies_each

    def close(self):
        for worker in self.workers.values():
            worker.kill()
        self.cluster.close()
        self.hands.throttle.close()
