"""One turn: one case on one broker, as figures by name. Every turn has a fresh topic, but for what readers read."""
import concurrent.futures
import dataclasses
import time

from harness import limits, load, usage
from harness.brokers import Variant

IDLE_SECONDS = 2
QUIET_PATIENCE = 60
FLOOD_MARGIN_SECONDS = 3
# The peer takes nine seconds to notice that a broker is gone.
FAILOVER_BEFORE_SECONDS, FAILOVER_SECONDS = 4, 24
GROUP_LOAD_SECONDS = 40


def _costs(result):
    gigabytes, millions = result["bytes"] / 1e9, result["records"] / 1e6
    return {"broker CPU s": result["broker_cpu"], "client CPU s": result["client_cpu"],
            "broker CPU s/GB": result["broker_cpu"] / gigabytes, "client CPU s/GB": result["client_cpu"] / gigabytes,
            "broker CPU s/M records": result["broker_cpu"] / millions,
            "client CPU s/M records": result["client_cpu"] / millions}


def _latency(result):
    figures = {f"{p} ms": result["latency_us"][p] / 1e3 for p in ("p50", "p99", "p99.9", "p99.99", "max")}
    figures["generator late p99 ms"] = result["late_us"]["p99"] / 1e3
    if result["behind"]:
        figures["rate not reached"] = 1.0
    return figures


def _in_fresh_topic(args, variant, case, number, **how):
    topic = f"{case.name}-{number}"
    variant.create(topic, case.partitions)
    for pid in variant.pids:
        usage.forget_peak(pid)
    more = how.pop("more", ())
    try:
        result = load.produce(args, variant, case, topic, *more, **how)
        return result, {"peak MiB": variant.of_all(usage.peak_mib)}
    finally:
        variant.settle(topic)
        variant.delete(topic)


def produce(args, variant, case, number):
    result, peak = _in_fresh_topic(args, variant, case, number)
    return {"MB/s": result["bytes"] / result["seconds"] / 1e6, "k records/s": result["records"] / result["seconds"] / 1e3,
            **_costs(result), **peak}


def latency(args, variant, case, number):
    result, peak = _in_fresh_topic(args, variant, case, number, rate=case.rate)
    return {**_latency(result), **_costs(result), **peak}


def _kept_topic(args, variant, case):
    """Written by the first turn of a case, read by all."""
    topic = f"{case.name}-kept"
    if topic not in variant.kept:
        variant.create(topic, case.partitions)
        load.fill(args, variant, case, topic, args.read_mb * 1_000_000)
        variant.settle(topic)
        variant.await_quiet()
        variant.kept[topic] = args.read_mb * 1_000_000
    return topic


def consume(args, variant, case, number, cold=False):
    topic = _kept_topic(args, variant, case)
    if cold:
        variant.empty_cache(topic)
    usage.forget_peak(variant.pid)
    before = usage.read_from_disk(variant.pid)
    result = load.consume(args, variant, case, topic, variant.kept[topic])
    return {"MB/s": result["bytes"] / result["seconds"] / 1e6, "k records/s": result["records"] / result["seconds"] / 1e3,
            **_costs(result), "MB from device": (usage.read_from_disk(variant.pid) - before) / 1e6,
            "peak MiB": usage.peak_mib(variant.pid)}


def consume_disk(args, variant, case, number):
    return consume(args, variant, case, number, cold=True)


def catchup(args, variant, case, number):
    topic = _kept_topic(args, variant, case)
    variant.empty_cache(topic)
    readers = ["--readers", case.clients, "--read-topic", topic, "--read-partitions", case.partitions, "--read-bytes",
               variant.kept[topic]]
    result, peak = _in_fresh_topic(args, variant, case, number, rate=case.rate, more=readers)
    moved = {**result, "bytes": result["bytes"] + result["read_bytes"], "records": result["records"] + result["read_records"]}
    return {"read MB/s": result["read_bytes"] / result["read_seconds"] / 1e6,
            "unread at the end MB": max(0, variant.kept[topic] - result["read_bytes"]) / 1e6,
            **_latency(result), **_costs(moved), **peak}


def flood(args, variant, case, number):
    """The fixed rate comes from one client; the others fill another topic as fast as they can."""
    topic, alone = f"{case.name}-{number}-flood", dataclasses.replace(case, clients=1)
    variant.create(topic, case.partitions)
    try:
        with concurrent.futures.ThreadPoolExecutor() as pool:
            # It begins before the measured time and ends after it.
            around = args.seconds + 2 * args.warmup + FLOOD_MARGIN_SECONDS
            flooding = pool.submit(load.produce, args, variant, case, topic, seconds=around)
            result, peak = _in_fresh_topic(args, variant, alone, number, rate=case.rate)
            flooded = flooding.result()
        return {**_latency(result), "flood MB/s": flooded["bytes"] / flooded["seconds"] / 1e6, **peak}
    finally:
        variant.settle(topic)
        variant.delete(topic)


def start(args, variant, case, number):
    """An empty broker of its own, prepared on the first turn."""
    fresh = variant.beside = variant.beside or Variant(args, variant.name)
    try:
        return {"seconds to answer": fresh.start(), "MiB then": usage.resident_mib(fresh.pid)}
    finally:
        fresh.stop()


