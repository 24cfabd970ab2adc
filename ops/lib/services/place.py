"""The directory of one set of services: what was chosen for it, and the lock on it."""

import contextlib
import fcntl
import json
import os
import shutil
import time
from pathlib import Path

from services.trouble import Trouble

CHOICES = "services.json"


class Place:
    def __init__(self, directory):
        self.directory = Path(os.path.abspath(directory))

    def __truediv__(self, name):
        return self.directory / name

    def __str__(self):
        return str(self.directory)

    def in_words(self):
        """As short as it can be said from where the caller stands."""
        shorter = os.path.relpath(self.directory)
        return str(self.directory) if shorter.startswith("..") else shorter

    @property
    def exists(self):
        return (self / CHOICES).exists()

    def choices(self):
        """Ports, password, storage: what was chosen when the services were first started here."""
        try:
            return json.loads((self / CHOICES).read_text())
        except FileNotFoundError:
            raise Trouble(f"no services in {self.in_words()}: start them with `ops/services up`") from None
        except PermissionError:
            raise Trouble(f"the services in {self} belong to {self.directory.owner()}, not to you") from None
        except ValueError as error:
            raise Trouble(f"{self / CHOICES} is damaged ({error}): `ops/services down` clears it away") from None

    def choose(self, choices):
        fresh = self / (CHOICES + ".new")
        with open(os.open(fresh, os.O_CREAT | os.O_WRONLY | os.O_TRUNC, 0o600), "w") as file:
            json.dump(choices, file, indent=2)
        fresh.rename(self / CHOICES)

    def create(self):
        try:
            self.directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        except OSError as error:
            raise Trouble(f"cannot make the directory {self}: {error.strerror}") from None
        try:
            strangers = [name for name in os.listdir(self.directory) if not name.startswith(CHOICES)]
        except PermissionError:
            raise Trouble(f"the directory {self} belongs to {self.directory.owner()}, not to you") from None
        if strangers and not self.exists:
            raise Trouble(f"{self} holds files that are not ours ({sorted(strangers)[0]}): name another with --dir")

    def remove(self):
        """Deletes the directory, if it is ours; a directory of the user's own stays."""
        if self.exists:
            # The list of choices goes last: a removal that was cut short can be taken up again.
            for entry in self.directory.iterdir():
                if entry.is_dir() and not entry.is_symlink():
                    shutil.rmtree(entry)
                elif entry.name != CHOICES:
                    entry.unlink()
            (self / CHOICES).unlink()
        with contextlib.suppress(OSError):
            self.directory.rmdir()

    @contextlib.contextmanager
    def locked(self, patience=60.0, create=False):
        """Holds the lock on the directory, waiting for it at most `patience` seconds.

        The lock dies with the process. A directory that was removed and made again meanwhile is locked again.
        """
        deadline = time.monotonic() + patience
        while True:
            if create:
                self.create()
            try:
                handle = os.open(self.directory, os.O_RDONLY | os.O_DIRECTORY)
            except FileNotFoundError:
                if create:
                    continue
                raise Trouble(f"no services in {self.in_words()}: start them with `ops/services up`") from None
            except OSError as error:
                raise Trouble(f"cannot open the directory {self}: {error.strerror}") from None
            try:
                fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
                with contextlib.suppress(FileNotFoundError):
                    if os.path.samestat(os.fstat(handle), os.stat(self.directory)):
                        yield
                        return
            except BlockingIOError:
                if time.monotonic() > deadline:
                    raise Trouble(f"another `ops/services` has been busy in {self} for {patience:.0f} s") from None
                time.sleep(0.02)
            finally:
                os.close(handle)
