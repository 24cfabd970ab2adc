"""A pooler in transaction mode, as small as can be: a client has a server session for one transaction only.

Sessions are opened and authenticated by psycopg; after that their sockets are passed the clients' bytes.
"""

import contextlib
import queue
import socket
import struct
import threading

GREETING = (
    b"R" + struct.pack(">ii", 8, 0)
    + b"".join(b"S" + struct.pack(">i", 4 + len(pair)) + pair for pair in (
        b"server_version\x0015.0\x00", b"client_encoding\x00UTF8\x00", b"integer_datetimes\x00on\x00",
        b"standard_conforming_strings\x00on\x00", b"server_encoding\x00UTF8\x00"))
    + b"K" + struct.pack(">iii", 12, 1, 1) + b"Z" + struct.pack(">i", 5) + b"I"
)  # fmt: skip


class Pooler:
    def __init__(self, connect, size=3):
        self.sessions = [connect() for _ in range(size)]
        self.free = queue.Queue()
        for session in self.sessions:
            self.free.put(socket.socket(fileno=session.pgconn.socket))
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    def close(self):
        self.listener.close()
        while not self.free.empty():
            self.free.get().detach()
        for session in self.sessions:
            session.close()

    def _accept(self):
        while True:
            try:
                client, _ = self.listener.accept()
            except OSError:
                return
            threading.Thread(target=self._serve, args=(client,), daemon=True).start()

    def _serve(self, client):
        with contextlib.suppress(OSError, ConnectionError), client:
            while True:  # TLS and GSS are declined.
                (length,) = struct.unpack(">i", _exactly(client, 4))
                if struct.unpack(">i", _exactly(client, length - 4)[:4])[0] >> 16 == 3:
                    break
                client.sendall(b"N")
            client.sendall(GREETING)
            while True:
                kind, message = _message(client)
                if kind == b"X":
                    return
                server = self.free.get()
                server.setblocking(True)
                try:
                    self._transaction(client, server, message)
                finally:
                    # The next client gets the session that waited longest.
                    self.free.put(server)

    def _transaction(self, client, server, message):
        """Passes on until the server says that no transaction is open."""
        asked = 0
        while True:
            server.sendall(message)
            asked += message[:1] in b"QS"
            while asked:
                kind, answer = _message(server)
                client.sendall(answer)
                asked -= kind == b"Z"
                if kind == b"Z" and answer[-1:] == b"I" and not asked:
                    return
            _, message = _message(client)


def _message(end):
    head = _exactly(end, 5)
    return head[:1], head + _exactly(end, struct.unpack(">i", head[1:])[0] - 4)


def _exactly(end, count):
    data = b""
    while len(data) < count:
        part = end.recv(count - len(data))
        if not part:
            raise ConnectionError
        data += part
    return data
