"""What surface.py asks about share groups (KIP-932)."""
import re

from surface_cases import Case, IdOf, batch, topic

PASSING = {5, 6, 14, 15, 16}  # no leader or coordinator yet
ACCEPT, RELEASE, REJECT, RENEW = 1, 2, 3, 4
MEMBER, OTHER = "AAAAAAAAAAAAAAAAAAAAAQ", "AAAAAAAAAAAAAAAAAAAAAg"
ID = IdOf("shared")
UNKNOWN = "1" * 32
FIRST_EPOCH = "a group begins with the epoch of its first member; Kafka counts the making of the group as one before"


def codes(told):
    if isinstance(told, dict):
        return {v for k, v in told.items() if k == "error"}.union(*(codes(v) for v in told.values()))
    return set().union(*(codes(v) for v in told)) if isinstance(told, list) else set()


def case(name, api, version, fields, **more):
    return Case(name, api, version, fields, **{"settled": lambda told: not codes(told) & PASSING, **more})


def placed(group, start=0, partition=0, name="shared"):
    """What makes the group, with its place: (api, version, fields)."""
    return "alter_share_group_offsets", 0, {"group_id": group, "topics": [
        {"topic_name": name, "partitions": [{"partition_index": partition, "start_offset": start}]}]}


def beat(group, member=MEMBER, epoch=0, topics=("shared",), rack=None):
    return "share_group_heartbeat", 1, {"group_id": group, "member_id": member, "member_epoch": epoch, "rack_id": rack,
                                        "subscribed_topic_names": None if topics is None else list(topics)}


def preparations():
    yield case("share: a topic", "create_topics", 7, {"topics": [topic("shared", 2)], "timeout_ms": 10_000}, view=lambda told: sorted(codes(told)))
    yield case("share: four records", "produce", 11, {"transactional_id": None, "acks": -1, "timeout_ms": 10_000, "topic_data": [
        {"name": "shared", "partition_data": [{"index": 0, "records": batch([1000, 1001, 1002, 1003])}]}]},
        settled=lambda told: codes(told) == {0})
    yield case("share: a coordinator", "find_coordinator", 6, {"key_type": 0, "coordinator_keys": ["commits"]})
    yield case("share: another kind of group", "offset_commit", 8, {"group_id": "commits", "topics": [
        {"name": "shared", "partitions": [{"partition_index": 0, "committed_offset": 1}]}]}, settled=lambda told: codes(told) == {0})

    def found(name, key):
        return case(f"find coordinator: {name}", "find_coordinator", 6, {"key_type": 2, "coordinator_keys": [key]})
    yield found("of a share partition", "g:AAAAAAAAAAAAAAAAAAAAAQ:0")
    yield found("of a share partition without a partition", "g:AAAAAAAAAAAAAAAAAAAAAQ")
    yield found("of a share partition whose topic is no id", "g:t:0")
    yield found("of a share partition that is no number", "g:AAAAAAAAAAAAAAAAAAAAAQ:x")
    yield found("of a share partition below none", "g:AAAAAAAAAAAAAAAAAAAAAQ:-1")
    yield found("of a share partition of no group", ":AAAAAAAAAAAAAAAAAAAAAQ:0")
    yield found("of a share partition of nothing", "")
    yield case("find coordinator: of a share partition in version 5", "find_coordinator", 5,
               {"key_type": 2, "coordinator_keys": ["g:AAAAAAAAAAAAAAAAAAAAAQ:0"]})


