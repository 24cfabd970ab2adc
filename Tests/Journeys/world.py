"""A world of a journey's own: a broker with empty topics, a migrated database with a firm, and our executables in it.

Worlds live side by side: each has its own broker process and its own database, so what breaks one is not felt in
another. PostgreSQL itself is shared by the worlds of one ground; who breaks that takes a ground alone.
"""

import contextlib
import itertools
import secrets
import signal
import subprocess
import threading
from collections import Counter

import firm
import judge
import psycopg
from confluent_kafka import Producer
from confluent_kafka.admin import AdminClient, NewTopic
from evidence import gather, read_topics
from program import PATIENCE, Program, bare, until
from wire import Wire

from services import broker, processes

TOPICS = ("lead.registered", "lead.ownership", "reminder.raised", "organisation.changed", "customer.profile")


class Ground:
    """One PostgreSQL with a migrated template, and the folder of the executables: what worlds stand on."""

    def __init__(self, services, executables):
        self.services = services
        self.executables = executables
        # Runs beside each other share a place: what is called the same there is taken for one's own, and killed.
        self.run = secrets.token_hex(3)
        self.numbers = itertools.count(1)
        self.cloning = threading.Lock()
        self.template = services.create_database()
        ran = self.command({}, "migrate", database=self.template)
        assert ran.returncode == 0, ran.stderr
        with services.connect(self.template) as connection:
            firm.found(connection, services.variables["IDENTITY_KEY"])

    def command(self, variables, *words, database=None, patience=120):
        """Runs `millrace`."""
        given = {"PGDATABASE": database} if database else {}
        return subprocess.run(
            [self.executables / "millrace", *words], env=bare(self.services, **given, **variables),
            capture_output=True, text=True, timeout=patience, stdin=subprocess.DEVNULL,
        )  # fmt: skip

    @contextlib.contextmanager
    def world(self, **choices):
        world = World(self, f"{self.run}-{next(self.numbers)}", **choices)
        try:
            yield world
        except BaseException as error:
            error.add_note(world.told())
            raise
        finally:
            world.end()

    def clone(self):
        with self.cloning:  # A template must not be in use.
            return self.services.create_database(self.template)


