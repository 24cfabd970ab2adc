"""What a worker or a test needs in its environment to use the services."""

import ctypes
import importlib.util
import os
import shlex
from pathlib import Path

from services import postgres

OLDEST_THAT_TALKS_TO_THE_BROKER = 0x020200FF  # librdkafka 2.2.0: before it, answers with tags are misread.


def variables(place):
    choices = place.choices()
    ports = {name: server["port"] for name, server in choices["servers"].items()}
    values = {
        "SERVICES_DIR": str(place),
        "KAFKA_BOOTSTRAP_SERVERS": f"127.0.0.1:{ports['broker']}",
        # These two suit the development broker and are no defaults of the product. A fetch that waits there is not
        # woken when something is produced, and a join is held open for half the session timeout.
        "KAFKA_FETCH_WAIT_MAX_MS": "10",
        "KAFKA_SESSION_TIMEOUT_MS": "6000",
        "PGHOST": "127.0.0.1",
        "PGPORT": str(ports['postgres']),
        "PGUSER": postgres.USER,
        "PGPASSWORD": choices["password"],
        "PGDATABASE": postgres.DATABASE,
        # No secret: what lies in these databases is made up.
        "IDENTITY_KEY": "for development, and for nothing else",
    }
    if librdkafka_of_the_system() < OLDEST_THAT_TALKS_TO_THE_BROKER and (newer := newer_librdkafka()):
        before = [path for path in os.environ.get("LD_LIBRARY_PATH", "").split(":") if path and path != newer]
        values["LD_LIBRARY_PATH"] = ":".join([newer, *before])
    return values


def export_lines(place):
    return "".join(f"export {name}={shlex.quote(value)}\n" for name, value in variables(place).items())


def librdkafka_of_the_system():
    """rd_kafka_version() of the librdkafka that programs get without LD_LIBRARY_PATH; 0 when there is none."""
    # LD_LIBRARY_PATH of this very process may name the newer one already, so look where the loader looks after it.
    for folder in ("/usr/local/lib", *map(str, Path("/usr/lib").glob("*-linux-gnu")), "/usr/lib64", "/usr/lib"):
        library = f"{folder}/librdkafka.so.1"
        if os.path.exists(library):
            return ctypes.CDLL(library).rd_kafka_version()
    return 0


def newer_librdkafka():
    """A folder with the librdkafka that the confluent-kafka wheel brings, under the name that programs ask for.

    None when the wheel is not installed. The wheel names its library with a checksum; the folder is made beside it.
    """
    package = importlib.util.find_spec("confluent_kafka")
    if package is None or package.origin is None:
        return None
    bundled = Path(package.origin).parent.parent / "confluent_kafka.libs"
    folder = bundled / "as-librdkafka"
    if not (folder / "librdkafka.so.1").exists():
        folder.mkdir(exist_ok=True)
        for library in bundled.glob("*.so*"):
            name = "librdkafka.so.1" if library.name.startswith("librdkafka-") else library.name
            link = folder / f".{name}.{os.getpid()}"
            link.symlink_to(f"../{library.name}")
            link.rename(folder / name)
    return str(folder)
