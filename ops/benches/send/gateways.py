"""Gateways to measure against: nginx, which answers at once, and one that takes its time, each in a process of its own."""

import contextlib
import http.client
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


def free_port():
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return taken.getsockname()[1]


class Running:
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


@contextlib.contextmanager
def started(folder, *command, port):
    process = subprocess.Popen(["setpriv", "--pdeathsig", "TERM", *command], cwd=folder)
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
        yield Running(port, process)
    finally:
        process.terminate()
        process.wait()


@contextlib.contextmanager
def nginx(folder):
    port = free_port()
    (folder / "nginx.conf").write_text(NGINX.format(folder=folder, port=port))
    program = shutil.which("nginx", path="/usr/sbin:/usr/bin:/usr/local/sbin:/usr/local/bin")
    with started(folder, program, "-p", str(folder), "-c", str(folder / "nginx.conf"), port=port) as running:
        yield running


@contextlib.contextmanager
def slow(folder, seconds):
    port = free_port()
    program = [sys.executable, str(pathlib.Path(__file__).with_name("slow_gateway.py")), str(port), str(seconds)]
    with started(folder, *program, port=port) as running:
        yield running
