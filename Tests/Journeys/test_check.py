"""The check itself, ops/test: a stage that fails is seen, told about, and fails the whole."""

import contextlib
import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from services import processes

TOP = Path(__file__).resolve().parents[2]
LIBRARY = TOP / "ops/lib/stages.sh"


def stages(script, tmp_path, **options):
    text = f"set -uo pipefail; LOGS={tmp_path}; source {LIBRARY}; {script}\necho failed: ${{FAILED[*]-}}"
    return subprocess.run(["bash", "-c", text], capture_output=True, text=True, timeout=120, **options).stdout


def test_a_stage_that_fails_is_shown_and_remembered(tmp_path):
    shown = stages("stage first 9 true; stage second 9 sh -c 'echo the reason; exit 3' || echo code $?", tmp_path)
    assert "the reason" in shown and "code 3" in shown and str(tmp_path / "second.log") in shown
    assert shown.endswith("failed: second\n")


def test_of_a_long_log_the_failing_part_is_shown(tmp_path):
    noise = "seq 1000000 1000500; echo 'file.swift:3:1: error: wrong'; seq 2000000 2000500; exit 1"
    shown = stages(f"stage build 9 sh -c \"{noise}\"", tmp_path)
    assert "error: wrong" in shown and "1000500" not in shown and "2000500" not in shown


def test_a_stage_that_takes_too_long_is_ended_and_has_failed(tmp_path):
    shown = stages("stage slow 0.2 sleep 600", tmp_path)
    assert "stopped after 0.2 s" in shown and shown.endswith("failed: slow\n")


def test_stages_beside_each_other_are_told_as_they_end_and_one_that_fails_is_enough(tmp_path):
    # The first ends only after the second has run: one after the other they would stand still.
    first = "begin first 9 sh -c 'until [ -e $LOGS/seen ]; do sleep 0.01; done; echo the reason; exit 3'"
    shown = stages(f"export LOGS; {first}; begin second 9 touch {tmp_path}/seen; end_all || echo code $?", tmp_path)
    assert "the reason" in shown and "code 1" in shown and shown.endswith("failed: first\n")
    assert shown.index("second ") < shown.index("first ")


@pytest.mark.parametrize("kind, code", [(signal.SIGTERM, 143), (signal.SIGKILL, -9)])
def test_a_signal_ends_the_stage_and_what_it_started(tmp_path, kind, code):
    seconds = f"61.{os.getpid()}"  # Another run of these tests may be under way on this machine.
    started = f"sleep {seconds}; true"
    checking = subprocess.Popen(["bash", "-c", one_stage(tmp_path, f"sh -c '{started}'")], stdout=subprocess.DEVNULL)
    # And `timeout` has come to wait for it: before that it ends alone when a signal comes.
    processes.wait_until(
        lambda: runs("sleep", seconds) and runs("timeout", "-k", "10", "60", "sh", "-c", started, state="S"),
        60, "the stage did not start within a minute",
    )  # fmt: skip
    checking.send_signal(kind)
    assert checking.wait(timeout=60) == code
    processes.wait_until(lambda: not runs("sleep", seconds), 60, "the stage's own processes did not end within a minute")


def test_a_stage_that_its_timeout_leaves_behind_is_ended_with_it(tmp_path):
    """As GNU's does when a signal comes before it has noted whom it has started."""
    seconds = f"62.{os.getpid()}"
    forgetful = tmp_path / "timeout"
    forgetful.write_text(f"#!{sys.executable}\n{FORGETFUL}")
    forgetful.chmod(0o755)
    checking = subprocess.Popen(
        ["bash", "-c", one_stage(tmp_path, f"sleep {seconds}")], stdout=subprocess.DEVNULL,
        env={**os.environ, "PATH": f"{tmp_path}:{os.environ['PATH']}"},
    )  # fmt: skip
    processes.wait_until(lambda: runs("sleep", seconds), 60, "the stage did not start within a minute")
    checking.terminate()
    assert checking.wait(timeout=60) == 143
    processes.wait_until(lambda: not runs("sleep", seconds), 30, "the stage did not end within half a minute")


