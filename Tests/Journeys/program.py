"""One of our executables as it is shipped, run in a world: its log, its health, and what strikes it."""

import json
import os
import signal
import subprocess
import urllib.error
import urllib.request

from services import processes
from services.trouble import Trouble

PATIENCE = 120.0


def until(condition, what, patience=PATIENCE):
    """Waits for what nothing announces; answers what the condition did."""
    answer = None

    def asked():
        nonlocal answer
        answer = condition()
        return answer

    try:
        processes.wait_until(asked, patience, "")
    except Trouble:
        raise AssertionError(f"waited {patience:.0f} s in vain: {what() if callable(what) else what}") from None
    return answer


def bare(services, **more):
    """An environment with nothing in it that the caller's shell happened to set."""
    kept = {name: os.environ[name] for name in ("PATH", "HOME", "LANG", "TMPDIR") if name in os.environ}
    return {**kept, **services.variables, **{name: str(value) for name, value in more.items()}}


class Program:
    def __init__(self, world, name, executables, fail, settings):
        self.world = world
        self.name = name
        self.fail = fail
        self.port = None
        number = len(world.programs) + 1
        self.log_name = f"world-{world.number}-{number}-{name}"
        self.report = world.place / f"{self.log_name}.struck"
        # Another run in the same place may have left them.
        for file in (self.report, world.place / f"{self.log_name}.log"):
            file.unlink(missing_ok=True)
        variables = bare(world.services, **world.variables(**settings))
        if fail:
            variables |= {"MILLRACE_FAIL_POINT": fail, "MILLRACE_FAIL_REPORT": str(self.report)}
        inherited = {name: "" for name in os.environ if name.startswith(("KAFKA_", "PG", "DATABASE_", "MILLRACE_"))}
        self.process = processes.spawn(
            ["env", *(f"-u{name}" for name in inherited if name not in variables), executables / name],
            name=self.log_name, place=world.place, environment=variables,
        )  # fmt: skip

    @property
    def pid(self):
        return self.process.pid

    @property
    def is_alive(self):
        return self.process.poll() is None

    def wait(self, patience=PATIENCE):
        """The exit code."""
        try:
            return self.process.wait(patience)
        except subprocess.TimeoutExpired:
            raise AssertionError(f"{self.name} did not end within {patience:.0f} s") from None

    def log(self):
        text = (self.world.place / f"{self.log_name}.log").read_text(errors="replace")
        lines = []
        for line in text.splitlines():
            try:
                lines.append(json.loads(line))
            except ValueError:
                lines.append({"message": line})
        return lines

    def until_logged(self, *texts, patience=PATIENCE):
        """The first line that holds one of the texts."""
        return until(lambda: self.logged(*texts), lambda: f"{self.name} to log {' or '.join(texts)}", patience)

    def logged(self, *texts):
        for line in self.log():
            if any(text in json.dumps(line, ensure_ascii=False) for text in texts):
                return line
        return None

    # Faults

    @property
    def strikes(self):
        return self.report.read_text().splitlines() if self.report.exists() else []

    def until_struck(self, patience=PATIENCE):
        step = self.fail.split(":")[0].split("@")[0]
        until(
            lambda: self.strikes or not self.is_alive,
            lambda: f"{self.name} to come to {step}",
            patience,
        )
        assert self.strikes == [step], f"{self.name} ended with {self.process.poll()} before it came to {step}"
        if ":stop" not in self.fail:
            self.wait()
        else:
            until(lambda: self._state() == "T", f"{self.name} to be frozen")

    def _state(self):
        with open(f"/proc/{self.pid}/stat", "rb") as file:
            return file.read().rpartition(b")")[2].split()[0].decode()

    def freeze(self):
        self.process.send_signal(signal.SIGSTOP)

    def thaw(self):
        self.process.send_signal(signal.SIGCONT)

    def kill(self):
        if self.is_alive:
            self.process.kill()
        self.process.wait()

    def end(self, patience=PATIENCE):
        """An orderly end."""
        self.process.terminate()
        return self.wait(patience)

    # Seen from outside

    def address(self):
        if self.port is None:
            self.port = self.until_logged('"http_port"')["http_port"]
        return f"127.0.0.1:{self.port}"

    def get(self, path):
        straight = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        try:
            with straight.open(f"http://{self.address()}{path}", timeout=60) as answer:
                return answer.status, answer.read().decode()
        except urllib.error.HTTPError as error:
            return error.code, error.read().decode()

    def until_ready(self, patience=PATIENCE):
        said = None

        def is_ready():
            nonlocal said
            status, said = self.get("/ready")
            return status == 200

        until(is_ready, lambda: f"{self.name} to be ready; it says: {said}", patience)
        return self

    def until_not_ready(self, text, patience=PATIENCE):
        """Answers what /ready says, once that holds the text."""
        said = ""

        def says_so():
            nonlocal said
            status, said = self.get("/ready")
            return status == 503 and text in said

        until(says_so, lambda: f"{self.name} not to be ready for “{text}”; it says: {said}", patience)
        return said

    def metric(self, name, **labels):
        """The sum over all samples with these labels."""
        total = 0.0
        for line in self.get("/metrics")[1].splitlines():
            if line.startswith((name + "{", name + " ")) and all(f'{k}="{v}"' in line for k, v in labels.items()):
                total += float(line.rpartition(" ")[2])
        return total
