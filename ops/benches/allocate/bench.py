"""Leads a second from `lead.registered` to rows in PostgreSQL and `lead.ownership`, against the same job by hand.

    end_to_end       allocate-leads and relay-events, exactly once
    sql_alone        what allocate-leads said to PostgreSQL, said again byte for byte with nothing done in between
    python_copy      the same job in Python as fast as it can be written: COPY, at least once
    python_batched   the same with executemany, 1,000 messages a transaction
    python_single    the same with a transaction a message

With --standing N, so many customers and so many leads stand there before; `none_standing` is end_to_end without them.
"""

import shutil
import statistics
from collections import Counter, defaultdict

import frame
from frame import ROOT, say
from report import Report
from services_in_use import ServicesInUse

from . import latency, processes_alone
from .contenders import ours, peer, recorded, sql_alone
from .firm import firm
from .ground import Ground
from .leads import Leads

# Of so many leads, the first few are enough for those who take long.
SHARES = {"python_batched": 4, "python_single": 40}
# Whose costs are told.
COSTS = ("end_to_end", "sql_alone", "python_copy", "python_batched", "python_single")
LATENCY_SECONDS = 20


class Bench:
    def __init__(self, ground, leads, firm, regions_file, options):
        self.ground, self.leads, self.firm, self.regions = ground, leads, firm, regions_file
        self.options = options
        self.runs = {}
        self.report = Report("allocate")

    def run(self, name, contender, share=1):
        leads = self.leads[: len(self.leads) // share]
        run = contender(leads)
        first = self.runs.setdefault("end_to_end" if name == "end_to_end" else name, [])
        first.append(run)
        reference = self.runs["end_to_end"][0]
        if run is reference:
            kinds = ", ".join(f"{count} {kind}" for kind, count in run.outcome.kinds.items())
            say(f"  {kinds}, {len(run.outcome.duplicates)} duplicates, {len(run.outcome.letters)} dead letters")
        if run is not reference:
            reference.outcome.compare(run.outcome, name, len(leads))
            run.outcome = None
        say(f"  {name:20}{run.rate:>10,.0f} leads/s in {len(run.batches)} transactions, {run.pauses()}; rows compared")
        if self.options.statements:
            self.tell_statements(run)

    @staticmethod
    def tell_statements(run):
        for each in run.ledger.statements[:14]:
            text = " ".join(each.text.split())[:80]
            say(f"    {run.each(each.seconds * 1e6):7.2f} µs {run.each(each.wal_bytes):6.1f} bytes of log a lead, "
                f"{each.calls:6} calls, {each.rows:7} rows  {each.role.removeprefix('millrace_')} {text}")  # fmt: skip

    def contenders(self):
        session = recorded(self.ground, self.leads)
        for turn in range(self.options.runs):
            say(f"turn {turn + 1} of {self.options.runs}")
            self.run("end_to_end", lambda leads: ours(self.ground, leads))
            self.run("sql_alone", lambda leads: sql_alone(self.ground, leads, session))
            self.run("python_copy", lambda leads: peer(self.ground, leads, "copy", self.regions))
            self.run("python_copy_async", lambda leads: peer(self.ground, leads, "copy", self.regions, commit="off"))
            if self.options.standing:
                self.run("none_standing", lambda leads: ours(self.ground, leads, template=self.ground.empty))
            self.run("two_lanes", lambda leads: ours(self.ground, leads, lanes=2))
            for name in ("batched", "single"):
                share = SHARES[f"python_{name}"]
                self.run(f"python_{name}", lambda leads: peer(self.ground, leads, name, self.regions), share)

    def tell_rates(self):
        def median(name):
            return statistics.median(run.rate for run in self.runs[name])

        rates = {name: [run.rate for run in runs] for name, runs in self.runs.items()}
        others = ("sql_alone", "python_copy", "python_copy_async", "python_batched", "python_single", "none_standing")
        for against in filter(rates.__contains__, others):
            ratio = median("end_to_end") / median(against)
            self.report.add("end_to_end", rates["end_to_end"], "leads/s", against, ratio)
        for name in rates:
            if name not in ("end_to_end", "two_lanes"):
                self.report.add(name, rates[name], "leads/s")
        for against in ("end_to_end", "sql_alone"):
            self.report.add("two_lanes", rates["two_lanes"], "leads/s", against, median("two_lanes") / median(against))

    def tell_costs(self):
        for name in COSTS:
            runs = self.runs[name]
            for measure, unit, of in (
                ("rows", "rows", lambda run: run.each(run.ledger.of_worker("rows"))),
                ("statements", "statements", lambda run: run.each(run.ledger.of_worker("calls"))),
                ("statement_wal", "bytes", lambda run: run.each(run.ledger.of_worker("wal_bytes"))),
                ("wal", "bytes", lambda run: run.each(run.ledger.wal_bytes)),
                ("leads_per_transaction", "leads", lambda run: run.leads / len(run.batches)),
            ):
                suffix = measure if measure.startswith("leads") else f"{measure}_per_lead"
                self.report.add(f"{name}_{suffix}", [of(run) for run in runs], unit)
        for name in COSTS:
            runs = self.runs[name]
            for process in runs[0].cpu:
                label = process.replace("allocate-leads", "worker").replace("relay-events", "relay")
                label = "" if label == name else f"{label}_"
                used = [run.each(run.cpu[process] * 1e6) for run in runs]
                if statistics.median(used) >= 0.1:
                    self.report.add(f"{name}_{label}cpu_per_lead", used, "µs")
        for name in ("end_to_end", "none_standing", "two_lanes"):
            if runs := self.runs.get(name):
                busy = [run.rate * run.each(run.cpu["allocate-leads_session"]) for run in runs]
                self.report.add(f"{name}_session_busy", busy, "share")
        waits = sum((run.waits for run in self.runs["two_lanes"]), Counter())
        for what, count in waits.most_common(4):
            share = count / waits.total()
            self.report.add(f"two_lanes_sessions_{what.replace(' ', '_')}", [share], "share")

    def tell_memory(self):
        worker = [run.peak["allocate-leads"] for run in self.runs["end_to_end"]]
        copying = [run.peak["python_copy"] for run in self.runs["python_copy"]]
        ratio = statistics.median(worker) / statistics.median(copying)
        self.report.add("worker_peak_memory", worker, "MB", "python_copy_peak_memory", ratio)
        self.report.add("python_copy_peak_memory", copying, "MB")
        self.report.add("relay_peak_memory", [run.peak["relay-events"] for run in self.runs["end_to_end"]], "MB")
        self.report.add("four_lanes_peak_memory", [processes_alone.four_lanes(self.ground, self.leads)], "MB")
        idle, ready, admitted = zip(*(processes_alone.idle_and_start(self.ground) for _ in range(self.options.runs)))
        self.report.add("idle_memory", idle, "MB")
        alone = [processes_alone.idle_with_systems_library(self.ground) for _ in range(self.options.runs)]
        self.report.add("idle_memory_with_systems_librdkafka", alone, "MB")
        self.report.add("start_to_ready", ready, "ms")
        self.report.add("admission_of_any_consumer", admitted, "ms")
        self.report.add("start_to_ready_beside_admission", [one - other for one, other in zip(ready, admitted)], "ms")

    def tell_latency(self):
        wanted = latency.WARM + LATENCY_SECONDS * latency.RATE
        few = list(Leads(self.ground.folder, wanted, self.firm, seed=32))
        measured = [latency.measure(self.ground, few) for _ in range(self.options.runs)]
        values = defaultdict(list)
        for each in measured:
            for measure, milliseconds in each.percentiles():
                values[measure].append(milliseconds)
        for measure, each in values.items():
            self.report.add(measure, each, "ms")
        say("  steps of the last of these, mean and 99 of 100 below:")
        for name, count, mean, most in measured[-1].steps:
            bound = f"{most * 1000:6.1f} ms" if most else "beyond all bounds"
            say(f"    {name:20}{count:>7} times {mean * 1000:7.2f} ms {bound}")


def main(arguments=None):
    parser = frame.options("allocate", __doc__)
    parser.add_argument("--leads", type=int, default=200_000, help="leads in the backlog (default 200000)")
    parser.add_argument("--standing", type=int, default=0, metavar="N",
                        help="customers and leads that stand there before")  # fmt: skip
    parser.add_argument("--warm", metavar="SIZE", help="all that stands there is in so large shared buffers before each turn, as "
                        "in a server that has run for days; else in those of the development services, and none of it")  # fmt: skip
    parser.add_argument("--latency", action="store_true", help="the latency alone")
    options = parser.parse_args(arguments)
    frame.build("millrace", "allocate-leads", "relay-events")
    folder = frame.folder("allocate")
    say(f"{options.leads:,} leads, {options.runs} turns")
    regions_file = folder / "regions.json"
    made = firm(ROOT)
    source = Leads(folder, options.leads, made)
    leads = list(source)
    shutil.copy(next(folder.glob("regions-*.json")), regions_file)
    with ServicesInUse.started(folder / "services") as services:
        ground = Ground(services, ROOT, folder, made, options.warm)
        ground.know(source, options.standing)
        bench = Bench(ground, leads, made, regions_file, options)
        if not options.latency:
            with ground.without_autovacuum():
                bench.contenders()
            bench.tell_rates()
            bench.tell_costs()
            bench.tell_memory()
        bench.tell_latency()
        print(f"{ground.server}, {options.leads:,} leads, {options.standing:,} standing, {options.runs} turns")
    bench.report.print()
    if options.json:
        bench.report.write(options.json)
    return 0
