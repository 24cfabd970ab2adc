"""Outcomes of 50 campaigns' messages a second from `outreach.outcomes` to figures in PostgreSQL.

    end_to_end      roll-up-metrics, as shipped; beside the figures it keeps what it has counted (campaign_heard)
    python_copy     the best by hand: added up in memory, COPY and INSERT..SELECT, 10,000 events a transaction, at least once
    python_single   by hand: an upsert for each event, 500 events a transaction, at least once; of a twentieth of the events
    latency         from the publication of an outcome to the figure that shows it, at 2,000 a second
    report, verify  of a campaign of a million recipients: its figures by hour, and `millrace campaign verify`
"""

import statistics
import subprocess
import sys
import threading
import time

import frame
from allocate.firm import firm
from allocate.ground import Ground, Ledger
from allocate.processes_seen import cpu, resident
from frame import ROOT, say
from report import Report
from services_in_use import ServicesInUse

from .stream import CAMPAIGNS, EVENTS_OF_TWO, events, settle

TOPIC = "outreach.outcomes"
PATIENCE = 1800
CONTENT = """
select count(*), sum(events), sum(parts), sum(amount), sum(hashtextextended(concat_ws('|', campaign_id, extract(epoch from hour)::bigint, channel,
  variant, region, branch_id, what, reason, currency, events, parts, amount::numeric(20, 4)), 0)::numeric) from campaign_figure
"""
PROGRESS = """
select greatest((select coalesce(sum(next_offset), 0) from position where topic = 'outreach.outcomes'),
  (select sum(events) from bench_progress))::bigint
"""
HEARD = """
insert into message (id, channel, purpose, priority, state, source, event_id, customer_id, recipient, phone, body, gateway, requested_at,
  due_at, accepted_at, settled_at, campaign_id, parts, cost, currency)
select r.message_id, 'sms', 'marketing', 2, 'delivered', '/millrace/campaigns', '1/' || r.subject || '/0', r.subject, 'customer/' || r.subject,
  8613800000000 + r.subject, 'x', 'kannel', now(), now(), now(), now(), 1, 1, 0.045, 'CNY'
from campaign_recipient r where r.campaign_id = 1;
update campaign_recipient set state = 'delivered', is_open = false where campaign_id = 1;
insert into campaign_count (campaign_id, variant, channel, state, reason, recipients)
select 1, variant, 'sms', 'delivered', '', count(*) from campaign_recipient where campaign_id = 1 group by 2;
insert into campaign_heard (campaign_id, messages, channels, variants, regions, branches, whats, reasons, times, parts, amounts, currencies)
select 1, array_agg(r.message_id), array_agg('sms'::text), array_agg(r.variant::int), array_agg(r.region), array_agg(r.branch_id),
  array_agg(w.what), array_agg(''::text), array_agg(c.launched_at + r.subject * interval '10 ms'), array_agg(w.parts),
  array_agg(w.parts * 450::bigint), array_agg(case w.parts when 1 then 'CNY' else '' end)
from campaign c join campaign_recipient r on r.campaign_id = c.id
cross join (values ('accepted', 1), ('delivered', 0)) w (what, parts)
where c.id = 1 group by r.subject / 1000;
insert into campaign_figure select 1, h.* from figures_heard(1) h;
update campaign_people_count set is_final = false where campaign_id = 1;
select count_people(1)
"""


class Run:
    def __init__(self, rate, count, connection, ledger, used, peak):
        self.rate, self.count, self.ledger, self.used, self.peak = rate, count, ledger, used, peak
        self.content = connection.execute(CONTENT).fetchone()


