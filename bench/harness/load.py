"""Calls of the programs that make load; each answers with one line of JSON."""
import json
import pathlib
import subprocess

WARM_SECONDS_PER_PARTITION = 0.006


def call(command, patience):
    name = pathlib.Path(command[0]).name
    try:
        done = subprocess.run([str(a) for a in command], capture_output=True, text=True, timeout=patience)
    except subprocess.TimeoutExpired as late:
        said = (late.stderr or b"").decode(errors="replace")[-1500:]
        raise RuntimeError(f"{name} did not end within {patience:.0f} s {said}") from None
    if done.returncode or not done.stdout.strip():
        raise RuntimeError(f"{name} failed: {(done.stderr or done.stdout).strip()[-1500:]}")
    return json.loads(done.stdout.strip().splitlines()[-1])


def _common(args, variant, case, topic):
    pids = [word for pid in variant.pids for word in ("--broker-pid", pid)]
    return ["--brokers", variant.bootstrap, *pids, "--topic", topic, "--partitions", case.partitions, "--clients", case.clients]


def produce(args, variant, case, topic, *more, rate=0.0, seconds=None):
    seconds = seconds or args.seconds
    # With many partitions the first requests carry a record or two each, and it takes a while until full ones follow.
    warmup = max(args.warmup, case.partitions * WARM_SECONDS_PER_PARTITION)
    command = [f"{args.tools}/weir-load", "produce", *_common(args, variant, case, topic), "--seconds", seconds,
               "--warmup", warmup, "--record-bytes", case.record, "--acks", case.acks, *more]
    if case.keyed:
        command.append("--keyed")
    if rate:
        command += ["--rate", rate / case.record]
    return call(command, 180 + warmup + 4 * seconds)


def fill(args, variant, case, topic, size):
    """Puts so many bytes there as fast as may be."""
    command = [f"{args.tools}/weir-load", "produce", *_common(args, variant, case, topic), "--bytes", size, "--record-bytes",
               case.record]
    return call(command, 600)


def consume(args, variant, case, topic, size):
    command = [f"{args.tools}/weir-load", "consume", *_common(args, variant, case, topic), "--bytes", size, "--seconds", 60]
    result = call(command, 120)
    if result["bytes"] < size:
        raise RuntimeError(f"{result['bytes']} of {size} bytes came within a minute")
    return result


def ask(args, variant, case, what, topic, *more, patience=180):
    """Of loads that are no stream of records: transact, rebalance, commits, groups."""
    return call([f"{args.tools}/weir-load", what, *_common(args, variant, case, topic), *more], patience + 4 * args.seconds)
