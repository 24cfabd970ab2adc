"""A front end that has only Kafka takes a campaign from its draft to its end, and forged commands come to nothing."""

import datetime
import hmac
import json

import firm
from campaign import adds_up, be, people, plan, until_settled
from gateway import Gateway
from ledger import know, outreach
from side_by_side import Journeys
from world import until

journey = Journeys()

DESK = "https://desk.example.com"
SECRET = "a-secret-of-the-desk-that-is-long-enough"


def command(number, wanted, by, secret=SECRET, source=DESK, **more):
    """As the page for producers says."""
    value = json.dumps({"campaign": "spring", "wanted": wanted, "by": by, "version": 1, **more}).encode()
    moment = datetime.datetime.now(datetime.timezone.utc).isoformat()
    signed = b"\n".join([number.encode(), moment.encode(), value])
    signature = {"millrace_signature": hmac.new(secret.encode(), signed, "sha256").hexdigest()} if secret else {}
    headers = firm.cloud_event(source, number, type="campaign.commanded", ce_time=moment, **signature)
    return firm.Message(b"spring", value, headers)


@journey
def signed_commands_take_a_campaign_to_its_end_and_forged_ones_are_dead_letters(ground):
    with Gateway() as gateway, outreach(ground, settings={"LOST_AFTER": "60s"}.items()) as world:
        world.make_topics(12, ["campaign.commands"])
        know(world, gateway, concurrency=5, limits={"connect": "5s", "total": "20s"})
        people(world, 60)
        for worker in ("relay-events", "launch-campaigns", "send-sms"):
            world.start(worker)
        world.start("take-commands", COMMAND_SECRETS=f"{DESK}={SECRET}")
        be(world, "CQ-1")
        with world.connect() as connection:
            assert connection.execute("select define_campaign(%s)", [json.dumps(plan())]).fetchone()[0] == "defined"
            connection.execute("update person set login = null where login = session_user")
            preview = connection.execute("select ask_for_preview('spring')").fetchone()[0]
        until(lambda: world.ask("select result is not null from campaign_preview where id = %s", preview), "a preview")
        launch = command("c5", "launch", "CQ-1")
        commands = [
            command("c1", "submit", "CQ-1"),
            command("f1", "approve", "CQ-2", secret=None),
            command("f2", "approve", "CQ-2", secret="another secret, long enough too"),
            command("f3", "approve", "CQ-2", source="https://other.example.com"),
            command("c3", "approve", "CQ-1"),
            command("c4", "approve", "CQ-2"),
            # As a front end does that has heard nothing, and one that has lost count.
            launch, launch, command("c5", "cancel", "CQ-1", note="no"), command("c6", "launch", "CQ-2"),
        ]  # fmt: skip
        world.publish(commands, "campaign.commands")
        until(lambda: world.applied("take-commands") == len(commands), lambda: f"{world.applied('take-commands')} commands to be taken")
        until_settled(world)
        world.until_published()
        with world.connect() as connection:
            letters = connection.execute("select reason from dead_letter order by id").fetchall()
            steps = connection.execute(
                "select what || coalesce(' ' || command_id, '') from campaign_step order by number").fetchall()  # fmt: skip
        assert [row[0] for row in letters] == ["unsigned", "wrong-signature", "wrong-signature", "identity-reused"]
        assert [row[0] for row in steps] == [
            "defined", "submitted c1", "approved c4", "launched c5", "started", "finished",
        ]  # fmt: skip
        told = [json.loads(record.value) for record in world.records("campaign.progress")]
        declined = {each["command"]["id"]: each["reason"] for each in told if "reason" in each}
        assert declined["c3"] == "your-own" and declined["c6"].startswith("is-") and len(declined) == 2, declined
        assert len(gateway.taken) == 60
        adds_up(world, 60, gateway)


@journey.scenarios()
def test_campaign_commands(side_by_side, scenario):
    side_by_side(scenario)
