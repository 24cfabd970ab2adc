"""What every journey stands on: the real services, and the executables as shipped."""

import os
import sys
import tempfile
from pathlib import Path

import pytest

TOP = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(TOP / "ops/lib"))

from services_in_use import ServicesInUse, memory  # noqa: E402
from side_by_side import begin_at_once, is_scenario, side_by_side  # noqa: E402, F401
from world import Ground  # noqa: E402


def pytest_addoption(parser):
    parser.addoption("--long", action="store_true", help="also the storms, which take long")


def pytest_collection_modifyitems(config, items):
    # What stands alone comes first: scenarios run meanwhile, and are asked how they ended afterwards. The demo is a whole firm at
    # work: beside the worlds that run together it takes minutes, after them seconds.
    items.sort(key=lambda item: (item.path.name == "test_demo.py", is_scenario(item)))
    if not config.getoption("--long"):
        for item in items:
            if "long" in item.keywords:
                item.add_marker(pytest.mark.skip(reason="a storm: ops/test --long runs it"))


@pytest.fixture(scope="session")
def services():
    """Services that all tests share and none may break: each test takes its own topics, groups and database."""
    if given := os.environ.get("SERVICES_DIR"):
        yield ServicesInUse(given)
    else:
        with ServicesInUse.started(TOP / ".build/journeys-services", fast=True) as started:
            yield started


@pytest.fixture(scope="module")
def breakable_services():
    """Services of one test file's own, whose servers may be killed, frozen and restarted; the broker keeps topics."""
    with ServicesInUse.of_its_own(fast=True, durable=True) as started:
        yield started


@pytest.fixture
def database(services):
    """The name of an empty database of the test's own."""
    name = services.create_database()
    yield name
    services.drop_database(name)


@pytest.fixture
def folder():
    """An empty folder, in memory where there is room."""
    with tempfile.TemporaryDirectory(dir=memory()) as name:
        yield Path(name)


@pytest.fixture(scope="session")
def executables():
    """The folder of the executables as shipped; MILLRACE_EXECUTABLES names another build."""
    folder = Path(os.environ.get("MILLRACE_EXECUTABLES", TOP / ".build/release"))
    if not (folder / "millrace").exists():
        pytest.fail(f"no executables in {folder}: build them as ops/test does, or name a folder in MILLRACE_EXECUTABLES")
    return folder


@pytest.fixture(scope="session")
def ground(services, executables):
    """Where worlds are made: see world.py."""
    return Ground(services, executables)
