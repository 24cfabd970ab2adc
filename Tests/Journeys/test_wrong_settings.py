"""What is set wrong is said in one clear sentence that names it, before or instead of any work."""

import re
import socket

import firm
import pytest
from pooler import Pooler

from services import processes

WORKERS = ["allocate-leads", "relay-events"]


@pytest.fixture(scope="module")
def world(ground):
    with ground.world() as world:
        yield world


@pytest.mark.parametrize("name", WORKERS)
@pytest.mark.parametrize(
    "settings, says",
    [
        ({"SHUTDOWN_WITHIN": "soon"}, "SHUTDOWN_WITHIN"),
        ({"HTTP_PORT": "99999"}, "HTTP_PORT"),
        ({"LOG_LEVEL": "chatty"}, "LOG_LEVEL"),
        ({"KAFKA_BOOTSTRAP_SERVERS": ""}, "KAFKA_BOOTSTRAP_SERVERS"),
        ({"KAFKA_NO_SUCH_THING": "1"}, "no.such.thing"),
        ({"KAFKA_SESSION_TIMEOUT_MS": "often"}, "session.timeout.ms"),
        ({"KAFKA_GROUP_ID": "mine"}, "group.id"),
        ({"KAFKA_TRANSACTIONAL_ID": "mine"}, "transactional.id"),
        ({"DATABASE_PATIENCE": "5m"}, "DATABASE_PATIENCE"),
        ({"MILLRACE_FAIL_POINT": "nowhere:kill"}, "nowhere:kill"),
        ({"DATABASE_URL": "mysql://x"}, "DATABASE_URL"),
    ],
    ids=lambda value: next(iter(value)) if isinstance(value, dict) else "",
)
def test_a_wrong_setting_ends_the_start_and_is_named(world, name, settings, says):
    program = world.start(name, **settings)
    assert program.wait() != 0
    said = [line["message"] for line in program.log()]
    assert any(says in line for line in said), said
    assert len(said) <= 4, f"one clear sentence was expected: {said}"


def test_bounces_that_nobody_could_know_are_not_read(world):
    program = world.start("receive-receipts", BOUNCES="/var/mail")
    assert program.wait() == 64
    assert "LINK_SECRET" in str(program.log())


@pytest.mark.parametrize("name", WORKERS)
def test_a_taken_port_is_named(world, name):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        program = world.start(name, HTTP_PORT=port)
        assert program.wait() != 0
        assert str(port) in str(program.log())


@pytest.mark.parametrize("name", WORKERS)
@pytest.mark.parametrize(
    "settings, says",
    [
        ({"PGDATABASE": "nobody_made_this"}, "nobody_made_this"),
        ({"PGPASSWORD": "guess"}, "password"),
        ({"PGPORT": 1}, "port 1"),
        ({"DATABASE_SCHEMA": "elsewhere"}, "millrace migrate"),
        ({"DATABASE_ROLE": "no_such_role"}, "no_such_role"),
        ({"PGDATABASE": "template1"}, "millrace migrate"),
    ],
    ids=lambda value: "-".join(map(str, *value.items())) if isinstance(value, dict) else "",
)
def test_a_database_that_is_not_right_keeps_it_from_being_ready(world, name, settings, says):
    program = world.start(name, **settings)
    program.until_not_ready(says)
    assert program.end() == 0


@pytest.mark.parametrize("name", WORKERS)
def test_a_broker_that_is_not_there_keeps_it_from_being_ready(world, name):
    port = processes.free_port()
    program = world.start(name, KAFKA_BOOTSTRAP_SERVERS=f"127.0.0.1:{port}")
    program.until_not_ready("Kafka")
    assert program.end() == 0


@pytest.mark.parametrize(
    "name, table, right",
    [("allocate-leads", "lead_history", "insert"), ("allocate-leads", "person", "select"), ("relay-events", "outbox", "select")],
)
def test_a_missing_right_is_named(ground, name, table, right):
    """The lane stops loudly, and goes on after the right was given and the lane let on."""
    with ground.world() as world:
        role = f"millrace_{name.replace('-', '_')}"
        with world.connect() as connection:
            connection.execute(f"revoke {right} on {table} from {role}")
        other = next(other for other in WORKERS if other != name)
        world.start(other)
        world.publish(firm.Leads("rights").take(200))
        program = world.start(name)
        denied = f"permission denied for table {table}"
        if name == "allocate-leads":
            denied = f"lane 1 stopped: PostgreSQL 42501: {denied}"
        sentence = program.until_not_ready(denied)
        with world.connect() as connection:
            connection.execute(f"grant {right} on {table} to {role}")
        if name == "allocate-leads":
            words = re.search(r"millrace (lanes resume \S+ \S+)", sentence)[1].split()
            resumed = world.command(*words)
            assert resumed.returncode == 0, resumed.stderr
        program.until_ready()
        world.until_applied()
        world.until_published()
        world.judged()


@pytest.mark.parametrize("name", WORKERS)
def test_a_login_that_may_not_take_its_role_on_is_told_which(world, name):
    role = f"millrace_{name.replace('-', '_')}"
    login = f"stranger_{world.database}"
    with world.connect() as connection:
        connection.execute(f"create role {login} login password 'stranger'")
        try:
            program = world.start(name, PGUSER=login, PGPASSWORD="stranger")
            program.until_not_ready(role)
            assert program.end() == 0
        finally:
            connection.execute(f"drop role {login}")


@pytest.mark.parametrize("name", WORKERS)
def test_a_pooler_in_transaction_mode_is_named(world, name):
    pooler = Pooler(world.connect)
    try:
        program = world.start(name, PGPORT=pooler.port)
        program.until_not_ready("pooler in transaction mode")
    finally:
        program.kill()
        pooler.close()
