"""Services for as long as one command runs, however it or this program ends."""

import ctypes
import os
import signal
import subprocess
import sys
from pathlib import Path

from services import environment

PATIENCE = 10.0  # Seconds between a forwarded signal and SIGKILL.
SET_PARENT_DEATH_SIGNAL = 1  # prctl(2), PR_SET_PDEATHSIG.


class Keeper:
    """A process that waits for the end of its standard input and then takes the services down.

    Its input is a pipe that only this program holds open, so it acts even after this program's SIGKILL. It is started
    before the services are, for the same reason.
    """

    def __init__(self, place):
        command = [sys.executable, str(Path(__file__).parent), "keep", "--dir", str(place)]
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, start_new_session=True)

    def release(self):
        self.process.stdin.close()
        return self.process.wait()


def keep(place, down):
    for kind in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(kind, signal.SIG_IGN)
    while os.read(0, 4096):
        pass
    if place.directory.exists():
        down(place)


def run_command(place, command):
    """Runs the command with the services in its environment; the exit code as a shell would give it."""
    libc = ctypes.CDLL(None)
    started = subprocess.Popen(
        command,
        env={**os.environ, **environment.variables(place)},
        preexec_fn=lambda: libc.prctl(SET_PARENT_DEATH_SIGNAL, signal.SIGTERM),
    )
    told = []

    def forward(number, _):
        told.append(number)
        # A terminal has sent its Ctrl-C to the command already.
        if not (number == signal.SIGINT and os.isatty(0)):
            started.send_signal(number)

    before = {kind: signal.signal(kind, forward) for kind in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)}
    try:
        result = None
        while result is None:
            try:
                result = started.wait(PATIENCE if told else 0.5)
            except subprocess.TimeoutExpired:
                if told:
                    started.kill()
        return result if result >= 0 else 128 - result
    finally:
        for kind, action in before.items():
            signal.signal(kind, action)
