"""Short messages with the executables as shipped and a gateway that behaves badly: once to whom it may concern, or uncertain."""

import collections
import json

import firm
from gateway import Gateway
from ledger import SEND, account, know, outreach, request, states, until_accounted
from side_by_side import Journeys, scenarios
from world import until

journey = Journeys()


@journey
def every_behaviour_of_a_gateway_comes_to_the_state_that_it_proves(ground):
    acts = {
        "1": "accept", "2": "refuse", "3": "fail", "4": "half", "5": "die", "6": "accept-and-die", "7": "slow",
        "8": "busy", "9": "accept", "0": "accept",
    }  # fmt: skip

    def act(arrival, before):
        wanted = acts[arrival.to[-1]]
        return "accept" if wanted == "busy" and before == 2 else wanted

    with Gateway(act) as gateway, outreach(ground, gateway) as world:
        world.start("send-sms")
        world.publish([request(number) for number in range(60)], "outreach.sms")
        until_accounted(world, 60)
        with world.connect() as connection:
            found = connection.execute("select '+' || phone, state, reason from message").fetchall()
        for to, state, reason in found:
            wanted = acts[to[-1]]
            expected = {"accept": "accepted", "busy": "accepted", "refuse": "failed"}.get(wanted, "uncertain")
            assert state == expected, f"{to}: {wanted} made it {state} ({reason})"
        account(world, gateway)
        # Every one of them was called once, but for those that were proved not to be taken.
        arrived = collections.Counter(arrival.to for arrival in gateway.arrivals)
        assert all(count == (3 if acts[to[-1]] == "busy" else 1) for to, count in arrived.items()), arrived


def killed(ground, step):
    """A sender is killed at a step while the gateway counts; another goes on."""
    with Gateway() as gateway, outreach(ground, gateway) as world:
        world.start("relay-events")
        world.publish([request(number) for number in range(100)], "outreach.sms")
        for at in (1, 3):
            world.struck(f"{step}:kill", at=at, name="send-sms")
        world.start("send-sms")
        world.publish([request(number) for number in range(100, 150)], "outreach.sms")
        until_accounted(world, 150)
        account(world, gateway)
        counted = states(world)
        # What a killed sender had claimed, two of them at most.
        assert counted["uncertain"] <= 2 * 25 and counted["accepted"] == 150 - counted["uncertain"], counted
        if step in ("send.claiming", "send.recorded"):
            return
        assert counted["uncertain"] > 0, "nothing was under way when it was killed"


@scenarios(killed, SEND)
def test_a_sender_that_is_killed_leaves_nobody_contacted_twice(side_by_side, scenario):
    side_by_side(scenario)


@journey
def a_sender_that_wakes_after_its_claim_was_settled_calls_nobody(ground):
    with Gateway() as gateway, outreach(ground, gateway) as world:
        world.publish([request(number) for number in range(20)], "outreach.sms")
        frozen = world.struck("send.claimed:stop", at=1, name="send-sms")
        arrived = len(gateway.arrivals)
        world.start("send-sms")
        until_accounted(world, 20)
        uncertain = states(world)["uncertain"]
        assert uncertain > 0
        before = len(gateway.arrivals)
        frozen.thaw()
        # What it has to say of what it did not call is settled already.
        frozen.until_logged("had been settled before their calls ended")
        assert len(gateway.arrivals) == before and arrived == 0
        assert states(world)["uncertain"] == uncertain
        account(world, gateway)


def receipt(gateway, arrival, status, number=0, **data):
    value = {"gateway": gateway.name, "messageId": f"{gateway.name}-{arrival.reference}", "status": status, **data}
    return firm.Message(
        value["messageId"].encode(), json.dumps(value).encode(),
        firm.cloud_event("/journey/gateway", f"r-{arrival.reference}-{status}-{number}", type="receipt.told"))  # fmt: skip


@journey
def receipts_move_messages_forward_only_whenever_they_come(ground):
    """By the recipient's last digit: early, late, twice, falling back, failed, failed after it was delivered, none."""
    with outreach(ground) as world:

        def act(arrival, before):
            if arrival.to[-1] == "1":
                world.publish([receipt(gateway, arrival, "delivered")], "outreach.receipts")
            return "accept"

        with Gateway(act) as gateway:
            know(world, gateway)
            world.start("settle-receipts")
            world.start("send-sms")
            world.start("relay-events")
            world.publish([request(number) for number in range(70)], "outreach.sms")
            until_accounted(world, 70)
            late = {
                "2": ["delivered"], "3": ["delivered", "delivered"], "4": ["delivered", "buffered", "accepted"],
                "5": ["failed"], "6": ["delivered", "failed"], "7": ["buffered"],
            }  # fmt: skip
            for arrival in list(gateway.arrivals):
                told = [
                    receipt(gateway, arrival, status, number, code="11")
                    for number, status in enumerate(late.get(arrival.to[-1], []))
                ]
                if told:
                    world.publish(told, "outreach.receipts")
            # Of a message that nobody knows, and of one whose id another gateway uses as well.
            stranger = gateway.arrivals[0]
            world.publish([receipt(Stranger, stranger, "failed")], "outreach.receipts")
            wanted = {"1": "delivered", "2": "delivered", "3": "delivered", "4": "delivered", "5": "failed", "6": "delivered"}

            def settled():
                with world.connect() as connection:
                    rows = connection.execute("select phone::text, state from message").fetchall()
                return all(state == wanted.get(phone[-1], "accepted") for phone, state in rows)

            until(settled, lambda: f"receipts to be settled: {states(world)}")
            kept = "select count(*) from submission where message_id is null and state = 'failed'"
            until(lambda: world.ask(kept) == 1, "the stranger's receipt to be kept")
            account(world, gateway)


class Stranger:
    name = "stranger"


@journey
def who_answers_with_a_word_of_leaving_gets_nothing_more_but_what_they_asked_for(ground):
    def answer(number, text):
        value = {"gateway": "gateway", "from": f"861380{number:07d}", "text": text}
        return firm.Message(
            b"x", json.dumps(value).encode(),
            firm.cloud_event("/journey/gateway", f"a-{number}", type="message.received"))  # fmt: skip

    with Gateway() as gateway, outreach(ground, gateway) as world:
        world.start("settle-receipts")
        words = ["STOP", "退订", " ｔｄ。", "please stop", "stop it", "谢谢"]
        world.publish([answer(number, text) for number, text in enumerate(words)], "outreach.receipts")
        until(lambda: world.ask("select count(*) from answer") == len(words), "the answers to be taken")
        assert world.ask("select count(*) from suppression where reason = 'opted-out' and lifted_at is null") == 3
        world.start("send-sms")
        service = [request(number, purpose="service") for number in range(6)]
        codes = [request(100 + number, to=f"+861380{number:07d}") for number in range(6)]
        world.publish(service + codes, "outreach.sms")
        until_accounted(world, 12)
        with world.connect() as connection:
            rows = connection.execute("select phone % 10, purpose, state, reason from message").fetchall()
        for number, purpose, state, reason in rows:
            left = number < 3 and purpose == "service"
            assert (state, reason) == (("skipped", "opted-out") if left else ("accepted", None)), (number, purpose, state)


@journey.scenarios()
def test_messages(side_by_side, scenario):
    side_by_side(scenario)
