"""A campaign from its launch to a ledger row for everybody.

    end_to_end   launch-campaigns, as shipped, expands a campaign of a million customers: messages, recipients, counts
    sql_alone    what its lane said to PostgreSQL, said again byte for byte with nothing done in between
    preview      the counts of a filter over five million customers, from the question to the answer
    status       `millrace campaign status` while the campaign expands, from the command's start to its end
"""

import statistics
import subprocess
import time

import frame
from allocate.firm import firm
from allocate.ground import Ground, Ledger, until
from allocate.processes_seen import cpu, resident
from allocate.wire import Recorder
from frame import ROOT, say
from report import Report
from services_in_use import ServicesInUse

from .people import settle

PATIENCE = 1800
LANE = "expand-campaigns"
COMMITS = """
select extract(epoch from pg_xact_commit_timestamp(xmin))::float8, count(*) from campaign_recipient group by 1 order by 1
"""
CONTENT = """
select count(*), sum(hashtextextended(format('%s %s %s %s %s', subject, variant, state, reason, message_id), 0)::numeric),
  (select sum(hashtextextended(format('%s %s %s %s %s %s', id, event_id, phone, state, parts, body), 0)::numeric) from message),
  (select string_agg(format('%s %s %s', variant, state, recipients), ',' order by variant, state, reason) from campaign_count)
from campaign_recipient
"""


class Run:
    def __init__(self, connection, ledger, used=0.0, peak=0.0, status=()):
        commits = connection.execute(COMMITS).fetchall()
        (begin, first), (end, _) = commits[0], commits[-1]
        self.count = sum(rows for _, rows in commits)
        self.rate = (self.count - first) / (end - begin)
        self.transactions, self.ledger, self.used, self.peak = len(commits), ledger, used, peak
        self.status = list(status)
        self.content = connection.execute(CONTENT).fetchone()


