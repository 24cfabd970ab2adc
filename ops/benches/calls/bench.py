"""Events of calls a second from `call.events` to rows in PostgreSQL, with figures, contacts and call-backs.

    end_to_end       track-calls with one lane, as shipped
    ordered          the same calls in order and each event once: its rows are what all others are compared with
    all_open         only the first two events of each call, so that every call stays open: for the memory it takes
    python_copy      by hand: orjson, COPY into staging tables, INSERT..SELECT, 2,000 events a transaction, at least once
    python_batched   by hand: executemany, 1,000 events a transaction, at least once; a quarter of the calls
"""

import statistics
import sys
import time

import frame
from allocate.firm import firm
from allocate.ground import Ground, Ledger
from allocate.processes_seen import cpu, resident
from frame import ROOT, say
from report import Report
from services_in_use import ServicesInUse

from .stream import CALLS_A_SECOND, Stream, message

TOPIC, ROLE = "call.events", "millrace_track_calls"
PATIENCE = 900

CONTENT = """
select count(*), sum(hashtextextended(concat_ws('|', id, facts, direction, queue, agent, phone, started_at, answered_at,
    ended_at, last_at, ring_ms, wait_ms, talk_ms, hold_ms, wrap_up_ms, outcome, transfers, disposition, flags), 0)::numeric),
  (select sum(hashtextextended(concat_ws('|', is_agent, name, quarter, offered, answered, abandoned, missed, transferred,
    answer_time, talk_time, hold_time, wrap_up_time, answered_after::text, abandoned_after::text), 0)::numeric) from call_figure
    where offered <> 0 or talk_time <> 0 or hold_time <> 0 or wrap_up_time <> 0),
  (select sum(hashtextextended(concat_ws('|', phone, at), 0)::numeric) from call_contact),
  (select sum(hashtextextended(concat_ws('|', call_id, phone, missed_at, queue, agent), 0)::numeric) from call_back where wanted)
from call
"""
PROGRESS = """
select greatest((select coalesce(sum(next_offset), 0) from position), (select sum(events) from bench_progress))::bigint
"""


class Run:
    def __init__(self, rate, events, connection, ledger, used, peak):
        self.rate, self.events, self.ledger, self.used, self.peak = rate, events, ledger, used, peak
        self.content = connection.execute(CONTENT).fetchone()

    def of_worker(self, what):
        return sum(getattr(each, what) for each in self.ledger.statements if each.role == ROLE) / self.events


class Bench:
    def __init__(self, ground, options):
        self.ground, self.options = ground, options
        start = time.time() - options.calls / CALLS_A_SECOND - 900
        self.start = start - start % 900
        self.runs = {}
        self.published = None

    def publish(self, name, events):
        """The backlog lies in a fresh broker; who comes next with the same one only begins anew."""
        self.ground.fresh_broker()
        self.ground.publish(TOPIC, (message(event, number) for number, event in enumerate(events)))
        return len(events)

    def take(self, name, events, arguments, **settings):
        count = self.publish(name, events)
        with self.ground.database() as (database, connection):
            connection.execute("create table bench_progress (events bigint); insert into bench_progress values (0)")
            connection.execute("grant select, update on bench_progress to millrace_track_calls")
            ledger = Ledger(self.ground, connection)
            with self.ground.program(name, arguments, database, LOG_FORMAT="json", CALL_BACK_AFTER="1h",
                                     PYTHONPATH=str(ROOT / "ops/benches/calls"), **settings) as process:  # fmt: skip
                rate = self.watch(process, connection, count, name)
                ledger.close()
                run = Run(rate, count, connection, ledger, cpu(process.pid), resident(process.pid, peak=True))
        self.runs.setdefault(name, []).append(run)
        say(f"  {name:15}{run.rate:>10,.0f} events/s of {count:,}, {run.used * 1e6 / count:.1f} µs of processor time an event "
            f"and {ledger.postgres_cpu * 1e6 / count:.1f} in PostgreSQL, {run.peak:.0f} MB")  # fmt: skip
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
                raise SystemExit(f"bench calls: {name} ended or hangs at {done} of {count} events")
            time.sleep(0.02)

    def same(self, name, run, other):
        if run.content != other.content:
            raise SystemExit(f"bench calls: {name} left other rows: {run.content}, not {other.content}")

    def go(self):
        calls = self.options.calls
        ours = [self.ground.executables / "track-calls"]
        whole, quarter = Stream(calls, self.start), Stream(calls // 4, self.start)
        shuffled, some = whole.shuffled(), quarter.shuffled()
        ordered = self.take("ordered", whole.ordered(), ours)
        ordered_quarter = self.take("ordered_quarter", quarter.ordered(), ours)
        self.take("all_open", Stream(calls, self.start, only=2).shuffled(), ours)
        for turn in range(self.options.runs):
            say(f"turn {turn + 1} of {self.options.runs}")
            self.same("end_to_end", self.take("end_to_end", shuffled, ours), ordered)
            for peer, events, rows in (("copy", shuffled, ordered), ("batched", some, ordered_quarter)):
                program = [sys.executable, "-m", f"peers.{peer}"]
                self.same(f"python_{peer}", self.take(f"python_{peer}", events, program), rows)

    def report(self):
        report = Report("calls")
        rates = {name: [run.rate for run in runs] for name, runs in self.runs.items()}
        mine = statistics.median(rates["end_to_end"])
        for peer in ("python_copy", "python_batched"):
            report.add("end_to_end", rates["end_to_end"], "events/s", peer, mine / statistics.median(rates[peer]))
        for name in ("ordered", "all_open", "python_copy", "python_batched"):
            report.add(name, rates[name], "events/s")
        for name in ("end_to_end", "python_copy"):
            runs = self.runs[name]
            report.add(f"{name}_cpu_per_event", [run.used * 1e6 / run.events for run in runs], "µs")
            report.add(f"{name}_postgres_cpu_per_event", [run.ledger.postgres_cpu * 1e6 / run.events for run in runs], "µs")
            report.add(f"{name}_rows_per_event", [run.of_worker("rows") for run in runs], "rows")
            report.add(f"{name}_wal_bytes_per_event", [run.of_worker("wal_bytes") for run in runs], "bytes")
        for name in ("end_to_end", "all_open", "python_copy"):
            report.add(f"{name}_peak_memory", [run.peak for run in self.runs[name]], "MB")
        return report


def main(arguments=None):
    parser = frame.options("calls", __doc__)
    parser.add_argument("--calls", type=int, default=200_000, help="calls of six events (default 200000)")
    options = parser.parse_args(arguments)
    frame.build("millrace", "track-calls")
    folder = frame.folder("calls")
    with ServicesInUse.started(folder / "services") as services:
        ground = Ground(services, ROOT, folder, firm(ROOT))
        say(f"{options.calls:,} calls, {options.runs} turns")
        bench = Bench(ground, options)
        bench.go()
        report = bench.report()
        print(f"{ground.server}, {options.calls:,} calls of six events, {options.runs} turns")
    report.print()
    if options.json:
        report.write(options.json)
    return 0
