"""The demonstration, ops/demo: it shows that every lead is somewhere, notices when one is not, and leaves nothing."""

import os
import re
import signal
import subprocess
import sys
from pathlib import Path

import phonenumbers
import psycopg
import pytest
from phonenumbers import geocoder

from services import processes
from services.place import Place
from services.trouble import Trouble
from services_in_use import ServicesInUse

TOP = Path(__file__).resolve().parents[2]
FOLDER = TOP / ".build/demo"
PLACE = Place(FOLDER / "services")

sys.path += [str(TOP / "ops/example"), str(TOP / "ops/phone-data")]
import subdivisions  # noqa: E402
from bad_lines import BAD_LINES  # noqa: E402
from provinces import PROVINCES  # noqa: E402

pytestmark = pytest.mark.usefixtures("executables")


@pytest.fixture(autouse=True)
def nothing_left():
    yield
    processes.wait_until(lambda: not processes.found(PLACE), 20, "the demonstration's services do not end")
    assert not FOLDER.exists()


@pytest.fixture
def demo():
    """Starts the demonstration; what a failed test left of it is ended."""
    started = []

    def start(*words):
        command = [TOP / "ops/demo", *words]
        pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.STDOUT, "stdin": subprocess.DEVNULL}
        started.append(subprocess.Popen(command, text=True, start_new_session=True, **pipes))
        return started[-1]

    yield start
    for process in started:
        if process.poll() is None:
            process.terminate()
            process.communicate(timeout=60)


def summed(printed):
    """The numbers of the sum, by their names."""
    lines = re.findall(r"^ *([\d,]+)  (published|allocated|held|waiting|converted|duplicates|dead letters)$", printed, re.MULTILINE)
    return {name: int(number.replace(",", "")) for number, name in lines}


def test_every_lead_is_accounted_for_and_the_demonstration_leaves_nothing(demo):
    process = demo("--leads", "2000")
    printed, _ = process.communicate(timeout=600)
    assert process.returncode == 0, printed
    parts = summed(printed)
    assert parts.pop("published") == 2000 == sum(parts.values())
    assert all(parts.values()) and parts["dead letters"] == len(BAD_LINES) - 1
    calls = re.search(r"^(\d+) made, (\d+) accounted for", printed, re.MULTILINE)
    assert calls and 0 < int(calls[1]) == int(calls[2]) <= 300
    messages = re.search(r"^ *(\d+)  asked for\n((?: *\d+  \w+\n)+)-+\n *(\d+)  accounted for", printed, re.MULTILINE)
    states = {state: int(count) for count, state in re.findall(r"(\d+)  (\w+)", messages[2])}
    assert messages[1] == messages[3] == str(sum(states.values())) and set(states) == {"accepted", "failed", "skipped"}, states
    assert f"the gateway has the {states['accepted']} that it is said to have" in printed
    words = ("abandoned", "too-few-fields", "no-answer", "urgent +call-back", "called +300", "FAULTS +none",
             "are what their facts come to", "opted-out", "budget-spent", " first .* not-sent ")  # fmt: skip
    for word in words:
        assert re.search(word, printed), word
    reasons = {"vacant", "on-leave", "off-hours", "daily-cap", "nobody-available", "no-rule", "behind-held"}
    assert reasons | {"keys-disagree"} <= set(re.findall(r"[a-z-]+", printed))
    ways = ("step by step", "by identity", "by number", "by the importer", "branch of the importer", "of the institution",
            "by the rules", "after the lead was given", "suggests a customer")  # fmt: skip
    for way in ways:
        assert re.search(rf"^.*{way}.*  +[1-9][\d,]*$", printed, re.MULTILINE), way


def test_a_row_that_somebody_deletes_is_missed(demo):
    process = demo("--leads", "2000")
    with connected_once_migrated(process) as connection:
        connection.execute("""
            create function lose_one() returns trigger language plpgsql security definer as $$ begin
              delete from millrace.lead_duplicate where ctid = (select min(ctid) from millrace.lead_duplicate);
              return null;
            end $$;
            create trigger lose_one after insert on millrace.lead_duplicate execute function lose_one()""")
    printed, _ = process.communicate(timeout=600)
    assert process.returncode == 1 and "IT DOES NOT ADD UP" in printed, printed


def test_ctrl_c_ends_everything(demo):
    process = demo()
    connected_once_migrated(process).close()
    os.killpg(process.pid, signal.SIGINT)
    printed, _ = process.communicate(timeout=60)
    assert process.returncode == 130, printed
    assert "Traceback" not in printed and printed.rstrip().endswith("interrupted. Nothing runs any more.")


def connected_once_migrated(process):
    """A superuser's connection, made as soon as all migrations are in: seconds before there are leads. Sooner, and a change of
    a table would meet those that a migration still makes."""
    made = []
    steps = len(list((TOP / "ops/migrations").glob("*.sql")))

    def migrated():
        assert process.poll() is None, process.stdout.read()
        try:
            connection = ServicesInUse(PLACE.directory).connect()
        except (Trouble, KeyError, psycopg.OperationalError):
            return False  # Not up yet.
        try:
            done = connection.execute("select count(*) from millrace.migration").fetchone()[0]
        except psycopg.errors.UndefinedTable:
            done = 0
        if done < steps:
            connection.close()
            return False
        made.append(connection)
        return True

    processes.wait_until(migrated, 600, "no table for leads within ten minutes")
    return made[0]


def test_example_phones_are_of_the_provinces_they_are_listed_under():
    lines = [line.split() for line in (TOP / "ops/example/phone-prefixes.txt").read_text().splitlines()]
    listed = {code: words for code, *words in lines if code != "#"}
    assert set(listed) == {f"CN-{code}" for code, *_ in PROVINCES}
    for code, words in listed.items():
        for word in words:
            prefix, _, digits = word.partition("/")
            phone = phonenumbers.parse(f"+86{prefix}{'23456789'[: int(digits or 4)]}")
            place = geocoder.description_for_number(phone, "en")
            assert phonenumbers.is_valid_number(phone), f"{code} {word}"
            assert subdivisions.split("CN", place)[0] == code, f"{code} {word}: {place}"
