"""surface.py's cases of configs, features and log directories."""
from surface_cases import APPEND, BROKER, BROKER_LOGGER, CLIENT_METRICS, DELETE, GROUP, SET, SUBTRACT, TOPIC, Case

HOURS = "log.retention.hours stands behind Kafka's log.retention.ms, which has no default"
ONE_LEVEL = "metadata.version has one level"
FAILS = "Kafka fails on it"
LIST = 7


def described(told, *names):
    """Only the configs named, their documentation only as to whether there is any."""
    for r in told["results"]:
        r["configs"] = [c for c in r["configs"] if not names or c["name"] in names]
        for c in r["configs"]:
            if c.get("documentation"):
                c["documentation"] = "*"
    return told


def of_kinds(told):
    """What is known of the configs but where they have their values from; of what is an address that there is one."""
    for r in told["results"]:
        r["configs"] = [{k: c[k] if k != "value" or not c[k] or c["config_type"] != LIST else "*" for k in
                         ("name", "value", "config_type", "read_only", "is_sensitive")} for c in r["configs"]]
    return told


def descriptions():
    def describe(name, kind, resource, keys=None, only=(), version=4, synonyms=True, documentation=False, differs=""):
        fields = {"resources": [{"resource_type": kind, "resource_name": resource, "configuration_keys": keys}],
                  "include_synonyms": synonyms}
        if version >= 3:
            fields["include_documentation"] = documentation
        return Case(f"describe configs: {name}", "describe_configs", version, fields, differs,
                    view=lambda told: described(told, *only))
    yield describe("a topic's", TOPIC, "configured", ["retention.ms", "cleanup.policy", "segment.ms", "max.message.bytes"],
                   differs=HOURS + "; so does log.roll.hours")
    yield describe("with documentation", TOPIC, "t", ["retention.ms"], documentation=True, differs=HOURS)
    yield describe("in version 1", TOPIC, "t", ["retention.ms"], version=1, synonyms=False)
    yield describe("one that there is not", TOPIC, "t", ["no.such"])
    yield describe("none, which is all", TOPIC, "t", [], only=("retention.bytes", "compression.type", "preallocate"))
    yield describe("an unknown topic's", TOPIC, "nobodys")
    yield describe("a bad topic's", TOPIC, "a/b")
    yield describe("a broker's", BROKER, "1", ["num.partitions", "log.retention.ms", "log.dirs", "message.max.bytes"],
                   only=("num.partitions", "message.max.bytes", "log.retention.ms"),
                   differs=HOURS + "; num.partitions can be changed")
    yield Case("describe configs: a broker's number, place and addresses", "describe_configs", 4, {"resources": [
        {"resource_type": BROKER, "resource_name": "1", "configuration_keys": [
            "node.id", "broker.id", "broker.rack", "log.dirs", "listeners", "advertised.listeners"]}], "include_synonyms": True},
        "listeners of a broker that runs stay as they are", view=of_kinds)
    yield Case("describe configs: a broker's numbers of all widths", "describe_configs", 4, {"resources": [
        {"resource_type": BROKER, "resource_name": "1", "configuration_keys": [
            "transaction.state.log.replication.factor", "offsets.topic.replication.factor", "log.cleaner.io.max.bytes.per.second",
            "share.coordinator.state.topic.replication.factor", "num.partitions", "log.retention.check.interval.ms"]}],
        "include_synonyms": True},
        "more can be changed while it runs; replicas are as many as there are brokers; no rate at all is a whole number",
        view=of_kinds)
    yield describe("all brokers', where none is set", BROKER, "",
                   differs="Kafka sets min.insync.replicas itself, for eligible leader replicas")
    yield describe("another broker's", BROKER, "9")
    yield describe("a broker's that is no number", BROKER, "x")
    yield describe("a logger's of nobody", BROKER_LOGGER, "9")
    yield describe("a logger's without a name", BROKER_LOGGER, "")
    yield describe("a group's", GROUP, "g", ["consumer.session.timeout.ms", "share.isolation.level"])
    yield describe("a group's without a name", GROUP, "")
    yield describe("client metrics", CLIENT_METRICS, "m")
    yield describe("client metrics without a name", CLIENT_METRICS, "")
    yield describe("no kind of resource", 3, "x")
    yield describe("an unknown kind of resource", 77, "x")
    for version in (0, 1):
        yield Case(f"list config resources: none yet, version {version}", "list_config_resources", version,
                   {"resource_types": [GROUP, CLIENT_METRICS]} if version else {})
    yield Case("list config resources: an unknown kind", "list_config_resources", 1, {"resource_types": [3]})
    yield Case("list config resources: brokers", "list_config_resources", 1, {"resource_types": [BROKER, BROKER_LOGGER]})
    yield Case("list config resources: topics", "list_config_resources", 1, {"resource_types": [TOPIC]})