def _share_of_core(pid):
    before = usage.cpu_seconds(pid)
    time.sleep(IDLE_SECONDS)
    return (usage.cpu_seconds(pid) - before) / IDLE_SECONDS * 100


def idle(args, variant, case, number):
    time.sleep(1)
    return {"% of a core": _share_of_core(variant.pid), "MiB": usage.resident_mib(variant.pid)}


def partitions(args, variant, case, number):
    with Variant(args, variant.name) as fresh:
        fresh.start()
        fresh.topic("create", "first", "-p", 1)
        time.sleep(1)
        before, started = usage.resident_mib(fresh.pid), time.monotonic()
        fresh.topic("create", "many", "-p", case.partitions)
        answered = time.monotonic() - started
        fresh.await_quiet(QUIET_PATIENCE)  # an answer may come before the work is done
        quiet = time.monotonic() - started
        time.sleep(1)
        return {"seconds to answer": answered, "seconds to quiet": quiet,
                "KiB per partition": (usage.resident_mib(fresh.pid) - before) * 1024 / case.partitions,
                "idle % of a core": _share_of_core(fresh.pid)}


def failover(args, cluster, case, number):
    """One of three dies, as by kill -9, another one in each round; for each partition, how long nothing was acknowledged."""
    topic, victim = f"{case.name}-{number}", number % len(cluster.brokers)
    cluster.create(topic, case.partitions)
    try:
        result = load.produce(args, cluster, case, topic, "--kill-pid", cluster.pids[victim], "--kill-node",
                              cluster.node_id(victim), "--kill-after", FAILOVER_BEFORE_SECONDS, rate=case.rate,
                              seconds=FAILOVER_SECONDS)
    finally:
        cluster.await_dead_and_start(victim)
        cluster.delete(topic)
    gaps = result["gaps_ms"]
    figures = {"partitions led by it": gaps["led"]["count"], "never back": gaps["led"]["silent"] + gaps["others"]["silent"]}
    for whose, name in ("led", "its partitions"), ("others", "others"):
        figures |= {f"{name} {p} ms": gaps[whose][p] for p in ("p50", "p99", "max")}
    figures["generator late p99 ms"] = result["late_us"]["p99"] / 1e3
    return figures


def _spans(times, what):
    return {f"{what} {p} ms": times[p] for p in ("p50", "p99", "max")}


def _asked(args, variant, case, number, what, *more):
    """In a fresh topic; CPU beside what the load says."""
    topic = f"{case.name}-{number}"
    variant.create(topic, case.partitions)
    try:
        result = load.ask(args, variant, case, what, topic, "--seconds", args.seconds, "--warmup", args.warmup, *more)
    finally:
        variant.settle(topic)
        variant.delete(topic)
    return result


def transactions(args, variant, case, number):
    result = _asked(args, variant, case, number, "transact", "--record-bytes", case.record)
    return {"transactions/s": result["transactions"] / result["seconds"], **_spans(result["commit_ms"], "one"), **_costs(result)}


def _cpu_each(result, count):
    return {"broker CPU ms each": result["broker_cpu"] * 1e3 / count, "client CPU ms each": result["client_cpu"] * 1e3 / count}


def rebalance(args, variant, case, number):
    result = _asked(args, variant, case, number, "rebalance")
    return {**_spans(result["rebalance_ms"], "all"), **_cpu_each(result, result["rebalances"])}


def commits(args, variant, case, number):
    result = _asked(args, variant, case, number, "commits")
    return {"commits/s": result["commits"] / result["seconds"], **_spans(result["commit_ms"], "one"),
            **_cpu_each(result, result["commits"])}


def groupload(args, cluster, case, number):
    """One of three dies; how long until another one knows the offsets of all groups that it coordinated."""
    topic, victim = f"{case.name}-{number}", number % len(cluster.brokers)
    cluster.create(topic, case.partitions)
    try:
        result = load.ask(args, cluster, case, "groups", topic, "--kill-pid", cluster.pids[victim], "--kill-place", victim,
                          "--seconds", GROUP_LOAD_SECONDS)
    finally:
        cluster.await_dead_and_start(victim)
        cluster.delete(topic)
    return {"groups coordinated by it": result["groups"], "never back": result["silent"], "first group ms": result["first"],
            **_spans(result, "a group"), "from the first to the last ms": result["max"] - result["first"]}


BY_KIND = {"transactions": transactions, "rebalance": rebalance, "commits": commits, "groupload": groupload, "produce3": produce, "latency3": latency, "failover": failover, "produce": produce, "latency": latency,
           "consume": consume, "consume-disk": consume_disk, "catchup": catchup, "flood": flood, "start": start,
           "idle": idle, "partitions": partitions, "limits": limits.measure}
WITHOUT_RUNNING = ("start", "partitions", "limits")
OF_THREE = ("produce3", "latency3", "failover", "groupload")


def after_case(variant):
    """Deletes what the turns of a case kept."""
    if variant.beside:
        variant.beside.close()
        variant.beside = None
    for topic in variant.kept:
        variant.delete(topic)
    variant.kept.clear()
