"""Development services as a test sees them: where they are, and how to break them."""

import contextlib
import os
import secrets
import shutil
import tempfile
from pathlib import Path

import psycopg
from psycopg import sql

from services import environment, lifecycle, processes
from services.place import Place
from services.run import Keeper


def memory():
    """A file system in memory, where there is room: a fresh database is a thousand files, made here every second. Else None."""
    shared = Path("/dev/shm")
    return shared if shared.is_dir() and shutil.disk_usage(shared).free >= 4 << 30 else None


class ServicesInUse:
    def __init__(self, directory):
        self.place = Place(directory)
        self.variables = environment.variables(self.place)

    @classmethod
    @contextlib.contextmanager
    def started(cls, directory, **choices):
        """Services that end with the block, or with this process however that ends."""
        place = Place(directory)
        keeper = Keeper(place)
        try:
            lifecycle.up(place, **choices)
            yield cls(directory)
        finally:
            assert keeper.release() == 0, f"the services in {place} were not taken down"

    @classmethod
    @contextlib.contextmanager
    def of_its_own(cls, **choices):
        """The same in a folder that goes with them."""
        with tempfile.TemporaryDirectory(dir=memory()) as folder, cls.started(f"{folder}/services", **choices) as services:
            yield services

    def environment(self, **more):
        """For a child process: this process's environment, the services', and `more`."""
        return {**os.environ, **self.variables, **more}

    @property
    def bootstrap_servers(self):
        return self.variables["KAFKA_BOOTSTRAP_SERVERS"]

    def connect(self, database=None, **options):
        """A psycopg connection as the superuser, in autocommit mode unless the options say otherwise."""
        return psycopg.connect(
            host=self.variables["PGHOST"],
            port=self.variables["PGPORT"],
            user=self.variables["PGUSER"],
            password=self.variables["PGPASSWORD"],
            dbname=database or self.variables["PGDATABASE"],
            **{"autocommit": True, **options},
        )

    def create_database(self, template="template1"):
        name = f"journey_{secrets.token_hex(6)}"
        with self.connect() as connection:
            create = sql.SQL("create database {} template {} strategy file_copy")
            connection.execute(create.format(sql.Identifier(name), sql.Identifier(template)))
        return name

    def drop_database(self, name):
        with self.connect() as connection:
            connection.execute(sql.SQL("drop database if exists {} with (force)").format(sql.Identifier(name)))

    def pid(self, server):
        """The number of the server's first process ("postgres", "broker" or "store"), None when it does not run."""
        return processes.main_process(self.place, server)

    def kill(self, server):
        processes.end(self.place, server)

    def freeze(self, server):
        self._send(server, processes.FREEZE)

    def thaw(self, server):
        self._send(server, processes.THAW)

    def stop(self, server, mode="fast"):
        lifecycle.stop(self.place, server, mode)

    def start(self, server):
        """On the port and the files that it had."""
        lifecycle.start(self.place, server)

    def restart(self, server, mode="fast"):
        self.stop(server, mode)
        self.start(server)

    def _send(self, server, kind):
        processes.send_to_all(self.place, server, kind)