def alterations():
    def change(name, kind, resource, *changes, validate=False, differs=""):
        configs = [{"name": n, "config_operation": op, "value": v} for n, op, v in changes]
        return Case(f"alter configs: {name}", "incremental_alter_configs", 1, {"resources": [
            {"resource_type": kind, "resource_name": resource, "configs": configs}], "validate_only": validate}, differs)

    def see(name, kind, resource, *keys, until, differs=""):
        return Case(f"then: {name}", "describe_configs", 4, {"resources": [
            {"resource_type": kind, "resource_name": resource, "configuration_keys": list(keys) or None}],
            "include_synonyms": True}, differs,
            settled=lambda told: any((c["name"], c["value"]) == until for c in told["results"][0]["configs"]))
    yield change("set", TOPIC, "t", ("retention.ms", SET, "7000"))
    yield see("the topic has it", TOPIC, "t", "retention.ms", until=("retention.ms", "7000"), differs=HOURS)
    yield change("append", TOPIC, "t", ("cleanup.policy", APPEND, "compact"))
    yield change("subtract", TOPIC, "t", ("cleanup.policy", SUBTRACT, "delete"))
    yield see("the list", TOPIC, "t", "cleanup.policy", until=("cleanup.policy", "compact"))
    yield change("append to what is no list", TOPIC, "t", ("retention.ms", APPEND, "1"))
    yield change("unset", TOPIC, "t", ("retention.ms", DELETE, None), ("cleanup.policy", DELETE, None))
    yield change("validated only", TOPIC, "t", ("retention.ms", SET, "8000"), validate=True)
    yield change("an unknown name", TOPIC, "t", ("no.such", SET, "1"))
    yield change("no value", TOPIC, "t", ("retention.ms", SET, None))
    yield change("no number", TOPIC, "t", ("retention.ms", SET, "x"))
    yield change("one name twice", TOPIC, "t", ("retention.ms", SET, "1"), ("retention.ms", SET, "2"))
    yield change("an unknown operation", TOPIC, "t", ("retention.ms", 9, "1"), differs=FAILS)
    yield change("an unknown topic", TOPIC, "nobodys", ("retention.ms", SET, "1"))
    yield change("a bad topic", TOPIC, "a/b", ("retention.ms", SET, "1"))
    yield change("an unknown kind", 77, "x", ("a", SET, "1"))
    yield change("no kind", 3, "x", ("a", SET, "1"))
    yield change("nothing", TOPIC, "t")
    yield change("of a broker", BROKER, "1", ("log.cleaner.backoff.ms", SET, "20000"))
    yield see("the broker has it", BROKER, "1", "log.cleaner.backoff.ms", until=("log.cleaner.backoff.ms", "20000"))
    yield change("of all brokers", BROKER, "", ("log.retention.ms", SET, "600000"))
    yield see("all brokers have it", BROKER, "", "log.retention.ms", until=("log.retention.ms", "600000"))
    yield see("topics have it, too", TOPIC, "t", "retention.ms", until=("retention.ms", "600000"), differs=HOURS)
    yield change("of a broker: what can't change", BROKER, "1", ("log.dirs", SET, "/x"),
                 differs="a setting is refused, as any that is out of its range, not the request")
    yield change("of a broker: an unknown name", BROKER, "1", ("no.such", SET, "1"),
                 differs="an option that there is not is a mistake")
    yield change("of a broker: no number", BROKER, "1", ("log.cleaner.backoff.ms", SET, "x"))
    yield change("of another broker", BROKER, "9", ("log.cleaner.backoff.ms", SET, "1"))
    yield change("of a broker that is no number", BROKER, "x", ("log.cleaner.backoff.ms", SET, "1"))
    yield change("of a broker: unset", BROKER, "1", ("log.cleaner.backoff.ms", DELETE, None))
    yield change("of all brokers: unset", BROKER, "", ("log.retention.ms", DELETE, None))
    yield change("a logger that there is not", BROKER_LOGGER, "1", ("no.such", SET, "INFO"))
    yield change("a logger of another broker", BROKER_LOGGER, "9", ("no.such", SET, "INFO"))
    yield change("a logger's append", BROKER_LOGGER, "1", ("no.such", APPEND, "INFO"))
    yield from groups(change, see)
    yield from client_metrics(change, see)

    def replace(name, kind, resource, *configs, validate=False, differs=""):
        return Case(f"replace configs: {name}", "alter_configs", 2, {"resources": [
            {"resource_type": kind, "resource_name": resource, "configs": [{"name": n, "value": v} for n, v in configs]}],
            "validate_only": validate}, differs)
    yield replace("a topic's", TOPIC, "t", ("segment.ms", "90000"))
    yield replace("no value", TOPIC, "t", ("segment.ms", None))
    yield replace("by nothing", TOPIC, "t")
    yield replace("a logger's", BROKER_LOGGER, "1", ("x", "INFO"))
    yield replace("a group's", GROUP, "g", ("consumer.session.timeout.ms", "50000"))
    yield replace("a group's by nothing", GROUP, "g")
    yield replace("client metrics", CLIENT_METRICS, "m", ("interval.ms", "1000"))
    yield replace("client metrics by nothing", CLIENT_METRICS, "m")


