"""What the demonstration prints: on a terminal with one line that is written again and again, else plain lines."""

import itertools
import os
import sys
import textwrap
import time
import unicodedata

IS_TERMINAL = sys.stdout.isatty() and os.environ.get("TERM", "dumb") != "dumb"
PLAIN_LINE_EVERY = 10.0  # Seconds between progress lines where nothing can be rewritten.


def terminal_width():
    return os.get_terminal_size(sys.stdout.fileno()).columns or 80 if IS_TERMINAL else 80


def say(text=""):
    print(text, flush=True)


def tell(text):
    """A paragraph, broken where the terminal ends."""
    say(textwrap.fill(text, min(terminal_width(), 100), break_on_hyphens=False))


def bold(text):
    return f"\033[1m{text}\033[0m" if IS_TERMINAL and "NO_COLOR" not in os.environ else text


_steps = itertools.count(1)


def step(title):
    say(f"\n{bold(f'{next(_steps)}. {title}')}")


def show_command(text):
    say(bold(f"$ {text}"))


def display_width(text):
    return sum(2 if unicodedata.east_asian_width(letter) in "WF" else 1 for letter in text)


def padded(text, width):
    return text + " " * (width - display_width(text))


class Progress:
    """A line that tells how far something is. Rewritten on a terminal; else a new line now and then."""

    def __init__(self, every=PLAIN_LINE_EVERY):
        self.began = time.monotonic()
        self._every = every
        self._told = self.began
        self._is_open = False

    @property
    def seconds(self):
        return time.monotonic() - self.began

    def show(self, text):
        if IS_TERMINAL:
            while display_width(text) >= terminal_width():
                text = text[:-1]
            sys.stdout.write(f"\r{text}\033[K")
            sys.stdout.flush()
            self._is_open = True
        elif time.monotonic() - self._told >= self._every:
            self._told = time.monotonic()
            say(text)

    def end(self, text=None):
        """Leaves `text` in its place."""
        if self._is_open:
            sys.stdout.write("\r\033[K")
            self._is_open = False
        if text:
            say(text)


def table(titles, rows, right=()):
    """Aligned lines; the columns whose numbers are in `right` end flush."""
    texts = [titles, *([str(cell) for cell in row] for row in rows)]
    widths = [max(display_width(row[column]) for row in texts) for column in range(len(titles))]
    for row in texts:
        cells = [
            " " * (width - display_width(cell)) + cell if column in right else padded(cell, width)
            for column, (cell, width) in enumerate(zip(row, widths, strict=True))
        ]
        say("  ".join(cells).rstrip())
