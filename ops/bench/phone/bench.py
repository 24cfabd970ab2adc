"""Parse, region and zone: this program and `phonenumbers` over the same numbers, in turn, with what they found compared.

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
import json
import os
import pathlib
import random
import statistics
import subprocess
import sys
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parents[3]
sys.path.insert(0, str(ROOT / "Tests/Journeys"))

import phone_spellings  # noqa: E402
from phonenumbers import NumberParseException, PhoneNumberFormat, format_number, geocoder, parse, timezone  # noqa: E402
from phonenumbers.phonenumberutil import region_code_for_number  # noqa: E402

from . import lead_numbers  # noqa: E402

ROUNDS = 5
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


class Report:
    def __init__(self):
        self.rows = []

    def add(self, measure, values, unit, against=None, ratio=None):
        row = {"bench": "phone", "measure": measure, "value": statistics.median(values), "unit": unit}
        if len(values) > 1:
            row["lowest"], row["highest"] = min(values), max(values)
        if against:
            row["against"], row["ratio"] = against, round(ratio, 1)
        self.rows.append(row)

    def print(self):
        print(f"{'measure':40}{'median':>14}{'lowest':>14}{'highest':>14}  {'unit':12}compared")
        for row in self.rows:
            spread = "".join(f"{number(row[each]) if each in row else '':>14}" for each in ("lowest", "highest"))
            compared = f"{row['ratio']:g} times {row['against']}" if "against" in row else ""
            print(f"{row['measure']:40}{number(row['value']):>14}{spread}  {row['unit']:12}{compared}".rstrip())


def number(value):
    return f"{value:,.0f}" if value >= 100 or value == int(value) else f"{value:.3g}"


def compare(report, executable, measure, numbers, folder):
    few = numbers[:THEIRS]
    everything, sample = write(numbers, folder, measure), write(few, folder, measure + "-sample")
    found = ours(executable, sample, 0.01)
    rates, with_place, without_place, last = [], [], [], None
    for _ in range(ROUNDS):
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
    options = parser.parse_args(arguments)
    keep_patterns()
    executable = program()
    seed = random.SystemRandom().randrange(1 << 40)
    source = random.Random(seed)
    print(f"seed {seed}; {OURS:,} numbers here, {THEIRS:,} of them in Python; {ROUNDS} rounds in turn")
    report = Report()
    with tempfile.TemporaryDirectory() as folder:
        leads = [lead_numbers.lead_number(source) for _ in range(OURS)]
        last = compare(report, executable, "parse_region", leads, folder)
        hard = [phone_spellings.spelled(source) for _ in range(OURS)]
        compare(report, executable, "parse_region_hard", hard, folder)
        path = write(leads, folder, "leads")
        report.add("ready", [ours(executable, path, 0.01)["ready_seconds"] * 1000 for _ in range(ROUNDS)], "ms")
        report.add("allocations_per_number", [last["allocations"] / OURS], "allocations")
        report.add("private_data", [private_data(executable, path)], "bytes")
    report.print()
    if options.json:
        with open(options.json, "w") as file:
            file.writelines(json.dumps(row) + "\n" for row in report.rows)
    return 0
