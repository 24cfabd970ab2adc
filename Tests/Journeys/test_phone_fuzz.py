"""libFuzzer against the parser, then what it found interesting against PyPI's `phonenumbers`. Long runs only."""

import collections
import os
import subprocess

import pytest

pytest.importorskip("phonenumbers")
import phone_spellings
from test_phone_agreement import ROOT, answers, executable

CORPUS = ROOT / ".build/fuzz/phone/corpus"


@pytest.mark.long
def test_what_a_fuzzer_finds_neither_crashes_nor_differs_from_libphonenumber():
    done = subprocess.run([ROOT / "Tests/Fuzz/phone/run", os.environ.get("MILLRACE_FUZZ_SECONDS", "120")],
                          capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    print(done.stdout)
    compare_corpus(executable())


def compare_corpus(command):
    texts = collections.defaultdict(list)
    for path in CORPUS.iterdir():
        index, text = path.read_bytes()[:1], path.read_bytes()[1:]
        # A line is a number here; and a long phone-context takes Python's patterns for ever.
        if not index or b"\n" in text or text.endswith(b"\r") or len(text.partition(b"phone-context=")[2]) > 24:
            continue
        name = phone_spellings.REGIONS[index[0]][1] if index[0] < len(phone_spellings.REGIONS) else None
        texts[name if name and name.isalpha() else None].append(text)
    differences, reasons = [], collections.Counter()
    for country, some in texts.items():
        for text, answer in zip(some, answers(command, some, country)):
            wanted = phone_spellings.expected(text.decode(errors="replace"), country)
            reasons[wanted[-1]] += 1
            if answer[1:3] + answer[4:] != wanted:
                differences.append((text, country, wanted, answer))
    print(sum(reasons.values()), dict(reasons))
    assert not differences, differences[:10]
    assert sum(reasons.values()) > 100
