"""How long a lead takes at a steady thousand a second: published to committed, and to `lead.ownership` received."""

import contextlib
import multiprocessing
import time

import orjson
from confluent_kafka import Consumer, TopicPartition

from .contenders import PARTITIONS, PATIENCE, applied, is_empty
from .ground import ANSWERS, TOPIC, until

RATE = 1_000
WARM = 100


def measure(ground, leads):
    """Seconds from published to committed, and from published to received, of each lead."""
    ground.fresh_broker()
    with ground.database() as (database, connection), contextlib.ExitStack() as running:
        for name in ("relay-events", "allocate-leads"):
            running.enter_context(ground.program(name, [ground.executables / name], database, LOG_FORMAT="json"))
        heard = running.enter_context(listening(ground.services.bootstrap_servers))
        # The first ones wait for connections and for the group's admission, and are not measured.
        producer = ground.producer(**{"linger.ms": 0})
        publish(producer, leads[:WARM])
        until(lambda: applied(connection, WARM), PATIENCE, "the first leads")
        published = publish(producer, leads[WARM:])
        until(lambda: applied(connection, len(leads)), PATIENCE, "the leads to be allocated", 0.1)
        until(lambda: is_empty(connection), PATIENCE, "the outbox to be emptied", 0.1)
        committed = connection.execute(
            "select event_id, lead_id, extract(epoch from pg_xact_commit_timestamp(xmin))::float8 from lead_history"
        ).fetchall()
        received = heard()
    commit, answer = [], []
    for event, lead, at in committed:
        if (left := published.get(int(event))) is not None:
            commit.append(at - left)
            answer.append(received[lead] - left)
    return commit, answer


def publish(producer, leads):
    """A lead each millisecond, as near as sleeping allows; answers when each was handed to the producer."""
    published = {}
    begin = time.monotonic()
    for place, (key, value, headers) in enumerate(leads):
        ahead = begin + place / RATE - time.monotonic()
        if ahead > 0:
            time.sleep(ahead)
        number = int(dict(headers)["ce_id"])
        published.setdefault(number, time.time())
        producer.produce(TOPIC, value, key, headers=headers)
        producer.poll(0)
    producer.flush(10)
    return published


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
