"""PostgreSQL from the distribution's programs, in a private data directory."""

import base64
import contextlib
import ctypes
import hashlib
import hmac
import os
import pwd
import secrets
import shutil
import signal
import subprocess
from pathlib import Path

from services import processes
from services.trouble import Trouble

NAME = "postgres"
INITDB = "initdb"
USER = "millrace"
DATABASE = "millrace"
LONGEST_SOCKET_DIRECTORY = 107 - len("/.s.PGSQL.65535")  # sun_path, less what libpq appends.

CONFIGURATION = """
# Written by ops/services.
listen_addresses = '127.0.0.1'
max_connections = 400
shared_buffers = 256MB
max_wal_size = 4GB
checkpoint_timeout = 15min
fsync = {fsync}
full_page_writes = {fsync}
shared_preload_libraries = '{libraries}'
track_io_timing = on
log_line_prefix = '%m [%p] %q%u@%d %a '
log_lock_waits = on
timezone = 'UTC'
log_timezone = 'UTC'
# Files in the data directory, so that a killed server leaves nothing in /dev/shm.
dynamic_shared_memory_type = mmap
"""

HOST_ACCESS = """\
# The socket's directory is its owner's alone; on loopback every user of this machine could connect.
local all all trust
host all all 127.0.0.1/32 scram-sha-256
"""


def programs():
    """The folder of initdb and postgres: the newest that the distribution installed, or the one on PATH."""
    installed = Path("/usr/lib/postgresql").glob("*/bin/initdb")
    newest = sorted(installed, key=lambda path: [int(part) for part in path.parts[4].split(".") if part.isdigit()])
    on_path = shutil.which("initdb")
    chosen = newest[-1] if newest else Path(on_path).resolve() if on_path else None
    if chosen is None:
        raise Trouble("PostgreSQL's server programs are not installed: no initdb in /usr/lib/postgresql/*/bin or PATH")
    return chosen.parent


def version():
    said = subprocess.run([programs() / "postgres", "--version"], capture_output=True, text=True, check=True).stdout
    number = said.split()[2]
    if int(number.split(".")[0].rstrip("devbtarc")) < 13:
        raise Trouble(f"PostgreSQL 13 or later is needed, {programs()} has {number}")
    return number


@contextlib.contextmanager
def _reach(place):
    """How the server names its two directories, and the options that make a child the user who owns them."""
    data, sockets = place / "postgres/data", place / "postgres/socket"
    if os.geteuid() != 0:
        yield str(data), str(sockets), {}
        return
    user = _unprivileged()
    handles = [os.open(path, os.O_RDONLY | os.O_DIRECTORY) for path in (data, sockets)]
    try:
        as_user = {"user": user.pw_uid, "group": user.pw_gid, "extra_groups": [], "pass_fds": handles}
        yield *(f"/proc/self/fd/{handle}" for handle in handles), as_user
    finally:
        for handle in handles:
            os.close(handle)


def _unprivileged():
    for name in ("postgres", "nobody"):
        with contextlib.suppress(KeyError):
            return pwd.getpwnam(name)
    raise Trouble("PostgreSQL refuses to run as root, and there is neither a user postgres nor a user nobody to run it")


def initialise(place, *, password, fast):
    """A fresh data directory; what an interrupted start left of one is cleared away first."""
    processes.end(place, INITDB)
    shutil.rmtree(place / "postgres", ignore_errors=True)
    (place / "postgres").mkdir(mode=0o700)
    for name in ("data", "socket"):
        (place / "postgres" / name).mkdir(mode=0o700)
        if os.geteuid() == 0:
            os.chown(place / "postgres" / name, _unprivileged().pw_uid, _unprivileged().pw_gid)
    secret = os.memfd_create("password")  # Unlike a pipe, another user's process may open it by its number.
    os.write(secret, verifier(password).encode() + b"\n")
    with _reach(place) as (data, _, options):
        command = [
            programs() / "initdb", "-D", data, "-U", USER, "--encoding=UTF8", "--locale=C.UTF-8",
            "--auth-local=trust", "--auth-host=scram-sha-256", "--no-sync", f"--pwfile=/dev/fd/{secret}",
        ]  # fmt: skip
        options["pass_fds"] = [*options.get("pass_fds", []), secret]
        result = processes.spawn(command, name=INITDB, place=place, **options).wait()
    os.close(secret)
    if result != 0:
        raise Trouble(f"initdb failed:\n{processes.end_of_log(place, INITDB)}")
    with open(place / "postgres/data/postgresql.conf", "a") as file:
        file.write(CONFIGURATION.format(fsync="off" if fast else "on", libraries=_libraries()))
    (place / "postgres/data/pg_hba.conf").write_text(HOST_ACCESS)


