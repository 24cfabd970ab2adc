"""Executables as shipped: what every event goes through is compiled for its worker, not once for all of them.

Swift says nothing where it cannot do so, and everything works, a fifteenth slower: once an import declared `package` or a key path
in a generic function had been enough, and nobody saw it for days.
"""

import re
from pathlib import Path

import pytest

WORKERS = Path(__file__).resolve().parents[2] / "Workers"
# Functions of Runtime as Swift mangles them. `Tg5` marks one that was compiled for certain types.
EACH_EVENT_GOES_THROUGH = [
    "10DecideLaneC4turn", "10DecideLaneC5admit", "14EnvelopeReaderC4read", "16BatchTransactionV3run", "9BatchFoldV4sort",
    "9BatchFoldV6decide",
]  # fmt: skip
CONSUMERS = sorted(
    name
    for file in WORKERS.rglob("*.swift")
    if re.search(r"^(package )?struct \w+: (Sending)?Worker \{$", text := file.read_text(), re.MULTILINE)
    for name in re.findall('static let name = "([a-z-]+)"', text)
)


def test_consumers_are_found():
    assert {"allocate-leads", "keep-customers", "send-sms", "roll-up-metrics"} <= set(CONSUMERS) and len(CONSUMERS) > 10


@pytest.mark.parametrize("name", CONSUMERS)
def test_what_each_event_goes_through_is_compiled_for_its_worker(executables, name):
    symbols = (executables / name).read_bytes()
    general = [each for each in EACH_EVENT_GOES_THROUGH if not re.search(rf"\$s7Runtime{each}[!-~]*Tg5".encode(), symbols)]
    assert not general, f"{name}: compiled once for all workers: {general}; see the flags in Package.swift"
