"""What surface.py asks about streams groups (KIP-1071)."""
from surface_cases import GROUP, SET, Case, topic
from surface_shares import PASSING, codes

READ, SPLIT = "streams-in", "streams-two"  # of 4 and of 2 partitions
FIRST, SECOND = "first", "second"
# Groups that neither wait for more members nor between two assignments; the last ones have a standby for each task.
AT_ONCE = [f"w{n}" for n in range(1, 20)] + ["w-standby"]
FAILS = "Kafka fails on it"


def case(name, api, version, fields, **more):
    return Case(name, api, version, fields, **{"settled": lambda told: not codes(told) & PASSING, **more})


def internal(name, partitions=0, replicas=0, **configs):
    return {"name": name, "partitions": partitions, "replication_factor": replicas,
            "topic_configs": [{"key": k.replace("_", "."), "value": v} for k, v in configs.items()]}


def part(*sources, name="0", **more):
    """A subtopology that reads these topics."""
    return {"subtopology_id": name, "source_topics": list(sources), **more}


def together(*sources, repartitioned=()):
    return [{"source_topics": list(sources), "repartition_source_topics": list(repartitioned)}]


def topology(*parts, epoch=0):
    return {"epoch": epoch, "subtopologies": list(parts)}


PLAIN = topology(part(READ))


def tasks(*partitions, name="0"):
    return [{"subtopology_id": name, "partitions": list(partitions)}] if partitions else []


def join(group, member=FIRST, of=PLAIN, **more):
    """As the client begins, and begins again: (api, version, fields)."""
    return "streams_group_heartbeat", 0, {
        "group_id": group, "member_id": member, "member_epoch": 0, "rebalance_timeout_ms": 30_000, "topology": of,
        "active_tasks": [], "standby_tasks": [], "warmup_tasks": [], "process_id": member, "client_tags": [], **more}


def beat(group, member=FIRST, epoch=2, has=None, stands_by=(), **more):
    """Of a member; `has`: the partitions of its active tasks, when it tells them."""
    owned = {} if has is None else {"active_tasks": tasks(*has), "standby_tasks": tasks(*stands_by), "warmup_tasks": []}
    return "streams_group_heartbeat", 0, {"group_id": group, "member_id": member, "member_epoch": epoch, **owned, **more}


def asked(name, request, **more):
    api, version, fields = request
    return case(f"streams heartbeat: {name}", api, version, fields, **more)


def set_config(group, **values):
    return {"resource_type": GROUP, "resource_name": group, "configs": [
        {"name": "streams." + k.replace("_", "."), "config_operation": SET, "value": str(v)} for k, v in values.items()]}


def preparations():
    yield case("streams: topics", "create_topics", 7, {"topics": [topic(READ, 4), topic(SPLIT, 2), topic("streams-3", 3)],
                                                       "timeout_ms": 10_000}, view=lambda told: sorted(codes(told)))
    yield case("streams: groups that wait for nothing", "incremental_alter_configs", 1, {"resources": [
        set_config(g, initial_rebalance_delay_ms=0, assignment_interval_ms=0, num_standby_replicas=int(g == "w-standby"))
        for g in AT_ONCE]}, view=lambda told: sorted(codes(told)))
    name = "streams.num.standby.replicas"
    yield case("streams: a standby for each task", "describe_configs", 4, {"resources": [
        {"resource_type": GROUP, "resource_name": "w-standby", "configuration_keys": [name]}]},
        settled=lambda told: told["results"][0]["configs"][0]["value"] == "1",
        view=lambda told: told["results"][0]["configs"][0]["value"])

    def limits(name, low, high):
        for value, what in ((low, "too small"), (high, "too large"), ("x", "no number")):
            if value is not None:
                yield case(f"alter configs: of a group: streams.{name} that is {what}", "incremental_alter_configs", 1,
                           {"resources": [set_config("limits", **{name.replace(".", "_"): value})]})
    yield from limits("initial.rebalance.delay.ms", -1, None)
    yield from limits("assignment.interval.ms", -1, 15_001)


