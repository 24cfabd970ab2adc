"""Profiles a second from `customer.profile` to rows in PostgreSQL.

    end_to_end       keep-customers with one lane, as shipped
    sql_alone        what it said to PostgreSQL, said again byte for byte with nothing done in between
    two_lanes        as end_to_end with two lanes
"""

import contextlib
import statistics

import frame
from allocate.firm import firm
from allocate.ground import Ground, Ledger, until
from allocate.processes_seen import cpu, resident
from allocate.wire import Recorder
from frame import ROOT, say
from report import Report
from services_in_use import ServicesInUse

from .profiles import Profiles

TOPIC, ROLE = "customer.profile", "millrace_keep_customers"
PATIENCE = 1800

# When rows came to be, by the commit's own time: what was updated later counts there.
COMMITS = """
select extract(epoch from pg_xact_commit_timestamp(xmin))::float8, count(*) from customer group by 1 order by 1
"""
CONTENT = """
select count(*), sum(version), sum(hashtextextended(format('%s %s %s %s %s %s %s', code, version, data, number, identity, tags,
  consented), 0)::numeric), (select sum(hashtextextended(format('%s %s', phone, place), 0)::numeric) from customer_phone)
from customer
"""


class Run:
    def __init__(self, events, connection, ledger, used=0.0, peak=0.0):
        commits = connection.execute(COMMITS).fetchall()
        (begin, first), (end, _) = commits[0], commits[-1]
        self.rate = (events - first) / (end - begin)
        self.events, self.ledger, self.used, self.peak = events, ledger, used, peak
        self.content = connection.execute(CONTENT).fetchone()
        self.transactions = len(commits)

    def of_worker(self, what):
        return sum(getattr(each, what) for each in self.ledger.statements if each.role == ROLE) / self.events


class Bench:
    def __init__(self, ground, profiles, options):
        self.ground, self.profiles, self.options = ground, profiles, options
        self.runs = {}

    def publish(self):
        self.ground.fresh_broker()
        self.ground.publish(TOPIC, self.profiles.messages())

    def ours(self, lanes=1, recorder=None):
        self.publish()
        with self.ground.database() as (database, connection), contextlib.ExitStack() as running:
            ledger = Ledger(self.ground, connection)
            through = {"PGPORT": recorder.port} if recorder else {}
            process = running.enter_context(
                self.ground.program("keep-customers", [self.ground.executables / "keep-customers"], database, LANES=lanes,
                                    LOG_FORMAT="json", **through))  # fmt: skip
            applied = "select coalesce(sum(next_offset), 0) from position"
            until(lambda: connection.execute(applied).fetchone()[0] >= self.profiles.events, PATIENCE, "the profiles", 0.2)
            ledger.close()
            used, peak = cpu(process.pid), resident(process.pid, peak=True)
            return Run(self.profiles.events, connection, ledger, used, peak)

    def recorded(self):
        variables = self.ground.services.variables
        recorder = Recorder(variables["PGHOST"], variables["PGPORT"])
        try:
            self.ours(recorder=recorder)
        finally:
            recorder.close()
        return recorder.session("keep-customers")

    def sql_alone(self, session):
        variables = self.ground.services.variables
        with self.ground.database() as (database, connection):
            ledger = Ledger(self.ground, connection)
            session.replay(host=variables["PGHOST"], port=variables["PGPORT"], user=variables["PGUSER"],
                           password=variables["PGPASSWORD"], dbname=database)  # fmt: skip
            ledger.close()
            return Run(self.profiles.events, connection, ledger)

    def take(self, name, run):
        self.runs.setdefault(name, []).append(run)
        first = self.runs["end_to_end"][0]
        if run.content != first.content:
            raise SystemExit(f"bench customers: {name} left other rows: {run.content}, not {first.content}")
        say(f"  {name:12}{run.rate:>10,.0f} profiles/s in {run.transactions} transactions; rows compared")
        if self.options.statements:
            for each in run.ledger.statements[:12]:
                say(f"    {each.seconds * 1e6 / run.events:7.2f} µs a profile, {each.calls:6} calls, {each.rows:8} rows  "
                    f"{' '.join(each.text.split())[:90]}")  # fmt: skip

    def go(self):
        session = self.recorded()
        for turn in range(self.options.runs):
            say(f"turn {turn + 1} of {self.options.runs}")
            self.take("end_to_end", self.ours())
            self.take("sql_alone", self.sql_alone(session))
            self.take("two_lanes", self.ours(lanes=2))

    def report(self):
        report = Report("customers")
        rates = {name: [run.rate for run in runs] for name, runs in self.runs.items()}
        alone = statistics.median(rates["sql_alone"])
        for name in ("end_to_end", "two_lanes"):
            report.add(name, rates[name], "profiles/s", "sql_alone", statistics.median(rates[name]) / alone)
        report.add("sql_alone", rates["sql_alone"], "profiles/s")
        for name in ("end_to_end", "sql_alone"):
            for measure, unit in (("rows", "rows"), ("calls", "calls"), ("wal_bytes", "bytes")):
                values = [run.of_worker(measure) for run in self.runs[name]]
                report.add(f"{name}_{measure}_per_profile", values, unit)
        ours = self.runs["end_to_end"]
        report.add("worker_cpu_per_profile", [run.used * 1e6 / run.events for run in ours], "µs")
        report.add("postgres_cpu_per_profile", [run.ledger.postgres_cpu * 1e6 / run.events for run in ours], "µs")
        report.add("worker_peak_memory", [run.peak for run in ours], "MB")
        return report


def main(arguments=None):
    parser = frame.options("customers", __doc__)
    parser.add_argument("--customers", type=int, default=1_000_000, help="customers; a tenth of them come twice")
    options = parser.parse_args(arguments)
    frame.build("millrace", "keep-customers")
    folder = frame.folder("customers")
    with ServicesInUse.started(folder / "services") as services:
        made = firm(ROOT)
        ground = Ground(services, ROOT, folder, made)
        profiles = Profiles(options.customers, made)
        say(f"{options.customers:,} customers, {profiles.events:,} profiles, {options.runs} turns")
        bench = Bench(ground, profiles, options)
        bench.go()
        report = bench.report()
        print(f"{ground.server}, {profiles.events:,} profiles of {options.customers:,} customers, {options.runs} turns")
    report.print()
    if options.json:
        report.write(options.json)
    return 0