def heartbeats():
    def told(name, *asked, before=(), **more):
        api, version, fields = beat(*asked[:1], **asked[1]) if len(asked) > 1 else beat(*asked)
        return case(f"share heartbeat: {name}", api, version, fields, before=before, **more)
    yield told("of no group", "")
    yield told("of no member", "h1", {"member": ""})
    yield told("of an epoch below all", "h1", {"epoch": -2})
    yield told("an empty rack", "h1", {"rack": ""})
    yield told("of nobody's topics", "h1", {"topics": None})
    yield told("of no topics", "h1", {"topics": ()})
    yield told("without joining", "h1", {"epoch": 1})
    yield told("leaving what is not there", "h1", {"epoch": -1})
    yield told("into a group of another kind", "commits", {"member": MEMBER, "epoch": 5})
    yield told("of one that is no member", "h2", {"member": OTHER, "epoch": 1}, before=[beat("h2")])
    yield told("leaving of one that is no member", "h2", {"member": OTHER, "epoch": -1}, before=[beat("h2")])
    yield told("of an epoch to come", "h3", {"epoch": 99}, before=[beat("h3")], differs=FIRST_EPOCH)
    yield told("joining for a topic that is not there", "h4", {"topics": ("nobodys",)}, differs=FIRST_EPOCH)
    yield told("leaving", "h4", {"epoch": -1}, before=[beat("h4", topics=("nobodys",))])

    def shown(name, *groups, **more):
        return case(f"describe share groups: {name}", "share_group_describe", 1,
                    {"group_ids": list(groups), "include_authorized_operations": False}, **more)
    yield shown("none")
    yield shown("one that is not there", "nobodys")
    yield shown("no name", "")
    yield shown("one of another kind", "commits")
    yield shown("one that was left", "h4", differs=FIRST_EPOCH)
    yield shown("one and the same twice", "nobodys", "nobodys")
    yield case("list groups: that share", "list_groups", 5, {"types_filter": ["Share"]},
               view=lambda told: [g for g in told["groups"] if g["group_id"] == "h4"])
    yield case("list groups: of a type that there is not", "list_groups", 5, {"types_filter": ["nonsense"]})
    yield case("describe groups: one that shares", "describe_groups", 6, {"groups": ["h4"]})
    yield case("describe consumer groups: one that shares", "consumer_group_describe", 1, {"group_ids": ["h4"]})
    yield case("commit: into a group that shares", "offset_commit", 8, {"group_id": "h4", "topics": [
        {"name": "shared", "partitions": [{"partition_index": 0, "committed_offset": 1}]}]})


def administered():
    def described(name, group, topics, version=1, before=(), **more):
        named = topics if topics is None else [{"topic_name": t, "partitions": list(p)} for t, p in topics]
        return case(f"describe share offsets: {name}", "describe_share_group_offsets", version,
                    {"groups": [{"group_id": group, "topics": named}]}, before=before, **more)
    yield described("all of an unknown group", "nobodys", None)
    yield described("of an unknown group", "nobodys", [("shared", [0])])
    yield described("of no group", "", None)
    yield described("of a group of another kind", "commits", None)
    yield described("an unknown topic", "d1", [("nobodys", [0])], before=[placed("d1", 2)])
    yield described("no topics", "d1", [], before=[placed("d1", 2)])
    # One that the topic has not is never answered by Kafka.
    yield described("partitions that it has and has not", "d1", [("shared", [0, 1])], before=[placed("d1", 2)])
    yield described("all", "d1", None, before=[placed("d1", 2)])
    yield described("all in version 0", "d1", None, version=0, before=[placed("d1", 2)])

    def altered(name, group="a1", start=0, partition=0, topic="shared", before=(), **more):
        api, version, fields = placed(group, start, partition, topic)
        return case(f"alter share offsets: {name}", api, version, fields, before=before, **more)
    yield altered("of no group", group="")
    yield altered("of an unknown group", group="a0")
    yield altered("of a group of another kind", group="commits-2", before=[("offset_commit", 8, {"group_id": "commits-2", "topics": [
        {"name": "shared", "partitions": [{"partition_index": 0, "committed_offset": 1}]}]})])
    yield altered("of an unknown topic", topic="nobodys")
    yield altered("of a topic without a name", topic="")
    yield altered("of an unknown partition", partition=9)
    yield altered("of a negative partition", partition=-1, differs="Kafka fails on it",
                  view=lambda told: {**told, "error_message": re.sub(r"a1 \S+ -1", "a1 * -1", told["error_message"] or "")})
    yield altered("to a negative offset", start=-5)
    yield altered("beyond the end", start=99)
    yield altered("while it has members", group="a2", before=[beat("a2")])
    yield case("alter share offsets: of nothing", "alter_share_group_offsets", 0, {"group_id": "a1"})

    def deleted(name, group="a3", *topics, before=(), **more):
        return case(f"delete share offsets: {name}", "delete_share_group_offsets", 0,
                    {"group_id": group, "topics": [{"topic_name": t} for t in topics]}, before=before, **more)
    yield deleted("of no group", "", "shared")
    yield deleted("of an unknown group", "nobodys", "shared")
    yield deleted("of an unknown group and of nothing", "nobodys")
    yield deleted("of a group of another kind", "commits", "shared")
    yield deleted("of nothing", before=[placed("a3")])
    yield deleted("of an unknown topic", "a3", "nobodys", before=[placed("a3")])
    yield deleted("of a topic", "a3", "shared", before=[placed("a3")])
    yield deleted("of a topic again", "a3", "shared")
    yield deleted("while it has members", "a2", "shared", before=[beat("a2")])

    def gone(name, *groups, before=(), **more):
        return case(f"delete groups: {name}", "delete_groups", 2, {"groups_names": list(groups)}, before=before, **more)
    yield gone("one that shares", "a3")
    yield gone("one that shares, again", "a3")
    yield gone("one that shares while it has members", "a2", before=[beat("a2")])


