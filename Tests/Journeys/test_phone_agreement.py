"""`millrace phone` against PyPI's `phonenumbers`, number by number.

MILLRACE_SEED says which numbers, MILLRACE_LONG=1 takes a million instead of 20,000 (`ops/test --long` sets both);
MILLRACE names the executable, the one built last by default.
"""

import collections
import concurrent.futures
import os
import pathlib
import random
import subprocess

import pytest

pytest.importorskip("phonenumbers")
import phone_spellings
import phonenumbers
from phonenumbers.carrierdata import CARRIER_DATA
from phonenumbers.geodata import GEOCODE_DATA
from phonenumbers.tzdata import TIMEZONE_DATA

ROOT = pathlib.Path(__file__).resolve().parents[2]
PIECE = 20_000
LONG = os.environ.get("MILLRACE_LONG")
SEED = os.environ.get("MILLRACE_SEED", "0")


def executable():
    named = os.environ.get("MILLRACE")
    built = [path for path in (ROOT / ".build/release/millrace", ROOT / ".build/debug/millrace") if path.exists()]
    if not named and not built:
        pytest.fail("no millrace executable: build it, or name it in MILLRACE")
    return named or str(max(built, key=lambda path: path.stat().st_mtime))


def answers(command, texts, country):
    arguments = [command, "phone"] + (["--country", country] if country else [])
    lines = [text if isinstance(text, bytes) else text.encode() for text in texts]
    done = subprocess.run(arguments, input=b"".join(line + b"\n" for line in lines), capture_output=True, check=True,
                          timeout=120)
    lines = done.stdout.decode(errors="replace").removesuffix("\n").split("\n")
    assert len(lines) == len(texts), f"{len(texts)} lines in, {len(lines)} out"
    return [line.rsplit("\t", 8) for line in lines]


def compare(command, numbers):
    """(how many of each reason, differences) over pairs of text and country."""
    by_country = collections.defaultdict(list)
    for text, country in numbers:
        by_country[country].append(text)
    reasons, differences = collections.Counter(), []
    for country, texts in by_country.items():
        for text, answer in zip(texts, answers(command, texts, country)):
            wanted = phone_spellings.expected(text, country)
            given = answer[1:3] + answer[4:]
            reasons[wanted[-1]] += 1
            if given != wanted or answer[0] != text:
                differences.append((text, country, wanted, given))
    return reasons, differences


def compare_spelled(command, seed):
    source = random.Random(seed)
    return compare(command, [phone_spellings.spelled(source) for _ in range(PIECE)])


def compare_prefixes(command, seed, piece, pieces):
    """A number behind every prefix that the library has a place, a zone or a carrier for."""
    source = random.Random(f"{seed}.{piece}")
    prefixes = sorted(set(GEOCODE_DATA) | set(TIMEZONE_DATA) | set(CARRIER_DATA))[piece::pieces]
    return compare(command, [(phone_spellings.completed(source, prefix), None) for prefix in prefixes])


def together(work, arguments):
    reasons, differences = collections.Counter(), []
    with concurrent.futures.ProcessPoolExecutor(max_workers=2) as pool:
        for some, different in pool.map(work, *zip(*arguments)):
            reasons += some
            differences += different
    print(dict(reasons))
    for text, country, wanted, given in differences[:20]:
        print(f"{text!r} in {country}: {dict(zip(phone_spellings.COLUMNS, zip(wanted, given)))}")
    return reasons, len(differences)


def test_the_data_is_of_the_library_compared_with():
    version = subprocess.run([executable(), "phone", "--version"], capture_output=True, check=True, text=True)
    assert version.stdout.strip() == phonenumbers.__version__


@pytest.mark.timeout(3600 if LONG else 300)
def test_every_number_comes_out_as_in_libphonenumber():
    pieces = 50 if LONG else 1
    reasons, different = together(
        compare_spelled, [(executable(), f"{SEED}.{piece}") for piece in range(pieces)])
    assert different == 0, f"{different} of {pieces * PIECE} differ, seed {SEED}"
    # A generator that only made nonsense would agree too.
    assert reasons["-"] > 0.4 * pieces * PIECE and len(reasons) >= 6


@pytest.mark.long
def test_a_number_behind_every_known_prefix_comes_out_as_in_libphonenumber():
    reasons, different = together(
        compare_prefixes, [(executable(), SEED, piece, 10) for piece in range(10)])
    assert different == 0, f"{different} differ, seed {SEED}"
    assert reasons["-"] > 250_000
