"""The worker's process by itself: memory with a backlog and at rest, and how soon it is ready."""

import contextlib
import re
import time
import urllib.error
import urllib.request

from confluent_kafka import Consumer, Producer

from .contenders import ours
from .ground import TOPIC, until
from .processes_seen import lines_of, resident

IDLE_SECONDS = 5


def four_lanes(ground, leads):
    """Megabytes at most with four lanes and all these leads waiting."""
    return ours(ground, leads, lanes=4, relay=False).peak["allocate-leads"]


def idle_and_start(ground):
    """Megabytes at rest; milliseconds from start to ready, and the part of them that any consumer waits."""
    ground.fresh_broker()
    admitted = admission(ground)
    ground.fresh_broker()
    with ground.database() as (database, _):
        program = ground.program("allocate-leads", [ground.executables / "allocate-leads"], database, LOG_FORMAT="json")
        began = time.monotonic()
        with program as process:
            log = ground.folder / "allocate-leads.log"
            port = until(lambda: re.search('"http_port":([0-9]+)', log.read_text()), 20, "the worker's port", 0.002)[1]
            until(lambda: is_ready(port), 60, "the worker to be ready", 0.002)
            ready = time.monotonic() - began
            time.sleep(IDLE_SECONDS)
            return resident(process.pid), ready * 1000, admitted * 1000


def idle_with_systems_library(ground):
    """Megabytes at rest with the system's librdkafka, which shares libraries with libpq where the one for the development
    broker brings its own. Beside mock brokers of librdkafka's: the development broker does not know the older one's questions."""
    mock = Producer({"bootstrap.servers": "mock", "test.mock.num.brokers": 1, "log_level": 0})
    broker = next(iter(mock.list_topics(TOPIC, timeout=10).brokers.values()))
    with ground.database() as (database, _):
        settings = {"KAFKA_BOOTSTRAP_SERVERS": f"{broker.host}:{broker.port}", "LD_LIBRARY_PATH": ""}
        program = ground.program("allocate-leads", [ground.executables / "allocate-leads"], database, **settings)
        with program as process:
            log = ground.folder / "allocate-leads.log"
            until(lambda: any("partitions were assigned" in line for line in lines_of(log)), 60, "partitions", 0.05)
            time.sleep(IDLE_SECONDS)
            return resident(process.pid)


def admission(ground):
    """Seconds that a bare consumer of the same settings waits for its partitions: the broker's own time."""
    variables = ground.services.variables
    began = time.monotonic()
    admitted = []
    consumer = Consumer({
        "bootstrap.servers": variables["KAFKA_BOOTSTRAP_SERVERS"], "group.id": "bench-admission",
        "session.timeout.ms": int(variables["KAFKA_SESSION_TIMEOUT_MS"]),
    })  # fmt: skip
    consumer.subscribe([TOPIC], on_assign=lambda *_: admitted.append(time.monotonic() - began))
    while not admitted:
        consumer.poll(0.01)
    consumer.close()
    return admitted[0]


def is_ready(port):
    with contextlib.suppress(urllib.error.URLError, OSError), urllib.request.urlopen(f"http://127.0.0.1:{port}/ready"):
        return True
    return False
