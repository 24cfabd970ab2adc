"""allocate-leads killed and frozen at every step of a batch's life and of a sweep's, under load."""

import firm
from side_by_side import scenarios

BATCH = ["polled", "begun", "locked", "loaded", "deciding", "decided", "written", "advanced", "committed", "told"]
LANE = ["lane.assigned", *(f"batch.{step}" for step in BATCH)]
SWEEP = ["sweep.claimed", "sweep.written", "sweep.committed"]


def killed_lane(ground, step, passes=(1, 4)):
    with ground.world() as world:
        world.watch_positions()
        leads = firm.Leads(step)
        # Three starts without progress are followed by one transaction an event, and a dozen of these worlds share the machine.
        load, more = (150, 50) if step == "lane.assigned" else (300, 100)
        world.publish(leads.take(load))
        for at in (1, 1, 1) if step == "lane.assigned" else passes:
            killed = world.struck(f"{step}:kill", at=at, meanwhile=lambda: world.publish(leads.take(more)))
            assert killed.wait() == -9
        finish(world)


def killed_sweep(ground, step):
    with ground.world() as world:
        leads = firm.Leads(step)
        world.publish(leads.take(1500))
        world.start().until_ready()
        world.until_applied()
        world.programs[-1].kill()
        for _ in range(2):
            world.give_room(10)
            killed = world.struck(f"{step}@allocate-held-leads:kill", at=1, meanwhile=lambda: world.publish(leads.take(300)))
            assert killed.wait() == -9
        world.give_room()
        finish(world)


def frozen_lane(ground, step):
    """Frozen between begin and commit for longer than the group waits: the heir goes on, the woken one changes
    nothing that it does not own."""
    with ground.world() as world:
        world.watch_positions()
        leads = firm.Leads(step)
        world.publish(leads.take(1000))
        frozen = world.struck(f"{step}:stop", at=3)
        heir = world.start()
        world.publish(leads.take(500))
        world.until_applied()
        frozen.thaw()
        world.publish(leads.take(500))
        frozen.until_ready()
        heir.until_ready()
        finish(world)


def ghost_that_dies(ground, _):
    """A lane that the group has dropped takes the rows late and dies: the one that the group means takes them back."""
    with ground.world() as world:
        leads = firm.Leads("ghost")
        world.start()
        world.publish(leads.take(500))
        world.until_applied()
        with world.connect() as connection:
            connection.execute("update position set owner = gen_random_uuid() where partition < 8")
        world.publish(leads.take(500))
        world.until_applied()
        world.programs[-1].until_ready()
        finish(world)


def finish(world):
    world.start()
    world.start("relay-events")
    world.until_applied()
    world.until_nobody_placeable()
    world.until_published()
    world.judged()


@scenarios(killed_lane, LANE)
def test_a_lane_killed_at_a_step_repeats_and_loses_nothing(side_by_side, scenario):
    side_by_side(scenario)


@scenarios(killed_sweep, SWEEP)
def test_a_sweep_killed_at_a_step_repeats_and_loses_nothing(side_by_side, scenario):
    side_by_side(scenario)


@scenarios(frozen_lane, [f"batch.{step}" for step in BATCH if step != "told"])
def test_a_lane_frozen_at_a_step_holds_nobody_up_and_comes_back_as_another(side_by_side, scenario):
    side_by_side(scenario)


@scenarios(ghost_that_dies, ["ghost"])
def test_partitions_that_a_dead_lane_took_late_are_taken_back(side_by_side, scenario):
    side_by_side(scenario)
