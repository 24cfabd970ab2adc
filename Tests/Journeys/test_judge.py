"""The judge fails once for each promise that a build breaks on purpose, and for that one."""

import os
from pathlib import Path

import firm
import judge
import pytest
from campaign import launch, people, plan, standing, state
from gateway import Gateway
from ledger import know, outreach
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
# What a lead's life promises, each broken by reclaim-leads; `forget-cool-off` by a claim.
BROKEN_LIFE = {
    "forget-cool-off": "cool-off",
    "claim-taken": "one-owner",
    "keep-clock": "one-clock",
    "miscount": "counters",
    "forget-outcome": "commands",
    "keep-reminders": "reminded",
    "forget-claim": "claims",
    "refuse-item": "aside",
    "leave-customer": "moved",
}
# What campaigns promise: each broken by launch-campaigns, or by the database itself.
BROKEN_CAMPAIGNS = {
    "miscount-campaign": "campaign-counts",
    "lose-outcome": "campaign-recipients",
    "end-early": "campaign-ends",
    "forget-step": "campaign-steps",
    "copied": "campaign-once",
    "held": "campaign-control",
    "lost": "campaign-audience",
    "untold": "campaign-told",
}
# In the rows of one person each, or of one step.
TAMPERED = {
    "copied": """
        create function copied() returns trigger language plpgsql security definer set search_path from current as $$ begin
          insert into message select (jsonb_populate_record(new,
            jsonb_build_object('id', new.id + 1000000000000, 'event_id', new.event_id || '1'))).*;
          return null;
        end $$;
        create trigger copied after insert on message for each row when (new.event_id like '%/51200/0') execute function copied()""",
    "held": """
        create function held() returns trigger language plpgsql as $$ begin new.state := 'held-out'; return new; end $$;
        create trigger held before insert on campaign_recipient for each row when (new.subject = 51100) execute function held()""",
    "lost": """
        create function lost() returns trigger language plpgsql security definer set search_path from current as $$ begin
          delete from campaign_recipient where subject = new.subject;
          return null;
        end $$;
        create trigger lost after insert on campaign_recipient for each row when (new.subject = 51000) execute function lost()""",
    "untold": """
        create function untold() returns trigger language plpgsql as $$ begin return null; end $$;
        create trigger untold before insert on outbox for each row
          when (new.topic = 'campaign.progress' and convert_from(new.payloads[1], 'UTF8') like '%"launched"%')
          execute function untold()""",
}


def campaign_sabotaged(ground, deeds):
    """All deeds in one world: each breaks a promise that the others leave whole."""
    deeds = deeds.split()
    with Gateway() as gateway, outreach(ground) as world:
        know(world, gateway, rate=50)
        people(world, 150)
        with world.connect() as connection:
            for deed in deeds:
                connection.execute(TAMPERED.get(deed, "select"))
        launch(world)
        world.start("relay-events")
        world.start("send-sms")
        compiled = ",".join(deed for deed in deeds if deed not in TAMPERED)
        world.start("launch-campaigns", executables=DEBUG, MILLRACE_SABOTAGE=compiled)
        until(lambda: state(world) == "finished", lambda: f"the campaign to be finished: {standing(world)}")
        world.until_published()
        noticed = judge.broken(world.verdicts())
        assert not [deed for deed in deeds if BROKEN_CAMPAIGNS[deed] not in noticed], noticed
        return noticed


TASK_TAMPERED = {
    "misheard": """
        create function misheard() returns trigger language plpgsql as $$ begin new.reason := 'declined'; return new; end $$;
        create trigger misheard before update on campaign_recipient for each row when (new.subject = 51000 and new.state = 'done')
          execute function misheard()""",
}
DONE = """
    select do_tasks_by_contact(array_agg('customer'::text), array_agg(subject), array_agg(assignee_id), array_agg(null::text),
      array_agg(clock_timestamp())) from task"""


def task_sabotaged(ground, deed):
    """All tasks are done by a conversation; of one the campaign has it that they wanted nothing."""
    with outreach(ground) as world:
        people(world, 30)
        with world.connect() as connection:
            connection.execute("update customer set manager_id = (select id from person where code = 'CQ-1')")
            connection.execute(TASK_TAMPERED[deed])
        launch(world, plan(channels=[{"channel": "manager", "script": "Call {{name}}", "due": "P3D"}]))
        world.start("relay-events")
        world.start("launch-campaigns")
        until(lambda: standing(world) == {"assigned": 30}, lambda: f"a task about each: {standing(world)}")
        with world.connect() as connection:
            assert connection.execute(DONE).fetchone()[0] == 30
        until(lambda: state(world) == "finished", lambda: f"the campaign to be finished: {standing(world)}")
        world.until_published()
        noticed = judge.broken(world.verdicts())
        assert "campaign-recipients" in noticed, noticed


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