def first(group, **more):
    return "share_fetch", 2, {"group_id": group, "member_id": MEMBER, "share_session_epoch": 0, "max_wait_ms": 2000, "min_bytes": 1,
                              "max_bytes": 1 << 20, "max_records": 100, "batch_size": 100,
                              "topics": [{"topic_id": ID, "partitions": [{"partition_index": 0}]}], **more}


def said(*batches, partition=0, topic=ID):
    return [{"topic_id": topic, "partitions": [{"partition_index": partition, "acknowledgement_batches": [
        {"first_offset": a, "last_offset": b, "acknowledge_types": list(types)} for a, b, *types in batches]}]}]


def acknowledged(group, *batches, epoch=1, **more):
    where = {k: more.pop(k) for k in ("partition", "topic") if k in more}
    return "share_acknowledge", 2, {"group_id": group, "member_id": MEMBER, "share_session_epoch": epoch,
                                    "topics": said(*batches, **where), **more}


def without_records(told):
    """Kafka masks nothing of a batch: how it was written is no concern of this case."""
    for t in told["responses"]:
        for p in t["partitions"]:
            p["records"] = "*" if p["records"] else p["records"]
    return told


def fetches():
    def got(name, group, before=None, **fields):
        more = {k: fields.pop(k) for k in ("differs",) if k in fields}
        api, version, all_ = first(group, **fields)
        return case(f"share fetch: {name}", api, version, all_, before=[placed(group)] if before is None else before,
                    view=without_records, **more)
    yield got("the first", "f1")
    yield got("without a group", None, before=[])
    yield got("of no group", "", before=[], differs="Kafka fails on it")
    yield got("without a member", "f2", member_id=None)
    yield got("of no member", "f2", member_id="")
    yield got("without a session", "f2", share_session_epoch=1)
    yield got("ending a session that is not there", "f2", share_session_epoch=-1)
    yield got("of an epoch below all", "f2", share_session_epoch=-2)
    yield got("the first with acknowledgements", "f2", topics=said((0, 0, ACCEPT)))
    yield got("with a renewal and a wait", "f2", is_renew_ack=True)
    yield got("in no mode that there is", "f2", share_acquire_mode=7, differs="Kafka fails on it")
    yield got("of an unknown partition", "f2", topics=[{"topic_id": ID, "partitions": [{"partition_index": 9}]}])
    yield got("of an unknown topic", "f2", topics=[{"topic_id": UNKNOWN, "partitions": [{"partition_index": 0}]}],
              differs="an unknown topic is its own error alone")
    yield got("of an epoch that is not the next", "f3", before=[placed("f3"), first("f3")], share_session_epoch=5, topics=[])
    yield got("the next, with nothing new", "f4", before=[placed("f4"), first("f4")], share_session_epoch=1, topics=[], max_wait_ms=0)
    yield got("two records, by record_limit", "f5", max_records=2, batch_size=1, share_acquire_mode=1)


