"""Waits until a Kafka broker answers: the same criterion for whatever is measured."""
import socket
import struct
import time

METADATA = struct.pack(">hhih", 3, 1, 1, 5) + b"bench" + struct.pack(">i", 0)  # version 1, of no topic
PROBE = struct.pack(">hhih", 18, 0, 1, 5) + b"bench"  # ApiVersions, version 0


def _asked(port, request, size):
    """The first `size` bytes of the answer; fewer when the broker closes."""
    with socket.create_connection(("127.0.0.1", port), 1) as connection:
        connection.settimeout(2)
        connection.sendall(struct.pack(">i", len(request)) + request)
        found = b""
        while len(found) < size and (piece := connection.recv(size - len(found))):
            found += piece
        return found


def once(port):
    return len(_asked(port, PROBE, 4)) == 4


def brokers(port):
    """How many the broker there would name to clients."""
    found = _asked(port, METADATA, 12)  # size, correlation id, count
    return struct.unpack(">i", found[8:])[0] if len(found) == 12 else 0


def together(ports, patience=60):
    """Until each of these brokers knows all of them. One may answer before the others may give it partitions."""
    end = time.monotonic() + patience
    while time.monotonic() < end:
        try:
            if all(brokers(port) == len(ports) for port in ports):
                return
        except OSError:
            pass
        time.sleep(0.05)
    raise RuntimeError(f"not all of the {len(ports)} brokers knew each other within {patience} s")


def wait(process, port, patience=90):
    """Seconds until the port answered ApiVersions; raises when the process ends or patience does."""
    started = time.monotonic()
    while time.monotonic() - started < patience:
        if process.poll() is not None:
            raise RuntimeError(f"it ended with {process.returncode}")
        try:
            if once(port):
                return time.monotonic() - started
        except OSError:
            pass
        time.sleep(0.005)
    raise RuntimeError(f"no answer within {patience} s")


def connects(process, port, patience=20):
    """Until something listens there."""
    end = time.monotonic() + patience
    while time.monotonic() < end and process.poll() is None:
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
            return
        except OSError:
            time.sleep(0.01)
    raise RuntimeError("nothing listens")
