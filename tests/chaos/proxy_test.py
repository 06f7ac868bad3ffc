"""Whether the proxy does what the nemesis believes of it: a server and callers on both sides of it, no broker."""
import os
import socket
import threading

from network import CLIENTS, Network
from process import free_ports

QUIET_SECONDS = 0.3  # nothing may arrive for so long
PATIENCE = 20


class Server:
    """Keeps the connections that it was given."""

    def __init__(self):
        self.socket = socket.create_server(("127.0.0.1", 0))
        self.port = self.socket.getsockname()[1]

    def accept(self):
        self.socket.settimeout(PATIENCE)
        return self.socket.accept()[0]


def arrives(connection, wanted, seconds=PATIENCE):
    connection.settimeout(seconds)
    found = b""
    try:
        while len(found) < len(wanted):
            piece = connection.recv(100)
            if not piece:
                return False
            found += piece
    except TimeoutError:
        return False
    return found == wanted


def broken(connection):
    """Whether it was reset, not closed in order."""
    connection.settimeout(PATIENCE)
    try:
        connection.recv(1)
    except ConnectionResetError:
        return True
    except TimeoutError:
        pass
    return False


class Case:
    def __init__(self, check, network):
        self.check, self.network = check, network
        self.server = Server()
        self.port, = free_ports(1)
        network.route(self.port, self.server.port, "n2")

    def pair(self):
        near = socket.create_connection(("127.0.0.1", self.port), PATIENCE)
        return near, self.server.accept()

    def one_way(self, caller):
        near, far = self.pair()
        near.sendall(b"1")
        self.check(f"{caller}: bytes pass", arrives(far, b"1"))
        self.check(f"{caller}: its name is known", self.network.connections(caller, "n2") == 1)
        self.network.cut(caller, "n2")
        near.sendall(b"2")
        far.sendall(b"3")
        self.check(f"{caller}: one way is cut, the other is not", not arrives(far, b"2", QUIET_SECONDS) and arrives(near, b"3"))
        late = socket.create_connection(("127.0.0.1", self.port), PATIENCE)
        late.sendall(b"4")
        self.server.socket.settimeout(QUIET_SECONDS)
        try:
            self.server.socket.accept()
            self.check(f"{caller}: nobody connects over a cut", False)
        except TimeoutError:
            self.check(f"{caller}: nobody connects over a cut", True)
        self.network.slow(caller, "n2", 0.001)
        self.network.cut(caller, "n2")
        self.network.mend(caller, "n2", cut=False)
        self.network.mend(caller, "n2")
        self.check(f"{caller}: a link that is cut twice is mended by two", not arrives(far, b"2", QUIET_SECONDS))
        self.network.mend(caller, "n2")
        self.check(f"{caller}: what waited arrives", arrives(far, b"2") and arrives(self.server.accept(), b"4"))
        near.sendall(b"5")
        near.shutdown(socket.SHUT_WR)
        self.check(f"{caller}: an end is passed on, behind what was sent", arrives(far, b"5") and far.recv(1) == b"")
        far.sendall(b"6")
        self.check(f"{caller}: and the other half lives on", arrives(near, b"6"))
        for c in (near, far, late):
            c.close()

    def resets(self):
        near, far = self.pair()
        self.network.cut("n2", CLIENTS)
        far.sendall(b"lost")
        self.network.reset("n2", CLIENTS)
        self.check("reset breaks both ends, and what waited is gone", broken(near) and broken(far))
        self.network.heal()
        near, far = self.pair()
        self.network.slow(CLIENTS, "n2", 0, reset=1.0)
        near.sendall(b"never")
        self.check("a link that loses breaks the connection", broken(far) and broken(near))
        self.network.heal()
        near, far = self.pair()
        far.close()
        near.settimeout(PATIENCE)
        self.check("an end from the far side comes through", near.recv(1) == b"")
        self.server.socket.close()
        try:
            refused = broken(socket.create_connection(("127.0.0.1", self.port), PATIENCE))
        except ConnectionResetError:  # before connect() had returned
            refused = True
        self.check("a dead broker refuses through the proxy too", refused)

    def order(self):
        """Much data, jittered: nothing is lost, nothing overtakes."""
        near, far = self.pair()
        self.network.slow(CLIENTS, "n2", 0.002, spread=0.01)
        sent = b"".join(i.to_bytes(4, "big") for i in range(100_000))
        threading.Thread(target=near.sendall, args=(sent,), daemon=True).start()
        found = bytearray()
        far.settimeout(PATIENCE)
        while len(found) < len(sent) and (piece := far.recv(65536)):
            found += piece
        self.check("delayed bytes keep their order", bytes(found) == sent)
        self.network.heal()


def test(check, folder):
    network = Network(folder / "proxy.log")
    try:
        case = Case(check, network)
        case.one_way(CLIENTS)
        case.order()
        network.pid("n1", os.getpid())  # from now on this process is a broker
        case.one_way("n1")
        network.pid("n1", 1 << 30)
        case.resets()
    finally:
        network.close()
    wrong = (folder / "proxy.log").read_text()
    check("the proxy complains of nothing", not wrong, wrong[-1000:])
