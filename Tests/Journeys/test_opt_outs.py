"""Who wants no more is told so once, where the firm has set that, and gets nothing else."""

import json

import firm
from gateway import Gateway
from side_by_side import Journeys
from test_messages import know, outreach, request, until_accounted
from world import until

journey = Journeys()


def answer(number, text, way="gateway", to="+861069000000", again=0):
    value = {"gateway": way, "from": f"861380{number:07d}", "to": to, "text": text}
    return firm.Message(
        b"x", json.dumps(value).encode(),
        firm.cloud_event("/journey/gateway", f"a-{number}-{again}", type="message.received"))  # fmt: skip


@journey
def opting_out_is_confirmed_once_by_the_gateway_that_heard_it(ground):
    with Gateway() as gateway, Gateway(name="other") as other, outreach(ground, gateway) as world:
        know(world, other, place=1)
        with world.connect() as connection:
            connection.execute(
                "insert into template (name, channel, language, text) values ('left', 'sms', 'zh-CN', '您已退订。')")
            connection.execute("insert into opt_out_confirmation (country, template) values ('CN', 'left'), ('US', 'gone')")
        world.start("settle-receipts")
        world.start("send-sms")
        world.start("relay-events")
        told = [answer(1, "退订"), answer(1, "T", again=1), answer(2, "thanks"), answer(3, "STOP", to=None)]
        # A gateway that has no description here, and a template that is not there: they are heard all the same.
        told += [answer(4, "STOP", way="unknown")]
        abroad = {"gateway": "gateway", "from": "+12125550123", "text": "STOP"}
        told += [firm.Message(b"x", json.dumps(abroad).encode(), firm.cloud_event("/journey/gateway", "us", type="message.received"))]
        world.publish(told, "outreach.receipts")
        until(lambda: world.ask("select count(*) from answer") == len(told), "the answers to be taken")
        until_accounted(world, 2)
        # It was so already: nothing more is said.
        world.publish([answer(3, "STOP", again=1)], "outreach.receipts")
        until(lambda: world.ask("select count(*) from answer") == len(told) + 1, "the last answer to be taken")
        held = "select string_agg(address, ' ' order by address) from suppression where reason = 'opted-out' and lifted_at is null"
        assert world.ask(held) == "+12125550123 +8613800000001 +8613800000003 +8613800000004"
        world.publish([request(1, purpose="service"), request(3, purpose="service")], "outreach.sms")
        until_accounted(world, 4)
        assert sorted((arrival.to, arrival.text) for arrival in gateway.arrivals) == [
            ("+8613800000001", "您已退订。"), ("+8613800000003", "您已退订。")]  # fmt: skip
        assert not other.arrivals
        with world.connect() as connection:
            rows = connection.execute(
                """select right(phone::text, 1), purpose, state, reason, sender, source, event_id, deadline is not null
                   from message order by phone, purpose desc""").fetchall()  # fmt: skip
        assert rows == [
            ("1", "transactional", "accepted", None, "+861069000000", "/journey/gateway", "a-1-0", True),
            ("1", "service", "skipped", "opted-out", None, "/journey/app", "m-1", False),
            ("3", "transactional", "accepted", None, None, "/journey/gateway", "a-3-0", True),
            ("3", "service", "skipped", "opted-out", None, "/journey/app", "m-3", False),
        ], rows


@journey.scenarios()
def test_opt_out(side_by_side, scenario):
    side_by_side(scenario)
