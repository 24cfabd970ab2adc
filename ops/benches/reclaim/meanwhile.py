"""Who else is at work while leads are taken back: somebody who claims from the pool, and registrations."""

import datetime
import itertools
import json
import os
import threading
import time

from confluent_kafka import Producer


class Meanwhile:
    def __init__(self, ground, claiming):
        self.ground = ground
        self.waits = []
        self.trouble = []
        self.over = threading.Event()
        deeds = [self.register, *([self.claim] if claiming else [])]
        self.threads = [threading.Thread(target=self.guarded, args=(deed,)) for deed in deeds]

    def __enter__(self):
        for thread in self.threads:
            thread.start()
        return self

    def __exit__(self, *_):
        self.over.set()
        for thread in self.threads:
            thread.join()
        if self.trouble:
            raise self.trouble[0]

    def guarded(self, deed):
        try:
            deed()
        except Exception as error:  # noqa: BLE001: told when the bench ends this
            self.trouble.append(error)

    def until_under_way(self):
        """Somebody who has registered has their place: all programs are at work."""
        deadline = time.monotonic() + 60
        with self.ground.connect() as connection:
            while not self.placed(connection):
                if self.trouble or self.over.wait(0.1) or time.monotonic() > deadline:
                    raise SystemExit("bench reclaim: nobody who registers gets a place")

    def register(self):
        """Twenty a second, each with the time at which it happened."""
        servers = self.ground.services.variables["KAFKA_BOOTSTRAP_SERVERS"]
        producer = Producer({"bootstrap.servers": servers})
        for number in itertools.count():
            phone = f"+86139{number % 100_000_000:08}"
            happened = datetime.datetime.now(datetime.UTC).isoformat()
            headers = {"ce_specversion": "1.0", "ce_type": "lead.registered", "ce_source": f"/bench/{self.ground.database}",
                       "ce_id": f"{os.getpid()}-{number}", "ce_time": happened, "content-type": "application/json"}  # fmt: skip
            producer.produce("lead.registered", json.dumps({"phone": phone, "source": "meanwhile"}), key=phone,
                             headers=list(headers.items()))  # fmt: skip
            producer.poll(0)
            if self.over.wait(0.05):
                break
        producer.flush(10)

    def claim(self):
        """Five a second, from the command to its outcome."""
        with self.ground.connect() as connection:
            while not self.over.wait(0.2):
                lead = connection.execute(
                    "select id from lead where state = 'pooled' and branch_id = 1 order by pooled_at limit 1").fetchone()
                if not lead:
                    continue
                began = time.monotonic()
                command = connection.execute("select claim_lead(%s)", lead).fetchone()[0]
                while not connection.execute(
                    "select outcome from command_outcomes(array[%s])", [command]).fetchone()[0]:  # fmt: skip
                    if self.over.wait(0.005) or time.monotonic() - began > 60:
                        return
                self.waits.append((time.monotonic() - began) * 1000)

    def placed(self, connection, since="-infinity"):
        """Milliseconds from each registration to its place."""
        return [row[0] for row in connection.execute(
            "select 1000 * extract(epoch from h.at - l.registered_at)::float from lead l "
            "join lead_history h on h.lead_id = l.id "
            "where h.version = 1 and l.source = 'meanwhile' and l.registered_at >= %s", [since])]  # fmt: skip
