"""One run of each contender over the same backlog. Each answers a Run."""

import contextlib
import re
import sys
import time
from collections import Counter

from .comparison import Outcome, check_answers
from .ground import ANSWERS, Ledger, TOPIC, commits, lines_of, until
from .processes_seen import cpu, resident
from .wire import Recorder

PARTITIONS = 12
PATIENCE = 900


class Run:
    """What a run came to. `end` is when its last effect was there; None stands for the last commit."""

    def __init__(self, leads, end, connection, ledger, loads, used=(), peak=(), waits=()):
        self.leads, self.ledger = leads, ledger
        self.outcome = Outcome(connection, loads)
        self.batches = commits(connection)
        # From the first transaction's commit on, so that neither start-up nor the broker's admission counts.
        (begin, first), last = self.batches[0], self.batches[-1][0]
        self.tail = (end or last) - last
        self.rate = (leads - first) / ((end or last) - begin)
        self.cpu = {**dict(used), "postgres": ledger.postgres_cpu, "broker": ledger.broker_cpu}
        self.peak, self.waits = dict(peak), Counter(waits)

    def pauses(self):
        """For people: what held it up, if anything did."""
        moments = [moment for moment, _ in self.batches]
        longest = max((after - before for before, after in zip(moments, moments[1:])), default=0)
        return f"{longest:.2f} s the longest between two, {self.tail:.2f} s after the last"

    def each(self, amount):
        return amount / self.leads


def ours(ground, leads, lanes=1, relay=True, recorder=None, template=None):
    """`end_to_end`: relay-events runs, and the end is when the outbox has been emptied into Kafka."""
    ground.fresh_broker()
    ground.publish(TOPIC, leads)
    loads = ground.loads[template or ground.template]
    with ground.database(template) as (database, connection), contextlib.ExitStack() as running:
        ledger = Ledger(ground, connection)
        settings = {"LANES": lanes, "LOG_FORMAT": "json"}
        through = {"PGPORT": recorder.port} if recorder else {}
        names = ["relay-events", "allocate-leads"] if relay else ["allocate-leads"]
        processes = {
            name: running.enter_context(
                ground.program(name, [ground.executables / name], database, **settings,
                               **(through if name == "allocate-leads" else {})))
            for name in names}  # fmt: skip
        progress = Progress(connection, len(leads), sees_sessions=lanes > 1)
        until(progress.is_complete, PATIENCE, "the leads to be allocated", progress.pause)
        if relay:
            until(lambda: is_empty(connection), 60, "the outbox to be emptied", 0.005)
        end = time.time()
        ledger.close()
        used = {name: cpu(process.pid) for name, process in processes.items()} | backends(connection)
        peak = {name: resident(process.pid, peak=True) for name, process in processes.items()}
        running.close()
        told = check_answers(connection, ground.services.bootstrap_servers, ANSWERS, PARTITIONS) if relay else None
        run = Run(len(leads), end, connection, ledger, loads, used, peak, progress.waits)
    if relay and told != len(run.outcome.leads):
        raise SystemExit(f"bench allocate: {len(run.outcome.leads)} leads, {told} events of theirs")
    return run


class Progress:
    """How far the leads are applied. Every look costs processor time that what is measured could use (50 a second took 6 % of one),
    so it looks as seldom as the rest allows at the rate so far, and closely only when the end is near."""

    def __init__(self, connection, count, sees_sessions=False):
        self.connection, self.count, self.sees_sessions = connection, count, sees_sessions
        self.done, self.seen = 0, []
        # What the worker's sessions were found doing.
        self.waits = Counter()

    def is_complete(self):
        self.done = applied(self.connection)
        if 0 < self.done < self.count:
            self.seen.append((time.monotonic(), self.done))
            if self.sees_sessions:
                self.waits.update(self.sessions())
        return self.done >= self.count

    def pause(self):
        """Seconds until the next look: half of what the rest may take, a hundredth at least."""
        if len(self.seen) < 2:
            return 0.05
        (begin, before), (now, done) = self.seen[0], self.seen[-1]
        rest = (self.count - done) * (now - begin) / max(1, done - before)
        return min(max(0.01, rest / 2), 0.1 if self.sees_sessions else 0.5)

    def sessions(self):
        return [
            f"{kind or 'working'} {event or ''}".strip() if state == "active" else state
            for state, kind, event in self.connection.execute(
                "select state, wait_event_type, wait_event from pg_stat_activity "
                "where application_name = 'allocate-leads' and datname = current_database()")]  # fmt: skip


def applied(connection):
    """How many events are."""
    return int(connection.execute("select coalesce(sum(next_offset), 0) from position").fetchone()[0])


def is_empty(connection):
    return not connection.execute("select exists (select from outbox)").fetchone()[0]


def backends(connection):
    rows = connection.execute(
        "select application_name, pid from pg_stat_activity where datname = current_database() "
        "and backend_type = 'client backend' and pid <> pg_backend_pid()").fetchall()  # fmt: skip
    used = Counter()
    for name, number in rows:
        used[f"{name}_session"] += cpu(number)
    return dict(used)


def recorded(ground, leads):
    """The worker's session with PostgreSQL while it applied these leads, without anything else at work."""
    recorder = Recorder(ground.services.variables["PGHOST"], ground.services.variables["PGPORT"])
    try:
        ours(ground, leads, relay=False, recorder=recorder)
    finally:
        recorder.close()
    return recorder.session("allocate-leads")


def sql_alone(ground, leads, session):
    variables = ground.services.variables
    with ground.database() as (database, connection):
        ledger = Ledger(ground, connection)
        session.replay(host=variables["PGHOST"], port=variables["PGPORT"], user=variables["PGUSER"],
                       password=variables["PGPASSWORD"], dbname=database)  # fmt: skip
        ledger.close()
        return Run(len(leads), None, connection, ledger, ground.loads[ground.template])


def peer(ground, leads, name, regions, commit="on"):
    ground.fresh_broker()
    ground.publish(TOPIC, leads)
    with ground.database() as (database, connection):
        ledger = Ledger(ground, connection)
        arguments = [sys.executable, "-m", f"peers.{name}", "--regions", regions, "--events", len(leads)]
        log = ground.folder / f"python_{name}.log"
        settings = {"SYNCHRONOUS_COMMIT": commit, "PYTHONPATH": ground.top / "ops/benches/allocate"}
        with ground.program(f"python_{name}", arguments, database, **settings) as process:

            def finished():
                found = re.search(r"^finished (\S+)$", log.read_text(), re.M)
                if not found and process.poll() is not None:
                    raise SystemExit(f"bench allocate: python_{name} ended:\n" + "".join(lines_of(log)[-20:]))
                return found

            end = float(until(finished, PATIENCE, f"python_{name}", 0.02)[1])
            ledger.close()
            used = {f"python_{name}": cpu(process.pid)}
            peak = {f"python_{name}": resident(process.pid, peak=True)}
        check_answers(connection, ground.services.bootstrap_servers, ANSWERS, PARTITIONS)
        return Run(len(leads), end, connection, ledger, ground.loads[ground.template], used, peak)
