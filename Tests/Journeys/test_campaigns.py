"""Campaigns with the executables as shipped: everybody once, whoever dies, and a sum that adds up."""

import collections
import json

from campaign import (
    ROLL_UP_TOPICS, adds_up, be, fund, kept, launch, people, plan, standing, state, step, until_figures_add_up, until_settled,
)  # fmt: skip
from gateway import Gateway
from ledger import know, outreach, states
from mail_server import MailServer
from side_by_side import Journeys
from test_mails import LINKS
from world import until

journey = Journeys()

PAGES = 1050  # People, in two pages.
# Many worlds at once may keep a gateway or mail server of ours waiting, which is not what these journeys are about.
PATIENT = {"concurrency": 5, "limits": {"connect": "5s", "total": "20s"}}
TAKING_ITS_TIME = {"LOST_AFTER": "60s"}


def run(world, *names, **settings):
    for name in names:
        world.start(name, **settings)


def killed(ground, point, times=1):
    """The launcher dies; then two launchers and two senders go on, through a pause and a resumption."""
    with Gateway() as gateway, outreach(ground, settings=TAKING_ITS_TIME.items()) as world:
        know(world, gateway, **PATIENT)
        people(world, PAGES)
        launch(world)
        run(world, "relay-events")
        if point.startswith("batch"):
            run(world, "send-sms")
        for _ in range(times):
            world.struck(f"{point}:kill", at=None if "@" in point else 2, name="launch-campaigns")
        run(world, "launch-campaigns", "launch-campaigns", "send-sms", "send-sms")
        gateway.until_arrived(100)
        step(world, "paused", "to look at it")
        step(world, "resumed")
        until_settled(world)
        assert state(world) == "finished" and standing(world) == {"accepted": PAGES}, standing(world)
        adds_up(world, PAGES, gateway)


for point in (
    "sweep.claimed@expand-campaigns", "sweep.written@expand-campaigns", "sweep.committed@expand-campaigns",
    "batch.written", "batch.committed",
):  # fmt: skip
    journey[f"a_launcher_that_dies_at_{point}_loses_nobody_and_writes_to_nobody_twice"] = (
        lambda ground, point=point: killed(ground, point)
    )


@journey
def a_sender_that_dies_leaves_uncertain_ones_open_until_somebody_has_found_out(ground):
    with Gateway() as gateway, outreach(ground, gateway) as world:
        people(world, 200)
        launch(world)
        run(world, "relay-events", "launch-campaigns")
        world.struck("send.recording:kill", at=1, name="send-sms")
        run(world, "send-sms")
        until(lambda: standing(world)["uncertain"] > 0, lambda: f"uncertain ones: {standing(world)}")
        until(lambda: standing(world)["queued"] == 0, lambda: f"the others: {standing(world)}")
        assert state(world) == "running"
        world.make_topics(12, ROLL_UP_TOPICS)
        for point in ("batch.written", "batch.committed"):
            world.struck(f"{point}:kill", at=1, name="roll-up-metrics")
        run(world, "roll-up-metrics", "roll-up-metrics")
        taken = [int(arrival.to) for arrival in gateway.taken]
        with world.connect() as connection:
            for verdict in ("delivered", "failed"):
                connection.execute(
                    """select resolve_uncertain(array_agg(id), array_agg(attempt), %s, 'asked')
                       from message where state = 'uncertain' and (phone = any(%s)) = (%s = 'delivered') having count(*) > 0""",
                    [verdict, taken, verdict])  # fmt: skip
        until_settled(world)
        counted = standing(world)
        assert state(world) == "finished" and counted["accepted"] + counted["delivered"] == len(taken), counted
        adds_up(world, 200, gateway)
        until_figures_add_up(world)


