"""A database that was really set back to a backup: everything stands still, and goes on by one command."""

import json
import os
import shutil
import subprocess

import firm
import pytest
from evidence import OWNERSHIP
from services_in_use import ServicesInUse
from world import Ground, until

from services import postgres

EPOCH = 1 << 36


@pytest.fixture
def own_ground(executables):
    """PostgreSQL of the test's own: its files are put back."""
    with ServicesInUse.of_its_own(fast=True) as services:
        yield Ground(services, executables)


class Files:
    """The data directory as it was, put back while the server is down."""

    finding = "Kafka was told position"

    def __init__(self, world):
        self.services = world.services
        self.data = world.place / "postgres/data"
        self.copy = world.place / "copy-of-data"

    def back_up(self):
        self.services.stop("postgres")
        subprocess.run(["cp", "-a", self.data, self.copy], check=True)
        self.services.start("postgres")

    def restore(self):
        self.services.stop("postgres")
        shutil.rmtree(self.data)
        subprocess.run(["cp", "-a", self.copy, self.data], check=True)
        self.prepare()
        self.services.start("postgres")

    def prepare(self):
        pass


class Recovery(Files):
    """The same, brought up as a backup is: through recovery, which begins another timeline."""

    finding = "its log goes on in another timeline (2, before 1)"

    def prepare(self):
        signal = self.data / "recovery.signal"
        signal.touch()
        owner = self.data.stat()
        os.chown(signal, owner.st_uid, owner.st_gid)
        with open(self.data / "postgresql.conf", "a") as file:
            file.write("\nrestore_command = 'false'\n")


class Dump:
    """A dump that is loaded into a database made anew under the same name."""

    finding = "it was created anew in its cluster"

    def __init__(self, world):
        self.world = world
        self.file = world.place / "dump"

    def _run(self, program, *words):
        environment = {**os.environ, **self.world.services.variables, "PGDATABASE": self.world.database}
        environment.pop("LD_LIBRARY_PATH", None)
        ran = subprocess.run(
            [postgres.programs() / program, *words], env=environment, capture_output=True, text=True
        )
        assert ran.returncode == 0, ran.stderr

    def back_up(self):
        self._run("pg_dump", "-Fc", "-f", self.file)

    def restore(self):
        self.world.services.drop_database(self.world.database)
        with self.world.services.connect() as connection:
            connection.execute(f"create database {self.world.database} template template0")
        self._run("pg_restore", "-d", self.world.database, self.file)


def apply(world, leads):
    """All of it, and what it causes, by programs that end in order: Kafka is told."""
    worker, relay = world.start().until_ready(), world.start("relay-events").until_ready()
    world.publish(leads)
    world.until_applied()
    world.until_published()
    assert (worker.end(), relay.end()) == (0, 0)


def phones(world):
    with world.connect() as connection:
        return sorted(row[0] for row in connection.execute("select phone from lead where phone is not null"))


def ownership(world):
    return world.records(OWNERSHIP)


def number(record):
    """Of the outbox row, the first part of an event's id."""
    return int(record.text("ce_id").partition(".")[0])


@pytest.mark.parametrize("kind", [Files, Recovery, Dump], ids=["files", "recovery", "dump"])
def test_a_database_set_back_to_a_backup_stands_still_and_is_recovered(own_ground, kind):
    with own_ground.world(partitions=3) as world:
        leads = firm.Leads(kind.__name__, spoilt=0)
        backup = kind(world)
        apply(world, leads.take(200))
        backup.back_up()
        apply(world, leads.take(150))
        reached = phones(world)
        before = ownership(world)
        backup.restore()
        assert world.applied() == 200

        worker, relay = world.start(), world.start("relay-events")
        for program in worker, relay:
            sentence = program.until_not_ready("this database was restored, copied or promoted")
            assert kind.finding in sentence
            assert "millrace recover" in sentence
        world.publish(leads.take(50))
        looked = world.command("recover")
        assert looked.returncode == 0, looked.stderr
        assert kind.finding in looked.stdout and "Nothing was done" in looked.stdout
        assert "150 are applied once more" in looked.stdout or looked.stdout.count("applied once more") == 3
        assert (world.applied(), len(ownership(world))) == (200, len(before))

        done = world.command("recover", "--execute", "--json")
        assert done.returncode == 0, done.stderr
        json.loads(done.stdout)
        world.until_applied()
        world.until_published()
        worker.until_ready()
        relay.until_ready()
        assert set(reached) <= set(phones(world))
        records = ownership(world)
        seen = {(record.text("ce_source"), record.text("ce_id")) for record in before}
        offsets = {(record.partition, record.offset) for record in before}
        since = [record for record in records if (record.partition, record.offset) not in offsets]
        assert len(since) >= 150
        assert not seen & {(record.text("ce_source"), record.text("ce_id")) for record in since}
        assert all(number(record) > EPOCH and record.mark()[0] > EPOCH for record in since)
        assert world.ask("select count(*) from operator_action where command like 'recover%%'") == 1
        # Whoever reads on finds every lead's last owner in the last event about it.
        last = {}
        for record in since:
            last[int(record.key)] = json.loads(record.value).get("owner")
        with world.connect() as connection:
            owners = dict(connection.execute("select l.id, p.code from lead l left join person p on p.id = l.owner_id"))
        assert {lead: owner for lead, owner in owners.items() if lead in last} == last
        until(lambda: world.ask("select database_obstacle()") is None, "the database to be known")
