"""When messages leave: a code while a million wait, a rate that replicas share, an opening that many wait for.

What the gateway stamps is the moment at which a request has reached it whole, by the clock that publishers have as well.
"""

import contextlib
import datetime
import json
import time

from allocate.ground import until
from allocate.latency import is_ready, percentile, port
from allocate.processes_seen import cpu, cpu_of_server
from frame import say

from . import gateways

PATIENCE = 600
FILL = """
insert into message (id, channel, purpose, priority, state, source, event_id, recipient, phone, country, time_zone, body,
  gateway, parts, requested_at, due_at)
select n, 'sms', %(purpose)s, %(priority)s, 'queued', '/bench', n::text, '+86138' || lpad(n::text, 8, '0'), 8613800000000 + n,
  'CN', %(zone)s, 'Your fund pays out ' || n || ' CNY today.', 'measured', 1, now(), now()
from generate_series(1, %(count)s) n
"""
CODES_A_SECOND, CODES_FIRST = 10, 10
IDLE_SECONDS, OPEN_SECONDS, OPEN_RATE = 30, 15, 1000


class Moments:
    def __init__(self, ground, options, folder):
        self.ground, self.options, self.folder = ground, options, folder

    @contextlib.contextmanager
    def waiting(self, gateway, count, *, purpose="service", priority=1, zone="Asia/Shanghai", concurrency=100, **description):
        """A ledger in which so many messages wait for the gateway, and a broker that no other ledger has read."""
        self.ground.fresh_broker()
        with self.ground.database() as (database, connection):
            connection.execute(
                "insert into gateway (name, channel, place, description) values ('measured', 'sms', 1, %s)",
                [json.dumps(gateway.description(concurrency, **description))])  # fmt: skip
            connection.execute("insert into gateway_pace (gateway) values ('measured')")
            connection.execute(
                "insert into contact_policy (channel, purpose, without_consent) values ('sms', 'marketing', true)")
            connection.execute(FILL, {"count": count, "purpose": purpose, "priority": priority, "zone": zone})
            # Those that come in are numbered behind them, by blocks of 1000.
            connection.execute("select setval('message_block', %s)", [count // 1000 + 1])
            connection.execute("analyze message")
            connection.execute("checkpoint")
            yield database, connection

    def sender(self, name, database):
        return self.ground.program(name, [self.ground.executables / "send-sms"], database, LOG_FORMAT="json")

    # Measures: (name, value, unit) each.

    def code(self):
        """From a one-time code's publication to the gateway's stamp, while marketing messages wait and go."""
        codes = self.options.codes + CODES_FIRST
        with (
            gateways.slow(self.folder, 0.1) as gateway,
            self.waiting(gateway, self.options.waiting, purpose="marketing", priority=2) as (database, _),
        ):
            with self.sender("code", database):
                until(lambda: gateway.count() > 500, PATIENCE, "marketing messages to go")
                at = until(lambda: port(self.ground, "code"), PATIENCE, "the sender's port")
                until(lambda: is_ready(at), PATIENCE, "the sender to be ready")
                published = self.publish(codes)
                stamps = until(lambda: self.codes_of(gateway, codes), PATIENCE, "the codes to arrive", 1)
                gone = gateway.count()
        taken = [stamps[number] - published[number] for number in sorted(published)[CODES_FIRST:]]
        say(f"  code: {len(taken)} codes while {gone:,} others went, the slowest after {max(taken) * 1000:.0f} ms")
        if gone >= self.options.waiting:
            raise SystemExit("bench send: nothing waited any more when the codes came")
        yield from ((f"code_p{share}", percentile(taken, share / 100) * 1000, "ms") for share in (50, 99))

    def publish(self, codes):
        """When each was handed to the producer."""
        producer, published, begin = self.ground.producer(**{"linger.ms": 0}), {}, time.monotonic()
        for number in range(codes):
            time.sleep(max(0, begin + number / CODES_A_SECOND - time.monotonic()))
            value = {"to": f"+86139{number:08d}", "text": f"Your code is {number}", "purpose": "transactional"}
            headers = [
                ("ce_specversion", b"1.0"), ("ce_type", b"sms.requested"), ("ce_source", b"/bench"),
                ("ce_id", f"code-{number}".encode()), ("content-type", b"application/json")]  # fmt: skip
            published[number] = time.time()
            producer.produce("outreach.sms", json.dumps(value).encode(), value["to"].encode(), headers=headers)
            producer.poll(0)
        if producer.flush(30):
            raise SystemExit("bench send: the broker does not take all codes")
        return published

    @staticmethod
    def codes_of(gateway, wanted):
        """The stamps by the codes' numbers, once all are there."""
        found = {
            int(said["text"].rpartition(" ")[2]): at for at, said in gateway.stamps() if said["text"].startswith("Your code")
        }
        return found if len(found) == wanted else None

    def rate(self):
        """100 a second shared by three senders: the most in any second, and how many a second in all."""
        seconds = self.options.seconds
        with gateways.slow(self.folder, 0.01) as gateway:
            request = gateway.description(1)["request"]
            request["json"]["began"] = "{{time.milliseconds}}"
            with self.waiting(gateway, 100 * seconds + 500, rate=100, request=request) as (database, _):
                with contextlib.ExitStack() as senders:
                    for number in range(3):
                        senders.enter_context(self.sender(f"rate-{number + 1}", database))
                    until(lambda: gateway.count() >= 100 * seconds + 200, seconds * 2 + PATIENCE, "the messages to go", 0.5)
                stamps = gateway.stamps()
        arrived = sorted(at for at, _ in stamps)
        begun = sorted(int(said["began"]) / 1000 for _, said in stamps)
        whole = sum(at < arrived[0] + seconds for at in arrived) / seconds
        say(f"  rate: {len(arrived):,} messages in {arrived[-1] - arrived[0]:.1f} s")
        yield "rate_average", whole, "messages/s"
        yield "rate_most_in_a_second", most_within(arrived, 1), "messages"
        yield "rate_most_begun_in_a_second", most_within(begun, 1), "messages"

    def deferred(self):
        """Messages that wait for an opening: before it, at it, and what waiting costs."""
        count = self.options.deferred
        now = datetime.datetime.now(datetime.UTC)
        # A zone in which it is about noon, so that the opening is today's.
        east = 12 - now.hour
        zone = f"Etc/GMT{-east:+d}" if east else "Etc/GMT"
        with (
            gateways.slow(self.folder, 0.01) as gateway,
            self.waiting(gateway, count, zone=zone, rate=OPEN_RATE, concurrency=200) as (database, connection),
        ):
            opening = datetime.datetime.now(datetime.UTC) + datetime.timedelta(seconds=self.options.opening)
            opening = opening.replace(microsecond=0)
            self.open(connection, (opening + datetime.timedelta(hours=east)).time())
            with self.sender("deferred", database) as process:
                waits = "select count(*) from message where reason = 'outside-hours'"
                until(lambda: connection.execute(waits).fetchone()[0] == count, PATIENCE, "all to be deferred", 0.5)
                left = opening.timestamp() - time.time()
                say(f"  deferred: {count:,} were deferred {left:.0f} s before the opening")
                if left < IDLE_SECONDS + 2:
                    raise SystemExit("bench send: too little time is left before the opening: --opening")
                before = self.used(process)
                time.sleep(IDLE_SECONDS)
                ours, server = (end - begin for begin, end in zip(before, self.used(process), strict=True))
                early = gateway.count()
                time.sleep(max(0, opening.timestamp() + OPEN_SECONDS - time.time()))
                arrived = sorted(at for at, _ in gateway.stamps())
        early += sum(at < opening.timestamp() for at in arrived)
        first = arrived[0] - opening.timestamp()
        say(f"  deferred: {len(arrived):,} arrived within {OPEN_SECONDS} s, the first {first:.2f} s after the opening")
        yield "deferred_sent_before", early, "messages"
        yield "deferred_most_in_a_second", most_within(arrived, 1), "messages"
        yield "deferred_idle_cpu", ours / IDLE_SECONDS * 100, "% of a core"
        yield "deferred_idle_cpu_postgres", server / IDLE_SECONDS * 100, "% of a core"

    def used(self, process):
        return cpu(process.pid), cpu_of_server(self.ground.services.place, "postgres")

    @staticmethod
    def open(connection, at):
        connection.execute("insert into calendar (id, code, name) values (99, 'opening', 'opening')")
        connection.execute(
            """insert into calendar_hours (calendar_id, weekday, opens, closes)
               select 99, d, %s, '24:00' from generate_series(1, 7) d""", [at])  # fmt: skip
        connection.execute(
            """insert into contact_policy (channel, purpose, calendar_id, spread) values ('sms', 'service', 99, '30 seconds')""")


def most_within(moments, span):
    """The most of these moments, in order, that lie within any stretch of so many seconds."""
    most, first = 0, 0
    for last, moment in enumerate(moments):
        while moment - moments[first] >= span:
            first += 1
        most = max(most, last - first + 1)
    return most
