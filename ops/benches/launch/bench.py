"""A campaign from its launch to a ledger row for everybody.

    end_to_end    launch-campaigns, as shipped, expands a campaign of a million customers: messages, recipients, counts
    one_lane      the same with one lane in place of two
    sql_alone     what that one lane said to PostgreSQL, said again byte for byte with nothing done in between
    sql_on_both   the same by two sessions at once, each to a database of its own: what both processors can do at most
    status_watched, status, psql_login
                  while the campaign expands and once it is expanded: a look of `millrace campaign status --watch`, from its question to
                  the answer on the terminal; the whole command without `--watch`; and what `psql` takes to log in and ask for nothing
    preview       the counts of a filter over five million customers, from the question to the answer: one that takes one in
                  sixteen, and one that takes all
"""

import contextlib
import json
import statistics
import threading
import time

import frame
from allocate.firm import firm
from allocate.ground import Ground, Ledger, until
from allocate.processes_seen import cpu, resident
from allocate.wire import Recorder
from frame import ROOT, say
from report import Report
from services_in_use import ServicesInUse

from .looks import Looks
from .people import SOME, settle

PATIENCE = 1800
LANE = "expand-campaigns"
COMMITS = """
select extract(epoch from pg_xact_commit_timestamp(xmin))::float8, count(*) from campaign_recipient group by 1 order by 1
"""
# Which number a message has depends on who came first.
CONTENT = """
select count(*), count(m.id),
  sum(hashtextextended(format('%s %s %s %s %s %s %s', r.subject, r.variant, r.state, r.reason, r.region, r.branch_id, r.is_open), 0)::numeric),
  sum(hashtextextended(format('%s %s %s %s %s', m.event_id, m.phone, m.state, m.parts, m.body), 0)::numeric),
  (select count(*) from message), (select count(*) from recipient),
  (select string_agg(format('%s %s %s', variant, state, recipients), ',' order by variant, state, reason) from campaign_count)
from campaign_recipient r
left join message m on m.id = r.message_id and m.event_id = format('%s/%s/0', r.campaign_id, r.subject)
"""


class Run:
    def __init__(self, connection, ledger, used=0.0, peak=0.0):
        commits = connection.execute(COMMITS).fetchall()
        (self.begin, self.first), (self.end, _) = commits[0], commits[-1]
        self.count = sum(rows for _, rows in commits)
        self.rate = (self.count - self.first) / (self.end - self.begin)
        self.transactions, self.ledger, self.used, self.peak = len(commits), ledger, used, peak
        self.content = connection.execute(CONTENT).fetchone()