def refused():
    """What a member may not say, whoever else there is."""
    yield asked("of no group", join(""))
    yield asked("of no member", join("r1", ""))
    yield asked("of an epoch below all", beat("r1", epoch=-3))
    yield asked("of a static member", join("r1", instance_id="i"))
    yield asked("leaving for a moment", beat("r1", epoch=-2, instance_id="i"))
    yield asked("leaving for a moment, of nobody in particular", beat("r1", epoch=-2))
    yield asked("an empty rack", join("r1", rack_id=""))
    yield asked("joining without a rebalance timeout", join("r1", rebalance_timeout_ms=-1))
    yield asked("joining without a topology", join("r1", of=None))
    for kind in ("active", "standby", "warmup"):
        yield asked(f"joining without {kind} tasks", join("r1", **{f"{kind}_tasks": None}))
        yield asked(f"joining with {kind} tasks", join("r1", **{f"{kind}_tasks": tasks(0)}))
    offsets = [{"subtopology_id": "0", "partition": 0, "offset": 1}]
    yield asked("offsets of tasks", beat("r1", task_offsets=offsets))
    yield asked("end offsets of tasks", beat("r1", task_end_offsets=offsets))
    yield asked("a topology without joining", beat("r1", topology=PLAIN))
    yield asked("active tasks alone", beat("r1", active_tasks=[]))
    yield asked("without joining", beat("nobodys"))
    yield asked("leaving what is not there", beat("nobodys", epoch=-1))
    yield asked("into a group of another kind", join("h4"))
    yield asked("beating in a group of another kind", beat("h4"))

    def shape(name, *parts, differs="", epoch=0):
        return asked(f"a topology {name}", join("r2", of=topology(*parts, epoch=epoch)), differs=differs)
    yield shape("of an epoch below all", part(READ), epoch=-1, differs=FAILS)
    yield shape("with two parts of one name", part(READ), part(READ), differs=FAILS)
    yield shape("with a pattern", part(source_topic_regex=["s.*"]))
    yield shape("with a part that reads nothing", part())
    yield shape("with a topic that has a wrong name", part("a/b"))
    yield shape("with a topic that has no name", part(""))
    yield shape("with a changelog of a wrong name", part(READ, state_changelog_topics=[internal("a/b")]))
    yield shape("with a sink of a wrong name", part(READ, repartition_sink_topics=["a/b"]))
    yield shape("with a changelog that says its partitions", part(READ, state_changelog_topics=[internal("c", 3)]))
    yield shape("with a topic that nobody repartitions to", part(repartition_source_topics=[internal("r")]))
    yield shape("that splits alike what is not there", part(READ, copartition_groups=together(5)), differs=FAILS)
    yield shape("that splits alike what is below none", part(READ, copartition_groups=together(-1)), differs=FAILS)
    yield asked("a tag twice", join("r3", client_tags=[{"key": "k", "value": "1"}, {"key": "k", "value": "2"}]), differs=FAILS)


