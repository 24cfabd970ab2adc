"""Kafka's side of the peers: messages in, `lead.ownership` out after the commit, at least once.

Positions are told to Kafka when the events that follow from them were acknowledged; that of one batch happens while
the next is worked on.
"""

import signal
import time
from os import environ

from confluent_kafka import Consumer, Producer, TopicPartition


class Stream:
    def __init__(self, name, most):
        servers = {"bootstrap.servers": environ["KAFKA_BOOTSTRAP_SERVERS"]}
        self.most = most
        self.consumer = Consumer({
            **servers, "group.id": name, "enable.auto.commit": False, "auto.offset.reset": "earliest",
            "session.timeout.ms": int(environ["KAFKA_SESSION_TIMEOUT_MS"]),
            "fetch.wait.max.ms": int(environ["KAFKA_FETCH_WAIT_MAX_MS"]),
            # The default would hold 64 MB ahead, to no use.
            "queued.max.messages.kbytes": 4_096,
        })  # fmt: skip
        self.producer = Producer({
            **servers, "enable.idempotence": True, "partitioner": "murmur2_random", "linger.ms": 5,
            "queue.buffering.max.messages": 1_000_000,
        })  # fmt: skip
        self.positions, self.unsettled = {}, 0
        self.source = f"/{name}".encode()
        self.serial = 0
        self.consumer.subscribe(["lead.registered"])

    def poll(self, most):
        return [message for message in self.consumer.consume(min(self.most, most), 0.2) if message.error() is None]

    def publish(self, emitted, now, messages, letters, taken):
        """Events of a committed batch; `taken` are the messages that it came from."""
        if self.unsettled >= self.most:
            self.settle()
        self.unsettled += len(taken)
        self.serial += 1
        produce, source, time_of_all, serial = self.producer.produce, self.source, now.encode(), self.serial
        for index, (kind, key, payload) in enumerate(messages):
            produce("lead.ownership", payload, key, headers=[
                ("ce_specversion", b"1.0"), ("ce_type", kind), ("ce_source", source),
                ("ce_id", f"{emitted}.{serial}.{index}"), ("ce_time", time_of_all),
                ("content-type", b"application/json"),
            ])  # fmt: skip
        for event in letters:
            path, reason, detail = event.refused
            message = event.message
            produce("lead.registered.dlq", message.value(), message.key(), headers=[
                *(message.headers() or ()), ("__dlq.errors.topic", message.topic()),
                ("__dlq.errors.partition", str(message.partition())), ("__dlq.errors.offset", str(message.offset())),
                ("__dlq.errors.message", f"{path}: {detail}"), ("reason", reason),
            ])  # fmt: skip
        self.producer.poll(0)
        for message in taken:
            self.positions[message.partition()] = message.offset() + 1

    def settle(self):
        """Waits until what was published is acknowledged, then tells Kafka how far that goes."""
        if not self.positions:
            return
        if self.producer.flush(30):
            raise SystemExit("the broker does not acknowledge")
        positions = [TopicPartition("lead.registered", place, offset) for place, offset in self.positions.items()]
        self.consumer.commit(offsets=positions, asynchronous=True)
        self.positions, self.unsettled = {}, 0

    def finish(self):
        """Says when all had reached Kafka, and waits to be ended: memory and processor time are still to be read."""
        self.settle()
        print(f"finished {time.time():.6f}", flush=True)
        signal.pause()
