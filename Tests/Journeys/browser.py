"""A browser without a window, spoken to over a pipe (Chrome DevTools Protocol): no port, no driver, no page of its own."""

import contextlib
import itertools
import json
import os
import select
import shutil
import signal
import subprocess
import tempfile
import time


class Browser:
    """One process for many pages. What pages ask for, complain of or throw is kept in `events`."""

    def __init__(self, profile):
        program = shutil.which("chromium") or shutil.which("google-chrome")
        assert program, "no chromium here: ops/test installs it"
        ours, theirs = os.pipe(), os.pipe()

        def hand_over():
            # Where the browser reads and writes: 3 and 4, which may be taken by what is to lie there.
            reading, writing = os.dup(ours[0]), os.dup(theirs[1])
            high = [os.dup2(descriptor, 100 + place) for place, descriptor in enumerate((reading, writing))]
            os.dup2(high[0], 3)
            os.dup2(high[1], 4)

        self.process = subprocess.Popen(
            [
                program, "--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--no-first-run",
                "--disable-background-networking", "--disable-component-update", "--disable-sync", "--metrics-recording-only",
                "--remote-debugging-pipe", f"--user-data-dir={profile}", "about:blank",
            ],
            preexec_fn=hand_over, close_fds=False, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True,
        )  # fmt: skip
        os.close(ours[0])
        os.close(theirs[1])
        self.writing, self.reading = ours[1], theirs[0]
        self.rest = b""
        self.numbers = itertools.count(1)
        self.events = []
        target = self.call("Target.createTarget", url="about:blank")["targetId"]
        self.session = self.call("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        for domain in ("Page", "Runtime", "Log", "Network"):
            self.call(f"{domain}.enable")

    @classmethod
    @contextlib.contextmanager
    def open(cls):
        with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as profile:
            browser = cls(profile)
            try:
                yield browser
            finally:
                browser.end()

    def end(self):
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()
        os.close(self.writing)
        os.close(self.reading)

    def call(self, method, **parameters):
        number = next(self.numbers)
        message = {"id": number, "method": method, "params": parameters}
        if hasattr(self, "session"):
            message["sessionId"] = self.session
        os.write(self.writing, json.dumps(message).encode() + b"\0")
        while True:
            answer = self._next()
            if answer.get("id") == number:
                assert "error" not in answer, f"{method}: {answer}"
                return answer["result"]
            self.events.append(answer)

    def show(self, address, width, dark=False):
        """Loads a page in a window so wide, and waits until it is there."""
        self.call("Emulation.setDeviceMetricsOverride", width=width, height=800, deviceScaleFactor=1, mobile=width < 600)
        self.call(
            "Emulation.setEmulatedMedia",
            features=[{"name": "prefers-color-scheme", "value": "dark" if dark else "light"}])
        # Another fragment alone would be no load.
        for part in ("about:blank", address):
            seen = len(self.events)
            self.call("Page.navigate", url=part)
            while not any(event.get("method") == "Page.loadEventFired" for event in self.events[seen:]):
                self.events.append(self._next())

    def ask(self, expression):
        answer = self.call("Runtime.evaluate", expression=expression, returnByValue=True)
        assert "exceptionDetails" not in answer, answer
        return answer["result"].get("value")

    def told(self, *methods):
        return [event["params"] for event in self.events if event.get("method") in methods]

    def _next(self, patience=120):
        deadline = time.monotonic() + patience
        while b"\0" not in self.rest:
            ready, _, _ = select.select([self.reading], [], [], max(0, deadline - time.monotonic()))
            assert ready, f"the browser says nothing for {patience} s"
            read = os.read(self.reading, 1 << 16)
            assert read, "the browser ended"
            self.rest += read
        message, self.rest = self.rest.split(b"\0", 1)
        return json.loads(message)