@journey
def what_managers_do_is_credited_from_when_they_did_it_in_whatever_order_it_is_told(ground):
    with outreach(ground) as world:
        world.make_topics(12, ROLL_UP_TOPICS)
        people(world, 60)
        with world.connect() as connection:
            connection.execute("update customer set manager_id = (select id from person where code = 'CQ-1')")
        task = {"channel": "manager", "script": "Call {{name}}", "due": "P3D"}
        launch(world, plan(channels=[task], conversion={"by": "assets-added", "within": "P10D"}))
        run(world, "relay-events", "launch-campaigns", "keep-service-log", "roll-up-metrics")
        until(lambda: standing(world) == {"assigned": 60}, lambda: f"a task about each: {standing(world)}")

        standings = """select string_agg(standing || ' ' || n, ', ' order by standing)
                         from (select standing, count(*) as n from conversion_credit group by 1) s"""

        def converted(wanted):
            until(lambda: world.ask(standings) == wanted, lambda: f"{wanted}: {world.ask(standings)}")

        # As `track-calls` does it, and as managers do: of every fourth nobody was there.
        talk = """select do_tasks_by_contact(array_agg('customer'::text), array_agg(subject), array_agg(assignee_id), array_agg(null::text),
                    array_agg(%s::timestamptz)) from task where subject <= 50000 + 2000"""
        finish = "select finish_task(id, case subject % 400 when 0 then 'unreachable' else 'interested' end) from task where subject > 52000"
        talked = world.ask("select clock_timestamp()")
        fund(world, range(1, 41))
        converted("not-reached 40")
        with world.connect() as connection:
            connection.execute(talk, [talked])
            connection.execute(finish)
        converted("before-send 15, credited 20, not-reached 5")
        fund(world, range(41, 61))
        converted("before-send 15, credited 35, not-reached 10")
        until(lambda: state(world) == "finished", lambda: f"the campaign to be finished: {standing(world)}")
        assert world.ask("select string_agg(state || ' ' || outcome || ' ' || tasks, ', ' order by outcome) from bi_campaign_task") == (
            "done contacted 20, done interested 30, done unreachable 10")
        until_figures_add_up(world)
        ran = world.command("campaign", "verify", "spring")
        assert ran.returncode == 0, ran.stdout
        kept(world)


@journey
def a_pause_and_a_cancellation_hold_within_two_seconds(ground):
    with Gateway() as gateway, outreach(ground, settings=TAKING_ITS_TIME.items()) as world:
        with world.connect() as connection:
            described = json.dumps(gateway.description(rate=100, **PATIENT))
            connection.execute(
                "insert into gateway (name, channel, place, description, rate) values ('gateway', 'sms', 1, %s, 100)", [described])
            connection.execute("insert into gateway_pace (gateway) values ('gateway')")
        people(world, PAGES)
        launch(world)
        run(world, "relay-events", "launch-campaigns", "send-sms")
        gateway.until_arrived(50)
        paused = step(world, "paused", "a wrong price")
        until(lambda: states(world)["sending"] == 0, lambda: f"the last calls to end: {states(world)}")
        before = len(gateway.arrivals)
        assert all(arrival.began <= paused + 2000 for arrival in gateway.arrivals) and before < PAGES
        step(world, "resumed")
        gateway.until_arrived(before + 50)
        cancelled = step(world, "cancelled", "not any more")
        until_settled(world)
        assert all(arrival.began <= cancelled + 2000 for arrival in gateway.arrivals)
        counted = standing(world)
        assert state(world) == "cancelled" and counted["accepted"] == len(gateway.taken) < PAGES, counted
        assert counted["cancelled"] + counted["accepted"] == PAGES, counted
        adds_up(world, PAGES, gateway)


@journey
def where_a_text_fails_a_mail_stands_in(ground):
    def act(arrival, before):
        return "refuse" if int(arrival.to) % 3 == 0 else "accept"

    channels = [
        {"channel": "sms", "template": "spring"}, {"channel": "email", "template": "spring", "onFailure": True},
    ]  # fmt: skip
    with Gateway(act) as gateway, MailServer() as mails, outreach(ground, settings={**LINKS, **TAKING_ITS_TIME}.items()) as world:
        know(world, gateway, **PATIENT)
        know(world, mails, **PATIENT)
        people(world, 300, without_phone_each=10)
        launch(world, plan(channels=channels))
        run(world, "relay-events", "launch-campaigns", "send-sms", "send-email", "settle-receipts")
        refused = sum((8613983000000 + n) % 3 == 0 for n in range(1, 301) if n % 10)
        until(lambda: len(mails.taken) == 30 + refused, lambda: f"{30 + refused} mails; {len(mails.taken)} have come")
        until(lambda: standing(world) == {"accepted": 300}, lambda: f"all to be accepted: {standing(world)}")
        # Whoever has a text may still get a mail, if a receipt says that it did not arrive: until the campaign has expired.
        assert state(world) == "running"
        with world.connect() as connection:
            connection.execute("update campaign set expires_at = clock_timestamp()")
        until_settled(world)
        by = world.ask("select string_agg(channel || ' ' || recipients, ', ' order by channel) from campaign_count where recipients > 0")
        assert state(world) == "finished" and by == f"email {30 + refused}, sms {270 - refused}", by
        texts = {arrival.to for arrival in gateway.taken}
        assert len(texts) == 270 - refused == len(gateway.taken)
        assert not {mail.to for mail in mails.taken} & {f"q{int(to) - 8613983000000}@people.example" for to in texts}
        kept(world)


