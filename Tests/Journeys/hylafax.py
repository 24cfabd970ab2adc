"""HylaFAX as Debian has it: its scheduler and its server on a loopback port, with a spool of their own and no modem.

That a job was removed is told by the scheduler itself; what only a modem brings about is told in its place."""

import json
import os
import shutil
import subprocess
from pathlib import Path

import pytest
from program import until

from services import processes

TOP = Path(__file__).resolve().parents[2]
FOLDERS = ("archive", "bin", "client", "config", "dev", "docq", "doneq", "etc", "info", "log", "pollq", "recvq", "sendq",
           "status", "tmp")  # fmt: skip


class HylaFAX:
    """Jobs stay in the queue; what becomes of them later is told by its notify command, as faxq would run it."""

    name = "hylafax"

    def __init__(self, place, call_back, secret, total="4s"):
        if os.geteuid() != 0:
            pytest.skip("HylaFAX's programs change to their own user, which root alone may do")
        self.place, self.total = place, total
        self.port = processes.free_port()
        self.spool = place / f"hylafax-{self.port}"
        self.names = [f"hylafax-{program}-{self.port}" for program in ("faxq", "hfaxd")]
        self.environment = {"MILLRACE_CALL_BACK": f"{call_back}/hylafax/states", "MILLRACE_CALL_BACK_SECRET": secret}
        for folder in FOLDERS:
            (self.spool / folder).mkdir(parents=True)
        for folder, source in (("etc", "/etc/hylafax"), ("bin", "/var/spool/hylafax/bin")):
            shutil.copytree(source, self.spool / folder, dirs_exist_ok=True)
        hosts = self.spool / "etc/hosts.hfaxd"
        hosts.write_text("127.0.0.1\n")
        hosts.chmod(0o600)
        # What the scheduler runs when something has become of a job, as NotifyCmd in its config would have it.
        shutil.copy(TOP / "ops/gateways/hylafax-notify", self.spool / "bin/notify")
        (self.spool / "etc/millrace").write_text("".join(f"{name}='{value}'\n" for name, value in self.environment.items()))
        subprocess.run(["chown", "-R", "uucp:uucp", self.spool], check=True)

    def __enter__(self):
        try:
            self._start(0, "faxq", "-D", "-q", str(self.spool))
            self._start(1, "hfaxd", "-d", "-l", "127.0.0.1", "-i", str(self.port), "-q", str(self.spool))
        except BaseException:
            self.__exit__()
            raise
        return self

    def _start(self, number, program, *arguments):
        # Those above the spool let its user through.
        for parent in self.spool.parents:
            if parent.stat().st_uid == 0 and not parent.stat().st_mode & 0o001:
                parent.chmod(parent.stat().st_mode | 0o111)
        processes.spawn([f"/usr/sbin/{program}", *arguments], name=self.names[number], place=self.place)
        ready = (lambda: (self.spool / "FIFO").exists()) if program == "faxq" else self.listens
        until(ready, lambda: f"{program}\n{processes.end_of_log(self.place, self.names[number])}")

    def listens(self):
        rows = [row.split() for row in Path("/proc/net/tcp").read_text().splitlines()[1:]]
        return any(row[1] == f"0100007F:{self.port:04X}" and row[3] == "0A" for row in rows)

    def __exit__(self, *_):
        for name in reversed(self.names):
            processes.end(self.place, name)

    def jobs(self):
        """The fields of each job in the queue, by its tag."""
        found = {}
        for path in (self.spool / "sendq").glob("q[0-9]*"):
            fields = dict(line.split(":", 1) for line in path.read_text().splitlines() if ":" in line)
            found[fields["jobtag"]] = fields | {"file": path}
        return found

    def document(self, job):
        """What was handed over, as PDF."""
        name = next(value for key, value in job.items() if key.lstrip("!").startswith(("pdf", "postscript", "tiff")))
        file = self.spool / name.rpartition(":")[2].lstrip("/")
        return subprocess.run(["tiff2pdf", file], capture_output=True, check=True).stdout

    def tell(self, job, why):
        """Runs the notify command as faxq does: in the spool, with the job's file."""
        file = str(job["file"].relative_to(self.spool))
        told = subprocess.run(
            [TOP / "ops/gateways/hylafax-notify", file, why, "0:05"], cwd=self.spool, env=os.environ | self.environment,
            capture_output=True, text=True, check=False)  # fmt: skip
        assert told.returncode == 0, told.stderr

    def remove(self, job):
        """Somebody takes it out of the queue: the scheduler runs its notify command."""
        subprocess.run(
            ["faxrm", "-h", f"127.0.0.1:{self.port}", job["jobid"]], env=os.environ | {"FAXUSER": "millrace"},
            capture_output=True, check=True)  # fmt: skip

    def description(self, **_):
        """The one that is delivered, but for where hfaxd listens."""
        described = json.loads((TOP / "ops/gateways/hylafax.json").read_text())
        described["hylafax"]["server"] = f"127.0.0.1:{self.port}"
        described["limits"] = {"connect": "1s", "total": self.total}
        return described
