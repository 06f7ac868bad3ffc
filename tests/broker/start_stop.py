"""Starting and stopping as an operator does it: options, the lock, formats, readiness, metrics, levels, signals."""
import argparse
import os
import pathlib
import shutil
import subprocess
import tempfile

from process import Broker, Checks


def weir(args, *arguments):
    done = subprocess.run([args.weir, *arguments], capture_output=True, text=True, timeout=60, stdin=subprocess.DEVNULL)
    return done.returncode, done.stdout, done.stderr


def refused(check, name, args, code, words, *arguments):
    """One line to stderr with `words` in it, nothing started."""
    got, _, error = weir(args, *arguments)
    lines = error.strip().splitlines()
    check(name, got == code and len(lines) == 1 and all(w in error for w in words), (got, error[:300]))


def command_line(check, args):
    code, out, _ = weir(args, "start", "--help")
    check("--help teaches", code == 0 and "--dev" in out and "log.segment_bytes" in out)
    check("--version", weir(args, "start", "--version")[0] == 0)
    refused(check, "an unknown option gets the nearest one", args, 2, ["log.segmnt_bytes", "log.segment_bytes"],
            "start", "--dev", "--set", "log.segmnt_bytes=1MiB")
    refused(check, "a bad value", args, 2, ["node.memory"], "start", "--dev", "--memory", "lots")
    refused(check, "an unknown flag", args, 2, ["--nonsense"], "start", "--nonsense")
    refused(check, "a missing file", args, 2, ["no-such.yaml"], "start", "--config", "/tmp/no-such.yaml")
    with tempfile.TemporaryDirectory() as folder:
        file = pathlib.Path(folder, "weir.yaml")
        file.write_text("log:\n  retention_ms: never\n")
        refused(check, "a bad value in a file", args, 2, ["log.retention_ms", "weir.yaml"], "start", "--config", str(file))
        file.write_text("log: [")
        refused(check, "a file that is not YAML", args, 2, ["weir.yaml"], "start", "--config", str(file))


def running(check, args, data):
    with Broker(args.weir, data=data) as broker:
        check("ready", broker.get("/v1/status/ready")[0] == 200)
        refused(check, "a second process is refused and told which one is there", args, 1, ["in use by process"],
                "start", "--dev", "--data-dir", data, "--kafka", "127.0.0.1:0", "--admin", "127.0.0.1:0")
        other = data + "-other"
        code, _, error = weir(args, "start", "--dev", "--data-dir", other, "--kafka", broker.kafka, "--admin", "127.0.0.1:0")
        check("a port in use is named", code == 1 and broker.kafka in error, (code, error[-300:]))
        shutil.rmtree(other, ignore_errors=True)
        metrics = broker.get("/metrics")[1]
        check("metrics", "weir_storage_partitions" in metrics and "weir_kafka_connections" in metrics)
        check("cluster", broker.json("/v1/cluster")["node_id"] == 1)
        check("partitions", broker.json("/v1/partitions") == [])
        check("config", broker.json("/v1/config")["node.smp"]["source"] == "start")
        import urllib.request
        put = urllib.request.Request(f"http://{broker.admin}/v1/loggers/kafka?level=debug", method="PUT")
        urllib.request.urlopen(put, timeout=10).read()
        check("log levels change at run time", broker.json("/v1/loggers")["kafka"] == "debug")
        check("an unknown page is a 404", broker.get("/v1/nothing")[0] == 404)
        check("SIGTERM ends it with 0", broker.stop() == 0)
    with Broker(args.weir, data=data) as broker:
        check("it starts again", broker.stop() == 0)
    pathlib.Path(data, "format").write_text("999\n")
    refused(check, "a newer format is refused", args, 1, ["newer", "999"], "start", "--dev", "--data-dir", data)
    pathlib.Path(data, "format").write_text("1\n")
    refused(check, "another node's directory is refused", args, 1, ["node 1"], "start", "--dev", "--data-dir", data,
            "--node-id", "7")


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--weir", required=True)
    args = parser.parse_args()
    check = Checks()
    command_line(check, args)
    data = tempfile.mkdtemp(prefix="weir-test-")
    try:
        running(check, args, data)
    finally:
        shutil.rmtree(data, ignore_errors=True)
        if os.path.exists(data + ".log"):
            os.unlink(data + ".log")
    check.close()


if __name__ == "__main__":
    main()
