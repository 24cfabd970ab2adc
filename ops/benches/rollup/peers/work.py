"""The loop that both peers have in common: consume, write, commit, then tell Kafka. At least once; what repeats is counted twice."""

import os

import psycopg
from confluent_kafka import Consumer, TopicPartition

TOPIC = "outreach.outcomes"


def main(name, size, writer):
    consumer = Consumer({
        "group.id": f"{name}-{os.getpid()}", "auto.offset.reset": "earliest", "enable.auto.commit": False, "log_level": 0,
        **{key[6:].lower().replace("_", "."): value for key, value in os.environ.items() if key.startswith("KAFKA_")},
    })  # fmt: skip
    consumer.subscribe([TOPIC])
    connection = psycopg.connect("", options="-c search_path=millrace,public -c synchronous_commit=off")
    write = writer(connection)
    while True:
        messages = [message for message in consumer.consume(size, 0.2) if message.error() is None]
        if not messages:
            continue
        cursor = connection.cursor()
        write(cursor, messages)
        cursor.execute("update bench_progress set events = events + %s", [len(messages)])
        connection.commit()
        ends = {}
        for message in messages:
            place = message.topic(), message.partition()
            ends[place] = max(ends.get(place, 0), message.offset() + 1)
        consumer.commit(offsets=[TopicPartition(*place, offset) for place, offset in ends.items()], asynchronous=True)


def what(message, told):
    step = next(value for header, value in message.headers() if header == "ce_type").decode()[8:]
    return f"machine-{step}" if told.get("machine") else step
