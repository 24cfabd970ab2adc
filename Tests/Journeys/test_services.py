"""The development services themselves: up, down, twice, side by side, and killed at any moment."""

import os
import shlex
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import psycopg
import pytest
from confluent_kafka import Consumer, Producer, TopicPartition
from confluent_kafka.admin import AdminClient, NewTopic

from services import lifecycle, postgres, processes
from services.place import Place
from services.trouble import Trouble
from services_in_use import ServicesInUse
from world import Ground

COMMAND = Path(__file__).resolve().parents[2] / "ops/services"


def run(*words, **options):
    return subprocess.run([COMMAND, *words], capture_output=True, text=True, timeout=180, **options)


@pytest.fixture
def place(folder):
    """A place for services of the test's own; whatever the test left there is taken down."""
    place = Place(folder / "services")
    yield place
    lifecycle.down(place)
    assert nothing_left(place)


def nothing_left(place):
    return not place.directory.exists() and not processes.found(place)


def shared_memory_of(place):
    """The number of the segment that PostgreSQL guards its directory with: it outlives a killed server."""
    number = (place / "postgres/data/postmaster.pid").read_text().splitlines()[6].split()[1]
    assert number in all_shared_memory()
    return number


def all_shared_memory():
    return [row.split()[1] for row in Path("/proc/sysvipc/shm").read_text().splitlines()]


def eventually(condition, what, patience=120.0):
    processes.wait_until(condition, patience, f"waited {patience:.0f} s in vain: {what}")


def test_up_serves_both_ends_and_down_leaves_nothing(place):
    came_up = run("up", "--fast", "--dir", str(place))
    assert came_up.returncode == 0, came_up.stderr
    segment = shared_memory_of(place)
    used = ServicesInUse(place.directory)
    with used.connect() as connection:
        assert connection.execute("select current_user, current_database()").fetchone() == ("millrace", "millrace")
        assert connection.execute("show listen_addresses").fetchone() == ("127.0.0.1",)
    assert AdminClient({"bootstrap.servers": used.bootstrap_servers}).list_topics(timeout=60).brokers
    gone_down = run("down", "--dir", str(place))
    assert gone_down.returncode == 0, gone_down.stderr
    assert nothing_left(place)
    assert segment not in all_shared_memory()


def test_the_printed_lines_are_all_that_a_shell_needs(services):
    lines = run("env", "--dir", str(services.place)).stdout
    names = [shlex.split(line)[1].partition("=")[0] for line in lines.splitlines()]
    assert {"KAFKA_BOOTSTRAP_SERVERS", "KAFKA_FETCH_WAIT_MAX_MS", "PGHOST", "PGPORT", "PGUSER", "PGDATABASE"} <= set(names)
    script = lines + f"{postgres.programs()}/psql -Atc 'select 6 * 7'"
    bare = {"PATH": os.environ["PATH"]}
    assert subprocess.run(["sh", "-c", script], env=bare, capture_output=True, text=True).stdout == "42\n"


def test_nobody_gets_into_the_database_without_the_password(services):
    with pytest.raises(psycopg.OperationalError, match="password"):
        psycopg.connect(
            host="127.0.0.1", port=services.variables["PGPORT"], user="millrace", dbname="millrace", password="guess"
        )  # fmt: skip


def test_a_second_up_changes_nothing(place):
    lifecycle.up(place, fast=True)
    before = processes.main_process(place, "postgres"), processes.main_process(place, "broker")
    again = run("up", "--dir", str(place))
    assert again.returncode == 0 and "already up" in again.stderr
    assert before == (processes.main_process(place, "postgres"), processes.main_process(place, "broker"))
    assert run("up", "--durable", "--dir", str(place)).returncode == 1


def test_two_ups_at_once_in_one_place_start_one_set(place):
    both = [subprocess.Popen([COMMAND, "up", "--fast", "--dir", str(place)], stderr=subprocess.PIPE) for _ in range(2)]
    assert [starter.communicate() and starter.returncode for starter in both] == [0, 0]
    assert run("status", "--dir", str(place)).returncode == 0


def test_two_sets_live_side_by_side(place, folder):
    other = Place(folder / "other")
    both = [subprocess.Popen([COMMAND, "up", "--fast", "--dir", str(each)]) for each in (place, other)]
    assert [starter.wait() for starter in both] == [0, 0]
    ports = [server["port"] for each in (place, other) for server in each.choices()["servers"].values()]
    assert len(set(ports)) == 4
    lifecycle.down(other)
    assert nothing_left(other)
    with ServicesInUse(place.directory).connect() as connection:
        connection.execute("select 1")


