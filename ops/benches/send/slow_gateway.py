"""A gateway that answers each request after so many seconds: `slow_gateway.py PORT SECONDS`. No more of HTTP than it takes.

It tells how many have arrived (`/count`), and when each has, with what it said (`/stamps`)."""

import asyncio
import json
import sys
import time

PORT, SECONDS = int(sys.argv[1]), float(sys.argv[2])
# When each request was there as a whole, by the clock of day, and its body.
ARRIVED = []


class Connection(asyncio.Protocol):
    def __init__(self):
        self.buffer = b""

    def connection_made(self, transport):
        self.transport = transport

    def data_received(self, data):
        self.buffer += data
        while (end := self.buffer.find(b"\r\n\r\n")) >= 0:
            head = self.buffer[:end].lower()
            if head.startswith(b"get /count"):
                self.buffer = self.buffer[end + 4 :]
                self.answer(f"\n 0 0 {len(ARRIVED)}".encode())
                continue
            if head.startswith(b"get /stamps"):
                self.buffer = self.buffer[end + 4 :]
                self.answer(json.dumps([(at, json.loads(body)) for at, body in ARRIVED]).encode())
                continue
            at = head.find(b"content-length:")
            length = int(head[at + 15 :].split(b"\r\n", 1)[0])
            if len(self.buffer) < end + 4 + length:
                return
            ARRIVED.append((time.time(), self.buffer[end + 4 : end + 4 + length]))
            self.buffer = self.buffer[end + 4 + length :]
            LOOP.call_later(SECONDS, self.answer, b'{"code":"OK","id":"s%d"}' % len(ARRIVED))

    def answer(self, body):
        if not self.transport.is_closing():
            self.transport.write(b"HTTP/1.1 200 OK\r\ncontent-length: %d\r\n\r\n%s" % (len(body), body))


LOOP = asyncio.new_event_loop()
LOOP.run_until_complete(LOOP.create_server(Connection, "127.0.0.1", PORT, backlog=4096))
LOOP.run_forever()