class World:
    # A third of what the development services take, so that faults are noticed soon.
    SETTINGS = {
        "KAFKA_SESSION_TIMEOUT_MS": 2000, "KAFKA_HEARTBEAT_INTERVAL_MS": 300, "DATABASE_PATIENCE": "1500ms",
        # With the session timeout and 6 s more this is how long a lane waits for its group: less than a journey's patience.
        "KAFKA_MAX_POLL_INTERVAL_MS": 8000,
        "BATCH_EVENTS": 100, "LOG_FORMAT": "json", "SHUTDOWN_WITHIN": "10s", "KAFKA_RECONNECT_BACKOFF_MAX_MS": 500,
        # A dozen worlds ask their brokers for more at once: at 10 ms, asking in vain is a third of the machine's work.
        "KAFKA_FETCH_WAIT_MAX_MS": 50,
    }  # fmt: skip

    def __init__(self, ground, number, *, partitions=12, shared_broker=False, bootstrap=None, wired=None, settings=()):
        """`wired` puts a wire between our programs and "broker" or "postgres"; `bootstrap` is a broker with topics."""
        self.ground = ground
        self.services = ground.services
        self.place = ground.services.place
        self.number = number
        # Events to each topic, by us.
        self.published = Counter()
        self.programs = []
        self.more = dict(settings)
        self.database = ground.clone()
        self.asking = None
        self.broker_port = None
        self.wire = Wire(int(self.services.variables["PGPORT"])) if wired == "postgres" else None
        if wired == "postgres":
            self.more["PGPORT"] = self.wire.port
        if wired == "broker":
            self.broker_port = processes.free_port()
            self.wire = Wire(self.broker_port)
        if bootstrap:
            self.bootstrap = bootstrap
            return
        if shared_broker:
            self.bootstrap = ground.services.bootstrap_servers
        else:
            self.start_broker()
        self.make_topics(partitions)

    # Broker and topics

    @property
    def broker_name(self):
        return f"broker-of-world-{self.number}"

    def start_broker(self):
        """Where it was before; the first time on a free port, on another when somebody was faster."""
        for self.broker_port in [self.broker_port] if self.broker_port else [processes.free_port() for _ in range(3)]:
            address = f"tcp://127.0.0.1:{self.broker_port}"
            told = f"tcp://127.0.0.1:{self.wire.port}" if self.wire and self.wire.target == self.broker_port else address
            command = [broker.program(), "broker", "--listener-url", address, "--advertised-listener-url", told]
            quiet = {"RUST_LOG": "warn", "NO_COLOR": "1"}
            self.broker = processes.spawn(command, name=self.broker_name, place=self.place, environment=quiet)
            self.bootstrap = told.removeprefix("tcp://")
            until(
                lambda: self.broker.poll() is not None or processes.listens(self.broker.pid, self.broker_port),
                lambda: f"a broker\n{processes.end_of_log(self.place, self.broker_name)}",
            )
            if self.broker.poll() is None:
                return
        raise AssertionError(f"no broker\n{processes.end_of_log(self.place, self.broker_name)}")

    def freeze_broker(self):
        self.broker.send_signal(signal.SIGSTOP)

    def thaw_broker(self):
        self.broker.send_signal(signal.SIGCONT)

    def client(self, **properties):
        return {"bootstrap.servers": self.bootstrap, "log_level": 0, **properties}

    def make_topics(self, partitions, names=TOPICS, dead_letters=True):
        names = [name + end for name in names for end in (("", ".dlq") if dead_letters else ("",))]
        admin = AdminClient(self.client())
        made = admin.create_topics([NewTopic(name, partitions, 1) for name in names], operation_timeout=60)
        for name in names:
            made[name].result(PATIENCE)

    def delete_topics(self, *names):
        admin = AdminClient(self.client())
        for deleted in admin.delete_topics(list(names), operation_timeout=60).values():
            deleted.result(PATIENCE)

    def publish(self, messages, topic="lead.registered", partition=None):
        """Returns once the broker has them all. As an outside producer in another language would do it."""
        failed = []
        producer = Producer(self.client(**{"partitioner": "murmur2_random", "message.max.bytes": 4_000_000}))
        where = {} if partition is None else {"partition": partition}
        for message in messages:
            while True:
                try:
                    producer.produce(
                        topic, message.value, message.key, headers=message.headers,
                        on_delivery=lambda error, _: failed.append(error) if error else None, **where,
                    )  # fmt: skip
                    break
                except BufferError:
                    producer.poll(0.1)
        left = producer.flush(30)
        assert left == 0 and not failed, f"the broker did not take {left + len(failed)} records: {failed[:1]}"
        self.published[topic] += len(messages)

    # Database

    def connect(self, **options):
        connection = self.services.connect(self.database, **options)
        connection.execute("set search_path to millrace")
        return connection

    def ask(self, query, *parameters):
        """The first column of the first row. Asks in one session as long as it lasts: conditions ask often."""
        if self.asking is None or self.asking.closed:
            self.asking = self.connect()
        try:
            row = self.asking.execute(query, parameters or None).fetchone()
        except psycopg.OperationalError:
            if not self.asking.broken:
                raise
            self.asking = self.connect()
            row = self.asking.execute(query, parameters or None).fetchone()
        return row and row[0]

    def give_room(self, each=1000):
        with self.connect() as connection:
            firm.give_room(connection, each)

    # Programs

    def variables(self, **more):
        return {
            "PGDATABASE": self.database, "KAFKA_BOOTSTRAP_SERVERS": self.bootstrap, **self.SETTINGS, **self.more, **more
        }  # fmt: skip

    def start(self, name="allocate-leads", *, fail=None, executables=None, **settings):
        """Starts one of our executables. `fail` is a fail point, as in `batch.written:kill:3`."""
        program = Program(self, name, executables or self.ground.executables, fail, settings)
        self.programs.append(program)
        return program

    def command(self, *words, **variables):
        return self.ground.command(self.variables(**variables), *words)

    def struck(self, fail, *, at, name="allocate-leads", meanwhile=None, **settings):
        """Runs a program until its fail point ended or froze it; fails if it never came there."""
        program = self.start(name, fail=f"{fail}:{at}" if at else fail, **settings)
        if meanwhile:
            meanwhile()
        program.until_struck()
        return program

    # Conditions

    def applied(self, worker="allocate-leads"):
        return self.ask("select coalesce(sum(next_offset), 0) from position where worker = %s", worker)

    def until_applied(self, patience=PATIENCE, worker="allocate-leads", topic="lead.registered"):
        until(
            lambda: self.applied(worker) >= self.published[topic],
            lambda: f"{self.published[topic]} events of {topic} to be applied; {self.applied(worker)} are",
            patience,
        )

    def until_owners(self, lanes, patience=PATIENCE):
        """So many lanes have all partitions of a world with twelve."""
        query = "select count(distinct owner), count(owner) from position"
        with self.connect() as connection:
            until(
                lambda: connection.execute(query).fetchone() == (lanes, 12),
                lambda: f"{lanes} lanes to have all partitions; it is {connection.execute(query).fetchone()}",
                patience,
            )

    def until_published(self, patience=PATIENCE):
        until(
            lambda: not self.ask("select exists (select from outbox) or exists (select from outbox_run)"),
            lambda: f"an empty outbox; {self.ask('select count(*) from outbox')} rows are in it",
            patience,
        )

    def until_nobody_placeable(self, patience=PATIENCE):
        """Nobody is held where there is room: the sweep has nothing left to do."""
        until(
            lambda: not self.ask(
                """
                select exists (
                  select from branch_load b cross join people_at(array[b.branch_id], now()) p
                  where b.held > 0 and p.excluded is null and (p.room is null or p.room > 0))
                """
            ),
            "nobody held where there is room",
            patience,
        )

    # Judging

    def watch_positions(self):
        """From now on a trigger writes down who moves positions, for the judge."""
        with self.connect() as connection:
            connection.execute(WITNESS)

    def evidence(self):
        variables = self.services.variables
        where = {"host": variables["PGHOST"], "port": variables["PGPORT"], "user": variables["PGUSER"],
                 "password": variables["PGPASSWORD"], "dbname": self.database}  # fmt: skip
        return gather(self.client(), psycopg.conninfo.make_conninfo(**where))

    def records(self, topic):
        """What a topic holds now, whatever moves."""
        return read_topics(self.client()).records[topic]

    def verdicts(self, without=()):
        return judge.judge(self.evidence(), without)

    def judged(self, without=()):
        """Fails unless every promise was kept."""
        verdicts = self.verdicts(without)
        assert not judge.broken(verdicts), "\n" + "\n".join(str(verdict) for verdict in verdicts if verdict.broken)

    # The end

    def told(self):
        """The ends of all logs, for a failure's message."""
        parts = [f"{program.log_name}:\n{processes.end_of_log(self.place, program.log_name, 12)}"
                 for program in self.programs[-4:]]  # fmt: skip
        return "\n".join(parts)

    def end(self):
        for program in self.programs:
            program.kill()
        if self.asking:
            self.asking.close()
        if self.wire:
            self.wire.close()
        if self.broker_port:
            processes.end(self.place, self.broker_name)
        self.services.drop_database(self.database)


# Written as the tables' owner, so that no role of a worker needs a right on it.
WITNESS = """
create table position_witness (
  moment bigint generated always as identity primary key, session integer, topic text, partition integer,
  owner_before uuid, owner uuid, next_before bigint, next_offset bigint);
create function witness() returns trigger language plpgsql security definer set search_path from current as $$
begin
  insert into position_witness (session, topic, partition, owner_before, owner, next_before, next_offset)
  values (pg_backend_pid(), new.topic, new.partition, old.owner, new.owner, old.next_offset, new.next_offset);
  return null;
end $$;
create trigger witness after update on position for each row
  when (old.owner is distinct from new.owner or old.next_offset <> new.next_offset) execute function witness();
"""