class Bench:
    def __init__(self, ground, options):
        self.ground, self.options = ground, options
        self.runs, self.latencies, self.verified, self.reported = {}, [], [], []

    def take(self, name, recipients, arguments, **settings):
        count = CAMPAIGNS * recipients * EVENTS_OF_TWO // 2
        with self.ground.database() as (database, connection):
            connection.execute("create table bench_progress (events bigint); insert into bench_progress values (0)")
            ledger = Ledger(self.ground, connection)
            with self.ground.program(name, arguments, database, LOG_FORMAT="json", PYTHONPATH=str(ROOT / "ops/benches/rollup"),
                                     **settings) as process:  # fmt: skip
                rate = self.watch(process, connection, count, name)
                ledger.close()
                run = Run(rate, count, connection, ledger, cpu(process.pid), resident(process.pid, peak=True))
        self.runs.setdefault(name, []).append(run)
        say(f"  {name:15}{run.rate:>10,.0f} events/s of {count:,}, {run.used * 1e6 / count:.1f} µs of processor time an event, "
            f"{ledger.postgres_cpu * 1e6 / count:.1f} in PostgreSQL, {ledger.broker_cpu * 1e6 / count:.1f} in the broker, {run.peak:.0f} MB")  # fmt: skip
        if self.options.statements:
            for each in ledger.statements[:10]:
                say(f"    {each.seconds * 1e6 / count:7.2f} µs an event, {each.calls:6} calls, {each.rows:8} rows  "
                    f"{' '.join(each.text.split())[:90]}")  # fmt: skip
        return run

    def watch(self, process, connection, count, name):
        """From the first tenth to the end, as the transactions themselves tell."""
        first, deadline = None, time.monotonic() + PATIENCE
        while True:
            now, done = time.monotonic(), connection.execute(PROGRESS).fetchone()[0]
            if first is None and done >= count / 10:
                first = now, done
            if done >= count:
                return (done - first[1]) / max(now - first[0], 1e-9)
            if process.poll() is not None or now > deadline:
                raise SystemExit(f"bench rollup: {name} ended or hangs at {done} of {count} events")
            time.sleep(0.02)

    def ours(self):
        return [self.ground.executables / "roll-up-metrics"]

    def rates(self):
        whole = self.options.events * 2 // EVENTS_OF_TWO // CAMPAIGNS
        for turn in range(self.options.runs):
            say(f"turn {turn + 1} of {self.options.runs}")
            self.ground.fresh_broker()
            self.ground.publish(TOPIC, events(whole))
            ours = self.take("end_to_end", whole, self.ours(), LANES=self.options.lanes, BATCH_EVENTS=self.options.batch)
            copy = self.take("python_copy", whole, [sys.executable, "-m", "peers.copy"])
            if copy.content != ours.content:
                raise SystemExit(f"bench rollup: other figures: {ours.content}, and by hand {copy.content}")
            self.ground.fresh_broker()
            self.ground.publish(TOPIC, events(whole // 20))
            self.take("python_single", whole // 20, [sys.executable, "-m", "peers.single"])

    def latency(self, rate=2_000, seconds=20):
        recipients = rate * seconds * 2 // EVENTS_OF_TWO // CAMPAIGNS
        self.ground.fresh_broker()
        with self.ground.database() as (database, connection):
            with self.ground.program("latency", self.ours(), database, LOG_FORMAT="json"):
                told, seen = [], []
                producer = self.ground.producer(**{"linger.ms": 0})
                count = CAMPAIGNS * recipients * EVENTS_OF_TWO // 2

                def publish():
                    begin = time.monotonic()
                    for number, (key, value, headers) in enumerate(events(recipients)):
                        time.sleep(max(0.0, begin + number / rate - time.monotonic()))
                        told.append(time.monotonic())
                        producer.produce(TOPIC, value, key, headers=headers)
                        producer.poll(0)
                    producer.flush(60)

                # Partitions are there before the first event is.
                time.sleep(8)
                thread = threading.Thread(target=publish)
                thread.start()
                deadline = time.monotonic() + seconds * 3 + 60
                while len(seen) < count and time.monotonic() < deadline:
                    shown = connection.execute("select coalesce(sum(events), 0)::bigint from campaign_figure").fetchone()[0]
                    seen += [time.monotonic()] * (shown - len(seen))
                    time.sleep(0.005)
                thread.join()
        if len(seen) < count:
            raise SystemExit(f"bench rollup: {len(seen)} of {count} events were counted")
        waits = sorted(shown - published for published, shown in zip(told, seen))
        self.latencies = [waits[len(waits) // 2] * 1000, waits[len(waits) * 99 // 100] * 1000]
        say(f"  latency        {self.latencies[0]:.0f} ms, the 99th of a hundred {self.latencies[1]:.0f} ms, at {rate} events/s")

    def verify(self):
        with self.ground.database(self.ground.empty) as (database, connection):
            settle(connection, self.options.verified, campaigns=1)
            connection.execute(HEARD)
            connection.execute("vacuum (analyze) message, campaign_recipient, campaign_heard, campaign_figure")
            for _ in range(self.options.runs):
                began = time.monotonic()
                subprocess.run([self.ground.executables / "millrace", "campaign", "verify", "c1"], check=True,
                               env=self.ground.environment(database), stdout=subprocess.DEVNULL)  # fmt: skip
                self.verified.append(time.monotonic() - began)
                began = time.monotonic()
                connection.execute("select * from bi_campaign_hour where campaign_id = 1").fetchall()
                connection.execute("select * from bi_campaign_people where campaign_id = 1").fetchall()
                self.reported.append(time.monotonic() - began)
        say(f"  verify         {statistics.median(self.verified):.1f} s, figures for a report {statistics.median(self.reported):.3f} s")

    def report(self):
        report = Report("rollup")
        if self.runs:
            rates = {name: [run.rate for run in runs] for name, runs in self.runs.items()}
            mine = statistics.median(rates["end_to_end"])
            for peer in ("python_copy", "python_single"):
                report.add("end_to_end", rates["end_to_end"], "events/s", peer, mine / statistics.median(rates[peer]))
            for name in ("python_copy", "python_single"):
                report.add(name, rates[name], "events/s")
            for name in ("end_to_end", "python_copy"):
                runs = self.runs[name]
                report.add(f"{name}_cpu_per_event", [run.used * 1e6 / run.count for run in runs], "µs")
                report.add(f"{name}_postgres_cpu_per_event", [run.ledger.postgres_cpu * 1e6 / run.count for run in runs], "µs")
                report.add(f"{name}_peak_memory", [run.peak for run in runs], "MB")
        if self.latencies:
            report.add("latency_median", self.latencies[:1], "ms")
            report.add("latency_p99", self.latencies[1:], "ms")
        if self.verified:
            report.add("verify", self.verified, "s")
            report.add("figures_of_a_report", self.reported, "s")
        return report


def main(arguments=None):
    parser = frame.options("rollup", __doc__)
    parser.add_argument("--events", type=int, default=5_000_000, help="outcomes, of 50 campaigns (default 5000000)")
    parser.add_argument("--lanes", type=int, default=2, help="LANES of roll-up-metrics (default 2)")
    parser.add_argument("--batch", type=int, default=10_000, help="BATCH_EVENTS of roll-up-metrics (default 10000)")
    parser.add_argument("--verified", type=int, default=1_000_000, help="recipients of the campaign that is verified (default 1000000)")
    parser.add_argument("--only", nargs="+", choices=("rates", "latency", "verify"), default=["rates", "latency", "verify"])
    options = parser.parse_args(arguments)
    frame.build("millrace", "roll-up-metrics")
    folder = frame.folder("rollup")
    with ServicesInUse.started(folder / "services") as services:
        ground = Ground(services, ROOT, folder, firm(ROOT))
        ground.empty = ground.template
        ground.template = services.create_database(ground.empty)
        with ground.connect(ground.template) as connection:
            settle(connection, max(options.events * 2 // EVENTS_OF_TWO // CAMPAIGNS, 400))
        bench = Bench(ground, options)
        for part in options.only:
            getattr(bench, part)()
        print(f"{ground.server}, {options.events:,} events of {CAMPAIGNS} campaigns, {options.lanes} lanes, {options.runs} turns")
    report = bench.report()
    report.print()
    if options.json:
        report.write(options.json)
    return 0