def test_a_taken_port_is_passed_over(place, monkeypatch):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        free_port = processes.free_port
        offered = []

        def first_taken_then_free():
            offered.append(free_port() if len(offered) % 2 else taken.getsockname()[1])
            return offered[-1]

        monkeypatch.setattr(processes, "free_port", first_taken_then_free)
        lifecycle.up(place, fast=True)
        assert len(offered) == 4
        assert [server["port"] for server in place.choices()["servers"].values()] == offered[1::2]


def test_a_worlds_broker_passes_a_taken_port_over(services, executables, monkeypatch):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        free_port = processes.free_port
        offered = iter([taken.getsockname()[1], free_port(), free_port()])
        monkeypatch.setattr(processes, "free_port", lambda: next(offered))
        with Ground(services, executables).world() as world:
            assert world.broker_port != taken.getsockname()[1] and world.broker.poll() is None


def test_a_port_is_not_tried_before_it_is_ones_own(monkeypatch):
    tried, is_free = [], processes._is_free
    monkeypatch.setattr(processes, "_is_free", lambda port: tried.append(port in processes.PORTS.own) or is_free(port))
    processes.free_port()
    assert all(tried) and tried


def test_nobody_is_given_a_port_that_another_was_given(tmp_path):
    mine, theirs = processes.Claims(tmp_path / "ports"), "import sys; from services.processes import Claims; "
    theirs += "print(Claims(sys.argv[1]).claim(20001))"
    ask = [sys.executable, "-c", theirs, str(tmp_path / "ports")]
    paths = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}

    def claimed_elsewhere():
        return subprocess.run(ask, env=paths, capture_output=True, text=True, check=True).stdout.strip()

    assert claimed_elsewhere() == "True"  # And free again, for that process has ended.
    assert mine.claim(20001) and not mine.claim(20001) and mine.claim(20002)
    assert claimed_elsewhere() == "False"
    given = [processes.free_port() for _ in range(300)]
    assert len(set(given)) == 300


def test_worlds_of_two_runs_in_one_place_are_apart(services, executables):
    """As two runners of journeys beside each other have them."""
    first, second = Ground(services, executables), Ground(services, executables)
    with first.world() as world:
        program = world.start("relay-events").until_ready()
        with second.world() as other:
            other.start("relay-events").until_ready()
        assert world.broker.poll() is None and program.is_alive
        assert program.log(), "its log is there still"


def test_a_port_taken_while_a_server_was_away_is_named(place):
    lifecycle.up(place, fast=True)
    lifecycle.stop(place, "broker")
    port = place.choices()["servers"]["broker"]["port"]
    with socket.create_server(("127.0.0.1", port)):
        with pytest.raises(Trouble, match=f"127.0.0.1:{port}"):
            lifecycle.start(place, "broker")
    assert run("status", "--dir", str(place)).returncode == 1
    assert run("up", "--dir", str(place)).returncode == 0
    assert run("status", "--dir", str(place)).returncode == 0


@pytest.mark.parametrize("reached", ["initdb", "postgres", "broker"])
def test_up_killed_halfway_leaves_nothing_that_down_or_up_cannot_mend(place, reached):
    starter = subprocess.Popen([COMMAND, "up", "--fast", "--dir", str(place)], stderr=subprocess.DEVNULL)
    eventually(lambda: reached in processes.found(place).values(), f"{reached} to start")
    starter.kill()
    starter.wait()
    if reached == "postgres":
        lifecycle.up(place)
        with ServicesInUse(place.directory).connect() as connection:
            connection.execute("select 1")
    lifecycle.down(place)
    assert nothing_left(place)


def test_down_finds_servers_whose_directory_was_deleted(place):
    lifecycle.up(place, fast=True)
    subprocess.run(["rm", "-rf", str(place)], check=True)
    lifecycle.down(place)
    assert nothing_left(place)


def test_a_directory_of_somebody_elses_is_neither_used_nor_emptied(place):
    place.directory.mkdir()
    treasure = place / "treasure"
    treasure.write_text("gold")
    refused = run("up", "--dir", str(place))
    assert refused.returncode == 1 and "treasure" in refused.stderr
    run("down", "--dir", str(place))
    assert treasure.read_text() == "gold"
    treasure.unlink()
    place.directory.rmdir()


