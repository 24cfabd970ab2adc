"""Processor time and memory of processes, from /proc."""

import os
import pathlib

from services import processes

TICK = os.sysconf("SC_CLK_TCK")


def fields(number):
    return pathlib.Path(f"/proc/{number}/stat").read_bytes().rpartition(b")")[2].split()


def cpu(number):
    """Seconds of processor time, of all its threads."""
    at = fields(number)
    return (int(at[11]) + int(at[12])) / TICK


def cpu_of_server(place, name):
    """The same of a server with all its processes, those that have ended among them."""
    total = 0.0
    for number in processes.found(place, name):
        at = fields(number)
        total += sum(int(ticks) for ticks in at[11:15]) / TICK
    return total


def resident(number, peak=False):
    """Megabytes (10^6 bytes) in memory, now or at most."""
    wanted = "VmHWM:" if peak else "VmRSS:"
    for line in lines_of(f"/proc/{number}/status"):
        if line.startswith(wanted):
            return int(line.split()[1]) * 1024 / 1e6
    raise ValueError(f"process {number} has no {wanted}")


def lines_of(path):
    return pathlib.Path(path).read_text(errors="replace").splitlines(keepends=True)
