"""The network of a chaos run: every connection, between brokers and from clients, goes through this process, which can hold
bytes back in one direction or both, delay them, and reset connections. It needs no rights and no namespaces.

    python proxy.py        commands come as lines of JSON on standard input, each is answered by a line; it ends with its input

Who opened a connection is found by its port in /proc/net/tcp and the open files of the brokers, so that brokers may share one
address for each other and nothing of theirs is changed but the addresses that they tell. Whoever is no broker is "clients".

What a cut means here: bytes wait, on connections that exist and in ones that are being made, as they would in TCP's own
queues while packets are dropped, and flow on when the link heals, unless an end has given up by then. Differences from packets
that are lost: the connect() of a caller succeeds at once, and some 100 KiB more than usual fit into the queues."""
import asyncio
import json
import os
import random
import socket
import struct
import sys

CHUNK, CHUNKS_WAITING = 65536, 8


class Link:
    """One direction between two names. `reset` is the chance that a chunk breaks its connection instead of arriving."""

    def __init__(self):
        self.open = asyncio.Event()
        self.open.set()
        self.delay = self.spread = self.reset = 0.0

    def set(self, cut=False, delay=0.0, spread=0.0, reset=0.0):
        self.delay, self.spread, self.reset = delay, spread, reset
        self.open.clear() if cut else self.open.set()


class Callers:
    """Which broker a connection comes from."""

    def __init__(self):
        self.pids = {}  # name -> pid

    def find(self, port):
        inode = self.inode(port)
        wanted = f"socket:[{inode}]"
        for name, pid in self.pids.items():
            try:
                with os.scandir(f"/proc/{pid}/fd") as files:
                    for file in files:
                        try:
                            if os.readlink(file.path) == wanted:
                                return name
                        except OSError:
                            pass
            except OSError:
                pass  # it has ended
        return "clients"

    @staticmethod
    def inode(port):
        end = f":{port:04X}"
        for table in ("/proc/net/tcp", "/proc/net/tcp6"):
            with open(table) as lines:
                for line in lines:
                    words = line.split()
                    if words[1].endswith(end) and words[3] == "01":
                        return words[9]
        return "none"


def reset(writer):
    """Breaks the connection as a kernel does whose process has died, instead of ending it in order."""
    try:
        writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    except OSError:
        pass
    writer.transport.abort()


class Connection:
    def __init__(self, proxy, caller, callee, near, far):
        self.proxy, self.caller, self.callee, self.ends = proxy, caller, callee, (near, far)

    def reset(self):
        for _, writer in self.ends:
            reset(writer)

    async def run(self):
        (near_in, near_out), (far_in, far_out) = self.ends
        both = [asyncio.ensure_future(self.pump(near_in, far_out, self.proxy.link(self.caller, self.callee))),
                asyncio.ensure_future(self.pump(far_in, near_out, self.proxy.link(self.callee, self.caller)))]
        done, _ = await asyncio.wait(both, return_when=asyncio.FIRST_EXCEPTION)
        for one in both:
            one.cancel()
        if any(one.exception() for one in done if not one.cancelled()):
            self.reset()
        for _, writer in self.ends:
            writer.close()

    async def pump(self, reader, writer, link):
        """Chunks keep their order; each waits for its time, then for the link to be whole."""
        waiting = asyncio.Queue(CHUNKS_WAITING)
        taking = asyncio.ensure_future(self.take(reader, waiting, link))
        loop = asyncio.get_running_loop()
        try:
            while True:
                due, data = await waiting.get()
                if due > loop.time():
                    await asyncio.sleep(due - loop.time())
                await link.open.wait()
                if isinstance(data, Exception):
                    raise data
                if not data:
                    writer.write_eof()
                    return
                if link.reset and self.proxy.rng.random() < link.reset:
                    raise ConnectionResetError
                writer.write(data)
                await writer.drain()
        finally:
            taking.cancel()

    @staticmethod
    async def take(reader, waiting, link):
        loop = asyncio.get_running_loop()
        while True:
            try:
                data = await reader.read(CHUNK)
            except OSError as broken:
                data = broken
            await waiting.put((loop.time() + link.delay + random.random() * link.spread, data))
            if not data or isinstance(data, Exception):
                return


class Proxy:
    def __init__(self):
        self.links, self.callers, self.rng, self.connections, self.servers = {}, Callers(), random.Random(1), set(), []

    def link(self, source, target):
        return self.links.setdefault((source, target), Link())

    async def route(self, listen, target, name):
        """What comes to `listen` goes to `target`, which is the broker `name`."""
        async def accept(reader, writer):
            caller = self.callers.find(writer.get_extra_info("peername")[1])
            # No handshake completes unless packets go both ways.
            await self.link(caller, name).open.wait()
            await self.link(name, caller).open.wait()
            try:
                far = await asyncio.open_connection("127.0.0.1", target)
            except OSError:
                reset(writer)
                return
            connection = Connection(self, caller, name, (reader, writer), far)
            self.connections.add(connection)
            try:
                await connection.run()
            finally:
                self.connections.discard(connection)

        self.servers.append(await asyncio.start_server(accept, "127.0.0.1", listen, backlog=1024))

    async def obey(self, order):
        match order.pop("do"):
            case "route":
                await self.route(**order)
            case "pid":
                self.callers.pids[order["name"]] = order["pid"]
            case "link":
                self.link(order.pop("source"), order.pop("target")).set(**order)
            case "heal":
                for link in self.links.values():
                    link.set()
            case "reset":
                for c in list(self.connections):
                    if {c.caller, c.callee} == {order["source"], order["target"]}:
                        c.reset()
            case "count":
                return sum({c.caller, c.callee} == {order["source"], order["target"]} for c in self.connections)
            case other:
                raise ValueError(other)
        return "ok"

    async def serve(self):
        loop = asyncio.get_running_loop()
        orders = asyncio.StreamReader()
        await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(orders), sys.stdin)
        while line := await orders.readline():
            try:
                said = await self.obey(json.loads(line))
            except Exception as e:  # noqa: BLE001  whoever asked is told
                said = f"failed: {e!r}"
            print(json.dumps(said), flush=True)


async def main():
    await Proxy().serve()
    os._exit(0)  # connections break where they are; nothing waits for them


if __name__ == "__main__":
    asyncio.run(main())
