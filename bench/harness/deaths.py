"""Turns in which one of three brokers dies, as by kill -9: another one in each round."""
from harness import load
from harness.figures import costs, spans

BEFORE_SHARE = 0.2  # of the outage, in which all goes well


def failover(args, cluster, case, number):
    """For each partition, how long nothing was acknowledged."""
    topic, victim = f"{case.name}-{number}", number % len(cluster.brokers)
    cluster.create(topic, case.partitions)
    before = args.outage * BEFORE_SHARE
    result = load.produce(args, cluster, case, topic, "--kill-pid", cluster.pids[victim], "--kill-node",
                          cluster.node_id(victim), "--kill-after", before, rate=case.rate, seconds=before + args.outage)
    cluster.await_dead_and_start(victim)
    cluster.delete(topic)
    gaps = result["gaps_ms"]
    if not gaps["led"]["count"]:
        raise RuntimeError("the broker that died led nothing")
    figures = {"partitions led by it": gaps["led"]["count"], "never back": gaps["led"]["silent"] + gaps["others"]["silent"]}
    for whose, name in ("led", "its partitions"), ("others", "others"):
        figures |= spans(gaps[whose], name)
    if result["behind"]:
        figures["rate not reached"] = 1.0
    return {**figures, "records given up": result["failures"], "generator late p99 ms": result["late_us"]["p99"] / 1e3, **costs(result)}


def groupload(args, cluster, case, number):
    """How long until another one knows the offsets of all groups that it coordinated."""
    topic, victim = f"{case.name}-{number}", number % len(cluster.brokers)
    cluster.create(topic, case.partitions)
    result = load.ask(args, cluster, case, "groups", topic, "--kill-pid", cluster.pids[victim], "--kill-place", victim,
                      "--groups", case.groups, "--seconds", 2 * args.outage)
    cluster.await_dead_and_start(victim)
    cluster.delete(topic)
    if result["silent"] == case.groups:
        raise RuntimeError(f"nobody knew an offset of {case.groups} groups after {2 * args.outage} s")
    return {"groups coordinated by it": result["groups"], "never back": result["silent"],
            "told of no offset meanwhile": result["misled"], "first group ms": result["first"],
            **spans(result, "a group"), "from the first to the last ms": result["max"] - result["first"],
            "known to within ms": result["sweep_ms"]["p99"], "broker CPU s": result["broker_cpu"],
            "client CPU s": result["client_cpu"]}
