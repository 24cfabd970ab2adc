"""`ops/bench NAME`: runs a bench and prints its table. A bench is a folder here with a function `main(arguments)`."""

import importlib
import pathlib
import signal
import sys

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parents[1]


def names():
    return sorted(path.parent.name for path in HERE.glob("*/__init__.py"))


def main():
    words = sys.argv[1:]
    if not words or words[0] in ("-h", "--help") or words[0] not in names():
        known = ", ".join(names())
        print(f"usage: ops/bench NAME [--json FILE] [--runs N], NAME being one of: {known}\n"
              "       ops/bench NAME --help tells what it measures", file=sys.stderr)  # fmt: skip
        return 0 if words and words[0] in ("-h", "--help") else 2
    # So that what was started is ended, whoever asks for it.
    signal.signal(signal.SIGTERM, lambda number, _: sys.exit(128 + number))
    sys.path[:0] = [str(HERE), str(ROOT / "ops/lib"), str(ROOT / "Tests/Journeys")]
    return importlib.import_module(words[0]).main(words[1:])


if __name__ == "__main__":
    sys.exit(main())
