"""The command line of ops/services."""

import argparse
import contextlib
import os
import secrets
import signal
import sys
import time
from pathlib import Path

from services import broker, environment, postgres, processes
from services.place import Place
from services.trouble import Trouble

TOP = Path(__file__).resolve().parents[3]
SERVERS = (postgres.NAME, broker.STORE, broker.NAME)


def say(line):
    print(f"services: {line}", file=sys.stderr, flush=True)


def up(place, options):
    place.create()
    with place.locked():
        began = time.monotonic()
        running = set(processes.found(place).values())
        fresh = not place.exists
        if fresh:
            choices = {
                "storage": "durable" if options.durable else "memory",
                "fast": options.fast,
                "password": secrets.token_urlsafe(16),
                "initialised": False,
                "ports": {},
            }
            place.choose(choices)
        choices = place.choices()
        _refuse_other_choices(choices, options)
        missing = [name for name in _servers(choices) if processes.main_process(place, name) is None]
        if not missing:
            say(f"already up in {place.in_words()}")
            report(place)
            return
        say(f"starting in {place.in_words()}")
        try:
            for name in missing:
                if name == broker.NAME and not fresh and choices["storage"] == "memory":
                    say("the broker had ended, and its topics with it: it starts empty")
                start(place, name)
        except BaseException:
            if fresh:
                say("did not come up: taking everything down again")
                _clear(place)
            raise
        say(f"up in {time.monotonic() - began:.1f} s")
        report(place)


def _refuse_other_choices(choices, options):
    for asked, has, flag in (
        (options.durable, choices["storage"] == "durable", "--durable"),
        (options.fast, choices["fast"], "--fast"),
    ):
        if asked and not has:
            raise Trouble(f"the services here were started without {flag}: `ops/services down` first")


def _servers(choices):
    return [name for name in SERVERS if name != broker.STORE or choices["storage"] == "durable"]


def start(place, name):
    """Starts one server, where it was before; the first time on a free port, another one if somebody was faster."""
    choices = place.choices()
    if processes.main_process(place, name) is not None:
        raise Trouble(f"the {name} is already running")
    first = name not in choices["ports"]
    for attempt in range(5 if first else 1):
        if first:
            choices["ports"][name] = processes.free_port()
        try:
            _start_on_its_port(place, name, choices)
            break
        except Trouble as trouble:
            processes.end(place, name)
            if not first or attempt == 4 or "ddress" not in str(trouble):
                raise
    place.choose(choices)


def _start_on_its_port(place, name, choices):
    port = choices["ports"][name]
    if name == postgres.NAME:
        if not choices["initialised"]:
            postgres.initialise(place, password=choices["password"], fast=choices["fast"])
        postgres.start(place, port)
        if not choices["initialised"]:
            postgres.create_database(place, port, choices["password"])
            choices["initialised"] = True
    elif name == broker.STORE:
        broker.start_store(place, port)
    else:
        broker.start(place, port, choices["ports"].get(broker.STORE))


def down(place, _options=None):
    if not place.directory.exists():
        if processes.found(place):  # Somebody removed the directory below running servers.
            processes.end(place)
            say(f"ended what was left running of {place.in_words()}, whose directory is gone")
        else:
            say(f"nothing is up in {place.in_words()}")
        return
    with place.locked():
        if not place.exists and not processes.found(place):
            say(f"nothing is up in {place.in_words()}")
            return
        _clear(place)
        say(f"down: {place.in_words()} is gone, and everything that ran there")


def _clear(place):
    postgres.stop(place, "immediate")
    processes.end(place)
    place.remove()


def report(place):
    choices = place.choices()
    for name in _servers(choices):
        number = processes.main_process(place, name)
        state = f"process {number}" if number else "NOT RUNNING"
        port = choices["ports"].get(name, "no port yet")
        print(f"  {name:<9} 127.0.0.1:{port:<6} {state:<16} log {place.in_words()}/{name}.log", file=sys.stderr)
    print(
        f"  topics {'survive a killed broker' if choices['storage'] == 'durable' else 'go with the broker'}; "
        f"database {postgres.DATABASE}, fsync {'off' if choices['fast'] else 'on'}",
        file=sys.stderr,
    )
    option = "" if place.directory == TOP / ".services" else f" --dir {place.in_words()}"
    print(f'  to use them: eval "$(ops/services env{option})"     to end them: ops/services down{option}', file=sys.stderr)


def status(place, _options):
    choices = place.choices()
    report(place)
    return 0 if all(processes.main_process(place, name) for name in _servers(choices)) else 1


def env(place, _options):
    sys.stdout.write(environment.export_lines(place))


def parse(arguments):
    parser = argparse.ArgumentParser(prog="ops/services", description="A private PostgreSQL and Kafka-compatible broker.")
    verbs = parser.add_subparsers(dest="verb", required=True, metavar="VERB")

    def verb(name, action, meaning):
        made = verbs.add_parser(name, help=meaning, description=meaning)
        made.set_defaults(action=action)
        made.add_argument("--dir", default=TOP / ".services", help="their directory, .services of the clone by default")
        return made

    made = verb("up", up, "start them, or what is missing of them")
    made.add_argument("--durable", action="store_true", help="the broker may be killed and keeps its topics (slower)")
    made.add_argument("--fast", action="store_true", help="PostgreSQL without fsync: for tests, never for measuring")
    verb("down", down, "end them and remove their directory with everything in it")
    verb("env", env, "print the lines that a shell evaluates to use them")
    verb("status", status, "show where they are; 1 when one of them does not run")
    return parser.parse_args(arguments)


def main(arguments=None):
    options = parse(sys.argv[1:] if arguments is None else arguments)
    signal.signal(signal.SIGTERM, lambda number, _: sys.exit(128 + number))
    try:
        return options.action(Place(options.dir), options) or 0
    except Trouble as trouble:
        say(trouble)
        return 1
    except KeyboardInterrupt:
        return 130
