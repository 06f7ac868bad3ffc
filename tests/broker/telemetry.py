"""Client metrics (KIP-714): subscriptions reach the clients that they match, pushes are shown at /metrics, and no push that is
malformed, too large, too early or a bomb costs more than its answer."""
import argparse
import gzip
import re
import struct
import time

import codec
from process import Broker, Checks
from wire import Wire, request

NONE, INVALID_REQUEST, UNSUPPORTED_COMPRESSION, INVALID_RECORD, THROTTLED = 0, 42, 76, 87, 89
UNKNOWN_SUBSCRIPTION, TOO_LARGE = 117, 118
PLAIN, GZIP, SNAPPY, LZ4, ZSTD = range(5)
CLIENT_METRICS, SET = 16, 0
MEMORY_KIB = 900 * 1024


def number(value):
    return codec.uvarint(value)


def field(n, inside):
    return number(n << 3 | 2) + number(len(inside)) + inside


def whole(n, value):
    return number(n << 3) + number(value)


def point(value):
    return field(1, number(3 << 3 | 1) + struct.pack("<q", 1) + number(4 << 3 | 1) + struct.pack("<d", value))


def gauge(name, *values):
    return field(2, field(1, name.encode()) + field(5, b"".join(point(v) for v in values)))


def rising(name, *values):
    return field(2, field(1, name.encode()) + field(7, b"".join(point(v) for v in values) + whole(2, 1) + whole(3, 1)))


def otlp(*metrics):
    return field(1, field(2, b"".join(metrics)))


class Client:
    """One connection, with a name and a version as a client of Kafka gives them."""

    def __init__(self, broker, name="surface"):
        self.wire = Wire(broker.kafka_port, timeout=30)
        self.id = codec.NO_ID
        self.ask("api_versions", 4, client_software_name=name, client_software_version="1.0")

    def ask(self, api, version, **fields):
        key, body, flexible = codec.encode(api, version, fields)
        raw = self.wire.send(request(key, version, body, flexible=flexible, client="me")).answer()
        return codec.decode(api, version, raw)

    def subscribe(self):
        told = self.ask("get_telemetry_subscriptions", 0, client_instance_id=self.id)
        if told["error"] == NONE:
            self.id, self.subscription = told["client_instance_id"], told["subscription_id"]
        return told

    def push(self, metrics, compression=PLAIN, terminating=False, subscription=None):
        return self.ask("push_telemetry", 0, client_instance_id=self.id, terminating=terminating, compression_type=compression,
                        subscription_id=self.subscription if subscription is None else subscription,
                        metrics=metrics.hex())["error"]

    def configure(self, **options):
        told = self.ask("incremental_alter_configs", 1, resources=[
            {"resource_type": CLIENT_METRICS, "resource_name": "all", "configs": [
                {"name": n.replace("_", "."), "config_operation": SET, "value": v} for n, v in options.items()]}])
        assert told["responses"][0]["error"] == NONE, told


def shown(broker, figure, metric):
    line = rf'^weir_client_metrics_{figure}{{[^}}]*metric="{re.escape(metric)}"[^}}]*}} (\S+)'
    found = re.findall(line, broker.get("/metrics")[1], re.M)
    return float(found[0]) if found else None


def subscriptions(check, broker):
    admin = Client(broker)
    told = admin.subscribe()
    check("without subscriptions nothing is wanted", told["error"] == NONE and told["requested_metrics"] == [], told)
    check("a client gets an id", admin.id != codec.NO_ID)
    check("every compression is taken, the best first", told["accepted_compression_types"] == [ZSTD, LZ4, GZIP, SNAPPY])
    check("five minutes, a mebibyte, differences", (told["push_interval_ms"], told["telemetry_max_bytes"],
                                                     told["delta_temporality"]) == (300_000, 1 << 20, True), told)
    check("asking again at once is too soon", admin.subscribe()["error"] == THROTTLED)
    admin.configure(metrics="org.apache.kafka.", interval_ms="100", match="client_software_name=apache-.*,client_id=m.")
    told = Client(broker).subscribe()
    check("a client that does not match is asked for nothing", told["error"] == NONE and told["requested_metrics"] == [], told)
    client = Client(broker, "apache-kafka-java")
    told = client.subscribe()
    check("one that does is", told["requested_metrics"] == ["org.apache.kafka."] and told["push_interval_ms"] == 100, told)
    admin.configure(metrics="*")
    check("a client whose subscription changed is told so", client.push(b"") == UNKNOWN_SUBSCRIPTION)
    told = client.subscribe()
    check("all is asked for by an empty beginning", told["error"] == NONE and told["requested_metrics"] == [""], told)
    return client


