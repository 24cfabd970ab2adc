"""How long a lead takes at a steady thousand a second: published to committed, and to `lead.ownership` received."""

import contextlib
import math
import multiprocessing
import re
import time
import urllib.request
from collections import defaultdict

import orjson
from confluent_kafka import Consumer, TopicPartition

from .contenders import PARTITIONS, PATIENCE, applied, is_empty
from .ground import ANSWERS, TOPIC, until
from .standing import FIRST_LEAD

RATE = 1_000
# Statements are prepared in the first second.
WARM = 1_000
# Until then the development broker's log is so short that its own time does not show. See the README.
EARLY_SECONDS = 5
STEPS = re.compile(r'^millrace_(batch_waited|batch_step|relay_step)_seconds_(bucket|sum|count)\{(.*)\} (\S+)$', re.M)


class Latency:
    """Seconds from published to each stage, by stage and in the order of publishing, and what the steps took."""

    def __init__(self, published, stages, steps):
        order = sorted(published, key=published.get)[WARM:]
        begin = published[order[0]]
        self.early = sum(published[number] < begin + EARLY_SECONDS for number in order)
        self.stages = {name: [moments[number] - published[number] for number in order if number in moments]
                       for name, moments in stages.items()}  # fmt: skip
        self.steps = steps

    def percentiles(self):
        """(measure, milliseconds) for each stage, over all of it and over its beginning."""
        for name, values in self.stages.items():
            for share in (50, 99):
                yield f"published_to_{name}_p{share}", percentile(values, share / 100) * 1000
        for name, values in self.stages.items():
            early = values[: self.early]
            yield f"published_to_{name}_p99_first_{EARLY_SECONDS}_s", percentile(early, 0.99) * 1000


def measure(ground, leads):
    ground.fresh_broker()
    with ground.database() as (database, connection), contextlib.ExitStack() as running:
        programs = ("relay-events", "allocate-leads")
        for name in programs:
            running.enter_context(ground.program(name, [ground.executables / name], database, LOG_FORMAT="json"))
        heard = running.enter_context(listening(ground.services.bootstrap_servers))
        ports = [until(lambda name=name: port(ground, name), 20, f"the port of {name}", 0.01) for name in programs]
        for each in ports:
            until(lambda each=each: is_ready(each), PATIENCE, "both to be ready", 0.01)
        published, acknowledged = publish(ground.producer(**{"linger.ms": 0}), leads)
        until(lambda: applied(connection) >= len(leads), PATIENCE, "the leads to be allocated", 0.1)
        until(lambda: is_empty(connection), PATIENCE, "the outbox to be emptied", 0.1)
        rows = connection.execute(
            "select event_id::int, lead_id, extract(epoch from pg_xact_commit_timestamp(xmin))::float8 "
            "from lead_history where lead_id >= %s", [FIRST_LEAD]).fetchall()  # fmt: skip
        received = heard()
        steps = [step for each in ports for step in steps_of(read(each, "metrics"))]
    committed = {event: at for event, _, at in rows}
    answered = {event: received[lead] for event, lead, _ in rows}
    return Latency(
        published, {"acknowledged": acknowledged, "committed": committed, "ownership": answered}, steps)


def publish(producer, leads):
    """A lead each millisecond, as near as sleeping allows; answers when each was handed to the producer, and when the
    broker had acknowledged it.

    A producer that has just been made sends nothing for half a second or a whole one, until it has its number: what was handed to it
    by then would come at once, and be waited for by those after it. So the first lead goes alone."""
    published, acknowledged = {}, {}

    def produce(key, value, headers):
        number = int(dict(headers)["ce_id"])
        published.setdefault(number, time.time())
        producer.produce(TOPIC, value, key, headers=headers,
                         on_delivery=lambda *_: acknowledged.setdefault(number, time.time()))  # fmt: skip
        producer.poll(0)

    produce(*leads[0])
    producer.flush(10)
    begin = time.monotonic()
    for place, lead in enumerate(leads[1:]):
        ahead = begin + place / RATE - time.monotonic()
        if ahead > 0:
            time.sleep(ahead)
        produce(*lead)
    producer.flush(10)
    return published, acknowledged


def port(ground, name):
    found = re.search('"http_port":([0-9]+)', (ground.folder / f"{name}.log").read_text())
    return found and found[1]


def is_ready(port):
    with contextlib.suppress(OSError):
        return bool(read(port, "ready"))
    return False


def read(port, path):
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/{path}") as answer:
        return answer.read().decode()


def steps_of(metrics):
    """(name, times, mean, bound below which 99 of 100 lie) of each step, in seconds, of the worker and the relay."""
    steps = defaultdict(lambda: {"bounds": []})
    for name, kind, labels, value in STEPS.findall(metrics):
        labels = dict(re.findall(r'(\w+)="([^"]*)"', labels))
        name = f"{name}_{labels['step']}" if "step" in labels else name
        if labels.get("worker", "allocate-leads") != "allocate-leads":
            continue
        if kind == "bucket":
            steps[name]["bounds"].append((float(labels["le"]), float(value)))
        else:
            steps[name][kind] = float(value)
    for name, step in steps.items():
        if count := step["count"]:
            most = next(bound for bound, below in step["bounds"] if below >= 0.99 * count)
            yield name, int(count), step["sum"] / count, most if math.isfinite(most) else None


@contextlib.contextmanager
def listening(servers):
    """Answers a function that tells when each lead's owner was first heard of, by lead.

    In a process of its own: it must not wait for the publisher's turn in the interpreter.
    """
    ours, theirs = multiprocessing.get_context("spawn").Pipe()
    listener = multiprocessing.get_context("spawn").Process(target=listen, args=(servers, theirs), daemon=True)
    listener.start()
    ours.recv()

    def heard():
        ours.send("tell")
        return ours.recv()

    try:
        yield heard
    finally:
        listener.kill()
        listener.join()


def listen(servers, pipe):
    consumer = Consumer({"bootstrap.servers": servers, "group.id": "bench-listener", "fetch.wait.max.ms": 10})
    consumer.assign([TopicPartition(ANSWERS, place, 0) for place in range(PARTITIONS)])
    received = {}
    pipe.send("ready")
    while True:
        message = consumer.poll(0.05)
        if message is None:
            if pipe.poll():
                pipe.recv()
                pipe.send(received)
        elif message.error() is None:
            received.setdefault(orjson.loads(message.value())["leadId"], time.time())


def percentile(values, share):
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(len(ordered) * share))]
