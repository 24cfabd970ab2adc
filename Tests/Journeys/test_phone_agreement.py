"""`millrace phone` against PyPI's `phonenumbers`, number by number, with a fresh seed each time.

MILLRACE_SEED repeats a run; MILLRACE_LONG=1 takes a million numbers instead of 20,000; MILLRACE names the executable,
the one built last by default.
"""

import collections
import concurrent.futures
import os
import pathlib
import random
import subprocess

import pytest

pytest.importorskip("phonenumbers")
import phonenumbers
import phone_spellings

ROOT = pathlib.Path(__file__).resolve().parents[2]
PIECE = 20_000


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


def compare(command, seed, count):
    """(how many of each reason, differences) over `count` numbers."""
    numbers = collections.defaultdict(list)
    source = random.Random(seed)
    for _ in range(count):
        text, country = phone_spellings.spelled(source)
        numbers[country].append(text)
    reasons, differences = collections.Counter(), []
    for country, texts in numbers.items():
        for text, answer in zip(texts, answers(command, texts, country)):
            wanted = phone_spellings.expected(text, country)
            given = answer[1:3] + answer[4:]
            reasons[wanted[-1]] += 1
            if given != wanted or answer[0] != text:
                differences.append((text, country, wanted, given))
    return reasons, differences


def test_every_number_comes_out_as_in_libphonenumber():
    command = executable()
    version = subprocess.run([command, "phone", "--version"], capture_output=True, check=True, text=True)
    assert version.stdout.strip() == phonenumbers.__version__
    seed = os.environ.get("MILLRACE_SEED") or str(random.SystemRandom().randrange(1 << 40))
    pieces = 50 if os.environ.get("MILLRACE_LONG") else 1
    print(f"seed {seed}, {pieces * PIECE} numbers (MILLRACE_SEED={seed} repeats them)")
    reasons, differences = collections.Counter(), []
    with concurrent.futures.ProcessPoolExecutor(max_workers=2) as pool:
        for some, different in pool.map(
                compare, [command] * pieces, [f"{seed}.{piece}" for piece in range(pieces)], [PIECE] * pieces):
            reasons += some
            differences += different
    print(dict(reasons))
    for text, country, wanted, given in differences[:20]:
        print(f"{text!r} in {country}: {dict(zip(phone_spellings.COLUMNS, zip(wanted, given)))}")
    assert not differences, f"{len(differences)} of {pieces * PIECE} differ, seed {seed}"
    # A generator that only made nonsense would agree too.
    assert reasons["-"] > 0.4 * pieces * PIECE and len(reasons) >= 6
