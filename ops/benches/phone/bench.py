"""Parse, region and zone: this program and `phonenumbers` over the same numbers, in turn, and what they found compared.

    parse_region             leads' numbers (lead_numbers.py): number, region down to the city, time zones
    parse_region_hard        the agreement test's numbers: half invalid, every script and spelling
    ready                    from the program's first instruction that needs the data to the first region
    allocations_per_number   memory asked for in the timed passes, by count
    private_data             memory of the embedded data that is this process's own

The peer is used as its makers would: patterns kept compiled, nothing done twice. It is timed twice:
`python_phonenumbers` gives country, zones and place, of which the region here is made; `python_without_place` leaves
the place out, so that nobody has to wonder what the ratio owes to it.
"""

import argparse
import os
import pathlib
import random
import statistics
import subprocess
import tempfile
import time

import phone_spellings
from phonenumbers import NumberParseException, PhoneNumberFormat, format_number, geocoder, parse, timezone
from phonenumbers.phonenumberutil import region_code_for_number
from report import Report

from . import lead_numbers

ROOT = pathlib.Path(__file__).resolve().parents[3]
OURS, THEIRS = 200_000, 10_000


def program():
    subprocess.run(["swift", "build", "-c", "release", "--static-swift-stdlib", "--product", "bench-phone"],
                   cwd=ROOT, check=True, stdout=subprocess.DEVNULL)
    return ROOT / ".build/release/bench-phone"


def write(numbers, folder, name):
    path = pathlib.Path(folder) / name
    path.write_text("".join(f"{country or ''}\t{text}\n" for text, country in numbers))
    return path


def ours(executable, path, seconds):
    done = subprocess.run([executable, path, str(seconds)], check=True, capture_output=True, text=True)
    return {name: float(value) if "." in value else int(value)
            for name, value in (line.split() for line in done.stdout.splitlines())}


def theirs(numbers, with_place):
    """Rate, and what the numbers came to in the terms of the Swift program."""
    read = zoned = total = 0
    started = time.perf_counter()
    for text, country in numbers:
        try:
            number = parse(text, country)
        except NumberParseException:
            continue
        region_code_for_number(number)
        zones = timezone.time_zones_for_number(number)
        if with_place:
            geocoder.description_for_number(number, "en")
        read += 1
        if zones != ("Etc/Unknown",):
            zoned += 1
        total += int(format_number(number, PhoneNumberFormat.E164)[1:])
    return len(numbers) / (time.perf_counter() - started), (read, zoned, total)


def keep_patterns():
    """Newer versions of the library can keep their compiled patterns; a program in earnest would."""
    try:
        from phonenumbers.re_util import enable_pattern_cache
    except ImportError:
        return
    enable_pattern_cache()


def compare(report, executable, measure, numbers, folder, rounds):
    few = numbers[:THEIRS]
    everything, sample = write(numbers, folder, measure), write(few, folder, measure + "-sample")
    found = ours(executable, sample, 0.01)
    rates, with_place, without_place, last = [], [], [], None
    for _ in range(rounds):
        last = ours(executable, everything, 1)
        rates.append(last["rate"])
        rate, results = theirs(few, True)
        with_place.append(rate)
        without_place.append(theirs(few, False)[0])
    # Impossible numbers too long for 63 bits are refused here and read there; in leads' numbers there are none.
    if measure == "parse_region" and (found["read"], found["zoned"], found["sum"]) != results:
        raise SystemExit(f"bench phone: the two disagree: {found} and {results}")
    median = statistics.median
    for against, peer in (("python_phonenumbers", with_place), ("python_without_place", without_place)):
        report.add(measure, rates, "numbers/s", against, median(rates) / median(peer))
        report.add(f"{measure}, {against}", peer, "numbers/s")
    return last


def private_data(executable, path):
    """Bytes that a process which has read all the data holds as its own, of the read-only mapping that it lies in."""
    child = subprocess.Popen([executable, path, "3"], stdout=subprocess.DEVNULL)
    try:
        time.sleep(1)
        mappings = []
        for line in pathlib.Path(f"/proc/{child.pid}/smaps").read_text().splitlines():
            words = line.split()
            if not words[0].endswith(":"):
                mappings.append({"writable": "w" in words[1], "file": words[-1]})
            elif words[0] in ("Rss:", "Anonymous:", "Swap:"):
                mappings[-1][words[0]] = int(words[1]) * 1024
        mapped = [each for each in mappings if each["file"] == os.path.realpath(executable) and not each["writable"]]
        largest = max(mapped, key=lambda each: each["Rss:"])
        if largest["Rss:"] < (ROOT / "Core/CPhoneData/phone.bin").stat().st_size // 4:
            raise SystemExit("bench phone: the data was not found in the program's read-only memory")
        return largest["Anonymous:"] + largest["Swap:"]
    finally:
        child.kill()
        child.wait()


def main(arguments=None):
    parser = argparse.ArgumentParser(prog="ops/bench phone", description=__doc__.splitlines()[0])
    parser.add_argument("--json", metavar="FILE", help="also write one object a line")
    parser.add_argument("--runs", type=int, default=5, help="rounds; medians and spread are printed (default 5)")
    options = parser.parse_args(arguments)
    keep_patterns()
    executable = program()
    seed = random.SystemRandom().randrange(1 << 40)
    source = random.Random(seed)
    print(f"seed {seed}; {OURS:,} numbers here, {THEIRS:,} of them in Python; {options.runs} rounds in turn")
    report = Report("phone")
    with tempfile.TemporaryDirectory() as folder:
        leads = [lead_numbers.lead_number(source) for _ in range(OURS)]
        last = compare(report, executable, "parse_region", leads, folder, options.runs)
        hard = [phone_spellings.spelled(source) for _ in range(OURS)]
        compare(report, executable, "parse_region_hard", hard, folder, options.runs)
        path = write(leads, folder, "leads")
        report.add("ready", [ours(executable, path, 0.01)["ready_seconds"] * 1000 for _ in range(options.runs)], "ms")
        report.add("allocations_per_number", [last["allocations"] / OURS], "allocations")
        report.add("private_data", [private_data(executable, path)], "bytes")
    report.print()
    if options.json:
        report.write(options.json)
    return 0
