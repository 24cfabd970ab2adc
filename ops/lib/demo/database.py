"""Asks the database through one psql that stays open: no Python driver has to be installed for a demonstration."""

import json
import subprocess

from services import postgres
from services.trouble import Trouble


class Database:
    def __init__(self, environment):
        command = [postgres.programs() / "psql", "-XqAt", "-v", "ON_ERROR_STOP=1"]
        environment = {**environment, "PGOPTIONS": "-c search_path=millrace", "PGCLIENTENCODING": "UTF8"}
        self._psql = subprocess.Popen(
            command, env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
            encoding="utf-8", start_new_session=True,
        )  # fmt: skip

    def rows(self, query):
        """The rows, each a dictionary by column."""
        self._psql.stdin.write(f"select coalesce(json_agg(r), '[]') from ({query}) r;\n")
        self._psql.stdin.flush()
        return self._answer()

    def _answer(self):
        text = ""
        while line := self._psql.stdout.readline():
            text += line
            try:
                return json.loads(text)
            except ValueError:
                continue  # json_agg breaks lines between rows.
        raise Trouble(f"the database did not answer: {self._psql.stderr.read().strip()}")

    def close(self):
        self._psql.stdin.close()
        self._psql.wait()
        self._psql.stdout.close()
        self._psql.stderr.close()
