"""The demonstration, in the order in which it is seen."""

import argparse
import contextlib
import fcntl
import os
import shutil
import signal
import sys
import time
from pathlib import Path

TOP = Path(__file__).resolve().parents[3]
sys.path.append(str(TOP / "ops/example"))

from demo import account, calls, campaigns, messages, parting  # noqa: E402
from demo.database import Database  # noqa: E402
from demo.programs import Programs  # noqa: E402
from demo.screen import IS_TERMINAL, Progress, say, show_command, step, tell  # noqa: E402
from services import environment, lifecycle  # noqa: E402
from services.place import Place  # noqa: E402
from services.run import Keeper  # noqa: E402
from services.trouble import Trouble  # noqa: E402

FOLDER = TOP / ".build/demo"
NAME = ".build/demo"  # From the top, where everything runs.
STANDSTILL = 60.0  # Seconds without any progress of the workers that are too many.


def build(command):
    step("Build the workers and the command")
    tell("A first build takes one to three minutes on two cores, a later one some seconds.")
    Programs(FOLDER, dict(os.environ)).build(command)


def start_services(place):
    step("Start a private PostgreSQL and a Kafka-compatible broker, on loopback only")
    Programs(FOLDER, dict(os.environ)).run(f"ops/services up --dir {NAME}/services")
    show_command(f'eval "$(ops/services env --dir {NAME}/services)"')
    show_command('export PATH="$PWD/.build/release:$PATH"')
    path = f"{TOP}/.build/release:{os.environ['PATH']}"
    return {**os.environ, **environment.variables(place), "PATH": path, "PYTHONDONTWRITEBYTECODE": "1"}


def prepare(programs):
    step("Give the database its tables and the broker its topics")
    programs.run("millrace migrate")
    programs.run("millrace topics apply --execute")
    step("Load an example firm")
    tell(
        "Head office, 31 provinces, city branches, 1,000 people, and the rules that send leads to branches. Some "
        "people are on leave, some can take few leads, two branches have nobody, one is closed, two provinces have no "
        "rule. What looks odd is warned of; what cannot be right would be refused, with its place."
    )
    programs.run(f"ops/example/firm > {NAME}/firm.json")
    programs.run(f"millrace leads setup {NAME}/firm.json --execute")


def keep_customers(programs, database, words, known):
    """Publishes profiles and waits until they are kept; `known` are those from before. How many there are now."""
    programs.run(f"ops/example/customers{words} > {NAME}/customers.jsonl")
    programs.run(f"millrace publish customer.profile {NAME}/customers.jsonl")
    wanted = known + count_lines("customers.jsonl")
    follow(
        programs, database, lambda now: now["profiles"] >= wanted and now["unpublished"] == 0,
        lambda now: f"{now['profiles'] - known:,} of {wanted - known:,} profiles read",
    )  # fmt: skip
    return wanted


def publish(programs, count):
    """How many lines were published."""
    step("Rehearse: who would get the first of the leads?")
    tell("The worker's own decision, made on copies. Nobody waits for it, and nothing is changed.")
    programs.run(f"ops/example/leads --count {count} > {NAME}/leads.jsonl")
    programs.run(f"head -n 8 {NAME}/leads.jsonl > {NAME}/first.jsonl")
    programs.run(f"millrace leads rehearse {NAME}/first.jsonl")
    step(f"Publish {count:,} leads")
    tell(
        "Phones have real prefixes. Some leads come twice, some are customers already, and one line in a hundred is bad "
        "on purpose: the command names such lines and publishes nothing, unless it is told to, as here, to show what "
        "becomes of them."
    )
    programs.run(f"millrace publish lead.registered {NAME}/leads.jsonl --with-refused")
    return count_lines("leads.jsonl")


def count_lines(name):
    with open(FOLDER / name, "rb") as lines:
        return sum(1 for _ in lines)


def follow(programs, database, is_done, told, standing=account.STANDING):
    """Waits for the workers, showing how far they are."""
    progress, before, moved = Progress(every=1.0), None, time.monotonic()
    while True:
        programs.look_after()
        now = database.rows(standing)[0]
        if is_done(now):
            break
        progress.show(f"{progress.seconds:4.1f} s  {told(now)}")
        if now != before:
            before, moved = now, time.monotonic()
        if time.monotonic() - moved > STANDSTILL:
            progress.end()
            programs.run("millrace lag")
            raise Trouble(
                f"nothing has moved for {STANDSTILL:.0f} s. The end of the workers' logs:\n{programs.ends_of_logs()}"
            )
        time.sleep(0.1)
    progress.end(f"{progress.seconds:4.1f} s  {told(now)}")


