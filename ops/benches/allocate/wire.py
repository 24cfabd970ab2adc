"""What a worker says to PostgreSQL, byte for byte: recorded between the two, and said again by nobody but a socket.

The protocol's messages from the client: the first has no type (a request for encryption, then the start-up message with
the session's parameters), all others are a type byte and a length. A client that pipelines waits for answers where it
has sent Sync ('S') or a simple query ('Q'); the server ends each such answer with ReadyForQuery ('Z').
https://www.postgresql.org/docs/current/protocol-message-formats.html
"""

import os
import socket
import struct
import threading
import time

import psycopg

ENCRYPTION_REQUESTS = (80877103, 80877104)
READY = b"Z\0\0\0\x05"


class Recorder:
    """A relay of bytes on a port of its own; keeps what clients send, by their application_name, in a list of the kind given."""

    def __init__(self, host, port, kept=list):
        self.kept = kept
        self.server = (host, int(port))
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        self.sent = []
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self):
        while True:
            try:
                client, _ = self.listener.accept()
            except OSError:
                return
            server = socket.create_connection(self.server)
            for side in (client, server):
                side.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            sent = self.kept()
            self.sent.append(sent)
            threading.Thread(target=self.forward, args=(client, server, sent), daemon=True).start()
            threading.Thread(target=self.forward, args=(server, client, None), daemon=True).start()

    @staticmethod
    def forward(one, other, kept):
        try:
            while data := one.recv(1 << 20):
                if kept is not None:
                    kept.append(data)
                other.sendall(data)
        except OSError:
            pass
        for side in (one, other):
            try:
                side.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass

    def close(self):
        self.listener.close()

    def session(self, name, progress=b"set next_offset"):
        """What the client of this application_name sent after it was admitted, cut where it waited for answers. A commit
        counts where a statement with the text of `progress` came before it."""
        for sent in self.sent:
            parameters, messages = opened(b"".join(sent))
            if parameters.get("application_name") == name:
                return Session(messages, progress)
        raise SystemExit(f"bench allocate: no session of {name} was recorded")


def opened(data):
    """The start-up message's parameters, and the messages after authentication."""
    place = 0
    while struct.unpack_from("!I", data, place + 4)[0] in ENCRYPTION_REQUESTS:
        place += struct.unpack_from("!I", data, place)[0]
    length = struct.unpack_from("!I", data, place)[0]
    words = data[place + 8 : place + length].split(b"\0")
    parameters = {words[at].decode(): words[at + 1].decode() for at in range(0, len(words) - 1, 2) if words[at]}
    place += length
    messages = []
    while place + 5 <= len(data):
        length = 1 + struct.unpack_from("!I", data, place + 1)[0]
        message = data[place : place + length]
        place += length
        if message[:1] not in (b"p", b"X"):
            messages.append(message)
    return parameters, messages


class Session:
    def __init__(self, messages, progress):
        """Groups of messages, up to the last commit of a batch: what follows is the session's orderly end."""
        self.groups, statements, group, last, advanced = [], {}, [], 0, False
        for message in messages:
            group.append(message)
            kind = message[:1]
            if kind == b"P":
                name, text = message[5:].split(b"\0")[:2]
                statements[name] = text.strip().lower()
            elif kind == b"B":
                said = statements[message[5:].split(b"\0")[1]]
                advanced = advanced or progress in said
                if said == b"commit" and advanced:
                    last, advanced = len(self.groups) + 1, False
            elif kind in (b"S", b"Q"):
                self.groups.append(b"".join(group))
                group = []
        self.groups = self.groups[:last]
        if not last:
            raise SystemExit("bench allocate: the recorded session commits no batch")

    def replay(self, **parameters):
        """Says it all again to another database, doing nothing in between. Answers the seconds it took."""
        with psycopg.connect(autocommit=True, application_name="sql_alone", **parameters) as connection:
            line = socket.socket(fileno=os.dup(connection.pgconn.socket))
            line.setblocking(True)
            answers = []
            began = time.monotonic()
            for group in self.groups:
                line.sendall(group)
                answer = line.recv(1 << 20)
                while answer[-6:-1] != READY:
                    answer += line.recv(1 << 20)
                answers.append(answer)
            took = time.monotonic() - began
            line.close()
        for answer in answers:
            refuse_errors(answer)
        return took


def refuse_errors(answer):
    place = 0
    while place < len(answer):
        length = 1 + struct.unpack_from("!I", answer, place + 1)[0]
        if answer[place : place + 1] == b"E":
            fields = answer[place + 5 : place + length].split(b"\0")
            said = next(field[1:] for field in fields if field[:1] == b"M").decode(errors="replace")
            raise SystemExit(f"bench allocate: the replay of the worker's statements failed: {said}")
        place += length
