"""Faxes with the executables as shipped: through HylaFAX itself, by mail to a service, and by HTTP; laid out as pages each time."""

import base64
import collections
import io
import json
import subprocess

import firm
from gateway import Gateway
from hylafax import HylaFAX
from ledger import account, know, outreach, states, until_accounted
from mail_server import MailServer
from side_by_side import Journeys, scenarios
from test_receipts import SECRETS, Caller
from world import until

journey = Journeys()
STEPS = ["send.begun", "send.recording"]
CHINESE = "尊敬的王小明先生：\n您的合同已签署，成交金额 1,234.50 元。<b> & \"quotes\"\n"


def fax(number, text=CHINESE, **data):
    to = f"+867558{number:07d}"
    value = {"to": to, "purpose": "transactional", "text": text, **data}
    return firm.Message(
        to.encode(), json.dumps(value).encode(), firm.cloud_event("/journey/app", f"f-{number}", type="fax.requested"))  # fmt: skip


def ink(pdf):
    """Of each page, how much of it is black, in thousandths."""
    drawn = subprocess.run(
        ["gs", "-q", "-dSAFER", "-dNOPAUSE", "-dBATCH", "-sDEVICE=pbmraw", "-r50", "-sOutputFile=-", "-"],
        input=pdf, capture_output=True, check=True).stdout  # fmt: skip
    pages, rest = [], io.BytesIO(drawn)
    while rest.readline().strip() == b"P4":
        line = rest.readline()
        while line.startswith(b"#"):
            line = rest.readline()
        width, height = map(int, line.split())
        bits = rest.read((width + 7) // 8 * height)
        pages.append(1000 * sum(byte.bit_count() for byte in bits) // (width * height))
    return pages


@journey
def faxes_pass_through_hylafax_and_its_word_settles_them(ground):
    with outreach(ground, settings={"LOST_AFTER": "60s"}) as world:
        caller = Caller(world)
        world.more |= {"GATEWAY_SECRETS": json.dumps(SECRETS)}
        with HylaFAX(world.place, caller.base, SECRETS["CALL_BACK"], total="30s") as server:
            know(world, server)
            world.start("receive-receipts").until_ready()
            world.start("settle-receipts")
            world.start("send-fax")
            # A character of which nobody draws pictures: the fax would have a hole there.
            faxes = [fax(number) for number in range(6)] + [fax(6, "line\n" * 200), fax(7, "Mr. \U0001343f"), fax(8, "\n" * 2000)]
            world.publish(faxes, "outreach.fax")
            until_accounted(world, 9)
            assert states(world) == collections.Counter(accepted=7, failed=2), world.ask("select array_agg(detail) from message")
            assert world.ask("select detail from message where event_id = 'f-7'") == "no font of this machine has U+1343F"
            jobs = server.jobs()
            assert len(jobs) == 7
            by_number = {job["number"]: job for job in jobs.values()}
            assert set(by_number) == {f"+867558{number:07d}" for number in range(7)}
            # A cover and a page; a long text takes more.
            short, long = (ink(server.document(by_number[f"+867558{number:07d}"])) for number in (0, 6))
            assert len(short) == 2 and len(long) > 4, (short, long)
            assert all(page > 1 for page in short), f"an empty page: {short}"
            server.remove(by_number["+8675580000001"])
            for number, why in [(0, "done"), (2, "requeued"), (3, "requeued"), (4, "done"), (5, "rejected")]:
                server.tell(by_number[f"+867558{number:07d}"], why)
            server.tell(by_number["+8675580000003"], "done")
            wanted = dict(delivered=3, failed=4, accepted=2)
            until(lambda: dict(states(world)) == wanted, lambda: f"the server's word to be heard: {states(world)}")


def killed(ground, step):
    """A sender is killed at a step; another goes on. HylaFAX has every fax once, or nobody knows. The lane is the one of short
    messages, where every step has its turn."""
    with outreach(ground) as world, HylaFAX(world.place, "http://127.0.0.1:9", "x" * 16) as server:
        know(world, server)
        world.publish([fax(number) for number in range(12)], "outreach.fax")
        world.struck(f"{step}:kill", at=1, name="send-fax")
        world.start("send-fax")
        until_accounted(world, 12)
        jobs = collections.Counter(job["number"] for job in server.jobs().values())
        assert all(count == 1 for count in jobs.values()), jobs
        with world.connect() as connection:
            rows = connection.execute("select '+' || phone, state from message").fetchall()
        for number, state in rows:
            assert state in ("accepted", "uncertain") and (state == "uncertain" or jobs[number] == 1), (number, state)


@scenarios(killed, STEPS)
def test_a_fax_sender_that_is_killed_leaves_nobody_faxed_twice(side_by_side, scenario):
    side_by_side(scenario)


@journey
def a_fax_goes_by_mail_or_http_as_well(ground):
    with MailServer(name="by-mail") as service, Gateway(name="by-http") as gateway, outreach(ground) as world:
        smtp = {key: value for key, value in service.description().items() if key not in ("from", "bounces")}
        described = [
            smtp | {"channel": "fax", "from": "faxes@firm.example", "to": "{digits}@fax.example", "subject": "PIN 1", "cover": {"sender": "F"}},
            gateway.description() | {"channel": "fax", "cover": {"sender": "F"}},
        ]  # fmt: skip
        described[1]["request"]["json"] = {
            "to": "{{to}}", "text": "{{document.base64}}", "reference": "{{reference}}", "began": "{{time.milliseconds}}"}
        for one in described:
            with world.connect() as connection:
                connection.execute(
                    "insert into gateway (name, channel, place, description) values (%s, 'fax', 1, %s)", [one["name"], json.dumps(one)])
                connection.execute("insert into gateway_pace (gateway) values (%s)", [one["name"]])
        world.start("send-fax")
        world.publish([fax(1, gateway="by-mail"), fax(2, gateway="by-http")], "outreach.fax")
        until_accounted(world, 2)
        assert states(world) == collections.Counter(accepted=2)
        mail, call = service.taken[0], gateway.taken[0]
        assert mail.to == "8675580000001@fax.example" and mail.message["subject"] == "PIN 1"
        attached = list(mail.message.iter_attachments())
        assert [part.get_content_type() for part in attached] == ["application/pdf"]
        for pdf in (attached[0].get_content(), base64.b64decode(call.text)):
            assert pdf.startswith(b"%PDF-") and len(ink(pdf)) == 2


@journey.scenarios()
def test_faxes(side_by_side, scenario):
    side_by_side(scenario)
