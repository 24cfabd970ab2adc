"""The committed phone data is what the generator derives from the pinned library, and nobody's hand went over it."""

import pathlib
import sys

import pytest

pytest.importorskip("phonenumbers")
ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "ops/phone-data"))
import generate


@pytest.fixture(scope="module")
def derived():
    return generate.build()


def committed():
    return (ROOT / "Core/CPhoneData/phone.bin").read_bytes()


def test_the_committed_data_is_what_the_library_gives(derived):
    different, skipped = generate.differences(derived, committed())
    if skipped:
        print("another Unicode version than the data was made with: character tables not compared")
    assert different == []
    if not skipped:
        assert generate.pack(derived) == committed()


def test_a_changed_byte_is_named_by_its_section(derived):
    data = generate.pack(derived)
    for name, content in generate.unpack(data, list(derived)).items():
        if name == "unicode version":
            continue
        place = data.index(content) + len(content) // 2
        changed = data[:place] + bytes([data[place] ^ 1]) + data[place + 1:]
        assert name in generate.differences(derived, changed)[0]


def test_the_library_is_the_one_that_is_pinned(derived):
    version = generate.unpack(committed(), list(derived))["library version"].decode()
    assert f"phonenumbers=={version} " in (ROOT / "ops/lib/tests.txt").read_text()
