"""What messages may cost in all holds to the last unit, whoever claims, and whoever dies."""

import contextlib

from gateway import Gateway
from side_by_side import Journeys
from test_messages import account, know, outreach, receipt, request, states, until_accounted
from world import until

journey = Journeys()


def set_budget(world, most, name="spring", currency="CNY"):
    with world.connect() as connection:
        connection.execute("insert into budget (name, currency, most) values (%s, %s, %s)", [name, currency, most])


@contextlib.contextmanager
def held(world, name="spring"):
    """Whoever claims messages of the budget waits, until the block ends."""
    with world.connect(autocommit=False) as connection:
        connection.execute("select from budget where name = %s for update", [name])
        yield


WAITING = """
  select count(*) from pg_stat_activity
  where datname = current_database() and application_name like '%send sms%' and wait_event_type = 'Lock'
"""


def budget(world, name="spring"):
    """Spent and reserved by the budget, and by the ledger: the two are written apart."""
    with world.connect() as connection:
        said = connection.execute("select spent, reserved from budget where name = %s", [name]).fetchone()
        summed = connection.execute(
            """select coalesce(sum(cost), 0), coalesce(sum(reserved), 0) from message where budget = %s""", [name]
        ).fetchone()
    assert said == summed, f"the budget says {said}, the ledger {summed}"
    return said


def skipped(world, reason):
    return world.ask(f"select count(*) from message where state = 'skipped' and reason = '{reason}'")


@journey
def a_budget_holds_to_its_last_unit_with_four_lanes(ground):
    with Gateway() as gateway, outreach(ground, gateway) as world:
        set_budget(world, "1.03")
        with held(world):
            for _ in range(2):
                world.start("send-sms", SEND_LANES=2, LANES=2)
            world.publish([request(number, budget="spring") for number in range(300)], "outreach.sms")
            until(lambda: world.ask(WAITING) == 4, "four lanes to stand at the last unit")
        until_accounted(world, 300)
        assert len(gateway.arrivals) == 20 and states(world) == {"accepted": 20, "skipped": 280}
        assert skipped(world, "budget-spent") == 280
        spent, reserved = budget(world)
        assert f"{spent:.2f}" == "1.00" and reserved == 0
        account(world, gateway)


@journey
def what_a_gateway_refuses_costs_nothing_and_what_nobody_knows_stays_reserved(ground):
    def act(arrival, before):
        return {"1": "refuse", "2": "die", "3": "busy" if before < 1 else "accept"}.get(arrival.to[-1], "accept")

    with Gateway(act) as gateway, outreach(ground, gateway) as world:
        world.start("send-sms")
        world.start("settle-receipts")
        set_budget(world, "100")
        set_budget(world, "0", "nothing")
        set_budget(world, None, "dollars", "USD")
        asked = [request(number, budget="spring") for number in range(40)]
        asked += [request(100 + number, budget="nothing") for number in range(5)]
        asked += [request(200 + number, budget="dollars") for number in range(5)]
        world.publish(asked + [request(300, budget="unheard-of")], "outreach.sms")
        until_accounted(world, 50)
        assert skipped(world, "budget-spent") == 5 and skipped(world, "no-price") == 5
        refused = "select count(*) from dead_letter where reason = 'unknown-budget'"
        until(lambda: world.ask(refused) == 1, "the unknown budget to be refused")
        spent, reserved = budget(world)
        assert (f"{spent:.2f}", f"{reserved:.2f}") == ("1.60", "0.20")
        # A receipt says that the gateway has two of those of which nobody knew; one is resolved by hand.
        lost = [arrival for arrival in gateway.arrivals if arrival.to[-1] == "2"][:2]
        told = [receipt(gateway, arrival, "delivered", reference=arrival.reference) for arrival in lost]
        world.publish(told, "outreach.receipts")
        until(lambda: states(world)["uncertain"] == 2, "the receipts to be settled")
        spent, reserved = budget(world)
        assert (f"{spent:.2f}", f"{reserved:.2f}") == ("1.70", "0.10")
        assert world.ask("select count(*) from message where state = 'delivered' and cost = 0.05 and currency = 'CNY'") == 2


def killed(ground, step):
    """A sender dies at a step between claim and record; two others take what is left of the budget, and not a unit more."""
    with Gateway() as gateway, outreach(ground, gateway) as world:
        set_budget(world, "3.00")
        world.publish([request(number, budget="spring") for number in range(200)], "outreach.sms")
        world.struck(f"{step}:kill", at=1, name="send-sms")
        for _ in range(2):
            world.start("send-sms", SEND_LANES=2)
        until_accounted(world, 200)
        counted = states(world)
        assert counted["accepted"] + counted["uncertain"] == 60 and counted["uncertain"] > 0, counted
        assert len(gateway.arrivals) <= 60
        spent, reserved = budget(world)
        assert spent * 20 == counted["accepted"] and reserved * 20 == counted["uncertain"], (spent, reserved, counted)
        account(world, gateway)
        with world.connect() as connection:
            connection.execute(
                """select resolve_uncertain(array_agg(id), array_agg(attempt), 'delivered', 'asked')
                   from message where state = 'uncertain'""")  # fmt: skip
        spent, reserved = budget(world)
        assert f"{spent:.2f}" == "3.00" and reserved == 0


for step in ("claimed", "begun", "recording"):
    journey[f"a_sender_that_dies_when_{step}_leaves_the_budget_exact"] = lambda ground, step=step: killed(ground, f"send.{step}")


@journey.scenarios()
def test_budget(side_by_side, scenario):
    side_by_side(scenario)
