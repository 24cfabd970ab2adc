"""Running what the demonstration shows: commands to their end, workers beside it, all of them ended with it."""

import collections
import os
import re
import select
import shlex
import subprocess

from demo.screen import Progress, say, show_command
from services.trouble import Trouble

# Ends with us, however we end. Not by code of our own between fork and exec, where an interrupt would still be ours.
DIE_WITH_PARENT = ["setpriv", "--pdeathsig", "TERM"]
BUILD_LINE = re.compile(r"\[(\d+)/(\d+)\] ((?:Compiling|Linking) \S+)")


class Programs:
    def __init__(self, folder, environment):
        self.environment = environment
        self._folder = folder
        self._running = {}

    def run(self, line, **options):
        """Shows a line of shell and runs it; its output is the demonstration's own."""
        show_command(line)
        code = self.wait(self._start(["bash", "-c", f"set -o pipefail; {line}"], **options))
        if code != 0:
            raise Trouble(f"that ended with {code}, which it should not")

    def start(self, program, *words):
        """Starts a worker, or what workers call. What it logs goes to a file."""
        name = os.path.basename(program)
        log = self._folder / f"{name}.log"
        show_command(f"{shlex.join([program, *words])} 2> {os.path.relpath(log)} &")
        with open(log, "wb") as file:
            self._running[name] = self._start([program, *words], stdout=file, stderr=file)

    def look_after(self):
        """Raises Trouble when a worker has ended by itself."""
        for name, process in self._running.items():
            if process.poll() is not None:
                raise Trouble(f"{name} ended with {process.returncode}; its log ends so:\n{self.end_of_log(name)}")

    def end_of_log(self, name):
        try:
            lines = (self._folder / f"{name}.log").read_text(errors="replace").splitlines()[-8:]
        except FileNotFoundError:
            lines = []
        return "\n".join(f"  | {line}" for line in lines)

    def ends_of_logs(self):
        return "\n".join(self.end_of_log(name) for name in self._running)

    def end(self):
        """Ends the workers in order; what does not end within 25 s is killed. Returns the exit codes that are not 0."""
        for process in self._running.values():
            process.terminate()
        codes = {name: self.wait(process, 25) for name, process in self._running.items()}
        self._running = {}
        return {name: code for name, code in codes.items() if code != 0}

    def build(self, command):
        """Runs the build, showing how far it is."""
        show_command(shlex.join(command))
        progress = Progress()
        process = self._start(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        kept = collections.deque(maxlen=200)
        latest, pending = "", b""
        while True:
            ready, _, _ = select.select([process.stdout], [], [], 0.5)
            if ready:
                chunk = os.read(process.stdout.fileno(), 1 << 16)
                if not chunk:
                    break
                *lines, pending = (pending + chunk).split(b"\n")
                for line in (line.decode(errors="replace") for line in lines):
                    kept.append(line)
                    if match := BUILD_LINE.match(line):
                        latest = f"step {match[1]} of {match[2]}: {match[3][0].lower()}{match[3][1:]}"
            progress.show(f"{progress.seconds:.0f} s  {latest}")
        if self.wait(process) != 0:
            progress.end()
            errors = [line for line in kept if "error:" in line] or list(kept)[-20:]
            raise Trouble("the build failed:\n" + "\n".join(f"  | {line}" for line in errors))
        progress.end(f"Built in {progress.seconds:.0f} s.")

    def _start(self, command, **options):
        return subprocess.Popen(
            DIE_WITH_PARENT + command, env=self.environment, stdin=subprocess.DEVNULL, **options
        )

    @staticmethod
    def wait(process, patience=None):
        """Its exit code. What does not end within so many seconds, or when we are interrupted, is ended."""
        try:
            return process.wait(patience)
        except subprocess.TimeoutExpired:
            say(f"{process.args[len(DIE_WITH_PARENT)]} does not end within {patience} s and is killed")
            process.kill()
            return process.wait()
        except BaseException:
            process.terminate()
            try:
                process.wait(10)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
            raise
