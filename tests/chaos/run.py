"""tests/chaos/run.py --weir LAUNCHER [SCENARIO…] [--minutes M] [--seed N] [--cluster weir|weir3|weir5|kafka3|kafka5]

Brokers under clients that write down all they see, while a plan made from the seed kills, stops, cuts and fills them; then
calm, and a checker that holds every answer against what is there. docs/chaos.md says how to read and repeat a run. Ends with
one closing line."""
import argparse
import json
import pathlib
import shutil
import signal
import subprocess
import sys
import tempfile
import time

here = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(here), str(here.parent / "broker"), str(here.parent / "clients"), str(here.parent / "soak")]
import clusters  # noqa: E402
import replicas  # noqa: E402
import scenarios  # noqa: E402
from checker import check as judge  # noqa: E402
from hands import Hands  # noqa: E402
from history import History  # noqa: E402
from machine import Clocks, Throttle  # noqa: E402
from nemesis import TROUBLES, Nemesis  # noqa: E402
from plan import Planner  # noqa: E402
from process import Checks  # noqa: E402

TOPIC = "chaos"
CALM_SECONDS = 120  # within which a cluster that is left alone must serve again
HOME_SECONDS = 15


class Named(Checks):
    """Says again at the end what failed."""

    def __init__(self):
        super().__init__()
        self.scenario, self.wrong = "", []

    def __call__(self, name, good, detail=""):
        if not good:
            self.wrong.append(f"{self.scenario}: {name}")
        return super().__call__(name, good, detail)


def judged(folder, linear):
    """Readers' files come last: what they saw is held against what the others wrote."""
    history, files = History(), [open(path) for path in sorted(pathlib.Path(folder).glob("history-*"))]
    for file in sorted(files, key=lambda f: "read" in f.name):
        history.add(file)
    report = judge(history, linear)
    for file in files:
        file.close()
    return history, report


class Run:
    def __init__(self, args, scenario, python, check, folder):
        self.args, self.scenario, self.python, self.check = args, scenario, python, check
        self.folder = pathlib.Path(folder)
        self.seconds = args.minutes * 60 if args.minutes else scenario.seconds
        self.workers = {}
        self.began = time.monotonic()
        self.cluster = clusters.KINDS[args.cluster](self.folder, args.weir, scenario.own_disk)
        self.hands = Hands(self.cluster, TOPIC, scenario.partitions, self.say)
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
        self.check("left alone, all copies come into step", good, self.hands.metadata())
        (self.folder / "stop").touch()
        for name, worker in self.workers.items():
            try:
                code = worker.wait(CALM_SECONDS)
            except subprocess.TimeoutExpired:
                worker.kill()
                code = "no end"
            if code:
                self.check(f"{name} ends in order", False, (code, (self.folder / f"{name}.err").read_text()[-800:]))
        reader = self.client("final", "final", kind="probe")
        try:
            said = reader.communicate(timeout=CALM_SECONDS * 3)[0].splitlines()
            said = json.loads(said[-1]) if said else {}
        except subprocess.TimeoutExpired:
            reader.kill()
            said = {}
        self.check("every partition takes a record and can be read to its end", said and said["taken"] == said["read"] ==
                   said["of"], said or (self.folder / "final.err").read_text()[-800:])

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
        topics = {p for copy in found.values() for p in copy if p.startswith(TOPIC + "-")}
        wrong = [d for d in replicas.differences(found, self.cluster.copies_each) if d.startswith(TOPIC + "-")]
        entries = sum(len(v) for copy in found.values() for p, v in copy.items() if p in topics)
        self.check(f"the {len(found)} brokers' copies of {len(topics)} partitions are the same, {entries} entries",
                   len(topics) == self.scenario.partitions and not wrong, wrong[:3])

    def judge(self):
        history, report = judged(self.folder, self.args.linear)
        f = report.facts
        self.say(f"{f['o']} records acknowledged, {f['u']} unknown, {f['f']} refused; {f['records in the log']} in the log, "
                 f"{f['repeated by plain producers']} repeats of plain producers; {f['records read']} read; "
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


def one(args, scenario, python, check):
    """Whether it could be run here."""
    folder = tempfile.mkdtemp(prefix=f"weir-chaos-{scenario.name}-")
    print(f"--- {scenario.name}: {scenario.about}\nseed {args.seed}, cluster {args.cluster}; all files in {folder}", flush=True)
    failed, check.scenario = check.failed, scenario.name
    run = Run(args, scenario, python, check, folder)
    try:
        if lack := run.lacks():
            print(f"skipped: {lack}", flush=True)
            return False
        run.begin()
        run.trouble()
        run.calm()
        run.stop()
        run.judge()
    except (RuntimeError, OSError, subprocess.SubprocessError) as broken:
        check(f"{scenario.name} goes to its end", False, broken)
    finally:
        run.close()
        tidy(args, check.failed > failed, folder)
    return True


def tidy(args, failed, folder):
    if failed or args.keep:
        print(f"kept: {folder}", flush=True)
    else:
        shutil.rmtree(folder, ignore_errors=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("scenario", nargs="*", help="by default all that fit the cluster; --list names them")
    parser.add_argument("--weir", required=True)
    parser.add_argument("--cluster", choices=clusters.KINDS, default="weir")
    parser.add_argument("--minutes", type=float, help="of trouble, for each scenario")
    parser.add_argument("--seed", type=int, default=int(time.time()))
    parser.add_argument("--linear", action="store_true", help="an old high watermark is wrong, even from a broker cut off")
    parser.add_argument("--keep", action="store_true", help="leave all files there even when nothing is wrong")
    parser.add_argument("--judge", metavar="FOLDER", help="only look again at what a run left there")
    parser.add_argument("--list", action="store_true")
    args = parser.parse_args()
    size = int(args.cluster[-1]) if args.cluster[-1].isdigit() else 1
    if args.list:
        for s in scenarios.ALL:
            print(f"{s.name:28} {s.about}")
        return
    if args.judge:
        lines = list(judged(args.judge, args.linear)[1].lines())
        print("\n".join(lines or ["nothing is wrong"]))
        sys.exit(1 if lines else 0)
    if unknown := set(args.scenario) - set(scenarios.BY_NAME):
        parser.error(f"no scenario is called {', '.join(sorted(unknown))}")
    chosen = [s for s in scenarios.ALL if size in s.nodes and (s.name in args.scenario or not args.scenario)]
    if missing := set(args.scenario) - {s.name for s in chosen}:
        parser.error(f"not with {args.cluster}: {', '.join(sorted(missing))}")
    from driver import ecosystems
    python = ecosystems.python_or_skip(ecosystems.cache_folder())
    check = Named()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    skipped = sum(not one(args, scenario, python, check) for scenario in chosen)
    for name in check.wrong:
        print(f"FAILED {name}")
    print(f"{check.passed} passed, {check.failed} failed, {skipped} skipped")
    sys.exit(1 if check.failed or not check.passed + skipped else 0)


if __name__ == "__main__":
    main()
