"""Turns of loads that are no stream of records: transactions, and what members of groups ask."""
from harness import load
from harness.figures import costs, costs_each, spans


def _asked(args, variant, case, number, what, *more):
    """In a fresh topic."""
    topic = f"{case.name}-{number}"
    variant.create(topic, case.partitions)
    result = load.ask(args, variant, case, what, topic, "--seconds", args.seconds, "--warmup", args.warmup, *more)
    variant.settle(topic)
    variant.delete(topic)
    return result


def transactions(args, variant, case, number):
    result = _asked(args, variant, case, number, "transact", "--record-bytes", case.record)
    return {"transactions/s": result["transactions"] / result["seconds"], **spans(result["commit_ms"], "one"),
            "repeats for each": result["repeats"] / result["transactions"],
            **costs_each(result, result["transactions"]), **costs(result)}


def rebalance(args, variant, case, number):
    result = _asked(args, variant, case, number, "rebalance")
    return {**spans(result["rebalance_ms"], "all"), **costs_each(result, result["rebalances"])}


def commits(args, variant, case, number):
    result = _asked(args, variant, case, number, "commits")
    return {"commits/s": result["commits"] / result["seconds"], **spans(result["commit_ms"], "one"),
            **costs_each(result, result["commits"])}
