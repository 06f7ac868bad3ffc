"""Just enough of Kafka's protocol, by hand, to send a broker what no client would."""
import socket
import struct

API_VERSIONS, METADATA, PRODUCE, FETCH, CREATE_TOPICS = 18, 3, 0, 1, 19


def string(value):
    if value is None:
        return struct.pack(">h", -1)
    raw = value.encode()
    return struct.pack(">h", len(raw)) + raw


def request(key, version, body, correlation=1, client="wire", flexible=False):
    """`flexible`: request header version 2, which ends in a count of tagged fields."""
    head = struct.pack(">hhi", key, version, correlation) + string(client) + (b"\0" if flexible else b"")
    return struct.pack(">i", len(head) + len(body)) + head + body


class Wire:
    def __init__(self, port, timeout=20):
        self.socket = socket.create_connection(("127.0.0.1", port), timeout)

    def send(self, raw):
        self.socket.sendall(raw)
        return self

    def receive_exactly(self, count):
        data = b""
        while len(data) < count:
            piece = self.socket.recv(count - len(data))
            if not piece:
                return None
            data += piece
        return data

    def answer(self):
        """The next answer's bytes behind its size, or None once the broker has closed."""
        size = self.receive_exactly(4)
        return None if size is None else self.receive_exactly(struct.unpack(">i", size)[0])

    def ask(self, key, version, body, correlation=1):
        self.send(request(key, version, body, correlation))
        return self.answer()

    def closed(self):
        """Whether the broker closes the connection (waits for it)."""
        try:
            while True:
                if not self.socket.recv(65536):
                    return True
        except (ConnectionResetError, BrokenPipeError):
            return True
        except TimeoutError:
            return False

    def close(self):
        self.socket.close()
