"""Bad input: the broker stays up, its memory bounded, other clients served."""
import argparse
import random
import socket
import struct
import time

from process import Broker, Checks
from wire import API_VERSIONS, CREATE_TOPICS, FETCH, METADATA, PRODUCE, Wire, request, string

MEMORY_BOUND_KIB = 900 * 1024  # 512 MiB for the broker's shards, the rest is the program itself


def served(broker):
    wire = Wire(broker.kafka_port)
    answer = wire.ask(API_VERSIONS, 0, b"", 77)
    wire.close()
    return answer is not None and struct.unpack(">ih", answer[:6]) == (77, 0)


def random_bytes(broker, rng):
    for _ in range(200):
        wire = Wire(broker.kafka_port)
        try:
            wire.send(rng.randbytes(rng.randrange(1, 4000)))
        except OSError:
            pass
        wire.close()


def framed_noise(broker, rng):
    """Frames with a right size and a right header, the body noise: every API in every version."""
    for key in range(0, 95):
        for version in (0, 1, 3, 7, 9, 12, 13, 17):
            wire = Wire(broker.kafka_port)
            try:
                wire.send(request(key, version, rng.randbytes(rng.randrange(0, 300))))
                wire.socket.settimeout(0.01)
                wire.answer()
            except OSError:
                pass
            wire.close()


def truncated(broker, rng):
    whole = request(METADATA, 1, struct.pack(">i", 1) + string("some-topic"))
    for cut in range(len(whole)):
        wire = Wire(broker.kafka_port)
        wire.send(whole[:cut])
        wire.close()


def oversized(broker):
    wire = Wire(broker.kafka_port)
    wire.send(struct.pack(">i", 2_000_000_000) + b"x" * 1000)
    return wire.closed()


def negative(broker):
    wire = Wire(broker.kafka_port)
    wire.send(struct.pack(">i", -5) + b"x" * 100)
    return wire.closed()


def huge_counts(broker):
    """An array that promises two billion entries in a small frame."""
    for key, version in ((METADATA, 1), (PRODUCE, 3), (FETCH, 4), (CREATE_TOPICS, 2)):
        wire = Wire(broker.kafka_port)
        wire.send(request(key, version, struct.pack(">iiiiiii", *([0x7FFFFFFF] * 7))))
        if not wire.closed():
            return False
    return True


def unread_answers(broker):
    """Clients that ask and never read: they are stopped being read, nobody else notices."""
    flood = request(METADATA, 1, struct.pack(">i", -1)) * 2000
    lazy = []
    for _ in range(20):
        wire = Wire(broker.kafka_port)
        wire.socket.settimeout(0.3)
        try:
            for _ in range(200):
                wire.send(flood)
        except OSError:
            pass
        lazy.append(wire)
    good = served(broker)
    for wire in lazy:
        wire.close()
    return good


def many_connections(broker, count):
    opened = []
    for _ in range(count):
        try:
            opened.append(socket.create_connection(("127.0.0.1", broker.kafka_port), 5))
        except OSError:
            break
    good = served(broker)
    number = len(opened)
    for s in opened:
        s.close()
    return good, number


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--weir", required=True)
    args = parser.parse_args()
    import resource
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    connections = min(10_000, hard - 1000)  # the broker has a limit of its own
    rng = random.Random(20260101)
    check = Checks()
    with Broker(args.weir) as broker:
        check("a plain client is served", served(broker))
        random_bytes(broker, rng)
        check("after random bytes", served(broker))
        framed_noise(broker, rng)
        check("after noise in every API", served(broker))
        truncated(broker, rng)
        check("after truncated frames", served(broker))
        check("an oversized frame closes its connection", oversized(broker))
        check("a negative size closes its connection", negative(broker))
        check("huge counts close their connection", huge_counts(broker))
        check("an unserved version closes its connection", Wire(broker.kafka_port).send(request(METADATA, 999, b"")).closed())
        answer = Wire(broker.kafka_port).send(request(API_VERSIONS, 999, b"", 5, flexible=True)).answer()
        check("an unknown ApiVersions version gets the v0 answer with UNSUPPORTED_VERSION",
              answer is not None and struct.unpack(">ih", answer[:6]) == (5, 35))
        check("clients that never read don't hinder others", unread_answers(broker))
        good, number = many_connections(broker, connections)
        check(f"{number} connections opened and left", good and number >= connections * 0.9)
        deadline = time.monotonic() + 30
        while time.monotonic() < deadline and "weir_kafka_connections{" in broker.get("/metrics")[1]:
            values = [float(line.split()[-1]) for line in broker.get("/metrics")[1].splitlines()
                      if line.startswith("weir_kafka_connections{")]
            if sum(values) <= 1:
                break
            time.sleep(0.2)
        check("left connections are given up", sum(values) <= 1, values)
        check("memory is bounded", broker.memory_kib() < MEMORY_BOUND_KIB, broker.memory_kib())
        check("the same process still runs", broker.process.poll() is None)
        check("SIGTERM still ends it in order", broker.stop() == 0)
    check.close()


if __name__ == "__main__":
    main()