def acknowledgements():
    def told(name, group, *batches, before=None, **fields):
        more = {k: fields.pop(k) for k in ("differs",) if k in fields}
        api, version, all_ = acknowledged(group, *batches, **fields)
        return case(f"share acknowledge: {name}", api, version, all_,
                    before=[placed(group), first(group)] if before is None else before, **more)
    yield told("without a group", None, (0, 0, ACCEPT), before=[])
    yield told("of no group", "", (0, 0, ACCEPT), before=[])
    yield told("without a member", "k0", (0, 0, ACCEPT), member_id=None, before=[])
    yield told("without a session", "k0", (0, 0, ACCEPT), before=[])
    yield told("to begin with", "k0", (0, 0, ACCEPT), epoch=0, before=[])
    yield told("ending a session that is not there", "k0", (0, 0, ACCEPT), epoch=-1, before=[])
    yield told("one", "k1", (0, 0, ACCEPT))
    yield told("each in its own way", "k2", (0, 3, ACCEPT, RELEASE, REJECT, ACCEPT))
    yield told("of an epoch that is not the next", "k3", (0, 0, ACCEPT), epoch=4)
    yield told("again what is done", "k4", (1, 1, ACCEPT), epoch=2, before=[
        placed("k4"), first("k4"), acknowledged("k4", (1, 1, ACCEPT))])
    yield told("otherwise what is done", "k5", (1, 1, RELEASE), epoch=2, before=[
        placed("k5"), first("k5"), acknowledged("k5", (1, 1, ACCEPT))])
    yield told("what was released", "k6", (1, 1, ACCEPT), epoch=2, before=[
        placed("k6"), first("k6"), acknowledged("k6", (1, 1, RELEASE))])
    yield told("backwards", "k7", (3, 1, ACCEPT))
    yield told("below none", "k8", (-1, 1, ACCEPT), differs="there is no such record")
    yield told("in no way", "k9", (0, 0))
    yield told("in no way that there is", "k10", (0, 0, 9))
    yield told("a gap", "k11", (0, 0, 0))
    yield told("in more ways than records", "k12", (0, 0, ACCEPT, ACCEPT))
    yield told("in fewer ways than records", "k13", (0, 2, ACCEPT, ACCEPT))
    yield told("what overlaps", "k14", (0, 2, ACCEPT), (1, 3, ACCEPT))
    yield told("what is not in order", "k15", (2, 2, ACCEPT), (0, 0, ACCEPT))
    yield told("beyond what is out", "k16", (2, 9, ACCEPT), differs="it is told of the first record that nobody has")
    yield told("behind what is out", "k17", (8, 9, ACCEPT))
    yield told("a renewal that was not announced", "k18", (0, 0, RENEW))
    yield told("a renewal", "k19", (0, 0, RENEW), is_renew_ack=True)
    yield told("an unknown partition", "k20", (0, 0, ACCEPT), partition=9)
    yield told("a partition that nobody fetched", "k21", (0, 0, ACCEPT), partition=1)
    yield told("an unknown topic", "k22", (0, 0, ACCEPT), topic=UNKNOWN)
    yield told("nothing", "k23")
    yield told("nothing, to end", "k24", epoch=-1, topics=[])