def test_a_path_too_long_for_a_socket_is_served_over_tcp(folder):
    place = Place(folder / ("deep" * 20) / "services")
    try:
        lifecycle.up(place, fast=True)
        assert postgres.socket_directory(place) is None
        with ServicesInUse(place.directory).connect() as connection:
            connection.execute("select 1")
    finally:
        lifecycle.down(place)


def test_run_gives_the_command_the_services_and_returns_its_code(place):
    script = 'psql -Atc "select 40 + 2" && exit 7'
    environment = {**os.environ, "PATH": f"{postgres.programs()}:{os.environ['PATH']}"}
    result = run("run", "--fast", "--dir", str(place), "--", "sh", "-c", script, env=environment)
    assert (result.stdout, result.returncode) == ("42\n", 7), result.stderr
    assert nothing_left(place)


@pytest.mark.parametrize("kind", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
def test_run_takes_everything_down_on_a_signal(place, kind):
    command = [COMMAND, "run", "--fast", "--dir", str(place), "--", sys.executable, "-c", WAITING]
    runner = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    waiting = int(runner.stdout.readline())
    runner.send_signal(kind)
    assert runner.wait(timeout=120) == (-kind if kind == signal.SIGKILL else 128 + kind)
    eventually(lambda: nothing_left(place), "the keeper to take everything down")
    eventually(lambda: processes._parent(waiting) is None, "the command to end")


WAITING = """
import os, signal
for kind in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP): signal.signal(kind, signal.SIG_DFL)
print(os.getpid(), flush=True)
signal.pause()
"""


def test_a_killed_broker_comes_back_with_topics_and_positions(breakable_services):
    server = {"bootstrap.servers": breakable_services.bootstrap_servers}
    admin = AdminClient(server)  # Its answers end with it.
    admin.create_topics([NewTopic("kept", 1, 1)])["kept"].result()
    producer = Producer(server)
    for number in range(100):
        producer.produce("kept", str(number))
    assert producer.flush(20) == 0
    reader = {**server, "group.id": "kept", "enable.auto.commit": False}
    consumer = Consumer(reader)
    consumer.commit(offsets=[TopicPartition("kept", 0, 40)], asynchronous=False)
    consumer.close()

    breakable_services.kill("broker")
    assert breakable_services.pid("broker") is None
    breakable_services.start("broker")

    consumer = Consumer(reader)
    (position,) = consumer.committed([TopicPartition("kept", 0)], timeout=60)
    consumer.assign([position])
    messages = consumer.consume(60, timeout=60)
    assert [message.value() for message in messages] == [str(number).encode() for number in range(40, 100)]
    consumer.close()


@pytest.mark.parametrize("how", ["fast", "immediate", "kill"])
def test_a_restarted_database_keeps_port_and_rows(breakable_services, how):
    with breakable_services.connect() as connection:
        connection.execute("create table if not exists kept (how text)")
        connection.execute("insert into kept values (%s)", [how])
    if how == "kill":
        breakable_services.kill("postgres")
        breakable_services.start("postgres")
    else:
        breakable_services.restart("postgres", how)
    with breakable_services.connect() as connection:
        assert connection.execute("select count(*) from kept where how = %s", [how]).fetchone() == (1,)


@pytest.mark.parametrize("server", ["broker", "postgres"])
def test_a_frozen_server_says_nothing_until_it_is_thawed(breakable_services, server):
    def answers():
        try:
            if server == "broker":
                client = AdminClient({"bootstrap.servers": breakable_services.bootstrap_servers, "log_level": 0})
                return bool(client.list_topics(timeout=1).brokers)
            with breakable_services.connect(connect_timeout=2) as connection:
                return connection.execute("select 1").fetchone() == (1,)
        except Exception:
            return False

    breakable_services.freeze(server)
    assert not answers()
    breakable_services.thaw(server)
    eventually(answers, f"the thawed {server} to answer")


@pytest.mark.parametrize("state", ["frozen", "killed"])
def test_frozen_or_killed_servers_go_down_like_any_other(place, state):
    lifecycle.up(place, fast=True)
    segment = shared_memory_of(place)
    for server in ("postgres", "broker"):
        if state == "frozen":
            processes.send_to_all(place, server, processes.FREEZE)
        else:
            processes.end(place, server)
    began = time.monotonic()
    lifecycle.down(place)
    assert time.monotonic() - began < 60
    assert nothing_left(place) and segment not in all_shared_memory()
