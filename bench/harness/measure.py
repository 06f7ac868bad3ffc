"""One turn: one case on one broker, as figures by name. Every turn has a fresh topic, but for what readers read. A turn that
fails raises; what it leaves behind goes with its broker."""
import concurrent.futures
import dataclasses
import time

from harness import deaths, groups, limits, load, usage
from harness.brokers import Variant
from harness.figures import costs, latency as latency_of, rates

IDLE_SECONDS = 2
QUIET_PATIENCE = 60
FLOOD_MARGIN_SECONDS = 3


def _in_fresh_topic(args, variant, case, number, **how):
    topic = f"{case.name}-{number}"
    variant.create(topic, case.partitions)
    for pid in variant.pids:
        usage.forget_peak(pid)
    result = load.produce(args, variant, case, topic, *how.pop("more", ()), **how)
    peak = {"peak MiB": variant.of_all(usage.peak_mib)}
    variant.settle(topic)
    variant.delete(topic)
    return result, peak


def produce(args, variant, case, number):
    result, peak = _in_fresh_topic(args, variant, case, number)
    return {**rates(result), **costs(result), **peak}


def latency(args, variant, case, number):
    result, peak = _in_fresh_topic(args, variant, case, number, rate=case.rate)
    return {**latency_of(result), **costs(result), **peak}


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
    return {**rates(result), **costs(result), "MB from device": (usage.read_from_disk(variant.pid) - before) / 1e6,
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
            **latency_of(result), **costs(moved), **peak}


def flood(args, variant, case, number):
    """The fixed rate comes from one client; the others fill another topic as fast as they can."""
    topic, alone = f"{case.name}-{number}-flood", dataclasses.replace(case, clients=1)
    variant.create(topic, case.partitions)
    with concurrent.futures.ThreadPoolExecutor() as pool:
        # It begins before the measured time and ends after it.
        around = args.seconds + 2 * args.warmup + FLOOD_MARGIN_SECONDS
        flooding = pool.submit(load.produce, args, variant, case, topic, seconds=around)
        result, peak = _in_fresh_topic(args, variant, alone, number, rate=case.rate)
        flooded = flooding.result()
    variant.settle(topic)
    variant.delete(topic)
    return {**latency_of(result), "flood MB/s": flooded["bytes"] / flooded["seconds"] / 1e6,
            "broker CPU s": result["broker_cpu"], "client CPU s": result["client_cpu"],
            "flood client CPU s": flooded["client_cpu"], **peak}


def start(args, variant, case, number):
    """An empty broker of its own, prepared on the first turn."""
    fresh = variant.beside = variant.beside or Variant(args, variant.name)
    try:
        return {"seconds to answer": fresh.start(), "CPU s": usage.cpu_seconds(fresh.pid),
                "MiB then": usage.resident_mib(fresh.pid)}
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
        before, used, started = usage.resident_mib(fresh.pid), usage.cpu_seconds(fresh.pid), time.monotonic()
        fresh.topic("create", "many", "-p", case.partitions)
        answered = time.monotonic() - started
        fresh.await_quiet(QUIET_PATIENCE)  # an answer may come before the work is done
        quiet, used = time.monotonic() - started, usage.cpu_seconds(fresh.pid) - used
        time.sleep(1)
        return {"seconds to answer": answered, "seconds to quiet": quiet, "broker CPU s": used,
                "KiB per partition": (usage.resident_mib(fresh.pid) - before) * 1024 / case.partitions,
                "idle % of a core": _share_of_core(fresh.pid)}


BY_KIND = {"produce": produce, "latency": latency, "consume": consume, "consume-disk": consume_disk, "catchup": catchup,
           "flood": flood, "produce3": produce, "latency3": latency, "failover": deaths.failover,
           "groupload": deaths.groupload, "transactions": groups.transactions, "rebalance": groups.rebalance,
           "commits": groups.commits, "start": start, "idle": idle, "partitions": partitions, "limits": limits.measure}
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