def membership():
    yield asked("joining, while others may come", join("m1"))
    yield asked("while others may come", beat("m1", epoch=1))
    yield asked("joining", join("w1"))
    yield asked("with what it has", beat("w1", has=(0, 1, 2, 3)))
    yield asked("with less than it has", beat("w1", has=(0,)))
    yield asked("with nothing", beat("w1", has=()))
    yield asked("of a part that there is not", beat("w1", active_tasks=tasks(0, name="9"), standby_tasks=[], warmup_tasks=[]))
    yield asked("of a task that there is not", beat("w1", has=(9,)))
    yield asked("of a task below none", beat("w1", has=(-1,)))
    yield asked("of an epoch to come", beat("w1", epoch=99))
    yield asked("of an epoch before, with nothing told", beat("w1", epoch=1))
    yield asked("of one that is no member", beat("w1", SECOND))
    yield asked("leaving of one that is no member", beat("w1", SECOND, -1))
    yield asked("joining again", join("w1"))
    yield asked("joining with another topology", join("w1", SECOND, topology(part(SPLIT))))
    yield asked("joining with another topology of the next epoch", join("w1", SECOND, topology(part(SPLIT), epoch=1)))
    yield asked("joining with the same topology of the next epoch", join("w1", SECOND, topology(part(READ), epoch=1)))
    yield asked("another member joins", join("w1", SECOND))
    yield asked("what it is to have is not free", beat("w1", SECOND, 3, has=()))
    yield asked("the first one is to give up two", beat("w1", has=(0, 1, 2, 3)))
    yield asked("it has not yet", beat("w1", has=(0, 1, 2, 3)))
    yield asked("it has given up one", beat("w1", has=(0, 1, 2)))
    yield asked("it has given up two", beat("w1", has=(0, 1)))
    yield asked("the same again, of the epoch before", beat("w1", has=(0, 1)))
    yield asked("what is free goes to the other", beat("w1", SECOND, 3, has=()))
    yield asked("the other has it", beat("w1", SECOND, 3, has=(2, 3)))
    yield asked("one goes", beat("w1", SECOND, -1))
    yield asked("the other gets all", beat("w1", epoch=3, has=(0, 1)))

    state = part(READ, state_changelog_topics=[internal("w-standby-changelog")])
    yield asked("joining with a state", join("w-standby", of=topology(state)),
                settled=lambda told: not codes(told) & PASSING and not told["status"])
    yield asked("joining beside it", join("w-standby", SECOND, topology(state)))
    yield asked("giving up, getting standbys", beat("w-standby", epoch=3, has=(0, 1)))
    yield asked("the endpoint of a member", join("w2", user_endpoint={"host": "one", "port": 1}))
    yield asked("endpoints that it has heard of", beat("w2", endpoint_information_epoch=0))
    yield asked("endpoints that it has not heard of", beat("w2", endpoint_information_epoch=7))
    yield asked("endpoints where there are none", beat("w1", epoch=4, endpoint_information_epoch=7))
    yield asked("asking all to end", beat("w3", shutdown_application=True), before=[join("w3")])
    yield asked("another is asked to end", join("w3", SECOND))


def topics():
    """What has to be there before there are tasks."""
    def ready(told):
        return not codes(told) & PASSING and not told["status"]
    yield asked("a topic that is not there", join("w4", of=topology(part("nobodys", READ))))
    yield asked("many topics that are not there", join("w5", of=topology(part(*(f"nobodys-{n}" for n in range(5))))))
    yield asked("topics that are not split alike", join("w6", of=topology(part(READ, SPLIT, copartition_groups=together(0, 1)))))
    yield asked("topics that need not be split alike", join("w7", of=topology(part(READ, SPLIT))))
    counted = topology(
        part(READ, repartition_sink_topics=["w8-repartition"]),
        part(name="1", repartition_source_topics=[internal("w8-repartition", retention_ms="-1")],
             state_changelog_topics=[internal("w8-changelog", cleanup_policy="compact")]))
    yield asked("internal topics that are not there", join("w8", of=counted), view=lambda told: {
        **told, "status": [s["status_code"] for s in told["status"]]})
    yield asked("internal topics that have been made", join("w8", of=counted), settled=ready, view=lambda told: {
        **told, "member_epoch": "*"})
    yield case("metadata: topics of a streams group", "metadata", 13, {"topics": [
        {"name": "w8-repartition"}, {"name": "w8-changelog"}], "allow_auto_topic_creation": False},
        view=lambda told: [(t["name"], t["error"], len(t["partitions"])) for t in told["topics"]])
    yield case("describe configs: of a streams group's topics", "describe_configs", 4, {"resources": [
        {"resource_type": 2, "resource_name": "w8-repartition", "configuration_keys": ["cleanup.policy", "retention.ms"]},
        {"resource_type": 2, "resource_name": "w8-changelog", "configuration_keys": ["cleanup.policy", "retention.ms"]}]},
        view=lambda told: [[(c["name"], c["value"]) for c in r["configs"]] for r in told["results"]])
    said = topology(part(READ, repartition_sink_topics=["w9-repartition"]),
                    part(name="1", repartition_source_topics=[internal("w9-repartition", 3)]))
    yield asked("an internal topic that says its partitions", join("w9", of=said), settled=ready, view=lambda told: {
        **told, "member_epoch": "*"})

    def refusal(told):
        return not codes(told) & PASSING and any("failed" in s["status_detail"] for s in told["status"])
    many = topology(part(READ, state_changelog_topics=[internal("w10-changelog", replicas=9)]))
    yield asked("an internal topic that cannot be made", join("w10", of=many), settled=refusal, differs="as CreateTopics says it",
                view=lambda told: {**told, "member_epoch": "*"})
    strange = topology(part(READ, state_changelog_topics=[internal("w11-changelog", no_such="1")]))
    yield asked("an internal topic with an option that there is not", join("w11", of=strange), settled=refusal,
                view=lambda told: {**told, "member_epoch": "*"})
    other = topology(part(READ, state_changelog_topics=[internal("streams-3")]))
    yield asked("an internal topic that has other partitions", join("w12", of=other))


