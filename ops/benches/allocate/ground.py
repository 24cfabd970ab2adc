"""What every contender stands on: one PostgreSQL, a fresh broker with the same backlog, a fresh copy of the firm."""

import contextlib
import ctypes
import dataclasses
import json
import os
import secrets
import signal
import subprocess
import time

from confluent_kafka import Producer
from psycopg import sql
from services import lifecycle

from .processes_seen import cpu_of_server, lines_of
from .standing import FIRST_LEAD, enter_known, enter_standing

LOADS = "select p.code, l.open_leads from person p join person_load l on l.person_id = p.id"
# Indexes last: what does not fit drops out first in the order in which it was read.
WARM = """
select sum(pg_prewarm(oid)) from (
  select c.oid from pg_class c where c.relnamespace = 'millrace'::regnamespace and c.relkind in ('r', 'i')
  order by c.relkind desc, pg_relation_size(c.oid)) relations
"""
TOPIC, ANSWERS = "lead.registered", "lead.ownership"
LIBC = ctypes.CDLL(None)
SET_PARENT_DEATH_SIGNAL = 1  # prctl(2), PR_SET_PDEATHSIG.


class Ground:
    def __init__(self, services, top, folder, firm, warm=None):
        self.services, self.top, self.folder, self.warm = services, top, folder, warm
        self.executables = top / ".build/release"
        with services.connect() as connection:
            # Each transaction's commit is then known to the microsecond, whoever made it.
            connection.execute("alter system set track_commit_timestamp = on")
            if warm:
                connection.execute(sql.SQL("alter system set shared_buffers = {}").format(warm))
        lifecycle.stop(services.place, "postgres")
        lifecycle.start(services.place, "postgres")
        with services.connect() as connection:
            self.server = connection.execute("select version()").fetchone()[0].split(" (")[0].split(" on ")[0]
        self.template = services.create_database()
        self.command(self.template, "migrate")
        (folder / "firm.json").write_text(json.dumps(firm))
        self.command(self.template, "leads", "setup", folder / "firm.json", "--execute")

    def know(self, leads, standing):
        """The customers whom leads name are there, and of others, and of leads, so many as shall stand there."""
        with self.connect(self.template) as connection:
            enter_known(connection, leads.customers, self.services.variables["IDENTITY_KEY"].encode())
        self.empty = self.template
        self.loads = {}
        if standing:
            self.template = self.services.create_database(self.empty)
            with self.connect(self.template) as connection:
                enter_standing(connection, standing, leads.phones)
        for template in {self.empty, self.template}:
            with self.connect(template) as connection:
                self.loads[template] = dict(connection.execute(LOADS).fetchall())

    @contextlib.contextmanager
    def without_autovacuum(self):
        """It comes first to databases that it has not seen: to a copy that is seconds old, in one run and not in the next, for half a
        second of a processor."""
        self.set_autovacuum("off")
        try:
            yield
        finally:
            self.set_autovacuum("default")

    def set_autovacuum(self, value):
        with self.services.connect() as connection:
            connection.execute(f"alter system set autovacuum = {value}")
            connection.execute("select pg_reload_conf()")

    def connect(self, database):
        connection = self.services.connect(database)
        connection.execute("set search_path to millrace, public")
        return connection

    def environment(self, database, **more):
        kept = {name: os.environ[name] for name in ("PATH", "HOME", "LANG", "TMPDIR") if name in os.environ}
        return {**kept, **self.services.variables, "PGDATABASE": database, **{k: str(v) for k, v in more.items()}}

    def command(self, database, *words):
        ran = subprocess.run([self.executables / "millrace", *words], env=self.environment(database),
                             capture_output=True, text=True)  # fmt: skip
        if ran.returncode:
            raise SystemExit(f"bench allocate: millrace {' '.join(map(str, words))} failed:\n{ran.stderr}{ran.stdout}")

    @contextlib.contextmanager
    def database(self, template=None):
        """A fresh copy of the firm, after a checkpoint; gone afterwards."""
        name = f"{self.template}_{secrets.token_hex(4)}"
        with self.services.connect() as connection:
            # Pages are copied as files: a log of gigabytes would be written else.
            connection.execute(f"create database {name} template {template or self.template} strategy file_copy")
        try:
            with self.services.connect() as connection:
                connection.execute("checkpoint")
            with self.services.connect(name) as connection:
                if self.warm:
                    connection.execute("create extension pg_prewarm with schema public")
                    connection.execute(WARM)
                connection.execute("create extension pg_stat_statements with schema public")
                connection.execute("select pg_stat_statements_reset()")
                connection.execute("set search_path to millrace, public")
                yield name, connection
        finally:
            self.services.drop_database(name)

    def fresh_broker(self):
        """An empty broker with the contract's topics."""
        lifecycle.stop(self.services.place, "broker")
        lifecycle.start(self.services.place, "broker")
        self.command("postgres", "topics", "apply", "--execute")

    def producer(self, **properties):
        return Producer({
            "bootstrap.servers": self.services.bootstrap_servers, "partitioner": "murmur2_random",
            "enable.idempotence": True, "queue.buffering.max.messages": 1_000_000, **properties,
        })  # fmt: skip

    def publish(self, topic, records):
        """Of (key, value, headers). Returns once the broker has them all."""
        producer = self.producer(**{"linger.ms": 20})
        for key, value, headers in records:
            while True:
                try:
                    producer.produce(topic, value, key, headers=headers)
                    break
                except BufferError:
                    producer.poll(0.1)
            producer.poll(0)
        if producer.flush(120):
            raise SystemExit(f"bench: the broker does not take all of {topic}")

    @contextlib.contextmanager
    def program(self, name, arguments, database, **settings):
        """A contender's process. Its log is kept beside the services."""
        log = self.folder / f"{name}.log"
        with open(log, "w") as file:
            process = subprocess.Popen(
                [str(word) for word in arguments], stdout=file, stderr=subprocess.STDOUT,
                env=self.environment(database, **settings), preexec_fn=die_with_parent)  # fmt: skip
        RUNNING[process.pid] = name, process, log
        try:
            yield process
        except BaseException as error:
            error.add_note(f"the end of {log}:\n" + "".join(lines_of(log)[-20:]))
            raise
        finally:
            del RUNNING[process.pid]
            process.terminate()
            try:
                process.wait(20)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


