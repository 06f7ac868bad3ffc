"""What loads say, as figures by name."""


def costs(result):
    gigabytes, millions = result["bytes"] / 1e9, result["records"] / 1e6
    return {"broker CPU s": result["broker_cpu"], "client CPU s": result["client_cpu"],
            "broker CPU s/GB": result["broker_cpu"] / gigabytes, "client CPU s/GB": result["client_cpu"] / gigabytes,
            "broker CPU s/M records": result["broker_cpu"] / millions,
            "client CPU s/M records": result["client_cpu"] / millions}


def costs_each(result, count):
    """Where what is done is no stream of records."""
    return {"broker CPU ms each": result["broker_cpu"] * 1e3 / count, "client CPU ms each": result["client_cpu"] * 1e3 / count,
            "client, share of a core": result["client_cpu"] / result["seconds"]}


def rates(result):
    return {"MB/s": result["bytes"] / result["seconds"] / 1e6, "k records/s": result["records"] / result["seconds"] / 1e3}


def latency(result):
    figures = {f"{p} ms": result["latency_us"][p] / 1e3 for p in ("p50", "p99", "p99.9", "p99.99", "max")}
    figures["generator late p99 ms"] = result["late_us"]["p99"] / 1e3
    if result["behind"]:
        figures["rate not reached"] = 1.0
    return figures


def spans(times, what):
    return {f"{what} {p} ms": times[p] for p in ("p50", "p99", "max")}