def verifier(password):
    """What PostgreSQL keeps of a password that is made at random (RFC 5803, `pg_authid.rolpassword`).

    One iteration: thousands, PostgreSQL's own choice, make guessing dear, and every session too, by 5 ms of processor time. Nobody
    guesses 128 random bits.
    """
    salt = secrets.token_bytes(16)
    salted = hashlib.pbkdf2_hmac("sha256", password.encode(), salt, 1)
    client, server = (hmac.digest(salted, name, "sha256") for name in (b"Client Key", b"Server Key"))
    stored = hashlib.sha256(client).digest()
    salt, stored, server = (base64.b64encode(each).decode() for each in (salt, stored, server))
    return f"SCRAM-SHA-256$1:{salt}${stored}:{server}"


def _libraries():
    told = subprocess.run([programs() / "pg_config", "--pkglibdir"], capture_output=True, text=True)
    folder = told.stdout.strip() or str(programs().parent / "lib")
    return "pg_stat_statements" if (Path(folder) / "pg_stat_statements.so").exists() else ""


def socket_directory(place):
    """Where clients find the Unix socket, or None when the path is longer than a socket's may be."""
    path = str(place / "postgres/socket")
    return path if len(os.fsencode(path)) <= LONGEST_SOCKET_DIRECTORY else None


def start(place, port):
    """Returns once the server itself says that it takes connections. Nothing of an earlier one may run any more."""
    _forget_the_dead(place)
    with _reach(place) as (data, sockets, options):
        sockets = sockets if socket_directory(place) else ""
        server = processes.spawn(
            [programs() / "postgres", "-D", data, "-p", port, "-c", f"unix_socket_directories={sockets}"],
            name=NAME, place=place, **options,
        )  # fmt: skip

    def ready():
        if server.poll() is not None:
            raise Trouble(
                f"PostgreSQL did not start on 127.0.0.1:{port}, the end of {place / 'postgres.log'}:\n"
                + processes.end_of_log(place, NAME)
            )
        told = _told(place)
        return len(told) > 7 and told[0] == str(server.pid) and told[7].strip() == "ready"

    processes.wait_until(
        ready, 120.0, lambda: f"PostgreSQL is not ready after two minutes:\n{processes.end_of_log(place, NAME)}"
    )


def _told(place):
    """The lines of postmaster.pid: number, directory, start, port, socket, address, shared memory, state."""
    try:
        return (place / "postgres/data/postmaster.pid").read_text().splitlines()
    except FileNotFoundError:
        return []


def create_database(place, port, password):
    command = [programs() / "createdb", "-h", "127.0.0.1", "-p", str(port), "-U", USER, DATABASE]
    made = subprocess.run(command, env={**os.environ, "PGPASSWORD": password}, capture_output=True, text=True)
    if made.returncode != 0:
        raise Trouble(f"creating the database {DATABASE} failed: {made.stderr.strip()}")


MODES = {"smart": signal.SIGTERM, "fast": signal.SIGINT, "immediate": signal.SIGQUIT}


def stop(place, mode="fast"):
    told = _told(place)
    processes.end(place, NAME, MODES[mode], patience=60.0)
    _free_shared_memory(told)


def _forget_the_dead(place):
    """Removes a killed server's lock files. The next one would take its number for a live process's as long as
    nobody has collected the zombie, and in containers the first process may take its time with that."""
    _free_shared_memory(_told(place))
    (place / "postgres/data/postmaster.pid").unlink(missing_ok=True)
    for lock in (place / "postgres/socket").glob(".s.PGSQL.*"):
        lock.unlink()


def _free_shared_memory(told):
    """A killed server leaves the few bytes of shared memory that guard its directory; the next start would free them."""
    if len(told) < 7 or len(told[6].split()) != 2:
        return
    key, number = (int(word) for word in told[6].split())
    with open("/proc/sysvipc/shm") as table:
        next(table)
        rows = [[int(word) for word in row.split()] for row in table]
    if any(row[0] == key and row[1] == number and row[6] == 0 for row in rows):
        ctypes.CDLL(None).shmctl(number, 0, None)  # 0 is IPC_RMID.