# By number: name, process and log of each contender that runs.
RUNNING = {}


def die_with_parent():
    """Whatever ends the bench, its contenders end with it."""
    LIBC.prctl(SET_PARENT_DEATH_SIGNAL, signal.SIGKILL)


class Ledger:
    """What servers did from its making until `close`: rows, statements, write-ahead log, processor time."""

    def __init__(self, ground, connection):
        self.ground, self.connection = ground, connection
        self.begun = self.now()

    def now(self):
        place = self.ground.services.place
        log = self.connection.execute("select pg_wal_lsn_diff(pg_current_wal_insert_lsn(), '0/0')").fetchone()[0]
        return int(log), cpu_of_server(place, "postgres"), cpu_of_server(place, "broker")

    def close(self):
        self.wal_bytes, self.postgres_cpu, self.broker_cpu = (end - begun for begun, end in zip(self.begun, self.now()))
        self.statements = [
            Statement(*row) for row in self.connection.execute(
                "select r.rolname, calls, rows, wal_bytes::bigint, total_exec_time / 1000, query "
                "from pg_stat_statements s join pg_database d on d.oid = s.dbid join pg_roles r on r.oid = s.userid "
                "where d.datname = current_database() order by total_exec_time desc").fetchall()]  # fmt: skip

    def of_worker(self, what):
        """Of the worker's role, or of whoever plays its part."""
        return sum(getattr(each, what) for each in self.statements if each.role == "millrace_allocate_leads")


@dataclasses.dataclass
class Statement:
    role: str
    calls: int
    rows: int
    wal_bytes: int
    seconds: float
    text: str


def commits(connection):
    """(moment, events) of each transaction that applied leads, by the database's own commit time."""
    return connection.execute(
        f"""
        select extract(epoch from at)::float8, count(*) from (
          select pg_xact_commit_timestamp(xmin) from lead_history where lead_id >= {FIRST_LEAD}
          union all select pg_xact_commit_timestamp(xmin) from lead_duplicate
          union all select pg_xact_commit_timestamp(xmin) from dead_letter) each (at)
        group by 1 order by 1
        """
    ).fetchall()


def until(condition, patience, what, pause=0.01):
    """`pause`, in seconds, may be a function that tells the next one."""
    deadline = time.monotonic() + patience
    while not (answer := condition()):
        for name, process, log in RUNNING.values():
            if process.poll():
                end = "".join(lines_of(log)[-20:])
                raise SystemExit(f"bench: {name} ended with {process.returncode} while the bench waited for {what}:\n{end}")
        if time.monotonic() > deadline:
            raise SystemExit(f"bench: waited {patience:.0f} s in vain for {what}")
        time.sleep(pause() if callable(pause) else pause)
    return answer