def described():
    def shown(name, *groups, operations=False, **more):
        return case(f"describe streams groups: {name}", "streams_group_describe", 0,
                    {"group_ids": list(groups), "include_authorized_operations": operations}, **more)
    yield shown("none")
    yield shown("one that is not there", "nobodys")
    yield shown("no name", "")
    yield shown("one of another kind", "h4")
    yield shown("one and the same twice", "nobodys", "nobodys")
    yield shown("a stable one", "w1")
    yield shown("with what one may do", "w2", operations=True)
    yield shown("one that waits for others", "m1")
    yield shown("one whose topic is not there", "w4")
    yield shown("one whose internal topics have been made", "w8", view=lambda told: told["groups"][0]["topology"])
    yield shown("one with standbys", "w-standby")
    yield shown("one that is moving", "w13", before=[join("w13"), join("w13", SECOND)])
    yield shown("an empty one", "w14", before=[join("w14"), beat("w14", epoch=-1)])
    yield asked("into one that was emptied, with another topology", join("w14", of=topology(part(SPLIT))))
    yield asked("into one that was emptied", join("w14", SECOND))

    def listed(name, group, differs="", **fields):
        return case(f"list groups: {name}", "list_groups", 5, fields, differs=differs,
                    view=lambda told: [g for g in told["groups"] if g["group_id"] == group])
    yield listed("a streams group", "w1", types_filter=["STREAMS"])
    yield listed("a streams group among the others", "w1", types_filter=["consumer"])
    yield listed("a streams group that is not ready", "w4", states_filter=["not_ready"])
    yield listed("a streams group that is not ready, as its state is written", "w4", states_filter=["NotReady"],
                 differs="Kafka's filter knows it as not_ready alone")
    yield case("describe groups: a streams group", "describe_groups", 6, {"groups": ["w1"]})
    yield case("describe groups: a streams group, in version 5", "describe_groups", 5, {"groups": ["w1"]})
    yield case("describe consumer groups: a streams group", "consumer_group_describe", 1, {"group_ids": ["w1"]})
    yield case("describe share groups: a streams group", "share_group_describe", 1, {"group_ids": ["w1"]})


def by_partition(told):
    for t in told["topics"]:
        t["partitions"].sort(key=lambda p: p["partition_index"])
    return told


