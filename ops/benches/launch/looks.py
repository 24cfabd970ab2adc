"""How long people wait for `millrace campaign status`: each look of one that follows the campaign, from its first question to the
answer on the terminal, and the whole command from its start to its end. `psql -c 'select 1'` beside it is what starting a program and
logging in takes by themselves."""

import subprocess
import threading
import time

from allocate.wire import Recorder
from services import postgres

COMMAND = "campaign", "status", "spring", "--json"


class Moments(list):
    """When each piece was sent, in place of the piece."""

    def append(self, _):
        super().append(time.monotonic())


class Looks:
    NAMES = "status_watched", "status", "psql_login"

    def __init__(self, ground, database):
        self.ground, self.database = ground, database
        self.command = [ground.executables / "millrace", *COMMAND]
        self.relay = self.watching = self.reading = None
        self.taken = self.nothing()

    def nothing(self):
        return {name: [] for name in self.NAMES}

    def handed_over(self):
        """What was taken so far, in milliseconds; from now on anew."""
        taken, self.taken = self.taken, self.nothing()
        return taken

    def __enter__(self):
        variables = self.ground.services.variables
        self.relay = Recorder(variables["PGHOST"], variables["PGPORT"], Moments)
        self.watching = subprocess.Popen(
            [*self.command, "--watch", "--every", "1"], env=self.ground.environment(self.database, PGPORT=self.relay.port),
            stdout=subprocess.PIPE)  # fmt: skip
        self.reading = threading.Thread(target=self.read, daemon=True)
        self.reading.start()
        return self

    def __exit__(self, *_):
        self.watching.terminate()
        self.watching.wait()
        self.reading.join()
        self.relay.close()

    def read(self):
        """A look is from the first piece that was sent since the look before it. The first one also logs in, and does not count."""
        before = None
        for line in self.watching.stdout:
            if line != b"]\n":
                continue
            now = time.monotonic()
            if before:
                asked = next(moment for moment in self.relay.sent[0] if moment > before)
                self.taken["status_watched"].append((now - asked) * 1000)
            before = now

    def take(self):
        """One and the other in turn, so that they take little from whoever is at work."""
        if len(self.taken["status"]) > len(self.taken["psql_login"]):
            self.run("psql_login", [postgres.programs() / "psql", "-XAtc", "select 1"])
        else:
            self.run("status", self.command)

    def run(self, name, command):
        began = time.monotonic()
        subprocess.run(command, check=True, env=self.ground.environment(self.database), stdout=subprocess.DEVNULL)
        self.taken[name].append((time.monotonic() - began) * 1000)
