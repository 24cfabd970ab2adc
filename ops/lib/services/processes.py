"""Starting, finding and ending servers; free ports."""

import fcntl
import os
import random
import signal
import socket
import subprocess
import tempfile
import threading
import time
from pathlib import Path

from services.trouble import Trouble

MARK = "MILLRACE_SERVICE"  # In the environment of every server: NAME@DIRECTORY.


def spawn(argv, *, name, place, environment=(), **options):
    """Starts a server in a session of its own, so that no signal meant for the caller reaches it."""
    with open(place / f"{name}.log", "ab", buffering=0) as log:
        return subprocess.Popen(
            [str(word) for word in argv],
            env={**os.environ, **dict(environment), MARK: f"{name}@{place}"},
            cwd=options.pop("cwd", "/"),
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            start_new_session=True,
            **options,
        )


def _numbers():
    return [int(entry) for entry in os.listdir("/proc") if entry.isdigit()]


def _parent(number):
    """The parent's number, or None when the process is gone or a zombie.

    A zombie some of whose threads have not ended yet still holds its files and ports, and counts as running.
    """
    try:
        fields = Path(f"/proc/{number}/stat").read_bytes().rpartition(b")")[2].split()
    except OSError:
        return None
    state, parent, threads = fields[0], int(fields[1]), int(fields[17])
    return None if state == b"Z" and threads <= 1 else parent


def _of(place, number):
    """The name of the server that process `number` belongs to, or None."""
    try:
        variables = Path(f"/proc/{number}/environ").read_bytes().split(b"\0")
        for variable in variables:
            if variable.startswith(MARK.encode() + b"="):
                name, _, directory = os.fsdecode(variable.partition(b"=")[2]).partition("@")
                return name if directory == str(place) else None
        # PostgreSQL's children write their title over their environment, but stay in the data directory.
        at = os.readlink(f"/proc/{number}/cwd").removesuffix(" (deleted)")
        program = os.path.basename(os.readlink(f"/proc/{number}/exe").removesuffix(" (deleted)"))
        return "postgres" if program == "postgres" and at == str(place / "postgres/data") else None
    except OSError:
        return None  # Gone, or another user's.


def found(place, name=None):
    """Server name by process number, of all live processes that belong to this place."""
    mine = {number: _of(place, number) for number in _numbers()}
    return {n: of for n, of in mine.items() if of and name in (None, of) and _parent(n) is not None}


def main_process(place, name):
    """The number of the server's first process, or None when it does not run."""
    numbers = found(place, name)
    first = [number for number in numbers if _parent(number) not in numbers]
    return min(first, default=None)


def send(number, kind):
    try:
        os.kill(number, kind)
    except ProcessLookupError:
        pass


FREEZE, THAW = signal.SIGSTOP, signal.SIGCONT


def send_to_all(place, name, kind):
    numbers = found(place, name)
    if not numbers:
        raise Trouble(f"the {name} in {place.in_words()} does not run")
    for number in numbers:
        send(number, kind)


def end(place, name=None, kind=signal.SIGKILL, patience=10.0):
    """Signals the servers' first processes and waits until nothing of theirs is left; then kills the rest."""
    processes = found(place, name)
    for number in processes:
        if _parent(number) not in processes:
            send(number, kind)
        send(number, THAW)  # A frozen process takes no signal but SIGKILL.

    def ended():
        # A process that ends loses its mark before it lets go of its port.
        return not found(place, name) and all(_parent(number) is None for number in processes)

    try:
        wait_until(ended, patience, "")
    except Trouble:
        wait_until(lambda: _kill_all(place, name), patience, lambda: f"these do not end: {found(place, name)}")


def _kill_all(place, name):
    left = found(place, name)
    for number in left:
        send(number, signal.SIGKILL)
    return not left


def wait_until(condition, patience, otherwise):
    """Waits for a condition that nothing announces. `otherwise` is the sentence, or a function that makes it."""
    deadline = time.monotonic() + patience
    pause = 0.001
    while not condition():
        if time.monotonic() > deadline:
            raise Trouble(otherwise() if callable(otherwise) else otherwise)
        time.sleep(pause)
        pause = min(pause * 1.5, 0.05)


def free_port():
    """A free TCP port on loopback below the range that the kernel gives to outgoing connections by itself.

    Nobody else who asks here is given it while this process lives. Somebody who does not ask may take it before the server
    does: whoever uses it must see that through `listens`.
    """
    try:
        lowest = int(Path("/proc/sys/net/ipv4/ip_local_port_range").read_text().split()[0])
    except OSError:
        lowest = 32768
    choices = range(10000, lowest) if lowest > 12000 else range(61000, 65535)
    for port in random.sample(choices, 200):
        # First: a trial of a port that another was given takes it, if only for a moment, from that one's server.
        if PORTS.claim(port) and _is_free(port):
            return port
    raise Trouble("found no free TCP port on 127.0.0.1 in 200 tries")


def _is_free(port):
    with socket.socket() as trial:
        try:
            trial.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True


class Claims:
    """Ports given out on this machine: each is a byte of one file, locked by the process to which it was given.

    A server that is started a second after its port was found free would else meet another that was given the same one.
    """

    def __init__(self, path):
        self.path = path
        self.file = None
        self.own = set()
        self.claiming = threading.Lock()

    def claim(self, port):
        with self.claiming:
            # A process's locks do not keep out its own threads.
            if port in self.own:
                return False
            if self.file is None:
                # Never closed: a process loses its locks with the first handle of a file that it closes.
                self.file = os.open(self.path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
            try:
                fcntl.lockf(self.file, fcntl.LOCK_EX | fcntl.LOCK_NB, 1, port)
            except OSError:
                return False
            self.own.add(port)
            return True


PORTS = Claims(Path(tempfile.gettempdir()) / f"millrace-ports-{os.getuid()}")


def listens(number, port):
    """Whether this very process, and no other, listens on the port of 127.0.0.1."""
    address = f"0100007F:{port:04X}"
    with open("/proc/net/tcp") as table:
        rows = [row.split() for row in table]
    sockets = {f"socket:[{row[9]}]" for row in rows if row[1] == address and row[3] == "0A"}
    try:
        handles = os.listdir(f"/proc/{number}/fd") if sockets else []
        return any(_link(f"/proc/{number}/fd/{handle}") in sockets for handle in handles)
    except OSError:
        return False  # Gone, or ending: then even its owner may not look any more.


def _link(path):
    try:
        return os.readlink(path)
    except OSError:
        return None


def end_of_log(place, name, lines=5):
    try:
        text = (place / f"{name}.log").read_text(errors="replace").strip().splitlines()
    except FileNotFoundError:
        text = []
    return "\n".join(f"  | {line}" for line in text[-lines:]) or "  | (its log is empty)"
