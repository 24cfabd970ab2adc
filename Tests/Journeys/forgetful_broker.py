"""A broker that deletes what is old while others still read: librdkafka's own mock, served by this process.

The development broker drops the connection when it is asked to delete records, and keeps all it was given. The mock keeps
5 MB a partition: what is published beyond them pushes the oldest records out, as retention does, and the log's start rises.
It makes topics of four partitions.
"""

from confluent_kafka import Producer


class ForgetfulBroker:
    KEEPS = 5 << 20  # Bytes of a partition.

    def __init__(self, *topics):
        # The mock lives as long as the client that started it.
        self.client = Producer(
            {"bootstrap.servers": "none", "test.mock.num.brokers": 1, "allow.auto.create.topics": True, "log_level": 0}
        )
        for topic in topics:
            brokers = self.client.list_topics(topic, timeout=60).brokers.values()
        self.bootstrap = ",".join(f"{broker.host}:{broker.port}" for broker in brokers)
