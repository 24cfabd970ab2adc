"""Bringing servers up and taking them down."""

import secrets
import sys
import time

from services import broker, postgres, processes
from services.trouble import Trouble

SERVERS = (postgres.NAME, broker.STORE, broker.NAME)  # In the order in which they start.


def say(line):
    print(f"services: {line}", file=sys.stderr, flush=True)


def up(place, *, durable=False, fast=False):
    """Starts what does not run. Says so and changes nothing when all do. Takes all down again when it fails."""
    with place.locked(create=True):
        began = time.monotonic()
        fresh = not place.exists
        if fresh:
            storage = "durable" if durable else "memory"
            place.choose({"storage": storage, "fast": fast, "password": secrets.token_urlsafe(16), "servers": {}})
        choices = place.choices()
        _refuse_other_choices(choices, durable, fast)
        missing = [name for name in servers(choices) if not _is_up(place, choices, name)]
        if not missing:
            say(f"already up in {place.in_words()}")
            return
        say(f"starting in {place.in_words()}")
        try:
            for name in missing:
                if name == broker.NAME and choices["storage"] == "memory" and _proved(choices, name):
                    say("the broker had ended, and its topics with it: it starts empty")
                start(place, name)
        except BaseException:
            if fresh:
                say("did not come up: taking everything down again")
                _clear(place)
            raise
        say(f"up in {time.monotonic() - began:.1f} s")


def down(place):
    if not place.directory.exists():
        if not processes.found(place):
            say(f"nothing is up in {place.in_words()}")
            return
        processes.end(place)
        say(f"ended what was left running of {place.in_words()}, whose directory is gone")
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


def _refuse_other_choices(choices, durable, fast):
    for flag, asked, has in (
        ("--durable", durable, choices["storage"] == "durable"),
        ("--fast", fast, choices["fast"]),
    ):
        if asked and not has:
            raise Trouble(f"the services here were started without {flag}: `ops/services down` first")


def servers(choices):
    return [name for name in SERVERS if name != broker.STORE or choices["storage"] == "durable"]


def _proved(choices, name):
    """Whether the server was ready once, on the port that is written down."""
    return choices["servers"].get(name, {}).get("proved", False)


def _is_up(place, choices, name):
    return _proved(choices, name) and processes.main_process(place, name) is not None


def start(place, name):
    """Starts one server where it was before; the first time on a free port, on another when somebody was faster."""
    choices = place.choices()
    if _is_up(place, choices, name):
        raise Trouble(f"the {name} is already running")
    processes.end(place, name)  # A start that was cut short may have left something.
    first = not _proved(choices, name)
    server = choices["servers"].setdefault(name, {})
    for attempt in range(5 if first else 1):
        if first:
            server |= {"port": processes.free_port(), "proved": False}
            place.choose(choices)
        try:
            _start_on_its_port(place, name, choices, first)
            break
        except Trouble as trouble:
            processes.end(place, name)
            if not first or attempt == 4 or "ddress" not in str(trouble):
                raise
    server["proved"] = True
    place.choose(choices)


def _start_on_its_port(place, name, choices, first):
    port = choices["servers"][name]["port"]
    if name == postgres.NAME:
        if first:
            postgres.initialise(place, password=choices["password"], fast=choices["fast"])
        postgres.start(place, port)
        if first:
            postgres.create_database(place, port, choices["password"])
    elif name == broker.STORE:
        broker.start_store(place, port)
    else:
        store = choices["servers"].get(broker.STORE)
        broker.start(place, port, store["port"] if store else None)


def stop(place, name, mode="fast"):
    """Ends one server and leaves its files: PostgreSQL in one of its modes, the others at once."""
    if name == postgres.NAME:
        postgres.stop(place, mode)
    else:
        processes.end(place, name)
