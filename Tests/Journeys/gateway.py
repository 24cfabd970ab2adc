"""An HTTP gateway of the journeys' own: it writes down every arrival, and behaves as badly as it is told to."""

import collections
import http.server
import json
import socket
import threading
import time


class Arrival:
    """One request that reached the gateway whole."""

    def __init__(self, fields):
        self.at = time.monotonic()
        self.reference = fields["reference"]
        self.to = fields["to"]
        self.text = fields["text"]
        # When the sender began the call, by its clock: milliseconds since 1970.
        self.began = int(fields["began"])


class Gateway:
    """`act` names, for an arrival and how often this recipient has arrived before, what is done: see `ACTS`."""

    ACTS = ("accept", "refuse", "busy", "broke", "fail", "half", "die", "accept-and-die", "slow")

    def __init__(self, act=lambda arrival, before: "accept", name="gateway"):
        self.name = name
        self.act = act
        self.arrivals = []
        self.taken = []
        self._times = collections.Counter()
        self.changed = threading.Condition()
        self._delay = threading.Event()
        gateway = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            # Head and body leave as one piece: a client that reads in between would wait for the delayed acknowledgement.
            wbufsize = -1

            def do_POST(self):
                gateway._take(self)

            def log_message(self, *words):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.port = self.server.server_address[1]
        threading.Thread(target=self.server.serve_forever, args=(0.05,), daemon=True).start()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self._delay.set()
        self.server.shutdown()
        self.server.server_close()

    def _take(self, handler):
        length = int(handler.headers["content-length"])
        arrival = Arrival(json.loads(handler.rfile.read(length)))
        with self.changed:
            before = self._times[arrival.to]
            self._times[arrival.to] += 1
            self.arrivals.append(arrival)
            act = self.act(arrival, before)
            assert act in self.ACTS, act
            if act in ("accept", "accept-and-die", "half", "slow"):
                self.taken.append(arrival)
            self.changed.notify_all()
        getattr(self, "_" + act.replace("-", "_"))(handler, arrival)

    def until_arrived(self, count, patience=120):
        with self.changed:
            arrived = self.changed.wait_for(lambda: len(self.arrivals) >= count, patience)
            assert arrived, f"{len(self.arrivals)} of {count} messages arrived within {patience} s"

    # What may be done

    def _answer(self, handler, status, value, **fields):
        body = json.dumps(value).encode()
        handler.send_response(status)
        for name, text in fields.items():
            handler.send_header(name.replace("_", "-"), text)
        handler.send_header("content-length", str(len(body)))
        handler.end_headers()
        handler.wfile.write(body)
        handler.wfile.flush()

    def _accept(self, handler, arrival):
        self._answer(handler, 200, {"code": "OK", "id": f"{self.name}-{arrival.reference}"})

    def _refuse(self, handler, arrival):
        self._answer(handler, 400, {"code": "NUMBER", "message": "no such number"})

    def _busy(self, handler, arrival):
        self._answer(handler, 429, {"code": "BUSY", "message": "slow down"}, retry_after="1")

    def _broke(self, handler, arrival):
        self._answer(handler, 402, {"code": "BALANCE", "message": "no money left"})

    def _fail(self, handler, arrival):
        self._answer(handler, 500, {"code": "INTERNAL", "message": "oh"})

    def _half(self, handler, arrival):
        handler.send_response(200)
        handler.send_header("content-length", "1000")
        handler.end_headers()
        handler.wfile.write(b'{"code": "OK"')
        handler.wfile.flush()
        self._die(handler, arrival)

    def _die(self, handler, arrival):
        handler.close_connection = True
        handler.connection.shutdown(socket.SHUT_RDWR)

    _accept_and_die = _die

    def _slow(self, handler, arrival):
        self._delay.wait(60)
        self._die(handler, arrival)

    def description(self, place=100, **more):
        """As `millrace outreach gateways load` takes it."""
        return {
            "name": self.name,
            "channel": "sms",
            "place": place,
            "concurrency": 20,
            "limits": {"connect": "1s", "total": "3s"},
            "retries": {"first": "100ms", "most": "1s", "times": 5},
            "price": {"amount": "0.05", "currency": "CNY"},
            "request": {
                "method": "POST",
                "url": f"http://127.0.0.1:{self.port}/send",
                "json": {"to": "{{to}}", "text": "{{text.signed}}", "reference": "{{reference}}", "began": "{{time.milliseconds}}"},
            },
            "answer": {
                "accepted": [{"status": ["200"], "codes": ["OK"]}],
                "ids": {"json": ["$.id"]},
                "code": {"json": ["$.code"]},
                "detail": {"json": ["$.message"]},
                "refused": [
                    {"kind": "recipient", "codes": ["NUMBER"]},
                    {"kind": "gateway", "codes": ["BALANCE"]},
                    {"kind": "busy", "codes": ["BUSY"]},
                ],
            },
            **more,
        }
