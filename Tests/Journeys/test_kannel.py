"""Short messages through Kannel itself, with its fake centre: text, Chinese, several parts, receipts, and who wants no more."""

import json

from kannel import USER, Kannel
from ledger import know, outreach, request, states, until_accounted
from test_receipts import SECRETS, Caller
from world import until

LONG = "".join(f"Line {number}: the market is open. " for number in range(12))
CHINESE = "【华证】您的验证码是1234，请勿告诉他人。"


def test_messages_receipts_and_answers_pass_through_kannel(ground):
    with outreach(ground) as world:
        caller = Caller(world)
        # Longer than Kannel's calls may take.
        world.more |= {"GATEWAY_SECRETS": json.dumps(SECRETS | USER), "LOST_AFTER": "30s"}
        with Kannel(world.place, caller.base, SECRETS["CALL_BACK"]) as kannel:
            know(world, kannel)
            receiver = world.start("receive-receipts").until_ready()
            world.start("settle-receipts")
            for number, text in enumerate(["STOP", "退订"], 10):
                kannel.send_in(f"+861380{number:07d}", text)
            until(
                lambda: world.ask("select count(*) from suppression where reason = 'opted-out'") == 2,
                lambda: f"two to want no more: {world.ask('select array_agg(body) from answer')}",
            )
            world.start("send-sms")
            texts = ["Your code is 1234 & 100 % {yours} €", CHINESE, LONG, CHINESE * 6]
            world.publish([request(number, text=text) for number, text in enumerate(texts)], "outreach.sms")
            world.publish([request(number, purpose="service") for number in (10, 11)], "outreach.sms")
            until_accounted(world, 6)
            until(
                lambda: dict(states(world)) == {"delivered": 4, "skipped": 2},
                lambda: f"receipts to be settled: {states(world)}; {kannel.deliveries}",
            )
            parts = [kannel.parts(f"+861380{number:07d}") for number in range(12)]
            assert [len(part) for part in parts[:4]] == [1, 1, 3, 2], parts
            for number, text in enumerate(texts):
                said = kannel.said(f"+861380{number:07d}", "utf-8" if text.startswith(("Your", "Line")) else "utf-16-be")
                assert said == text, said
            assert not parts[10] and not parts[11], "somebody who wanted no more was written to"
            with world.connect() as connection:
                planned = [row[0] for row in connection.execute("select parts from message order by phone limit 4")]
            assert planned == [1, 1, 3, 2], planned
            assert receiver.metric("millrace_call_backs_total", gateway="kannel", outcome="published") >= 6
            assert receiver.metric("millrace_call_backs_total", gateway="kannel", outcome="not-authentic") == 0