def pushes(check, broker, client):
    sent = otlp(gauge("org.apache.kafka.producer.queue.time.avg", 4.0, 8.0), rising("org.apache.kafka.producer.sends", 7))
    told = client.push(sent)
    check("a push", told == NONE, told)
    check("a second one at once is too soon", client.push(sent) == THROTTLED)
    check("a gauge is shown by its mean and its largest", (
        shown(broker, "mean", "org.apache.kafka.producer.queue.time.avg"),
        shown(broker, "largest", "org.apache.kafka.producer.queue.time.avg")) == (6.0, 8.0), broker.get("/metrics")[1][-2000:])
    check("what rises is added up", shown(broker, "increase", "org.apache.kafka.producer.sends") == 7.0)
    check("compressed", timely(client, gzip.compress(sent), GZIP) == NONE)
    check("and counted", shown(broker, "increase", "org.apache.kafka.producer.sends") == 14.0)
    check("of no subscription", timely(client, sent, subscription=client.subscription + 1) == UNKNOWN_SUBSCRIPTION)
    check("with no compression that there is", timely(client, sent, 9) == UNSUPPORTED_COMPRESSION)
    check("the last words may come early", client.push(sent, terminating=True) == NONE)
    check("and are the last", timely(client, sent) == INVALID_REQUEST)
    client.id = codec.NO_ID
    check("of nobody", client.push(sent) == INVALID_REQUEST)


def timely(client, metrics, compression=PLAIN, **more):
    """The next push that is not too soon."""
    end = time.monotonic() + 10
    while True:
        told = client.push(metrics, compression, **more)
        if told != THROTTLED or time.monotonic() > end:
            return told
        time.sleep(0.02)


def hostile(check, broker):
    def fresh():
        client = Client(broker, "apache-kafka-java")
        client.subscribe()
        return client
    check("noise", fresh().push(b"\xff" * 1000) == INVALID_RECORD)
    check("noise that is to be unpacked", fresh().push(b"\xff" * 1000, GZIP) == INVALID_RECORD)
    check("more than is taken", fresh().push(b"\0" * ((1 << 20) + 1)) == TOO_LARGE)
    check("a bomb", fresh().push(gzip.compress(b"\0" * (300 << 20)), GZIP) == TOO_LARGE)
    started = time.monotonic()
    check("empty messages without end", fresh().push(gzip.compress(b"\x0a\x00" * (2 << 20)), GZIP) == NONE)
    check("take a moment", time.monotonic() - started < 10)
    for n in range(4):
        fresh().push(otlp(*(gauge(f"made.up.{n}.{i}", 1.0) for i in range(1000))))
    names = set(re.findall(r'metric="([^"]*)"', broker.get("/metrics")[1]))
    check("there is room for so many names", 100 < len(names) <= 256, len(names))
    check("names that can't be shown are not", fresh().push(otlp(gauge('a"b\n', 1.0))) == NONE and
          not any("a" == n[:1] for n in names))
    check("memory stays bounded", broker.memory_kib() < MEMORY_KIB, broker.memory_kib())
    check("no core was kept from its other work", max(broker.stalls_ms(), default=0) < 500, broker.stalls_ms())


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--weir", required=True)
    args = parser.parse_args()
    check = Checks()
    with Broker(args.weir) as broker:
        pushes(check, broker, subscriptions(check, broker))
        hostile(check, broker)
    check.close()


if __name__ == "__main__":
    main()