FORGETFUL = """
import os, signal, subprocess, sys
signal.signal(signal.SIGTERM, lambda *_: os._exit(143))
os.setpgid(0, 0)
subprocess.Popen(sys.argv[4:]).wait()
"""


def one_stage(logs, command):
    return f"LOGS={logs}; source {LIBRARY}; trap 'end_stages; exit 143' TERM; stage long 60 {command}"


@pytest.fixture
def small_clone(folder):
    """A clone with the real scripts, a Swift that only acts, and one journey; what BREAK names fails."""
    shutil.copytree(TOP / "ops", folder / "ops", ignore=shutil.ignore_patterns("__pycache__", "millrace", "bench"))
    (folder / ".venv").symlink_to(TOP / ".venv")
    (folder / "Tests/Journeys").mkdir(parents=True)
    (folder / "Tests/Journeys/test_one.py").write_text(ONE_JOURNEY)
    (folder / "bin").mkdir()
    for program in "swift", BUNDLE:
        (folder / "bin" / program).write_text(ACTING)
        (folder / "bin" / program).chmod(0o755)
    return folder


ONE_JOURNEY = """
import os
def test_one(): assert os.environ["BREAK"] != "journey" and os.environ["PGPORT"]
"""

BUNDLE = "millracePackageTests.xctest"
ACTING = """#!/bin/sh
case "$*" in
  *"$BREAK"*) echo "error: broken on purpose"; exit 1 ;;
  *--show-bin-path) dirname "$0" ;;
  --testing-library*) echo "✔ Test run with 3 tests in 1 suite passed after 0.1 seconds." ;;
esac
"""


def check(clone, broken, *words):
    (clone / "memory").mkdir()
    environment = {
        **os.environ, "PATH": f"{clone}/bin:{os.environ['PATH']}", "BREAK": broken, "TEST_MEMORY": str(clone / "memory")
    }  # fmt: skip
    return subprocess.run(
        [clone / "ops/test", *words], env=environment, capture_output=True, text=True, timeout=120, cwd="/"
    )  # fmt: skip


def nothing_left(clone):
    return not (clone / ".build/test-services").exists() and not list((clone / "memory").iterdir())


def test_a_check_in_which_all_goes_well_ends_with_the_runners_closing_line(small_clone):
    result = check(small_clone, "nothing")
    assert result.returncode == 0, result.stdout + result.stderr
    assert "1 passed in" in result.stdout.splitlines()[-1]
    assert nothing_left(small_clone)


@pytest.mark.parametrize(
    "broken, stage",
    [
        ("format lint", "format"),
        ("build --build-tests", "debug build"),
        ("--testing-library", "swift test"),
        ("build -c release", "release build"),
        ("journey", "journeys"),
    ],
)
def test_a_check_in_which_one_stage_fails_fails(small_clone, broken, stage):
    result = check(small_clone, broken)
    assert result.returncode == 1
    last = result.stdout.splitlines()[-1]
    assert "FAILED" in last and stage in last
    assert nothing_left(small_clone)


def test_a_filter_that_matches_nothing_fails_the_check(small_clone):
    (small_clone / "bin" / BUNDLE).write_text("#!/bin/sh\nexit 69\n")
    result = check(small_clone, "nothing", "no_such_test")
    assert result.returncode == 1 and "no_such_test" in result.stdout.splitlines()[-1]


def runs(*command, state=""):
    """Whether a process with just this command is there, in the state that /proc has a letter for, if one is given."""
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        with contextlib.suppress(OSError):
            if path.read_bytes() == b"".join(word.encode() + b"\0" for word in command):
                now = (path.parent / "stat").read_text().rpartition(")")[2].split()[0]
                return state in ("", now)
    return False
