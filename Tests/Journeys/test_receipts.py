"""What gateways call back, from the socket to the ledger, with the executables as shipped."""

import collections
import contextlib
import hashlib
import hmac
import json
import threading
import urllib.error
import urllib.parse
import urllib.request

from gateway import Gateway
from ledger import account, know, outreach, request, states, until_accounted
from side_by_side import scenarios
from world import until

from services import processes

SECRETS = {"CALL_BACK": "s3cret/é", "KEY": "k3y"}
STATUSES = {"DELIVRD": "delivered", "UNDELIV": "failed", "ENROUTE": "buffered"}
# As descriptions of real gateways do it: several in one body of JSON, a signed form, a query with a token.
CALL_BACKS = {
    "receipts": {
        "kind": "receipts", "methods": ["POST"],
        "authentication": {"in": "path", "secret": "{{secret.CALL_BACK}}"},
        "each": "$.receipts", "reference": "json:$.reference", "status": "json:$.status", "statuses": STATUSES,
        "answer": {"status": 200, "contentType": "application/json", "body": '{"code":0}'},
    },
    "forms": {
        "kind": "receipts", "methods": ["POST"],
        "authentication": {
            "in": "header:x-signature", "secret": "sha256={{step.code}}",
            "steps": [{"name": "code", "hmac": "sha256", "key": "{{secret.KEY}}", "of": "{{call.body}}"}],
        },
        "id": "form:id", "reference": "form:reference", "status": "form:status", "part": "form:part", "statuses": STATUSES,
    },
    "answers": {
        "kind": "messages", "methods": ["GET", "POST"],
        "authentication": {"in": "query:token", "secret": "{{secret.CALL_BACK}}"},
        "id": "query:id", "from": "query:from", "text": "query:text",
    },
}  # fmt: skip
RECEIVE = [f"receive.{step}" for step in ("sending", "sent", "acknowledged")]


class Caller:
    """The gateway's side of a call-back."""

    def __init__(self, world):
        self.port = processes.free_port()
        self.base = f"http://127.0.0.1:{self.port}"
        world.more |= {
            "RECEIPTS_PORT": self.port, "CALL_BACK_URL": self.base, "GATEWAY_SECRETS": json.dumps(SECRETS),
            "RECEIPTS_WITHIN": "2s",
        }  # fmt: skip

    def call(self, path, body=None, **headers):
        """Status and body; None where nobody answers."""
        data = body if body is None or isinstance(body, bytes) else body.encode()
        asked = urllib.request.Request(self.base + path, data, {name.replace("_", "-"): text for name, text in headers.items()})
        straight = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        try:
            with straight.open(asked, timeout=60) as answer:
                return answer.status, answer.read().decode()
        except urllib.error.HTTPError as error:
            return error.code, error.read().decode()
        except OSError:
            return None, None

    def until_taken(self, *words, **headers):
        """Calls again until it is told that all is well, as gateways do; answers how often it had to."""
        calls = 0

        def taken():
            nonlocal calls
            calls += 1
            return self.call(*words, **headers)[0] == 200

        until(taken, f"a call-back to be taken: {words[0]}")
        return calls

    @staticmethod
    def address(secret=SECRETS["CALL_BACK"]):
        return "/gateway/receipts/" + urllib.parse.quote(secret, safe="")

    @staticmethod
    def several(arrivals, status="DELIVRD"):
        return json.dumps({"receipts": [{"reference": arrival.reference, "status": status} for arrival in arrivals]})

    @staticmethod
    def form(arrival, status, **more):
        """Names both what the gateway calls the message, as it did in its answer, and what we call it."""
        fields = {"id": f"gateway-{arrival.reference}", "reference": arrival.reference, "status": status, **more}
        return urllib.parse.urlencode(fields)

    @staticmethod
    def signed(form, key=SECRETS["KEY"]):
        return {"x_signature": "sha256=" + hmac.new(key.encode(), form.encode(), hashlib.sha256).hexdigest()}

    @staticmethod
    def answer(number, text, **more):
        fields = {"token": SECRETS["CALL_BACK"], "from": f"861380{number:07d}", "text": text, "id": f"in-{number}", **more}
        return "/gateway/answers?" + urllib.parse.urlencode(fields)