class Bench:
    def __init__(self, ground, options):
        self.ground, self.options = ground, options
        self.runs, self.previews, self.looks = {}, {}, {}

    def ours(self, recorder=None, **settings):
        with self.ground.database() as (database, connection):
            ledger = Ledger(self.ground, connection)
            if recorder:
                settings["PGPORT"] = recorder.port
            launcher = [self.ground.executables / "launch-campaigns"]
            with self.ground.program("launch-campaigns", launcher, database, LOG_FORMAT="json", **settings) as process:
                with Looks(self.ground, database) if recorder is None else contextlib.nullcontext() as looks:
                    while not connection.execute("select expanded_at is not null from campaign").fetchone()[0]:
                        if process.poll() is not None:
                            raise SystemExit("bench launch: launch-campaigns ended")
                        if looks:
                            looks.take()
                        time.sleep(0.5)
                    ledger.close()
                    if looks:
                        expanding = looks.handed_over()
                        until(lambda: looks.take() or len(looks.taken["psql_login"]) >= 10, PATIENCE, "ten looks", 0.3)
                        if not settings:
                            self.keep(expanding, "")
                            self.keep(looks.handed_over(), "_once_expanded")
                return Run(connection, ledger, cpu(process.pid), resident(process.pid, peak=True))

    def keep(self, taken, ending):
        for name, milliseconds in taken.items():
            self.looks.setdefault(name + ending, []).extend(milliseconds)

    def recorded(self):
        variables = self.ground.services.variables
        recorder = Recorder(variables["PGHOST"], variables["PGPORT"])
        try:
            self.ours(recorder, EXPANDING_LANES=1)
        finally:
            recorder.close()
        return recorder.session(LANE, b"campaign_range r")

    def replay(self, session, database):
        variables = self.ground.services.variables
        session.replay(host=variables["PGHOST"], port=variables["PGPORT"], user=variables["PGUSER"],
                       password=variables["PGPASSWORD"], dbname=database)  # fmt: skip

    def sql_alone(self, session, databases=1):
        """A run of each database, all at once."""
        with contextlib.ExitStack() as held:
            copies = [held.enter_context(self.ground.database()) for _ in range(databases)]
            for _, connection in copies:
                # Started by nobody here.
                connection.execute("update campaign set state = 'running'")
            ledgers = [Ledger(self.ground, connection) for _, connection in copies]
            replays = [threading.Thread(target=self.replay, args=(session, database)) for database, _ in copies]
            for thread in replays:
                thread.start()
            for thread in replays:
                thread.join()
            for ledger in ledgers:
                ledger.close()
            return [Run(connection, ledger) for (_, connection), ledger in zip(copies, ledgers)]

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
            self.take("sql_alone", self.sql_alone(session)[0])
            self.take("one_lane", self.ours(EXPANDING_LANES=1))
            one, other = self.sql_alone(session, databases=2)
            # As long as both work.
            one.rate = (one.count - one.first + other.count - other.first) / (max(one.end, other.end) - min(one.begin, other.begin))
            self.take("sql_on_both", one)

    def preview(self):
        """Of drafts, in a firm of its own."""
        with self.ground.database(self.ground.empty) as (database, connection):
            settle(connection, self.options.previewed, "draft")
            connection.execute(
                "update campaign set name = 'all';"
                "insert into campaign (name, definition, branch_id, author_id, owner_id, starts_at, expires_at, time_zone) "
                "select 'some', jsonb_set(definition::jsonb, '{audience, customers}', to_jsonb(%s::text))::text, branch_id, author_id, "
                "  owner_id, starts_at, expires_at, time_zone from campaign".replace("%s", f"'{SOME}'"))  # fmt: skip
            launcher = [self.ground.executables / "launch-campaigns"]
            with self.ground.program("launch-campaigns", launcher, database, LOG_FORMAT="json"):
                # The first ones also read the tables in.
                for turn in range(self.options.runs + 1):
                    for name in ("some", "all"):
                        self.previewed(connection, name, turn)

    def previewed(self, connection, name, turn):
        asked = connection.execute("select ask_for_preview(%s)", [name]).fetchone()[0]
        made = "select extract(epoch from made_at - asked_at)::float8, failure, result from campaign_preview where id = %s"
        until(lambda: connection.execute(made, [asked]).fetchone()[0] is not None, PATIENCE, "a preview", 0.05)
        seconds, failure, result = connection.execute(made, [asked]).fetchone()
        if failure:
            raise SystemExit(f"bench launch: the preview of {name} failed: {failure}")
        say(f"  preview of {name:5}{seconds:.2f} s, {json.loads(result)['audience']:,} people" + ("" if turn else ", the first"))
        if turn:
            self.previews.setdefault(name, []).append(seconds)

    def report(self):
        report = Report("launch")
        rates = {name: [run.rate for run in runs] for name, runs in self.runs.items()}
        if rates:
            medians = {name: statistics.median(each) for name, each in rates.items()}
            ours = self.runs["end_to_end"]
            for name in ("end_to_end", "one_lane"):
                report.add(name, rates[name], "recipients/s", "sql_alone", medians[name] / medians["sql_alone"])
            report.add("sql_alone", rates["sql_alone"], "recipients/s")
            report.add("sql_on_both", rates["sql_on_both"], "recipients/s", "end_to_end", medians["sql_on_both"] / medians["end_to_end"])
            report.add("worker_cpu_per_recipient", [run.used * 1e6 / run.count for run in ours], "µs")
            report.add("postgres_cpu_per_recipient", [run.ledger.postgres_cpu * 1e6 / run.count for run in ours], "µs")
            report.add("worker_peak_memory", [run.peak for run in ours], "MB")
            for name, milliseconds in self.looks.items():
                report.add(name, milliseconds, "ms")
        for name, seconds in self.previews.items():
            report.add(f"preview_of_{name}", seconds, "s")
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
