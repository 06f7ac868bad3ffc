"""What the machine gives at best: bytes to a bare Seastar sink, flushed writes to a bare file."""
import pathlib
import signal
import subprocess

from harness import answer, load, usage
from process import free_ports

CONNECTIONS = 4
CHUNK = 1 << 20


def _sink(args):
    (port,) = free_ports(1)
    command = [f"{args.tools}/weir-sink", "--port", port, "--smp", args.smp, "--memory", "256M"]
    sink = subprocess.Popen([str(a) for a in command], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                            stderr=subprocess.DEVNULL)
    try:
        answer.connects(sink, port)
        before = usage.cpu_seconds(sink.pid)
        result = load.call([f"{args.tools}/weir-limits", "send", port, CONNECTIONS, args.seconds], 60 + args.seconds)
        result["broker_cpu"] = usage.cpu_seconds(sink.pid) - before
        return result
    finally:
        sink.send_signal(signal.SIGTERM)
        try:
            sink.wait(10)
        except subprocess.TimeoutExpired:
            sink.kill()
            sink.wait(10)


def measure(args, _variant, _case, _number):
    sink = _sink(args)
    file = pathlib.Path(args.dir) / "limit"
    try:
        disk = load.call([f"{args.tools}/weir-limits", "disk", file, CHUNK, args.seconds], 120 + args.seconds)
    finally:
        file.unlink(missing_ok=True)
    return {"sink MB/s": sink["bytes"] / sink["seconds"] / 1e6, "sink CPU s/GB": sink["broker_cpu"] / (sink["bytes"] / 1e9),
            "sender CPU s/GB": sink["cpu"] / (sink["bytes"] / 1e9),
            "flushed file MB/s": disk["bytes"] / disk["seconds"] / 1e6,
            "flushes/s": disk["bytes"] / CHUNK / disk["seconds"]}