@contextlib.contextmanager
def called_back(ground, **choices):
    with Gateway() as gateway, outreach(ground, **choices) as world:
        caller = Caller(world)
        know(world, gateway, callBacks=CALL_BACKS)
        yield world, gateway, caller


def outcomes(world, ending):
    """How often each message was told to have ended so. Nothing takes it out of the outbox where no relay runs."""
    with world.connect() as connection:
        rows = connection.execute("select types, payloads from outbox where topic = 'outreach.outcomes'").fetchall()
    told = collections.Counter()
    for types, payloads in rows:
        for number, payload in enumerate(payloads):
            if types[number if len(types) > 1 else 0].endswith(ending):
                told[json.loads(bytes(payload))["id"]] += 1
    return told


def until_states(world, wanted):
    """By the recipient's last digit; the others are accepted."""

    def settled():
        with world.connect() as connection:
            rows = connection.execute("select phone::text, state from message").fetchall()
        return all(state == wanted.get(phone[-1], "accepted") for phone, state in rows)

    until(settled, lambda: f"receipts to be settled: {states(world)}")


def test_what_gateways_tell_over_http_moves_the_ledger_once_and_strangers_move_nothing(ground):
    """By the recipient's last digit: JSON, a signed form, thrice, several at once, a wrong secret, broken bodies, failed, by parts."""
    with called_back(ground) as (world, gateway, caller):
        receiver = world.start("receive-receipts").until_ready()
        world.start("settle-receipts")
        world.start("send-sms")
        long = "三条短信。" * 30
        world.publish([request(number, text=long if number % 10 == 8 else None) for number in range(50)], "outreach.sms")
        until_accounted(world, 50)
        at = caller.address()
        by = collections.defaultdict(list)
        for arrival in gateway.arrivals:
            by[arrival.to[-1]].append(arrival)
        for arrival in by["1"]:
            assert caller.call(at, caller.several([arrival])) == (200, '{"code":0}')
        for arrival in by["2"]:
            form = caller.form(arrival, "DELIVRD")
            assert caller.call("/gateway/forms", form, **caller.signed(form)) == (200, "")
        for arrival in by["7"]:
            form = caller.form(arrival, "UNDELIV")
            assert caller.call("/gateway/forms", form, **caller.signed(form))[0] == 200
        # Two of three parts are no message.
        for arrival in by["8"]:
            for part in (3, 1, 3):
                form = caller.form(arrival, "DELIVRD", part=part)
                assert caller.call("/gateway/forms", form, **caller.signed(form))[0] == 200
        for arrival in by["3"]:
            for _ in range(3):
                assert caller.call(at, caller.several([arrival]))[0] == 200
        assert caller.call(at, caller.several(by["4"]))[0] == 200
        for arrival in by["5"]:
            body = caller.several([arrival])
            form = caller.form(arrival, "DELIVRD")
            assert caller.call(caller.address("s3cret"), body)[0] == 401
            assert caller.call("/gateway/receipts", body)[0] == 401
            assert caller.call("/gateway/forms", form, **caller.signed(form, "other"))[0] == 401
            assert caller.call("/gateway/forms", form)[0] == 401
            assert caller.call("/other/receipts/x", body)[0] == 404
            assert caller.call(at)[0] == 405
            assert caller.call(at, body[:-3])[0] == 400
            assert caller.call(at, b"\xff\x00" + body.encode())[0] == 400
            assert caller.call(at, " " * (256 * 1024 + 1))[0] in (413, None)
        # Neither a status that nobody knows nor a message that nobody has sent holds up what stands beside it.
        odd = {"receipts": [{"reference": "m999999.1", "status": "DELIVRD"}, {"reference": by["6"][0].reference, "status": "?"}]}
        assert caller.call(at, json.dumps(odd))[0] == 200
        # Late news of a lesser kind.
        assert caller.call(at, caller.several(by["1"], "ENROUTE"))[0] == 200
        until_states(world, {**dict.fromkeys("1234", "delivered"), "7": "failed"})
        until(lambda: world.ask("select count(*) from submission where message_id is null") == 1, "the stranger's receipt")
        for arrival in by["8"]:
            form = caller.form(arrival, "DELIVRD", part=2)
            assert caller.call("/gateway/forms", form, **caller.signed(form))[0] == 200
        until_states(world, {**dict.fromkeys("12348", "delivered"), "7": "failed"})
        told = outcomes(world, "delivered")
        assert len(told) == 25 and set(told.values()) == {1}, told
        assert len(outcomes(world, "failed")) == 5
        account(world, gateway)
        assert receiver.metric("millrace_call_backs_total", gateway="gateway", outcome="published") == 10 * 5 + 3
        assert receiver.metric("millrace_call_backs_total", gateway="gateway", outcome="not-authentic") == 4 * 5
        assert world.ask("select count(*) from dead_letter") == 0
        log = json.dumps(receiver.log(), ensure_ascii=False)
        assert "s3cret" not in log and "k3y" not in log and "861380" not in log


