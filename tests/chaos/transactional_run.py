"""Runs whose clients make transactions: kept alive by keeper.py, and checked by pipelines_checker.py or cycles.py."""
import json
import pathlib
import random
import subprocess
import time

import cycles
import log_run
import pipelines_checker
from driver import ecosystems
from driver.process import Failed
from log_run import CALM_SECONDS, TOPIC

here = pathlib.Path(__file__).resolve().parent
FIRST_SECONDS = 30  # within which each worker should have begun a transaction
WORKERS = {"librdkafka": ["librdkafka"], "java": ["java"], "both": ["librdkafka", "java"]}
# Many of them start and die; none handles much.
JVM = ["-Xmx96m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-Xshare:auto", "-Dweir.log=INFO"]


def histories(folder):
    return sorted(pathlib.Path(folder).glob("transactions-*"))


def judged(folder):
    """The report on what a run left there; None where its clients made no transactions."""
    paths = histories(folder)
    if not paths:
        return None
    roles = set()
    for path in paths:
        with open(path) as lines:
            roles.add(json.loads(next(lines, "{}")).get("role"))
    kind = Appends if "append" in roles else Pipelines
    return kind.report(paths)


class TransactionalRun(log_run.Run):
    """A kind says which script its clients are, which role ends first and which only once the last reader has what it reads,
    what that must find, and how the files are judged."""

    def __init__(self, args, scenario, python, check, folder):
        super().__init__(args, scenario, python, check, folder)
        self.java = None  # how its workers are started
        # By the seed. Less often the one whose members are missed after 45 seconds.
        self.protocol = random.Random(f"{args.seed}-protocol").choice(["classic", "classic", "consumer"])

    def lacks(self):
        if lack := super().lacks():
            return lack
        if "java" in WORKERS[self.args.workers] and (lack := ecosystems.lacks(ecosystems.JAVA)):
            return f"workers in Java: {lack}"
        return ""

    def begin(self):
        if "java" in WORKERS[self.args.workers]:
            cache = ecosystems.cache_folder()
            try:
                with ecosystems.locked(cache):
                    built = ecosystems.prepare(ecosystems.JAVA, cache)
            except Failed as failure:
                raise RuntimeError(f"workers in Java can't be built: {failure}") from failure
            client = next(c for c in ecosystems.CLIENTS if c.name == "java").command(built)
            self.java = [client[0], *JVM, *client[2:-1], "weir.chaos.Main"]
        super().begin()

    def kept(self, script, name):
        """What starts the incarnations of a worker. Of both kinds in turn, so that each transactional id meets both."""
        kinds = WORKERS[self.args.workers]
        first = int(name.rsplit("-", 1)[1]) + self.args.seed
        starts = {"librdkafka": [self.python, "-B", str(script)], "java": self.java}
        return json.dumps([starts[kinds[(first + n) % len(kinds)]] for n in range(len(kinds))])

    def client(self, role, name, **more):
        plan = {"topic": TOPIC, "topics": self.topics, "partitions": self.scenario.partitions,
                "replicas": self.cluster.copies_each, "min_insync": self.cluster.min_insync, "rate": self.scenario.rate, "patience": CALM_SECONDS,
                "protocol": self.protocol, **more}
        script = here / f"{self.script}.py"
        kept = [here / "keeper.py", self.kept(script, name)] if role in self.scenario.workers else [script]
        with open(self.folder / f"{name}.err", "ab") as errors:
            return subprocess.Popen([self.python, "-B", *kept, role, name, self.cluster.bootstrap, self.folder,
                                     str(self.args.seed), json.dumps(plan)], stdin=subprocess.DEVNULL,
                                    stdout=subprocess.PIPE, stderr=errors, text=True)

    def employ(self):
        self.say(f"groups of the {self.protocol} protocol, workers: {self.args.workers}")
        for role, count in self.scenario.workers.items():
            for n in range(count):
                name = f"{role}-{n}"
                self.workers[name] = self.client(role, name)
                if role != "observe":
                    self.hands.workers.append((name, self.folder / f"{name}.pid"))
        self.hands.groups = self.groups
        # A JVM takes its time to start, a coordinator to have its partitions: a short plan would be over before much has begun.
        for name in self.lacking("b", {}, FIRST_SECONDS):
            self.say(f"{name} has not begun a transaction yet")

    def events(self, kind):
        """Worker -> how many events of this kind it and those before it wrote."""
        return {name: sum(path.read_text().count(f'["{kind}"') for path in self.folder.glob(f"transactions-{name}.*"))
                for name, _ in self.hands.workers}

    def lacking(self, kind, before, patience):
        """The workers that have written none since, when all have or time is up."""
        end = time.monotonic() + patience
        while True:
            lacking = [name for name, count in self.events(kind).items() if count <= before.get(name, 0)]
            if not lacking or time.monotonic() > end:
                return lacking
            time.sleep(0.1)

    def stop_role(self, role):
        """Its workers end what they do and are not followed by others."""
        (self.folder / f"stop-{role}").touch()
        end = time.monotonic() + CALM_SECONDS
        for name, keeper in self.workers.items():
            if name.rsplit("-", 1)[0] == role:
                try:
                    keeper.wait(max(end - time.monotonic(), 0.1))
                except subprocess.TimeoutExpired:
                    self.check(f"{name} ends in order", False, (self.folder / f"{name}.err").read_text()[-800:])

    def dismiss(self):
        lacking = self.lacking("C", self.events("C"), CALM_SECONDS)
        self.check("left alone, every worker commits", not lacking, lacking)
        self.stop_role(self.first)
        said = self.read_all()
        for role in self.after:
            self.stop_role(role)
        error = (self.folder / "final.err").read_text()[-800:]
        for what in self.calm_means:
            self.check(f"when all is calm: {what}", said.get(what), said or error)

    @classmethod
    def report(cls, paths):
        history = cls.history()
        for path in paths:
            with open(path) as lines:
                history.add(lines)
        return cls.check_history(history)

    def judge(self):
        report = self.report(histories(self.folder))
        self.say("; ".join(f"{count} {what}" for what, count in sorted(report.facts.items())))
        ends = [line.split() for path in self.folder.glob("*.ends") for line in path.read_text().splitlines()]
        self.say(f"{len(ends)} incarnations, {sum(code != '0' for _, code in ends)} of which died")
        for line in report.lines():
            self.say(line)
        self.check("transactions were committed", report.facts["transactions committed"] > 0, dict(report.facts))
        if "java" in WORKERS[self.args.workers]:
            self.check("there were transactions of version 2", report.facts["transactions of version 2"] > 0, dict(report.facts))
        self.check(f"{self.scenario.name}: the history is one that transactions may have", not report.kinds,
                   sorted(report.kinds))
        self.check("nothing else was wrong", not self.hands.wrong, self.hands.wrong)


class Pipelines(TransactionalRun):
    topics, script, groups = (TOPIC, TOPIC + "-halved", TOPIC + "-moved"), "pipelines", ("movers-0", "movers-1")
    first, after, calm_means = "mint", ("move-0", "move-1", "observe"), ("arrived", "whole", "nothing is open")
    history = pipelines_checker.Run

    @classmethod
    def check_history(cls, run):
        return pipelines_checker.check(run, cls.topics)


class Appends(TransactionalRun):
    script, groups = "appends", ("appenders",)
    first, after, calm_means = "append", (), ("whole", "nothing is open")
    history = cycles.Lists

    @classmethod
    def check_history(cls, lists):
        return cycles.check(lists)
