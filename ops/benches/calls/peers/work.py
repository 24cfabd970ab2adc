"""The loop that both peers have in common: consume, load, conclude, write, commit, then tell Kafka."""

import os
import re
import sys

import orjson
import psycopg
from confluent_kafka import Consumer, TopicPartition

from .fold import Batch, line

TOPIC = "call.events"
E164 = re.compile(r"\+[1-9][0-9]{6,14}")
KNOWN = "select id, facts from call where id = any(%s)"
OWNERS = """
select phone, id, null::bigint from lead where phone = any(%s)
union all select phone, null, customer_id from customer_phone where phone = any(%s)"""


def main(name, size, writer):
    consumer = Consumer({
        "group.id": name, "auto.offset.reset": "earliest", "enable.auto.commit": False, "log_level": 0,
        **{key[6:].lower().replace("_", "."): value for key, value in os.environ.items() if key.startswith("KAFKA_")},
    })  # fmt: skip
    consumer.subscribe([TOPIC])
    connection = psycopg.connect("", options="-c search_path=millrace,public")
    connection.execute("set role millrace_track_calls")
    connection.commit()
    write = writer(connection)
    while True:
        messages = [message for message in consumer.consume(size, 0.2) if message.error() is None]
        if not messages:
            continue
        told = []
        for message in messages:
            kind = next(value for header, value in message.headers() if header == "ce_type").decode()[5:]
            data = orjson.loads(message.value())
            if kind == "started" and not E164.fullmatch(data["from"]):
                sys.exit("this peer reads only E.164")
            told.append((data["callId"], line(kind, data)))
        cursor = connection.cursor()
        batch = Batch(cursor.execute(KNOWN, [list({call for call, _ in told})]).fetchall())
        for call, text in told:
            batch.take(call, text)
        rows, figures, contacts, backs = batch.conclude()
        phones = list({story.phone for call, _, story in rows if story.phone})
        if cursor.execute(OWNERS, [phones, phones]).fetchone():
            sys.exit("this peer knows no leads and no customers")
        write(cursor, rows, figures, contacts, backs)
        cursor.execute("update bench_progress set events = events + %s", [len(messages)])
        connection.commit()
        ends = {}
        for message in messages:
            place = message.topic(), message.partition()
            ends[place] = max(ends.get(place, 0), message.offset() + 1)
        consumer.commit(offsets=[TopicPartition(*place, offset) for place, offset in ends.items()], asynchronous=True)