def groups(change, see):
    yield change("of a group", GROUP, "g", ("consumer.session.timeout.ms", SET, "46000"), ("share.isolation.level", SET, "read_committed"))
    yield see("the group has it", GROUP, "g", "consumer.session.timeout.ms", "share.isolation.level",
              until=("share.isolation.level", "read_committed"))
    yield change("of a group without a name", GROUP, "", ("consumer.session.timeout.ms", SET, "46000"))
    yield change("of a group: an unknown name", GROUP, "g", ("no.such", SET, "1"))
    yield change("of a group: no number", GROUP, "g", ("consumer.session.timeout.ms", SET, "x"))
    yield change("of a group: below its range", GROUP, "g", ("consumer.session.timeout.ms", SET, "-1"))
    for option, low, high in (
            ("consumer.session.timeout.ms", 10, 100_000_000), ("consumer.heartbeat.interval.ms", 10, 100_000_000),
            ("share.session.timeout.ms", 10, 100_000_000), ("share.heartbeat.interval.ms", 10, 100_000_000),
            ("share.record.lock.duration.ms", 10, 100_000_000), ("streams.session.timeout.ms", 10, 100_000_000),
            ("streams.heartbeat.interval.ms", 10, 100_000_000), ("streams.num.standby.replicas", -1, 100)):
        yield change(f"of a group: {option} that is too small", GROUP, "g", (option, SET, str(low)))
        yield change(f"of a group: {option} that is too large", GROUP, "g", (option, SET, str(high)))
    yield change("of a group: a session not longer than a heartbeat", GROUP, "g", ("consumer.session.timeout.ms", SET, "45000"),
                 ("consumer.heartbeat.interval.ms", SET, "45000"))
    yield change("of a group: where it begins", GROUP, "g", ("share.auto.offset.reset", SET, "by_duration:PT1H"))
    yield change("of a group: no place to begin", GROUP, "g", ("share.auto.offset.reset", SET, "middle"))
    yield change("of a group: a wrong duration", GROUP, "g", ("share.auto.offset.reset", SET, "by_duration:-PT1H"))
    yield change("of a group: no isolation", GROUP, "g", ("share.isolation.level", SET, "x"))
    yield see("all of the group's", GROUP, "g", until=("share.auto.offset.reset", "by_duration:PT1H"))
    yield Case("list config resources: the group", "list_config_resources", 1, {"resource_types": [GROUP]})
    yield change("of a group: unset", GROUP, "g", *((n, DELETE, None) for n in (
        "consumer.session.timeout.ms", "share.isolation.level", "share.auto.offset.reset")))
    yield Case("list config resources: no group", "list_config_resources", 1, {"resource_types": [GROUP]},
               differs="Kafka goes on naming it for a moment after its last config was taken back")


