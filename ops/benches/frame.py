"""What benches have in common around what they measure."""

import argparse
import pathlib
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]


def say(line):
    """Progress goes to standard error, the table alone to standard output."""
    print(line, file=sys.stderr, flush=True)


def options(bench, description, runs=3):
    """A parser with the options of every bench."""
    parser = argparse.ArgumentParser(
        prog=f"ops/bench {bench}", description=description, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--json", metavar="FILE", help="also write one object a line")
    parser.add_argument("--runs", type=int, default=runs, help=f"turns; medians and spread are printed (default {runs})")
    parser.add_argument("--statements", action="store_true", help="also tell what each statement costs")
    return parser


def build(*products):
    """The executables as shipped."""
    say("building")
    for product in products:
        built = subprocess.run(["swift", "build", "-c", "release", "--static-swift-stdlib", "--product", product],
                               cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)  # fmt: skip
        if built.returncode:
            raise SystemExit(f"bench: building {product} failed:\n{built.stdout[-3000:]}")


def folder(bench):
    """Where a bench keeps its services and files."""
    place = ROOT / f".build/bench-{bench}"
    place.mkdir(parents=True, exist_ok=True)
    return place
