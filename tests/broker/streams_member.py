"""A member of a streams group (KIP-1071), by hand: it runs what it is told to, and gives up before it says so."""

FENCED, UNKNOWN_MEMBER = 110, 25
PASSING = (14, 15, 16)  # no coordinator now
GROUP = 32


def topology(group, source, replicas):
    """Lines are split in one subtopology, words are counted, with a state, in another."""
    def internal(what):
        return [{"name": f"{group}-{what}", "replication_factor": replicas}]
    return {"epoch": 0, "subtopologies": [
        {"subtopology_id": "0", "source_topics": [source], "repartition_sink_topics": [f"{group}-repartition"]},
        {"subtopology_id": "1", "repartition_source_topics": internal("repartition"),
         "state_changelog_topics": internal("changelog")}]}


def names(tasks):
    """As Kafka Streams writes them."""
    return {f"{t['subtopology_id']}_{p}" for t in tasks or () for p in t["partitions"]}


def at_once(group, **more):
    """The request that lets a group wait for nothing: (api, version, fields)."""
    configs = {"initial.rebalance.delay.ms": 0, "assignment.interval.ms": 0, **{k.replace("_", "."): v for k, v in more.items()}}
    return "incremental_alter_configs", 1, {"resources": [{"resource_type": GROUP, "resource_name": group, "configs": [
        {"name": f"streams.{k}", "config_operation": 0, "value": str(v)} for k, v in configs.items()]}]}


class StreamsMember:
    def __init__(self, ask, group, name, source, replicas=1):
        """`ask`: (api, version, fields) -> the answer's fields; `replicas`: of the topics that the group needs"""
        self.ask, self.group, self.name = ask, group, name
        self.topology = topology(group, source, replicas)
        self.forget()

    def forget(self):
        """It is to join again, and runs nothing."""
        self.epoch, self.active, self.standby, self.running = 0, [], [], set()

    def beat(self):
        """What it was told, or None if nobody answers for its group now."""
        self.running = names(self.active)
        joining = {"topology": self.topology, "rebalance_timeout_ms": 10_000, "client_tags": []} if self.epoch == 0 else {}
        told = self.ask("streams_group_heartbeat", 0, {
            "group_id": self.group, "member_id": self.name, "member_epoch": self.epoch, "active_tasks": self.active,
            "standby_tasks": self.standby, "warmup_tasks": [], "process_id": f"process-{self.name}", **joining})
        if told["error"] in PASSING:
            return None
        if told["error"] in (FENCED, UNKNOWN_MEMBER):
            self.forget()
        elif told["error"] == 0:
            self.epoch = told["member_epoch"]
            if told["active_tasks"] is not None:
                self.active, self.standby = told["active_tasks"], told["standby_tasks"]
                self.running |= names(self.active)
        return told

    def rests(self):
        """Beats; whether it is well, and has what it had."""
        before = self.epoch, self.active, self.standby
        told = self.beat()
        return bool(told and told["error"] == 0 and not told["status"] and before == (self.epoch, self.active, self.standby))

    def leave(self):
        told = self.ask("streams_group_heartbeat", 0, {"group_id": self.group, "member_id": self.name, "member_epoch": -1})
        self.forget()
        return told["error"]
