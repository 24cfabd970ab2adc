"""The judge fails once for each promise that a build breaks on purpose, and for that one."""

import os
from pathlib import Path

import firm
import judge
import pytest
from side_by_side import scenarios
from world import until

DEBUG = Path(os.environ.get("MILLRACE_DEBUG_EXECUTABLES", Path(__file__).resolve().parents[2] / ".build/debug"))

BROKEN = {
    "apply-twice": "once",
    "lose-emission": "announced",
    "skip-refused": "once",
    "ghost": "no-ghosts",
    "reorder": "order",
    "favour": "fairness",
    "call-anybody": "available",
}


def sabotaged(ground, deed):
    if not (DEBUG / "allocate-leads").exists():
        pytest.fail(f"no debug build in {DEBUG}: the sabotage is compiled into that one alone")
    with ground.world() as world:
        world.watch_positions()
        leads = firm.Leads(deed)
        world.publish(leads.take(1000))
        how = {"executables": DEBUG, "MILLRACE_SABOTAGE": deed}
        (ghost if deed == "ghost" else restarted)(world, leads, how)
        world.give_room()
        world.until_nobody_placeable()
        world.start("relay-events")
        world.until_published()
        verdicts = world.verdicts()
        assert BROKEN[deed] in judge.broken(verdicts), f"{deed} was not noticed"


def restarted(world, leads, how):
    worker = world.start(**how)
    world.until_applied()
    worker.kill()
    world.publish(leads.take(200))
    world.start(**how)
    world.until_applied()


def ghost(world, leads, how):
    """One lane loses its partitions while it is frozen, the heir has taken them and not yet moved, then it wakes."""
    one = world.struck("batch.committed:stop", at=3, **how)
    world.publish(leads.take(500))
    heir = world.struck("lane.assigned:stop", at=1)
    before = world.applied()
    one.thaw()
    until(lambda: world.applied() > before or not one.is_alive, "the ghost to move a position that it has lost")
    one.kill()
    heir.thaw()
    world.until_applied()


@scenarios(sabotaged, BROKEN)
def test_the_judge_notices(side_by_side, scenario):
    side_by_side(scenario)


def test_without_sabotage_a_woken_lane_moves_nothing(ground):
    with ground.world() as world:
        world.watch_positions()
        leads = firm.Leads("ghost")
        world.publish(leads.take(1000))
        one = world.struck("batch.committed:stop", at=3)
        heir = world.struck("lane.assigned:stop", at=1)
        before = world.applied()
        one.thaw()
        one.until_logged("positions are not as expected")
        assert world.applied() == before
        heir.thaw()
        world.publish(leads.take(500))
        world.until_applied()
        world.start("relay-events")
        world.until_published()
        world.judged()
