"""Gateways to measure against: nginx, which answers at once, and one that takes its time, each in a process of its own."""

import contextlib
import http.client
import os
import json
import pathlib
import re
import shutil
import socket
import subprocess
import sys
import time

NGINX = """
daemon off; worker_processes 1; pid {folder}/nginx.pid; error_log {folder}/nginx-error.log warn;
events {{ worker_connections 4096; }}
http {{
  access_log off; keepalive_requests 100000000; keepalive_timeout 600; default_type application/json;
  client_body_temp_path {folder}/body; proxy_temp_path {folder}/proxy; fastcgi_temp_path {folder}/fastcgi;
  uwsgi_temp_path {folder}/uwsgi; scgi_temp_path {folder}/scgi;
  server {{
    listen 127.0.0.1:{port} backlog=4096;
    location /send {{ return 200 '{{"code":"OK","id":"$request_id"}}'; }}
    location /count {{ stub_status; }}
  }}
}}
"""


MAIL_FILL = """
insert into message (id, channel, purpose, priority, state, source, event_id, recipient, email, subject, body, html, gateway, parts,
  requested_at, due_at)
select n, 'email', 'service', 1, 'queued', '/bench', n::text, 'p' || n || '@people.example', 'p' || n || '@people.example',
  '您的基金派息 ' || n, 'Your fund pays out ' || n || ' CNY today.' || E'\n', '<p>Your fund pays out <b>' || n || '</b> CNY today.</p>',
  'measured', 1, now(), now()
from generate_series(1, %s) n
"""
TEXT_FILL = """
insert into message (id, channel, purpose, priority, state, source, event_id, recipient, phone, country, time_zone, body,
  gateway, parts, requested_at, due_at)
select n, 'sms', 'service', 1, 'queued', '/bench', n::text, '+86138' || lpad(n::text, 8, '0'), 8613800000000 + n, 'CN',
  'Asia/Shanghai', 'Your fund pays out ' || n || ' CNY today.', 'measured', 1, now(), now()
from generate_series(1, %s) n
"""


def free_port():
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return taken.getsockname()[1]


class Running:
    channel, fill = "sms", TEXT_FILL

    def __init__(self, port, process):
        self.port, self.process = port, process

    def count(self):
        """Messages that have arrived."""
        return int(re.search(r"\n\s*\d+ \d+ (\d+)", self.get("/count"))[1])

    def stamps(self):
        """When each arrived, in seconds since 1970, and what it said. Of the slow one."""
        return json.loads(self.get("/stamps"))

    def get(self, path):
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
        try:
            connection.request("GET", path)
            return connection.getresponse().read().decode()
        finally:
            connection.close()

    def description(self, concurrency, **more):
        return {
            "name": "measured", "channel": "sms", "concurrency": concurrency,
            "limits": {"connect": "5s", "total": "20s"},
            "request": {
                "method": "POST", "url": f"http://127.0.0.1:{self.port}/send",
                "json": {"to": "{{to}}", "text": "{{text.signed}}", "reference": "{{reference}}"},
            },
            "answer": {
                "accepted": [{"status": ["200"], "codes": ["OK"]}], "ids": {"json": ["$.id"]}, "code": {"json": ["$.code"]},
            },
            **more,
        }  # fmt: skip


class Nginx(Running):
    """nginx, which counts whoever asks how many it has counted."""

    looks = 0

    def count(self):
        self.looks += 1
        return super().count() - self.looks


class Sink(Running):
    """Postfix's smtp-sink, which takes every mail and writes down how many there were."""

    channel, fill = "email", MAIL_FILL

    def count(self):
        with open(self.told, "rb") as file:
            file.seek(max(0, file.seek(0, 2) - 200))
            found = re.findall(rb"mesg=(\d+)\r", file.read())
        return int(found[-1]) if found else 0

    def description(self, concurrency, **more):
        return {
            "name": "measured", "channel": "email", "concurrency": concurrency,
            "limits": {"connect": "5s", "total": "20s"},
            "smtp": {"url": f"smtp://127.0.0.1:{self.port}", "encryption": "never"},
            "from": "Firm 证券 <service@firm.example>", "bounces": "bounces+{mark}@firm.example", **more,
        }  # fmt: skip


@contextlib.contextmanager
def started(folder, *command, port, kind=Running, **more):
    process = subprocess.Popen(["setpriv", "--pdeathsig", "TERM", *command], cwd=folder, **more)
    try:
        deadline = time.monotonic() + 10
        while True:
            try:
                socket.create_connection(("127.0.0.1", port), 1).close()
                break
            except OSError:
                if process.poll() is not None or time.monotonic() > deadline:
                    raise SystemExit(f"bench send: {command[0]} does not start") from None
                time.sleep(0.02)
        yield kind(port, process)
    finally:
        process.terminate()
        process.wait()


@contextlib.contextmanager
def nginx(folder):
    port = free_port()
    (folder / "nginx.conf").write_text(NGINX.format(folder=folder, port=port))
    program = shutil.which("nginx", path="/usr/sbin:/usr/bin:/usr/local/sbin:/usr/local/bin")
    with started(folder, program, "-p", str(folder), "-c", str(folder / "nginx.conf"), port=port, kind=Nginx) as running:
        yield running


@contextlib.contextmanager
def slow(folder, seconds):
    port = free_port()
    program = [sys.executable, str(pathlib.Path(__file__).with_name("slow_gateway.py")), str(port), str(seconds)]
    with started(folder, *program, port=port) as running:
        yield running


@contextlib.contextmanager
def sink(folder):
    port = free_port()
    place = pathlib.Path(os.environ["SMTP_SINK"])
    program = [str(place / "usr/sbin/smtp-sink"), "-c", *(["-u", "nobody"] if os.geteuid() == 0 else []), f"127.0.0.1:{port}", "1000"]
    environment = os.environ | {"LD_LIBRARY_PATH": str(place / "usr/lib/postfix")}
    with (
        open(folder / "smtp-sink.out", "wb") as out,
        started(folder, *program, port=port, stdout=out, stderr=subprocess.STDOUT, env=environment) as running,
    ):
        found = Sink(port, running.process)
        found.told = out.name
        yield found
