"""The command line of ops/services."""

import argparse
import signal
import sys
from pathlib import Path

from services import environment, lifecycle, postgres, processes
from services.lifecycle import say
from services.place import Place
from services.run import Keeper, keep, run_command
from services.trouble import Trouble

TOP = Path(__file__).resolve().parents[3]


def up(place, options):
    lifecycle.up(place, durable=options.durable, fast=options.fast)
    report(place)


def down(place, _options):
    lifecycle.down(place)


def report(place):
    choices = place.choices()
    lines = []
    for name in lifecycle.servers(choices):
        number = processes.main_process(place, name)
        state = f"process {number}" if number else "NOT RUNNING"
        port = choices["servers"].get(name, {}).get("port", "no port")
        lines.append(f"  {name:<9} 127.0.0.1:{port:<5}  {state:<15} {place.in_words()}/{name}.log")
    option = "" if place.directory == TOP / ".services" else f" --dir {place.in_words()}"
    kept = "survive a killed broker" if choices["storage"] == "durable" else "go when the broker goes"
    lines += [
        f"  topics {kept}; database {postgres.DATABASE}, fsync {'off' if choices['fast'] else 'on'}",
        f'  to use them: eval "$(ops/services env{option})"',
        f"  to end them: ops/services down{option}",
    ]
    print("\n".join(lines), file=sys.stderr, flush=True)


def status(place, _options):
    report(place)
    choices = place.choices()
    return 0 if all(processes.main_process(place, name) for name in lifecycle.servers(choices)) else 1


def env(place, _options):
    sys.stdout.write(environment.export_lines(place))


def run(place, options):
    command = options.command[1:] if options.command[:1] == ["--"] else options.command
    if not command:
        raise Trouble("run needs a command: ops/services run -- COMMAND")
    if place.exists:
        up(place, options)
        say("they were here before, and stay when the command has ended")
        return run_command(place, command)
    keeper = Keeper(place)
    try:
        up(place, options)
        return run_command(place, command)
    except FileNotFoundError as error:
        raise Trouble(f"cannot run {command[0]}: {error.strerror}") from None
    finally:
        keeper.release()


def pid(place, options):
    number = processes.main_process(place, _known(place, options.server))
    if number is None:
        raise Trouble(f"the {options.server} in {place.in_words()} does not run")
    print(number)


def start(place, options):
    with place.locked():
        lifecycle.start(place, _known(place, options.server))


def stop(place, options):
    with place.locked():
        lifecycle.stop(place, _known(place, options.server), options.mode)


def restart(place, options):
    with place.locked():
        lifecycle.stop(place, _known(place, options.server), options.mode)
        lifecycle.start(place, options.server)


def kill(place, options):
    with place.locked():
        processes.end(place, _known(place, options.server), signal.SIGKILL)


def freeze(place, options):
    processes.send_to_all(place, _known(place, options.server), processes.FREEZE)


def thaw(place, options):
    processes.send_to_all(place, _known(place, options.server), processes.THAW)


def _known(place, name):
    has = lifecycle.servers(place.choices())
    if name not in has:
        raise Trouble(f"there is no {name} in {place.in_words()}, only: {', '.join(has)}")
    return name


def parse(arguments):
    parser = argparse.ArgumentParser(prog="ops/services", description="A private PostgreSQL and Kafka-compatible broker.")
    verbs = parser.add_subparsers(dest="verb", required=True, metavar="VERB")

    def verb(name, action, meaning):
        made = verbs.add_parser(name, help=meaning, description=meaning)
        made.set_defaults(action=action)
        made.add_argument("--dir", default=TOP / ".services", help="their directory, .services of the clone by default")
        return made

    def with_choices(made):
        made.add_argument("--durable", action="store_true", help="the broker may be killed, keeping its topics; slower")
        made.add_argument("--fast", action="store_true", help="PostgreSQL without fsync: for tests, never to measure")
        return made

    with_choices(verb("up", up, "start them, or what is missing of them"))
    verb("down", down, "end them and remove their directory with everything in it")
    verb("env", env, "print the lines that a shell evaluates to use them")
    verb("status", status, "show where they are; 1 when one of them does not run")
    made = with_choices(verb("run", run, "have them while COMMAND runs, and not a moment longer"))
    made.add_argument("command", nargs=argparse.REMAINDER, metavar="-- COMMAND")
    verb("keep", lambda place, _: keep(place, lifecycle.down), "take them down when standard input ends")

    def on_one(name, action, meaning):
        made = verb(name, action, meaning)
        made.add_argument("server", choices=lifecycle.SERVERS)
        return made

    # For faults on purpose. Ports and files stay what they were.
    on_one("pid", pid, "print the number of a server's first process")
    on_one("kill", kill, "SIGKILL a server")
    on_one("freeze", freeze, "SIGSTOP a server, all of its processes")
    on_one("thaw", thaw, "let a frozen server go on")
    on_one("start", start, "start a server that ended, on the same port and files")
    for name, action in (("stop", stop), ("restart", restart)):
        made = on_one(name, action, f"{name} a server; PostgreSQL in one of its modes")
        made.add_argument("mode", nargs="?", choices=postgres.MODES, default="fast")
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
