"""Messages as operators handle them: `millrace outreach` with the executables as shipped and a gateway that answers."""

import json

from gateway import Gateway
from ledger import account, outreach, states
from world import until

PHONE = "+8613800000001"


def say(world, *words):
    ran = world.command("outreach", *words)
    assert ran.returncode == 0, f"{words}: {ran.stderr}{ran.stdout}"
    return ran.stdout


def listed(world, *words):
    return json.loads(say(world, *words, "--json"))


def load(world, tmp_path, gateway):
    file = tmp_path / "gateway.json"
    file.write_text(json.dumps({"gateways": [gateway.description()]}))
    say(world, "gateways", "load", str(file), "--execute")


def send(world, text, *words):
    return listed(world, "send", "--to", PHONE, "--text", text, *words, "--execute")[0]["request"]


def until_state(world, event, state):
    until(
        lambda: world.ask("select state from message where event_id = %s", event) == state,
        lambda: f"{event} to be {state}: {states(world)}",
        60,
    )
    return world.ask("select id from message where event_id = %s", event)


def test_what_is_asked_for_by_the_command_goes_out_once_and_is_shown(ground, tmp_path):
    with Gateway() as gateway, outreach(ground) as world:
        load(world, tmp_path, gateway)
        world.start("relay-events")
        world.start("send-sms")
        number = until_state(world, send(world, "您好", "--purpose", "service"), "accepted")
        account(world, gateway)
        assert [(arrival.to, arrival.text) for arrival in gateway.taken] == [(PHONE, "您好")]
        shown = listed(world, "show", str(number))[0]
        assert (shown["state"], shown["parts"], shown["cost"]) == ("accepted", 1, "0.050000 CNY"), shown
        assert shown["askedBy"] and shown["submissions"][0]["providerId"].startswith(gateway.name), shown
        assert listed(world, "gateways", "list")[0]["accepted"] == 1
        # Whom nobody is to write to is not written to, and a list says why.
        say(world, "suppress", PHONE, "--reason", "opted-out", "--execute")
        until_state(world, send(world, "again", "--purpose", "service"), "skipped")
        assert [row["reason"] for row in listed(world, "list", "--phone", PHONE, "--state", "skipped")] == ["opted-out"]
        say(world, "unsuppress", PHONE, "--reason", "opted-out", "--execute")
        until_state(world, send(world, "third", "--purpose", "service"), "accepted")
        assert len(gateway.taken) == 2


def test_what_is_uncertain_is_sent_again_only_when_somebody_says_so(ground, tmp_path):
    with Gateway(lambda arrival, before: "accept" if before else "die") as gateway, outreach(ground) as world:
        load(world, tmp_path, gateway)
        world.start("relay-events")
        world.start("send-sms")
        event = send(world, "hello", "--purpose", "transactional")
        number = str(until_state(world, event, "uncertain"))
        assert [row["id"] for row in listed(world, "uncertain", "list")] == [int(number)]
        said = ("uncertain", "resolve", number, "--as", "again", "--because", "not in their report")
        say(world, *said)
        assert states(world) == {"uncertain": 1}, "a preview"
        say(world, *said, "--execute")
        until_state(world, event, "accepted")
        assert len(gateway.taken) == 1 and len(gateway.arrivals) == 2
        assert listed(world, "show", number)[0]["resolutions"][0]["because"] == "not in their report"


def test_a_gateway_that_is_disabled_keeps_its_queue(ground, tmp_path):
    with Gateway() as gateway, outreach(ground) as world:
        load(world, tmp_path, gateway)
        say(world, "gateways", "disable", gateway.name, "--execute")
        world.start("relay-events")
        world.start("send-sms")
        event = send(world, "hello", "--purpose", "transactional")
        until_state(world, event, "queued")
        row = listed(world, "gateways", "list")[0]
        assert (row["state"], row["queued"]) == ("disabled", 1) and not gateway.arrivals
        say(world, "gateways", "enable", gateway.name, "--execute")
        until_state(world, event, "accepted")
