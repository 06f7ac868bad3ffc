"""What happens to the brokers of a run, and when: drawn from a seed before anything starts. The same seed, scenario, cluster
and length give the same plan."""
import math
import random
from dataclasses import dataclass, field


@dataclass(order=True)
class Step:
    """One trouble: from `at` seconds on for `lasts`, on `target` (a node's name)."""

    at: float
    what: str
    target: str = field(compare=False)
    lasts: float = field(compare=False, default=0.0)
    words: dict = field(compare=False, default_factory=dict)

    def __str__(self):
        more = " ".join(f"{k}={v}" for k, v in self.words.items())
        return f"{self.at:7.2f} s  {self.what} {self.target}" + (f" for {self.lasts:.2f} s" if self.lasts else "") + \
            (f" ({more})" if more else "")


class Planner:
    """Draws steps from a mix: {what: weight}. `kinds` tells of each whether it is to be alone and what it takes of a node;
    `busy` bounds how many run side by side."""

    def __init__(self, kinds, seed, nodes, partitions, replicas, seconds, mix, gap, busy=2):
        self.kinds = kinds
        self.rng, self.nodes, self.seconds, self.mix = random.Random(seed), nodes, seconds, mix
        self.partitions, self.replicas, self.gap, self.busy = partitions, replicas, gap, busy

    def words(self, what):
        rng = self.rng
        whole = len(self.nodes) > 1
        match what:
            case "kill":
                lasts = rng.uniform(0, 3)
                again = {"again": rng.randrange(1, 4), "after": round(rng.uniform(0.1, 1.5), 2)}
                return lasts, again if rng.random() < 0.2 else {}
            case "kill-coordinator":
                return rng.uniform(0, 3), {"kind": rng.choice(["group", "transaction", "transaction"]),
                                           "number": rng.randrange(100)}
            case "kill-worker":
                return 0.0, {"number": rng.randrange(100)}
            case "pause":
                return rng.choice([rng.uniform(0.2, 1.5), rng.uniform(3, 9)]), {}
            case "cut":
                who = rng.choice(["brokers", "brokers", "clients", "all"]) if whole else "clients"
                return rng.uniform(1, 9), {"way": rng.choice(["in", "out", "both"]), "who": who} | \
                    ({"then": "reset"} if rng.random() < 0.5 else {})
            case "slow":
                return rng.uniform(2, 8), {"way": "both", "who": "all" if whole else "clients",
                                           "delay": round(rng.choice([0.005, 0.05, 0.3]), 3), "spread": 0.02,
                                           "reset": rng.choice([0, 0.01, 0.05])}
            case "lost-answers":
                return rng.uniform(0.1, 1.5), {}
            case "lost-answers-kill":
                return rng.uniform(0.1, 1.0), {"down": round(rng.uniform(0, 2), 2)}
            case "replace":
                return rng.uniform(4, 8), {}
            case "kill-all":
                return rng.uniform(0, 2), {}
            case "roll-back":
                return rng.uniform(2, 3), {}
            case "full-disk":
                return rng.uniform(2, 6), {}
            case "slow-disk":
                return rng.uniform(2, 6), {"writes": rng.choice([5, 20, 100])}
            case "clock":
                return rng.uniform(1, 8), {"seconds": rng.choice([-86_400, -60, -2, 2, 60, 3600, 86_400 * 400])}
            case "reassign":
                # Not to fewer: of two copies a majority is both, and a lost disk would be the end of it.
                return 0.0, {"partition": rng.randrange(self.partitions),
                             "to": [int(n[1:]) for n in rng.sample(self.nodes, self.replicas)]}
            case _:
                return 0.0, {}

    def plan(self):
        steps, at, ends, taken = [], self.rng.uniform(*self.gap), [], {}
        alone_until = 0.0
        # All kinds once in any order, then at random: a short run sees each, as far as its time allows.
        first = list(self.mix)
        self.rng.shuffle(first)
        while at < self.seconds:
            what = first.pop() if first else self.rng.choices(list(self.mix), list(self.mix.values()))[0]
            kind, target = self.kinds[what], self.rng.choice(self.nodes)
            lasts, words = self.words(what)
            lasts = round(lasts, 2)
            running = [e for e in ends if e > at]
            if kind.alone:
                at = max([at, alone_until, *running])
            elif len(running) >= self.busy:
                at = sorted(running)[-self.busy]
            at = max(at, alone_until)
            at = max([at, *(taken.get((target, part), 0.0) for part in kind.takes)])
            at = math.ceil(at * 100) / 100
            steps.append(Step(at, what, target, lasts, words))
            ends.append(at + lasts)
            taken.update({(target, part): at + lasts for part in kind.takes})
            if kind.alone:
                alone_until = at + lasts
            at += self.rng.uniform(*self.gap)
        return sorted(steps)
