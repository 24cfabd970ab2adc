"""Kannel as Debian has it: its bearerbox and smsbox on loopback ports of their own, and the far end of its fake centre."""

import json
import socket
import threading
import urllib.parse
from pathlib import Path

from program import until

from services import processes

TOP = Path(__file__).resolve().parents[2]
USER = {"USERNAME": "millrace", "PASSWORD": "k&nnel=1"}


def listens(port):
    """Whether anybody listens there. Kannel takes some ports on every address; a connection tried would be the centre's only one."""
    rows = [row.split() for row in Path("/proc/net/tcp").read_text().splitlines()[1:]]
    return any(row[1].endswith(f":{port:04X}") and row[3] == "0A" for row in rows)


class Kannel:
    """`deliveries` are the parts that reached the centre; the centre reports each as delivered, as Kannel's fake does."""

    def __init__(self, place, call_back, secret):
        self.place = place
        self.names = [f"kannel-{part}-{call_back.rpartition(':')[2]}" for part in ("bearerbox", "smsbox")]
        self.deliveries = []
        self.changed = threading.Condition()
        self.socket = None
        self.admin, self.boxes, self.centre, self.port = (processes.free_port() for _ in range(4))
        # Kannel reads percent signs in addresses as escape codes of its own.
        inbound = f"{call_back}/kannel/messages/{urllib.parse.quote(secret, safe='')}".replace("%", "%%")
        self.settings = place / f"{self.names[0]}.conf"
        self.settings.write_text(
            f"""
group = core
admin-port = {self.admin}
admin-interface = 127.0.0.1
admin-password = unused
smsbox-port = {self.boxes}
box-deny-ip = "*.*.*.*"
box-allow-ip = "127.0.0.1"
dlr-storage = internal

group = smsc
smsc = fake
smsc-id = fake
port = {self.centre}
connect-allow-ip = 127.0.0.1

group = smsbox
bearerbox-host = 127.0.0.1
sendsms-port = {self.port}
sendsms-interface = 127.0.0.1
global-sender = 95555
mo-recode = true

group = sendsms-user
username = {USER["USERNAME"]}
password = "{USER["PASSWORD"]}"
concatenation = true
max-messages = 10

group = sms-service
keyword = default
get-url = "{inbound}?from=%p&to=%P&text=%a&charset=%C&id=%I"
max-messages = 0
"""
        )

    def __enter__(self):
        try:
            self._start(0, "bearerbox", self.boxes, self.centre)
            self.socket = socket.create_connection(("127.0.0.1", self.centre))
            threading.Thread(target=self._listen, daemon=True).start()
            self._start(1, "smsbox", self.port)
        except BaseException:
            self.__exit__()
            raise
        return self

    def _start(self, number, program, *ports):
        found = next(path for path in (f"/usr/sbin/{program}", f"/usr/bin/{program}") if Path(path).exists())
        started = processes.spawn([found, str(self.settings)], name=self.names[number], place=self.place)
        until(
            lambda: started.poll() is None and all(listens(port) for port in ports),
            lambda: f"{program}\n{processes.end_of_log(self.place, self.names[number])}",
            30,
        )

    def __exit__(self, *_):
        if self.socket:
            self.socket.close()
        for name in reversed(self.names):
            processes.end(self.place, name)

    def _listen(self):
        """A line a part: sender, receiver, kind, and the text as it is or percent escaped, behind its header if it has one."""
        for line in self.socket.makefile("rb"):
            with self.changed:
                self.deliveries.append(line.rstrip(b"\n"))
                self.changed.notify_all()

    def parts(self, to):
        with self.changed:
            return [line.split(b" ", 3) for line in self.deliveries if line.split(b" ", 2)[1] == to.encode()]

    def said(self, to, encoding):
        """What all parts say together."""
        whole = b""
        for *_, kind, rest in self.parts(to):
            text = rest.split(b" ", 2)[2] if kind == b"udh" else rest
            whole += text if kind == b"text" else urllib.parse.unquote_to_bytes(text.replace(b"+", b" "))
        return whole.decode(encoding)

    def send_in(self, sender, text):
        """Somebody's message to the firm."""
        self.socket.sendall(f"{sender} 95555 text {text}\n".encode())

    # As a gateway of the ledger

    name = "kannel"

    def description(self, **_):
        """The one that is delivered, but for where smsbox listens."""
        text = (TOP / "ops/gateways/kannel.json").read_text()
        assert "http://127.0.0.1:13013/" in text
        return json.loads(text.replace("http://127.0.0.1:13013/", f"http://127.0.0.1:{self.port}/"))
