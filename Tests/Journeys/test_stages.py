"""The check itself: a stage that fails is seen, told about and remembered."""

import contextlib
import signal
import subprocess
import time
from pathlib import Path

from services import processes

LIBRARY = Path(__file__).resolve().parents[2] / "ops/lib/stages.sh"


def stages(script, tmp_path, **options):
    text = f"set -uo pipefail; LOGS={tmp_path}; source {LIBRARY}; {script}\necho failed: ${{FAILED[*]-}}"
    return subprocess.run(["bash", "-c", text], capture_output=True, text=True, timeout=30, **options).stdout


def test_a_stage_that_fails_is_shown_and_remembered(tmp_path):
    shown = stages("stage first 9 true; stage second 9 sh -c 'echo the reason; exit 3' || echo code $?", tmp_path)
    assert "the reason" in shown and "code 3" in shown and str(tmp_path / "second.log") in shown
    assert shown.endswith("failed: second\n")


def test_of_a_long_log_the_failing_part_is_shown(tmp_path):
    noise = "seq 1000000 1000500; echo 'file.swift:3:1: error: wrong'; seq 2000000 2000500; exit 1"
    shown = stages(f"stage build 9 sh -c \"{noise}\"", tmp_path)
    assert "error: wrong" in shown and "1000500" not in shown and "2000500" not in shown


def test_a_stage_that_takes_too_long_is_ended_and_has_failed(tmp_path):
    began = time.monotonic()
    shown = stages("stage slow 0.2 sleep 20", tmp_path)
    assert "stopped after 0.2 s" in shown and shown.endswith("failed: slow\n") and time.monotonic() - began < 10


def test_a_signal_ends_the_stage_and_what_it_started(tmp_path):
    script = f"LOGS={tmp_path}; source {LIBRARY}; trap 'end_stage; exit 143' TERM; stage long 60 sh -c 'sleep 61; true'"
    checking = subprocess.Popen(["bash", "-c", script], stdout=subprocess.DEVNULL)
    processes.wait_until(lambda: runs("sleep", "61"), 10, "the stage did not start within 10 s")
    checking.send_signal(signal.SIGTERM)
    assert checking.wait(timeout=10) == 143
    assert not runs("sleep", "61")


def runs(*command):
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        with contextlib.suppress(OSError):
            if path.read_bytes() == b"".join(word.encode() + b"\0" for word in command):
                return True
    return False