@journey
def one_that_fails_too_often_pauses_itself_and_what_has_expired_is_not_sent(ground):
    with Gateway(lambda arrival, before: "refuse") as gateway, outreach(ground, settings=TAKING_ITS_TIME.items()) as world:
        with world.connect() as connection:
            described = json.dumps(gateway.description(rate=50, **PATIENT))
            connection.execute(
                "insert into gateway (name, channel, place, description, rate) values ('gateway', 'sms', 1, %s, 50)", [described])
            connection.execute("insert into gateway_pace (gateway) values ('gateway')")
        people(world, 600)
        launch(world, plan(pauseAt={"failures": 5, "after": 20}))
        run(world, "relay-events", "launch-campaigns", "send-sms")
        until(lambda: state(world) == "paused", lambda: f"it to pause itself: {standing(world)}")
        assert world.ask("select note from campaign_step where what = 'paused'").startswith("failures: ")
        assert world.ask("select kind from reminder where subject = 'spring'") == "campaign-paused"
        assert len(gateway.arrivals) < 600
        with world.connect() as connection:
            connection.execute("update campaign set expires_at = clock_timestamp()")
        until_settled(world)
        counted = standing(world)
        assert state(world) == "finished" and counted["failed"] == len(gateway.arrivals), counted
        assert counted["expired"] == 600 - counted["failed"] > 0, counted
        adds_up(world, 600, gateway)


@journey
def whoever_comes_to_fulfil_the_filter_gets_it_once_though_the_launcher_dies_over_them(ground):
    with Gateway() as gateway, outreach(ground, settings=TAKING_ITS_TIME.items()) as world:

        def come(first, last):
            until(lambda: world.ask("select expanded_at is not null from campaign"), lambda: "those of the launch to have a row")
            with world.connect() as connection:
                connection.execute("update customer set level = 'gold' where id between 50000 + 100 * %s and 50000 + 100 * %s", [first, last])

        know(world, gateway, **PATIENT)
        people(world, 300)
        with world.connect() as connection:
            connection.execute("update customer set level = 'gold' where id <= 60000")
        launch(world, plan(audience={"customers": "level = gold"}, joining=True))
        run(world, "relay-events", "send-sms")
        world.struck("sweep.written@join-campaigns:kill", at=None, name="launch-campaigns", meanwhile=lambda: come(101, 200))
        run(world, "launch-campaigns", "launch-campaigns")
        come(150, 300)
        until(lambda: standing(world) == {"accepted": 300}, lambda: f"all to be written to: {standing(world)}")
        with world.connect() as connection:
            connection.execute("update customer set level = 'silver' where id > 75000")
            connection.execute("update customer set level = 'gold'")
        until(lambda: world.ask("select count(*) = 0 from audience_change"), lambda: "what has changed to be spread")
        until(lambda: world.ask("select count(*) = 0 from campaign_joiner"), lambda: "those who were there to be looked at")
        assert state(world) == "running"
        with world.connect() as connection:
            connection.execute("update campaign set expires_at = clock_timestamp()")
        until_settled(world)
        assert state(world) == "finished" and len(gateway.taken) == 300
        adds_up(world, 300, gateway)


@journey
def from_a_file_to_the_end_by_the_command_and_the_counts_are_those_of_the_preview(ground):
    with Gateway() as gateway, outreach(ground, settings=TAKING_ITS_TIME.items()) as world:
        know(world, gateway, **PATIENT)
        people(world, 300, without_phone_each=7)
        with world.connect() as connection:
            connection.execute("insert into suppression (channel, address, reason) values ('sms', '+8613983000001', 'opted-out')")
            connection.execute("update customer set name = null where id = 50200")
        variants = [{"name": "a", "share": 50}, {"name": "b", "share": 50}]
        file = world.place / f"spring-{world.number}.json"
        file.write_text(json.dumps(plan(variants=variants, control={"share": 10}, exclude='number = "none"')))
        run(world, "relay-events", "launch-campaigns", "send-sms")

        def say(*words):
            ran = world.command("campaign", *words)
            assert ran.returncode == 0, f"{words}: {ran.stderr}{ran.stdout}"
            return ran.stdout

        be(world, "CQ-1")
        say("define", str(file))
        preview = json.loads(say("preview", "spring", "--json"))
        say("submit", "spring")
        be(world, "CQ-2")
        say("approve", "spring", "--version", "1")
        be(world, "CQ-1")
        say("launch", "spring", "--execute")
        until_settled(world)
        assert preview["audience"] == 300 and preview["recipients"] == len(gateway.taken)
        assert preview["skipped"] == {"missing-variable": 1, "no-address": 42, "opted-out": 1}
        counted = standing(world)
        assert counted == collections.Counter(
            {"accepted": preview["recipients"], "held-out": preview["heldOut"], "skipped": 44}), (counted, preview)  # fmt: skip
        adds_up(world, 300, gateway)
        steps = world.ask("select string_agg(what, ' ' order by number) from campaign_step")
        assert steps == "defined submitted approved launched started finished"


@journey.scenarios()
def test_campaigns(side_by_side, scenario):
    side_by_side(scenario)
