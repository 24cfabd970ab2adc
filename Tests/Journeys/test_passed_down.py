"""Leads on their way down a firm: nothing idles, whatever is killed meanwhile."""

import firm
from side_by_side import scenarios
from world import until

STEPS = ["unharmed", "sweep.claimed", "sweep.written", "sweep.committed"]


def overdue(world):
    """The deadlines of all that wait are over now."""
    with world.connect() as connection:
        return connection.execute(
            "update lead set step_due_at = now(), step_remind_at = null where state = 'waiting'").rowcount  # fmt: skip


def passed_down(ground, step):
    with ground.world() as world:
        world.publish(firm.Leads(f"down {step}").take(1500))
        worker = world.start()
        world.until_applied()
        at_tianjin = world.ask("select count(*) from lead where state = 'waiting' and branch_id = 7")
        assert at_tianjin and world.ask("select count(*) from lead where state = 'waiting' and branch_id = 1")
        worker.kill()
        assert overdue(world)
        if step != "unharmed":
            assert world.struck(f"{step}@advance-waiting-leads:kill", at=1).wait() == -9
        world.start()
        # Tianjin's go up to the head office, whose own go to people, and wait there again.
        up = "select count(*) from lead_history where what = 'waiting' and basis = 'escalated' and branch_id = 1"
        until(lambda: world.ask(up) == at_tianjin, "Tianjin's leads to be at the head office")
        overdue(world)
        until(lambda: not world.ask("select count(*) from lead where state = 'waiting'"), "nobody to wait")
        assert world.ask("select count(*) from reminder where kind = 'step-escalated'") == at_tianjin
        assert not world.ask("select count(*) from reminder where kind = 'step-escalated' and state = 'open'")
        world.give_room()
        world.until_nobody_placeable()
        world.start("relay-events")
        world.until_published()
        world.judged()


@scenarios(passed_down, STEPS)
def test_nothing_idles_on_its_way_down(side_by_side, scenario):
    side_by_side(scenario)


def test_a_manager_is_reminded_before_the_deadline_and_of_what_is_held_too_long_once(ground):
    with ground.world() as world:
        world.publish(firm.Leads("reminded").take(800))
        world.start()
        world.until_applied()
        with world.connect() as connection:
            connection.execute("update lead set step_remind_at = now() where state = 'waiting' and branch_id = 1")
            connection.execute("update lead set held_since = held_since - interval '1 day' where branch_id = 6")
        waiting = world.ask("select count(*) from lead where state = 'waiting' and branch_id = 1")
        told = "select count(*) from reminder r join person p on p.id = r.assignee_id where kind = %s and p.code = 'HQ-1'"
        until(lambda: world.ask(told, "step-due") == waiting > 0, "the head office to be reminded")
        until(lambda: world.ask(told, "leads-held") == 1, "somebody to be told of what Zhejiang holds")
        assert not world.ask("select count(*) from lead where branch_id = 6 and held_reminded_at is null")
        assert world.ask("select count(*) from lead where state = 'waiting' and step_reminded_at is null and branch_id = 1") == 0