class Bench:
    def __init__(self, ground, options):
        self.ground, self.options = ground, options
        self.runs, self.previews = {}, []

    def ours(self, recorder=None):
        with self.ground.database() as (database, connection):
            ledger = Ledger(self.ground, connection)
            through = {"PGPORT": recorder.port} if recorder else {}
            launcher = [self.ground.executables / "launch-campaigns"]
            with self.ground.program("launch-campaigns", launcher, database, LOG_FORMAT="json", **through) as process:
                status = []
                while not connection.execute("select expanded_at is not null from campaign").fetchone()[0]:
                    if process.poll() is not None:
                        raise SystemExit("bench launch: launch-campaigns ended")
                    if recorder is None:
                        status.append(self.status(database))
                    time.sleep(0.5)
                ledger.close()
                return Run(connection, ledger, cpu(process.pid), resident(process.pid, peak=True), status)

    def status(self, database):
        began = time.monotonic()
        subprocess.run([self.ground.executables / "millrace", "campaign", "status", "spring", "--json"], check=True,
                       env=self.ground.environment(database), stdout=subprocess.DEVNULL)  # fmt: skip
        return (time.monotonic() - began) * 1000

    def recorded(self):
        variables = self.ground.services.variables
        recorder = Recorder(variables["PGHOST"], variables["PGPORT"])
        try:
            self.ours(recorder)
        finally:
            recorder.close()
        return recorder.session(LANE, b"expanded_to")

    def sql_alone(self, session):
        variables = self.ground.services.variables
        with self.ground.database() as (database, connection):
            # Started by nobody here.
            connection.execute("update campaign set state = 'running'")
            ledger = Ledger(self.ground, connection)
            session.replay(host=variables["PGHOST"], port=variables["PGPORT"], user=variables["PGUSER"],
                           password=variables["PGPASSWORD"], dbname=database)  # fmt: skip
            ledger.close()
            return Run(connection, ledger)

    def take(self, name, run):
        self.runs.setdefault(name, []).append(run)
        if run.content != self.runs["end_to_end"][0].content:
            raise SystemExit(f"bench launch: {name} left other rows: {run.content}")
        say(f"  {name:12}{run.rate:>10,.0f} recipients/s of {run.count:,} in {run.transactions} transactions, "
            f"{run.used * 1e6 / run.count:.1f} µs of processor time each and "
            f"{run.ledger.postgres_cpu * 1e6 / run.count:.1f} in PostgreSQL; rows compared")  # fmt: skip
        if self.options.statements:
            for each in run.ledger.statements[:14]:
                say(f"    {each.seconds * 1e6 / run.count:7.2f} µs a recipient, {each.calls:6} calls, {each.rows:8} rows  "
                    f"{' '.join(each.text.split())[:90]}")  # fmt: skip

    def expand(self):
        with self.ground.connect(self.ground.template) as connection:
            settle(connection, self.options.customers, "scheduled")
        session = self.recorded()
        for turn in range(self.options.runs):
            say(f"turn {turn + 1} of {self.options.runs}")
            self.take("end_to_end", self.ours())
            self.take("sql_alone", self.sql_alone(session))

    def preview(self):
        """Of a draft, in a firm of its own."""
        with self.ground.database(self.ground.empty) as (database, connection):
            settle(connection, self.options.previewed, "draft")
            launcher = [self.ground.executables / "launch-campaigns"]
            with self.ground.program("launch-campaigns", launcher, database, LOG_FORMAT="json"):
                # The first one also reads the tables in.
                for turn in range(self.options.runs + 1):
                    asked = connection.execute("select ask_for_preview('spring')").fetchone()[0]
                    made = "select extract(epoch from made_at - asked_at)::float8, failure from campaign_preview where id = %s"
                    until(lambda: connection.execute(made, [asked]).fetchone()[0] is not None, PATIENCE, "a preview", 0.05)
                    seconds, failure = connection.execute(made, [asked]).fetchone()
                    if failure:
                        raise SystemExit(f"bench launch: the preview failed: {failure}")
                    say(f"  preview     {seconds:.2f} s" + ("" if turn else ", the first"))
                    if turn:
                        self.previews.append(seconds)

    def report(self):
        report = Report("launch")
        if self.runs:
            rates = {name: [run.rate for run in runs] for name, runs in self.runs.items()}
            alone = statistics.median(rates["sql_alone"])
            ours = self.runs["end_to_end"]
            report.add("end_to_end", rates["end_to_end"], "recipients/s", "sql_alone", statistics.median(rates["end_to_end"]) / alone)
            report.add("sql_alone", rates["sql_alone"], "recipients/s")
            report.add("worker_cpu_per_recipient", [run.used * 1e6 / run.count for run in ours], "µs")
            report.add("postgres_cpu_per_recipient", [run.ledger.postgres_cpu * 1e6 / run.count for run in ours], "µs")
            report.add("worker_peak_memory", [run.peak for run in ours], "MB")
            report.add("status", [statistics.median(run.status) for run in ours], "ms")
        if self.previews:
            report.add("preview", self.previews, "s")
        return report


def main(arguments=None):
    parser = frame.options("launch", __doc__)
    parser.add_argument("--customers", type=int, default=1_000_000, help="customers whom the campaign goes to (default 1000000)")
    parser.add_argument("--previewed", type=int, default=5_000_000, help="customers of the preview (default 5000000)")
    parser.add_argument("--only", nargs="+", choices=("expand", "preview"), default=["expand", "preview"])
    options = parser.parse_args(arguments)
    frame.build("millrace", "launch-campaigns")
    folder = frame.folder("launch")
    with ServicesInUse.started(folder / "services") as services:
        ground = Ground(services, ROOT, folder, firm(ROOT))
        ground.empty = services.create_database(ground.template)
        ground.fresh_broker()
        bench = Bench(ground, options)
        if "expand" in options.only:
            bench.expand()
        if "preview" in options.only:
            bench.preview()
        print(f"{ground.server}, {options.customers:,} customers, {options.previewed:,} previewed, {options.runs} turns")
    report = bench.report()
    report.print()
    if options.json:
        report.write(options.json)
    return 0