def work(programs, database, count):
    """How many leads were published, and whether all calls and messages are there. When it answers, the workers have taken them and ended."""
    step("Keep customers")
    tell(
        "keep-customers keeps the newest version of each profile; ID numbers only as hashes under the firm's key. track-calls "
        "waits for calls: they come later."
    )
    for worker in ("relay-events", "keep-customers", "track-calls"):
        programs.start(worker)
    customers = keep_customers(programs, database, "", 0)
    published = publish(programs, count)
    step("Run the worker that gives leads away")
    tell("allocate-leads gives leads to people; relay-events publishes whose each lead is, for others to read.")
    programs.start("allocate-leads")
    follow(
        programs, database, lambda now: now["read"] >= published and now["unpublished"] == 0,
        lambda now: account.standing(now, published),
    )  # fmt: skip
    step("Some of them become customers")
    tell("Their profiles come now. Whoever has their lead keeps it or hands it to their manager, and its clock stops.")
    keep_customers(programs, database, " --new", customers)
    right = calls.show(programs, database, follow, FOLDER, NAME)
    right = messages.show(programs, database, follow, FOLDER, NAME) and right
    right = campaigns.show(programs, database, follow, FOLDER, NAME) and right
    show_command("kill %1 %2 %3 %4 %5 %6 %7 %8 %9 %10")
    if failed := programs.end():
        raise Trouble(", ".join(f"{name} ended with {code}" for name, code in failed.items()))
    return published, right


def results(programs, database, published):
    """Whether the sum is right."""
    step("Leads by province and branch")
    account.show_branches(database)
    step("How they got there")
    account.show_ways(database)
    step("Held leads")
    tell(
        "Nobody can take these yet; they are given away, the oldest first, once somebody can. Where one waits, later "
        "ones do not overtake it: they are behind-held."
    )
    programs.run("millrace leads held")
    step("One lead explained")
    programs.run(f"millrace leads explain {database.rows(account.TELLING)[0]['lead']}")
    if converted := database.rows(account.CONVERTED):
        step("And one that became a customer")
        programs.run(f"millrace leads explain {converted[0]['lead']}")
    step("What a branch and its people have")
    programs.run("millrace people report --branch CN-ZJ-WENZHOU")
    step("Dead letters")
    tell("Lines that no worker can take, kept byte by byte, with the reason. They held nobody up.")
    programs.run("millrace dead-letters list --summary")
    step("Does it add up?")
    right = account.adds_up(published, database)
    step("How fast?")
    account.show_rate(published, database)
    return right


def show_all(options):
    began = time.monotonic()
    clear(Place(FOLDER / "services"))
    with contextlib.ExitStack() as endings:
        try:
            right = show_steps(options, endings)
        finally:
            hear_no_signal()
        if options.keep:
            endings.pop_all()
        else:
            step("End everything")
    parting.say_how_to_go_on(options.keep, time.monotonic() - began)
    return 0 if right else 1


def show_steps(options, endings):
    """Whether the sum is right. What has to be ended is in `endings`."""
    FOLDER.mkdir(parents=True)
    endings.callback(shutil.rmtree, FOLDER, ignore_errors=True)
    build(options.build)
    place = Place(FOLDER / "services")
    keeper = Keeper(place)
    endings.callback(keeper.release)
    # Nobody waits here for what another telephone system may still tell of a missed call.
    # Mails have links to a page that nobody runs here.
    links = {"LINK_URL": "https://links.firm.example", "LINK_SECRET": "example-secret-of-the-demonstration"}
    programs = Programs(FOLDER, {**start_services(place), "CALL_BACK_AFTER": "1s", **links})
    endings.callback(programs.end)
    prepare(programs)
    with contextlib.closing(Database(programs.environment)) as database:
        published, right = work(programs, database, options.leads)
        right = results(programs, database, published) and right
    if options.keep:
        keeper.process.kill()
        keeper.release()
    return right


def hear_no_signal():
    """The end of everything is not to be cut short: it takes a second or two."""
    for kind in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(kind, signal.SIG_IGN)
    if IS_TERMINAL and sys.exc_info()[0] is KeyboardInterrupt:
        say()  # Behind what the terminal shows of the key.


def clear(place):
    """Removes what an earlier run kept, or left when it was killed."""
    if place.directory.exists():
        say("Ending what an earlier ops/demo left.")
        lifecycle.down(place)
    if FOLDER.exists():
        shutil.rmtree(FOLDER)


def main():
    parser = argparse.ArgumentParser(prog="ops/demo")
    parser.add_argument("--leads", type=int, required=True)
    parser.add_argument("--keep", action="store_true")
    parser.add_argument("build", nargs="+")
    options = parser.parse_args()
    sys.stdout.reconfigure(encoding="utf-8", errors="replace")
    signal.signal(signal.SIGINT, signal.default_int_handler)
    for kind in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(kind, lambda number, _: sys.exit(128 + number))
    with open(TOP / "ops/demo") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            print("ops/demo: another one runs in this clone; wait for its end.", file=sys.stderr)
            return 1
        try:
            return show_all(options)
        except Trouble as trouble:
            print(f"ops/demo: {trouble}", file=sys.stderr)
            return 1
        except KeyboardInterrupt:
            print("ops/demo: interrupted. Nothing runs any more.", file=sys.stderr)
            return 130
        except BrokenPipeError:
            # Whoever read this has gone. Python's own end must not write once more.
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            return 141
