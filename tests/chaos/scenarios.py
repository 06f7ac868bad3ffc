"""The scenarios: which troubles, which clients, which cluster. Those named after a case of Jepsen's say which."""
from dataclasses import dataclass, field

# The plain one shows by its repeats that answers did get lost.
PRODUCERS = {"idempotent": 2, "plain": 1}


@dataclass(frozen=True)
class Scenario:
    name: str
    about: str
    mix: dict  # trouble -> weight
    gap: tuple = (0.5, 4.0)  # seconds from one step to the next
    producers: dict = field(default_factory=lambda: PRODUCERS)
    readers: tuple = ("read-tail", "read-tail", "read-all")
    admins: int = 1
    partitions: int = 6
    rate: int = 150  # records a second and producer
    busy: int = 2
    nodes: tuple = (1, 3, 5)  # cluster sizes for which it makes sense
    own_disk: bool = False
    clocks: bool = False
    seconds: float = 60.0  # unless the caller says how long
    workload: str = "log"  # what its clients do: see run.py
    workers: dict = field(default_factory=dict)  # role -> how many, of transactional workloads
    must_find: frozenset = frozenset()  # what the checker has to complain of: a run that proves the checker


MANY = (3, 5)
MIXED = {"kill": 4, "restart": 2, "pause": 3, "cut": 4, "slow": 2, "lost-answers": 2, "lost-answers-kill": 1, "elect": 1,
         "reassign": 2, "replace": 1, "kill-all": 1, "rolling": 0.5}


# What was given up arrives after all, and who has done it is not there any more to say so.
LATE = {"lost-answers": 3, "lost-answers-kill": 2, "kill-coordinator": 3, "cut": 3, "slow": 2, "pause": 1}


def pipelines(name, about, mix, nodes=MANY):
    return Scenario(name, about, mix, gap=(0.3, 2.5), nodes=nodes, workload="pipelines", partitions=3, rate=40,
                    workers={"mint": 2, "move-0": 2, "move-1": 2, "observe": 1})


def appends(name, about, mix, nodes=MANY):
    return Scenario(name, about, mix, gap=(0.3, 2.5), nodes=nodes, workload="list-append", partitions=6, rate=15,
                    workers={"append": 4})


ALL = [
    Scenario("mixed", "everything that needs no rights, in any order",
             MIXED, nodes=MANY),
    Scenario("alone", "what can happen to one broker", {"kill": 4, "restart": 2, "pause": 3, "cut": 2, "slow": 1,
                                                        "lost-answers": 2, "lost-answers-kill": 2}, nodes=(1,)),
    Scenario("rolling-restart", "one broker after the other stops in order and comes back", {"rolling": 1}, gap=(1, 3),
             nodes=MANY),
    Scenario("full-disk", "a disk fills to the last block and has room again; brokers die meanwhile",
             {"full-disk": 3, "kill": 1}, own_disk=True),
    Scenario("lost-disk", "a broker's disk is gone, it comes back with an empty one", {"replace": 2, "kill": 1}, nodes=MANY,
             gap=(3, 6), busy=1),
    Scenario("slow-disk", "a disk gives so many writes a second and no more", {"slow-disk": 1}, own_disk=True),
    Scenario("clock-jumps", "a broker's wall clock jumps by seconds to years, both ways", {"clock": 4, "kill": 1}, clocks=True),
    Scenario("cuts", "links cut in one direction or both, between brokers and from clients", {"cut": 4, "slow": 1}, busy=3),

    Scenario("rolled-back-disk", "a disk goes back to what it was seconds ago: a real loss, which the checker must find",
             {"roll-back": 1}, gap=(1, 3), nodes=(1,), admins=0, must_find=frozenset({"lost", "changed"})),

    Scenario("repeats-after-lost-answers", "C4 1: idempotent writes there twice, for the broker knew of no sequences",
             {"lost-answers": 5, "slow": 1, "cut": 1}, gap=(0.2, 1.5), producers={"idempotent": 3, "plain": 1}, admins=0),
    Scenario("repeats-after-restart", "C4 2: idempotent writes there twice, or UNKNOWN_SERVER_ERROR, when who knew the answer "
             "is gone", {"lost-answers-kill": 5, "kill": 1}, gap=(0.5, 3),
             producers={"idempotent": 3, "plain": 1}, admins=0),
    Scenario("one-offset-two-values", "C4 3: offsets differ between copies and terms: many elections, readers of everything",
             {"pause": 3, "cut": 3, "elect": 2, "kill": 2}, gap=(0.3, 2), readers=("read-all", "read-all", "read-tail"),
             partitions=3, busy=1),
    Scenario("lost-while-moving", "C4 7: records lost or old ones served under kill and membership change",
             {"reassign": 6, "kill": 2, "pause": 1, "cut": 1}, gap=(0.3, 2), nodes=MANY),
    Scenario("stuck-after-restart", "C4 10: crashes while starting, groups that stay stuck: killed again as they start",
             {"kill-all": 2, "kill": 4}, gap=(1, 4), admins=2),
    Scenario("elected-not-caught-up", "C4 later (a leader that serves before its term's first entry is committed): leadership "
             "moves under readers", {"elect": 4, "restart": 2, "pause": 2}, gap=(0.3, 2), nodes=MANY,
             readers=("read-tail", "read-tail", "read-tail", "read-all"), partitions=3),
    Scenario("seen-then-lost", "C4 later (acks=1 data visible, then lost): what a reader saw stays, whatever acks was",
             {"kill": 3, "pause": 2, "cut": 3}, gap=(0.3, 2), producers={"leader-only": 3}, admins=0,
             readers=("read-tail", "read-tail", "read-all")),
    Scenario("two-of-three-changed", "C4 later: two of three members changed at once",
             {"reassign": 6, "kill": 1, "cut": 1}, gap=(0.2, 1.5), nodes=(5,), partitions=3),

    pipelines("pipelines-killed", "numbers moved from topic to topic in transactions while brokers, coordinators and movers die",
              {"kill": 2, "kill-coordinator": 3, "kill-worker": 3}, nodes=(1, 3, 5)),
    pipelines("pipelines-cut", "the same under cut links, lost answers and brokers that stand still",
              {"cut": 4, "lost-answers": 2, "pause": 2, "slow": 1, "kill-worker": 2}),
    pipelines("pipelines-mixed", "the same under everything, membership changes and lost disks included",
              {**MIXED, "kill-coordinator": 3, "kill-worker": 3}),
    pipelines("pipelines-late", "KAFKA-17754: ends of transactions and records that come late or twice: lost answers, held bytes, "
              "coordinators that die", LATE),
    appends("list-append-killed", "C4 4, 5, 6, 9, KAFKA-17754: transactions that append to and read lists, checked for cycles, while "
            "brokers, coordinators and clients die", {"kill": 2, "kill-coordinator": 3, "kill-worker": 3}, nodes=(1, 3, 5)),
    appends("list-append-cut", "C4 4, later (committed reads): the same under cut links, lost answers and brokers that stand still",
            {"cut": 4, "lost-answers": 2, "pause": 2, "slow": 1, "kill-worker": 2}),
    appends("list-append-mixed", "the same under everything, membership changes and lost disks included",
            {**MIXED, "kill-coordinator": 3, "kill-worker": 3}),
    appends("list-append-late", "KAFKA-17754: as pipelines-late", LATE),
]
BY_NAME = {s.name: s for s in ALL}
