"""One run of each contender over the same backlog. Each answers a Run."""

import contextlib
import dataclasses
import re
import sys
import time
from collections import Counter

from .comparison import Outcome, check_answers
from .ground import ANSWERS, Ledger, commits, lines_of, until
from .processes_seen import cpu, resident
from .wire import Recorder

PARTITIONS = 12
PATIENCE = 900


@dataclasses.dataclass
class Run:
    leads: int
    rate: float
    batches: list
    ledger: Ledger
    outcome: Outcome
    cpu: dict = dataclasses.field(default_factory=dict)
    peak: dict = dataclasses.field(default_factory=dict)
    waits: Counter = dataclasses.field(default_factory=Counter)

    def each(self, amount):
        return amount / self.leads


def rate(leads, batches, end):
    """From the first transaction's commit on, so that neither start-up nor the broker's admission counts."""
    return (leads - batches[0][1]) / (end - batches[0][0])


def ours(ground, leads, lanes=1, relay=True, recorder=None):
    """`end_to_end`: relay-events runs, and the end is when the outbox has been emptied into Kafka."""
    ground.fresh_broker()
    ground.publish(leads)
    with ground.database() as database, ground.connect(database) as connection, Ledger(ground, database) as ledger:
        settings = {"LANES": lanes, "LOG_FORMAT": "json"}
        through = {"PGPORT": recorder.port} if recorder else {}
        with contextlib.ExitStack() as running:
            start = running.enter_context
            relaying = start(ground.program("relay-events", [ground.executables / "relay-events"], database, **settings))\
                if relay else None  # fmt: skip
            worker = start(
                ground.program("allocate-leads", [ground.executables / "allocate-leads"], database, **settings, **through))
            waits = Counter()
            until(lambda: applied(connection, waits) >= len(leads), PATIENCE, "the leads to be allocated", 0.02)
            if relay:
                until(lambda: is_empty(connection), 60, "the outbox to be emptied", 0.005)
            end = time.time()
            processes = {"allocate-leads": worker, **({"relay-events": relaying} if relay else {})}
            used = {name: cpu(process.pid) for name, process in processes.items()}
            used |= backends(ground, connection)
            peak = {name: resident(process.pid, peak=True) for name, process in processes.items()}
        told = check_answers(connection, ground.services.bootstrap_servers, ANSWERS, PARTITIONS) if relay else 0
        outcome = Outcome(connection)
        batches = commits(connection)
        if relay and told != len(outcome.leads):
            raise SystemExit(f"bench allocate: {len(outcome.leads)} leads, {told} events of theirs")
    used["postgres"], used["broker"] = ledger.cpu, ledger.broker
    return Run(len(leads), rate(len(leads), batches, end), batches, ledger, outcome, used, peak, waits)


def applied(connection, waits):
    waits.update(
        f"{kind or 'working'}: {event}" if state == "active" else state
        for state, kind, event in connection.execute(
            "select state, wait_event_type, wait_event from pg_stat_activity "
            "where application_name = 'allocate-leads' and datname = current_database()"))  # fmt: skip
    return connection.execute("select coalesce(sum(next_offset), 0) from millrace.position").fetchone()[0]


def is_empty(connection):
    return not connection.execute("select exists (select from millrace.outbox)").fetchone()[0]


def backends(ground, connection):
    rows = connection.execute(
        "select application_name, pid from pg_stat_activity where datname = current_database() and pid <> pg_backend_pid()"
    ).fetchall()  # fmt: skip
    used = Counter()
    for name, number in rows:
        used[f"backend of {name}"] += cpu(number)
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
    with ground.database() as database, ground.connect(database) as connection, Ledger(ground, database) as ledger:
        session.replay(host=variables["PGHOST"], port=variables["PGPORT"], user=variables["PGUSER"],
                       password=variables["PGPASSWORD"], dbname=database)  # fmt: skip
        batches, outcome = commits(connection), Outcome(connection)
    return Run(len(leads), rate(len(leads), batches, batches[-1][0]), batches, ledger, outcome, {"postgres": ledger.cpu})


def peer(ground, leads, name, regions, commit="on"):
    ground.fresh_broker()
    ground.publish(leads)
    with ground.database() as database, ground.connect(database) as connection, Ledger(ground, database) as ledger:
        arguments = [sys.executable, "-m", f"peers.{name}", "--regions", regions, "--events", len(leads)]
        log = ground.folder / f"python_{name}.log"
        settings = {"SYNCHRONOUS_COMMIT": commit, "PYTHONPATH": ground.top / "ops/benches/allocate"}
        with ground.program(f"python_{name}", arguments, database, **settings) as process:

            def finished():
                found = re.search(r"^finished (\S+) (\S+) (\S+)$", log.read_text(), re.M)
                if not found and process.poll() is not None:
                    raise SystemExit(f"bench allocate: python_{name} ended:\n" + "".join(lines_of(log)[-20:]))
                return found

            end, seconds, kilobytes = map(float, until(finished, PATIENCE, f"python_{name}", 0.02).groups())
        used, peak = {f"python_{name}": seconds}, {f"python_{name}": kilobytes * 1024 / 1e6}
        check_answers(connection, ground.services.bootstrap_servers, ANSWERS, PARTITIONS)
        outcome, batches = Outcome(connection), commits(connection)
    used["postgres"], used["broker"] = ledger.cpu, ledger.broker
    return Run(len(leads), rate(len(leads), batches, end), batches, ledger, outcome, used, peak)