def client_metrics(change, see):
    def metrics(name, *changes, **more):
        return change(f"of client metrics: {name}", CLIENT_METRICS, "m", *changes, **more)
    yield metrics("set", ("interval.ms", SET, "1000"), ("metrics", SET, "org.apache.kafka.producer.,org.apache.kafka.consumer."),
                  ("match", SET, "client_software_name=apache-kafka-java,client_source_address=127.0.0.1"))
    yield see("the client metrics", CLIENT_METRICS, "m", until=("interval.ms", "1000"))
    yield change("of client metrics without a name", CLIENT_METRICS, "", ("interval.ms", SET, "1000"))
    yield metrics("an unknown name", ("no.such", SET, "1"))
    yield metrics("an interval that is no number", ("interval.ms", SET, "x"))
    yield metrics("too short an interval", ("interval.ms", SET, "99"))
    yield metrics("too long an interval", ("interval.ms", SET, "3600001"))
    yield metrics("a match without a pattern", ("match", SET, "client_id"))
    yield metrics("a match of an unknown parameter", ("match", SET, "client_colour=red"))
    yield metrics("a match that is no pattern", ("match", SET, "client_id=["))
    yield metrics("append", ("metrics", APPEND, "x."), differs="lists can grow and shrink")
    yield metrics("subtract", ("metrics", SUBTRACT, "x."), differs="lists can grow and shrink")
    yield Case("list config resources: client metrics, version 0", "list_config_resources", 0, {})
    yield Case("list config resources: of all kinds", "list_config_resources", 1, {"resource_types": []})
    yield metrics("unset", ("interval.ms", DELETE, None), ("metrics", DELETE, None), ("match", DELETE, None))


def features():
    yield Case("features: what there is", "api_versions", 4, {"client_software_name": "surface", "client_software_version": "1"},
               "transactions, groups and shares are features of their own in Kafka",
               view=lambda told: {k: v for k, v in told.items() if k != "api_keys"})

    def update(name, *updates, version=2, validate=False, differs="", **more):
        fields = {"timeout_ms": 10_000, "feature_updates": [
            {"feature": f, "max_version_level": level, **extra} for f, level, extra in updates]}
        if version >= 1:
            fields["validate_only"] = validate
        return Case(f"update features: {name}", "update_features", version, fields, differs)
    kind = lambda n: {"upgrade_type": n}
    yield update("nothing")
    yield update("an unknown one", ("no.such", 1, kind(1)))
    yield update("an unknown one, version 0", ("no.such", 1, {"allow_downgrade": False}), version=0)
    yield update("an unknown one, version 1", ("no.such", 1, kind(1)), version=1)
    yield update("an unknown one, off", ("no.such", 0, kind(2)))
    yield update("no name", ("", 1, kind(1)))
    yield update("the level that it has", ("metadata.version", 30, kind(1)))
    yield update("the level that it has, version 0", ("metadata.version", 30, {"allow_downgrade": False}), version=0)
    yield update("above what there is", ("metadata.version", 99, kind(1)), differs=ONE_LEVEL)
    yield update("a negative level", ("metadata.version", -1, kind(1)))
    yield update("down without saying so", ("metadata.version", 29, kind(1)), validate=True, differs=ONE_LEVEL)
    yield update("safely down", ("metadata.version", 29, kind(2)), validate=True, differs=ONE_LEVEL)
    yield update("unsafely down", ("metadata.version", 29, kind(3)), validate=True, differs=ONE_LEVEL)
    yield update("far below", ("metadata.version", 3, kind(2)), validate=True, differs=ONE_LEVEL)
    yield update("off", ("metadata.version", 0, kind(2)), validate=True, differs=ONE_LEVEL)
    yield update("in no way that there is", ("metadata.version", 30, kind(9)))
    yield update("one twice", ("metadata.version", 30, kind(1)), ("metadata.version", 30, kind(1)))
    yield update("a good and a bad one", ("metadata.version", 30, kind(1)), ("no.such", 1, kind(1)))


def log_dirs():
    def move(name, path, topic, *partitions, differs=""):
        return Case(f"alter log dirs: {name}", "alter_replica_log_dirs", 2, {"dirs": [
            {"path": path, "topics": [{"name": topic, "partitions": list(partitions)}]}]}, differs)
    yield move("to where there is none", "/nowhere", "t", 0, 99)
    yield move("not by its full path", "nowhere", "t", 0)
    yield move("of an unknown topic", "/nowhere", "nobodys", 0)
    yield Case("alter log dirs: nothing", "alter_replica_log_dirs", 2, {"dirs": []})

    def describe(name, version, topics, **more):
        return Case(f"describe log dirs: {name}", "describe_log_dirs", version, {"topics": topics}, **more)
    for version in range(1, 6):
        yield describe(f"one partition, version {version}", version, [{"topic": "t", "partitions": [0]}])
    yield describe("an unknown one", 5, [{"topic": "nobodys", "partitions": [0]}])
    yield describe("none", 5, [])