def life_sabotaged(ground, deed):
    """A person claims, gives back and claims again; a lead on whose end they were reminded is given back too."""
    with ground.world() as world:
        world.make_topics(12, ["lead.activity"])
        world.publish(firm.Leads(deed, spoilt=0).take(300))
        world.start()
        world.until_applied()
        with world.connect() as connection:
            connection.execute("update lead set check_at = now() - interval '1 minute', protected_until = "
                               "now() + interval '12 hours' where state = 'owned'")  # fmt: skip
        world.start("relay-events")
        world.start("reclaim-leads", executables=DEBUG, MILLRACE_SABOTAGE=deed)
        with world.connect() as connection:
            lead, owner, other, theirs = until(
                lambda: connection.execute(REMINDED).fetchone(),
                "somebody to be reminded in a branch of three who have leads",
            )
            connection.execute("update person set capacity = null where id = any(%s)", [[owner, other]])
        if deed in ELSEWHERE:
            ELSEWHERE[deed](world)
        act(world, owner)
        tell(world, "release_lead", lead)
        if deed not in ("forget-outcome", "keep-clock"):
            tell(world, "claim_lead", lead)
            act(world, other)
            tell(world, "claim_lead", lead)
            tell(world, "claim_lead", theirs)
        world.until_published()
        assert BROKEN_LIFE[deed] in judge.broken(world.verdicts()), f"{deed} was not noticed"


# A lead whose owner was reminded, somebody else of its branch, and the lead of a third.
REMINDED = """
select l.id, l.owner_id, other.id, third.id
from reminder r join lead l on r.subject = l.id::text and l.state = 'owned'
join person other on other.branch_id = l.branch_id and other.id <> l.owner_id and other.active
join lead third on third.branch_id = l.branch_id and third.state = 'owned'
  and third.owner_id not in (l.owner_id, other.id)
where r.kind = 'protection-ends' and r.state = 'open'
order by l.id, other.id, third.id limit 1"""


def begin_anew(world):
    """A policy that holds at once: the sweep that begins clocks anew has something to refuse."""
    with world.connect() as connection:
        connection.execute("select begin_clocks_anew(null, null, null, 0, 1000, true)")
    until(lambda: world.ask("select exists (select from set_aside)"), "a lead to be put aside")
    with world.connect() as connection:
        # The driver knows no infinity.
        connection.execute("update lead set check_at = null where check_at = '-infinity'")


def hand_over(world):
    """A manager gives all customers of one person to another."""
    world.start("keep-customers", executables=DEBUG, MILLRACE_SABOTAGE="leave-customer")
    with world.connect() as connection:
        giver, receiver = connection.execute(
            "select giver.code, other.code from person giver join person other on other.id <> giver.id and other.active "
            "where exists (select from customer c where c.manager_id = giver.id) order by giver.id, other.id limit 1").fetchone()
        manager = connection.execute("update person set manager = true where code = 'HQ-1' returning id").fetchone()[0]
    act(world, manager)
    with world.connect() as connection:
        moved = connection.execute("select customers from transfer_leads(%s, %s, true)", [giver, receiver]).fetchone()[0]
    assert moved > 0
    until(lambda: not world.ask("select exists (select from customer_move where settled_at is null)"), "customers to be moved")


# What must happen besides for some to be noticed.
ELSEWHERE = {"refuse-item": begin_anew, "leave-customer": hand_over}


def act(world, person):
    """From now on the test's own login is that person's."""
    with world.connect() as connection:
        connection.execute("update person set login = null where login is not null")
        connection.execute("update person set login = session_user where id = %s", [person])


def tell(world, deed, lead):
    """Waits for what becomes of it: an outcome, or a row of the lead's history."""
    with world.connect() as connection:
        command = connection.execute(f"select {deed}(%s)", [lead]).fetchone()[0]
    until(
        lambda: world.ask(
            "select settled_at is not null or exists (select from lead_history where event_id = c.id::text) "
            "from command c where id = %s", command),
        lambda: f"{deed} to be decided")  # fmt: skip


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


@scenarios(life_sabotaged, BROKEN_LIFE)
def test_the_judge_notices_what_breaks_a_lead_s_life(side_by_side, scenario):
    side_by_side(scenario)


@scenarios(campaign_sabotaged, [" ".join(BROKEN_CAMPAIGNS)])
def test_the_judge_notices_what_breaks_a_campaign_s_promises(side_by_side, scenario):
    side_by_side(scenario)


@scenarios(task_sabotaged, TASK_TAMPERED)
def test_the_judge_notices_what_breaks_a_task_s_promise(side_by_side, scenario):
    side_by_side(scenario)


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