def states():
    def asked(name, api, version, group="s1", topic=ID, partition=0, before=(), differs="", **fields):
        return case(f"{api.replace('_', ' ')}: {name}", api, version, {"group_id": group, "topics": [
            {"topic_id": topic, "partitions": [{"partition": partition, **fields}]}]}, before=before, differs=differs)

    def begun(group, epoch=5, start=3):
        return "initialize_share_group_state", 0, {"group_id": group, "topics": [
            {"topic_id": ID, "partitions": [{"partition": 0, "state_epoch": epoch, "start_offset": start}]}]}

    def written(*batches, leader=4, state=5, start=3, done=0):
        return {"leader_epoch": leader, "state_epoch": state, "start_offset": start, "delivery_complete_count": done, "state_batches": [
            {"first_offset": a, "last_offset": b, "delivery_state": s, "delivery_count": c} for a, b, s, c in batches]}

    def write(group, what):
        return "write_share_group_state", 1, {"group_id": group, "topics": [{"topic_id": ID, "partitions": [{"partition": 0, **what}]}]}
    kinds = (("initialize_share_group_state", 0, {"state_epoch": 5, "start_offset": 3}), ("read_share_group_state", 0, {"leader_epoch": 4}),
             ("write_share_group_state", 1, written()), ("read_share_group_state_summary", 1, {"leader_epoch": 4}),
             ("delete_share_group_state", 0, {}))
    for api, version, fields in kinds:
        yield asked("of no group", api, version, group="", **fields)
        yield asked("of an unknown topic", api, version, topic=UNKNOWN, **fields)
        yield asked("of an unknown partition", api, version, partition=9, **fields)
        yield asked("of a negative partition", api, version, partition=-1, **fields)
        yield case(f"{api.replace('_', ' ')}: of nothing", api, version, {"group_id": "s0"})
        if api != "initialize_share_group_state":
            yield asked("of what is not there", api, version, group="s0", **fields)
    yield asked("anew", "initialize_share_group_state", 0, before=[begun("s1")], state_epoch=5, start_offset=9)
    yield asked("by an older state epoch", "initialize_share_group_state", 0, before=[begun("s1")], state_epoch=4, start_offset=9)
    yield asked("by a negative state epoch", "initialize_share_group_state", 0, before=[begun("s1")], state_epoch=-1, start_offset=9)
    yield asked("of what was begun", "read_share_group_state", 0, group="s2", before=[begun("s2")], leader_epoch=0)
    yield asked("of what was begun, in brief", "read_share_group_state_summary", 1, group="s2", before=[begun("s2")], leader_epoch=0)
    yield asked("in brief, in version 0", "read_share_group_state_summary", 0, group="s2", before=[begun("s2")], leader_epoch=0)
    yield asked("by an older leader", "read_share_group_state", 0, group="s3", leader_epoch=3, before=[
        begun("s3"), write("s3", written()), ("read_share_group_state", 0, {"group_id": "s3", "topics": [
            {"topic_id": ID, "partitions": [{"partition": 0, "leader_epoch": 7}]}]})])
    yield asked("of progress", "write_share_group_state", 1, group="s4", before=[begun("s4")], **written((4, 5, 2, 1), leader=0, done=2))
    yield asked("in version 0", "write_share_group_state", 0, group="s4", before=[begun("s4")],
                **{k: v for k, v in written((4, 5, 2, 1), leader=0).items() if k != "delivery_complete_count"})
    yield asked("what was written", "read_share_group_state", 0, group="s5", leader_epoch=0, before=[
        begun("s5"), write("s5", written((4, 5, 2, 1), (6, 6, 0, 3), leader=0, done=2))])
    yield asked("what was written, in brief", "read_share_group_state_summary", 1, group="s5", leader_epoch=0, before=[
        begun("s5"), write("s5", written((4, 5, 2, 1), (6, 6, 0, 3), leader=0, done=2))])
    yield asked("by an older state epoch", "write_share_group_state", 1, group="s6", before=[begun("s6")], **written(state=4))
    yield asked("a start that goes back", "write_share_group_state", 1, group="s7", before=[begun("s7")], **written(leader=0, start=1))
    yield asked("backwards", "write_share_group_state", 1, group="s8", before=[begun("s8")], **written((5, 4, 2, 1)),
                differs="Kafka stores it")
    yield asked("a state that there is not", "write_share_group_state", 1, group="s9", before=[begun("s9")], **written((4, 5, 9, 1), leader=0))
    yield asked("by a leader that has not read it", "write_share_group_state", 1, group="s11", before=[begun("s11")], **written(),
                differs="it may be of a state before this one")
    yield asked("of what is there", "delete_share_group_state", 0, group="s10", before=[begun("s10")])


def shares():
    for group in (preparations, heartbeats, administered, fetches, acknowledgements, states):
        yield from group()