def test_who_answers_over_http_that_they_want_no_more_gets_no_more(ground):
    with called_back(ground) as (world, gateway, caller):
        world.start("receive-receipts").until_ready()
        world.start("settle-receipts")
        for number, text in enumerate(["STOP", "退订", "ＴＤ", "谢谢"]):
            assert caller.call(caller.answer(number, text), b"" if number % 2 else None)[0] == 200
        until(lambda: world.ask("select count(*) from answer") == 4, "the answers to be taken")
        world.start("send-sms")
        world.publish([request(number, purpose="service") for number in range(4)], "outreach.sms")
        until_accounted(world, 4)
        assert dict(states(world)) == {"skipped": 3, "accepted": 1}
        assert [arrival.to for arrival in gateway.arrivals] == ["+8613800000003"]


def killed(ground, step):
    """The receiver is killed at a step. The gateway calls again until it is told that all is well; the ledger is the same."""
    with called_back(ground) as (world, gateway, caller):
        world.start("settle-receipts")
        world.start("send-sms")
        world.publish([request(number) for number in range(40)], "outreach.sms")
        until_accounted(world, 40)
        again = []

        def tell(arrival):
            again.append(caller.until_taken(caller.address(), caller.several([arrival])))

        threads = [threading.Thread(target=tell, args=[arrival]) for arrival in gateway.arrivals]

        def call():
            for thread in threads:
                thread.start()

        world.struck(f"{step}:kill", at=5, name="receive-receipts", meanwhile=call)
        world.start("receive-receipts")
        for thread in threads:
            thread.join(90)
        assert len(again) == 40 and max(again) > 1, "nobody had to call again"
        until(lambda: states(world)["delivered"] == 40, lambda: f"all to be delivered: {states(world)}")
        told = outcomes(world, "delivered")
        assert len(told) == 40 and set(told.values()) == {1}, "told more than once"
        account(world, gateway)


@scenarios(killed, RECEIVE)
def test_a_receiver_that_is_killed_loses_nothing_and_doubles_nothing(side_by_side, scenario):
    side_by_side(scenario)


def test_a_frozen_broker_makes_gateways_call_again_and_an_absent_database_is_not_missed(ground):
    with called_back(ground, wired="postgres") as (world, gateway, caller):
        receiver = world.start("receive-receipts").until_ready()
        world.start("send-sms")
        world.publish([request(number) for number in range(20)], "outreach.sms")
        until_accounted(world, 20)
        first, second = gateway.arrivals[:10], gateway.arrivals[10:]
        world.wire.block()
        world.wire.cut()
        receiver.until_logged("descriptions of gateways cannot be read")
        assert caller.call(caller.address(), caller.several(first))[0] == 200
        assert receiver.get("/ready")[0] == 200
        world.freeze_broker()
        assert caller.call(caller.address(), caller.several(second))[0] == 503
        assert caller.call(caller.address("wrong"), caller.several(second))[0] == 401
        receiver.until_not_ready("Kafka")
        world.thaw_broker()
        caller.until_taken(caller.address(), caller.several(second))
        world.wire.mend()
        world.start("settle-receipts")
        until(lambda: states(world)["delivered"] == 20, lambda: f"all to be delivered: {states(world)}")
        receiver.until_ready()
        account(world, gateway)
        assert receiver.end() == 0
