"""Messages of all channels: how they are asked for, and what the ledger says of them against what gateways have."""

import collections
import contextlib
import json

import firm
from world import until

OUTREACH_TOPICS = ("outreach.sms", "outreach.email", "outreach.receipts", "outreach.outcomes", "campaign.progress")
SEND = [f"send.{step}" for step in ("claiming", "claimed", "beginning", "begun", "recording", "recorded")]
ENDS = ("delivered", "failed", "expired", "skipped", "cancelled")
# Longer than the gateway's longest call and the age at which a claim is not called any more.
LOST = {"LOST_AFTER": "15s"}

@contextlib.contextmanager
def outreach(ground, *gateways, settings=(), **choices):
    """A world with the topics of messages, and gateways that its senders know."""
    with ground.world(settings={**LOST, **dict(settings)}.items(), **choices) as world:
        world.make_topics(12, OUTREACH_TOPICS)
        for gateway in gateways:
            know(world, gateway)
        yield world


def know(world, gateway, **more):
    described = gateway.description(**more)
    with world.connect() as connection:
        connection.execute(
            "insert into gateway (name, channel, place, description) values (%s, %s, %s, %s)",
            [gateway.name, described["channel"], more.get("place", 100), json.dumps(described)],
        )
        connection.execute("insert into gateway_pace (gateway) values (%s)", [gateway.name])


def request(number, *, to=None, text=None, **data):
    to = to or f"+861380{number:07d}"
    value = {"to": to, "text": text or f"Your code is {number}", "purpose": "transactional", **data}
    return firm.Message(
        to.encode(), json.dumps(value).encode(), firm.cloud_event("/journey/app", f"m-{number}", type="sms.requested")
    )


def states(world):
    with world.connect() as connection:
        return collections.Counter(row[0] for row in connection.execute("select state from message"))


def open_messages(world):
    return world.ask("select count(*) from message where state in ('queued', 'sending')")


def until_accounted(world, count):
    until(
        lambda: sum(states(world).values()) == count and open_messages(world) == 0,
        lambda: f"{count} messages to be accounted for: {states(world)}",
        90,
    )


def account(world, *gateways):
    """What the gateways have against what the ledger says; the two share nothing."""
    taken = collections.Counter(arrival.to for gateway in gateways for arrival in gateway.taken)
    twice = {to: count for to, count in taken.items() if count > 1}
    assert not twice, f"contacted twice: {twice}"
    with world.connect() as connection:
        rows = connection.execute("select coalesce(email, '+' || phone), state, reason, detail from message").fetchall()
    assert len({to for to, *_ in rows}) == len(rows), "one message each"
    for to, state, reason, detail in rows:
        if state in ("accepted", "delivered") or reason == "not-delivered":
            assert taken[to] == 1, f"{to} is {state}, and no gateway has it"
        elif state != "uncertain":
            assert taken[to] == 0, f"{to} is {state} ({reason}: {detail}), and a gateway has it"