def others():
    """Other requests to a streams group."""
    def commit(name, member, epoch, version=9, group="w15", topic=READ, **more):
        return case(f"commit: {name}", "offset_commit", version, {
            "group_id": group, "member_id": member, "generation_id_or_member_epoch": epoch,
            "topics": [{"name": topic, "partitions": [{"partition_index": 0, "committed_offset": 7}]}]}, **more)
    yield commit("of a streams member", FIRST, 2, before=[join("w15")])
    yield commit("of a streams member, an epoch before", FIRST, 1)
    yield commit("of a streams member, an epoch to come", FIRST, 3)
    yield commit("of no member of a streams group", SECOND, 2)
    yield commit("of nobody to a streams group that has members", "", -1)
    yield commit("of a streams member, a topic that it does not read", FIRST, 2, topic=SPLIT)
    yield commit("of a streams member, in version 8", FIRST, 2, version=8)
    yield commit("of nobody to a streams group that is empty", "", -1, group="w16", before=[join("w16"), beat("w16", epoch=-1)])

    def fetch(name, member, epoch):
        return case(f"offset fetch: {name}", "offset_fetch", 9, {"groups": [{
            "group_id": "w15", "member_id": member, "member_epoch": epoch,
            "topics": [{"name": READ, "partition_indexes": [0, 1]}]}]})
    yield fetch("of a streams member", FIRST, 2)
    yield fetch("of a streams member, an epoch before", FIRST, 1)
    yield fetch("of no member of a streams group", SECOND, 2)
    yield fetch("of nobody", None, -1)
    drop = lambda topic: {"group_id": "w15", "topics": [{"name": topic, "partitions": [{"partition_index": 0}]}]}
    yield case("offset delete: what a streams group reads", "offset_delete", 0, drop(READ))
    yield case("offset delete: what a streams group does not read", "offset_delete", 0, drop(SPLIT))
    from_topics = lambda group, *topics: {"group_id": group, "topics": [
        {"name": t, "partitions": [{"partition_index": p} for p in partitions]} for t, partitions in topics]}
    yield case("offset delete: what there is not beside what there is", "offset_delete", 0,
               from_topics("w18", (READ, [99, 0, -1]), ("w-nobodys", [0])), view=by_partition,
               before=[("offset_commit", 8, {"group_id": "w18", "topics": [
                   {"name": READ, "partitions": [{"partition_index": p, "committed_offset": 1} for p in (0, 1)]}]})])
    yield case("offset delete: nothing that there is", "offset_delete", 0, from_topics("w18", ("w-nobodys", [0])))
    yield case("offset delete: nothing that there is, of no group", "offset_delete", 0, from_topics("w-nobodys", ("w-nobodys", [0])))
    yield case("join group: a streams group that has members", "join_group", 5, {
        "group_id": "w15", "session_timeout_ms": 10_000, "rebalance_timeout_ms": 10_000, "protocol_type": "consumer",
        "protocols": [{"name": "range", "metadata": "00"}]})
    yield case("heartbeat: a streams member", "heartbeat", 3, {"group_id": "w15", "generation_id": 2, "member_id": FIRST})
    yield case("leave group: a streams member", "leave_group", 3, {"group_id": "w15", "members": [{"member_id": FIRST}]})
    yield case("consumer heartbeat: a streams group", "consumer_group_heartbeat", 1, {
        "group_id": "w15", "member_id": "c", "rebalance_timeout_ms": 5000, "subscribed_topic_names": [READ], "topic_partitions": []})
    yield case("share heartbeat: a streams group", "share_group_heartbeat", 1, {
        "group_id": "w15", "member_id": "AAAAAAAAAAAAAAAAAAAAAQ", "subscribed_topic_names": [READ]})
    yield asked("into a group of mere offsets", join("w17"), before=[("offset_commit", 8, {"group_id": "w17", "topics": [
        {"name": READ, "partitions": [{"partition_index": 0, "committed_offset": 1}]}]})])

    def gone(name, group, **more):
        return case(f"delete groups: {name}", "delete_groups", 2, {"groups_names": [group]}, **more)
    yield gone("one of streams that has members", "w15")
    yield gone("one of streams", "w16")
    yield gone("one of streams, again", "w16")


def streams():
    for group in (preparations, refused, membership, topics, described, others):
        yield from group()
