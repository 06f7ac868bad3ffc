"""Waits until a Kafka broker answers: the same criterion for whatever is measured."""
import socket
import struct
import time

PROBE = struct.pack(">hhih", 18, 0, 1, 5) + b"bench"  # ApiVersions, version 0


def once(port):
    with socket.create_connection(("127.0.0.1", port), 1) as connection:
        connection.settimeout(2)
        connection.sendall(struct.pack(">i", len(PROBE)) + PROBE)
        return len(connection.recv(4)) == 4


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
