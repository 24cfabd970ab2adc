"""Scenarios that run beside each other: most of their time is spent waiting for timeouts to pass."""

import os
from concurrent.futures import ThreadPoolExecutor

import pytest

AT_ONCE = int(os.environ.get("MILLRACE_SCENARIOS_AT_ONCE", 4 * (os.cpu_count() or 2)))


def scenarios(action, names, early=(), **choices):
    """A test for each name, which runs `action(ground, name)` beside its neighbours; those of `early` begin before all others."""
    found = [Scenario(action, name, choices, name in early) for name in names]
    return pytest.mark.parametrize("scenario", found, ids=str)


class Journeys(dict):
    """Journeys that take the ground alone, to be run beside each other by their names.

        journey = Journeys()

        @journey
        def a_code_passes_what_waits(ground): …

        @journey.that_waits
        def it_goes_at_the_opening(ground): …

        @journey.scenarios()
        def test_rule(side_by_side, scenario):
            side_by_side(scenario)
    """

    def __init__(self):
        self.early = set()

    def __call__(self, function):
        self[function.__name__] = function
        return function

    def that_waits(self, function):
        """Of one that waits for most of a minute: it begins first, else the others would be long done when it ends."""
        self.early.add(function.__name__)
        return self(function)

    def scenarios(self):
        return scenarios(lambda ground, name: self[name](ground), list(self), self.early)


class Scenario:
    def __init__(self, action, name, choices, is_early):
        self.action, self.name, self.choices, self.is_early = action, name, choices, is_early

    def __str__(self):
        return str(self.name)

    def run(self, ground):
        return self.action(ground, self.name, **self.choices)


@pytest.fixture(scope="session")
def side_by_side(request, ground):
    """Starts all chosen scenarios, of all files; a test asks for the outcome of its own."""
    chosen = [item.callspec.params["scenario"] for item in _scenarios_of(request.session)]
    with ThreadPoolExecutor(AT_ONCE, "scenario") as pool:
        in_order = sorted(chosen, key=lambda scenario: not scenario.is_early)
        begun = {scenario: pool.submit(scenario.run, ground) for scenario in in_order}
        try:
            yield lambda scenario: begun[scenario].result()
        finally:
            pool.shutdown(wait=True, cancel_futures=True)


@pytest.fixture(scope="session", autouse=True)
def begin_at_once(request):
    """Scenarios begin before the first test does, whichever that is."""
    if any(_scenarios_of(request.session)):
        request.getfixturevalue("side_by_side")


def is_scenario(item):
    return "scenario" in getattr(item, "callspec", _None).params


def _scenarios_of(session):
    return (
        item for item in session.items
        if is_scenario(item) and not any(mark.name == "skip" for mark in item.iter_markers())
    )  # fmt: skip


class _None:
    params = {}
