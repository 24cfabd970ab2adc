"""Mails that come back, from the folder that they are delivered to to the ledger, with the executables as shipped."""

import collections
import contextlib
import json
import re
import tempfile
import urllib.parse
from pathlib import Path

from ledger import know, outreach, until_accounted
from links import Visitor, bounce_address, engagement, mailed, outcomes, suppressed
from mail_server import MailServer
from returned_mail import Folder, absence, complaint, postfix, qmail
from side_by_side import Journeys, scenarios
from test_engagement import read_topic
from test_mails import mail
from world import until

journey = Journeys()
SERVER = {
    "name": "mail", "channel": "email", "from": "news@firm.example", "bounces": "bounces+{mark}@mail.firm.example",
    "smtp": {"url": "smtp://127.0.0.1:9", "encryption": "never"},
}  # fmt: skip


@contextlib.contextmanager
def returned(ground, count):
    with outreach(ground) as world, tempfile.TemporaryDirectory() as place:
        Visitor(world)
        folder = Folder(Path(place) / "bounces")
        world.more["BOUNCES"] = folder.place
        with world.connect() as connection:
            connection.execute(
                "insert into gateway (name, channel, place, description) values ('mail', 'email', 1, %s)", [json.dumps(SERVER)]
            )
        mailed(world, count)
        yield world, folder


def states(world):
    with world.connect() as connection:
        return {row[0]: row[1:] for row in connection.execute("select id, state, reason, detail from message")}


def until_empty(folder):
    until(lambda: folder.waiting() == 0, lambda: f"{folder.waiting()} mails to be dealt with")


@journey
def what_comes_back_is_settled_and_what_nobody_can_read_is_put_aside(ground):
    with returned(ground, 9) as (world, folder):
        receiver = world.start("receive-receipts").until_ready()
        settler = world.start("settle-receipts")
        told = [
            postfix(1), postfix(1), postfix(2, status="5.2.2"), postfix(3, "delayed", "4.4.1"), qmail(4), complaint(5), complaint(5),
            absence(6), postfix(7, attempt=2), postfix(8).replace("m8.1", "m9.1"), b"\x00\xff no mail", "",
        ]  # fmt: skip
        for mail in told:
            folder.deliver(mail)
        until_empty(folder)
        # What bears no mark of ours, and what is no mail, waits for a person.
        assert (folder.dealt_with("S"), folder.dealt_with("F")) == (9, 3)
        until(lambda: len(outcomes(world)) == 4, lambda: f"four outcomes; they are {outcomes(world)}")
        failed = ("failed", "not-delivered")
        assert {number: row for number, row in states(world).items() if row[0] != "accepted"} == {
            1: (*failed, "5.1.1"), 2: (*failed, "5.2.2"), 4: (*failed, "5.1.1"),
        }  # fmt: skip
        until(lambda: len(suppressed(world)) == 4, lambda: f"four to be suppressed; they are {suppressed(world)}")
        bounced = {(f"r{number}@example.com", "bounced") for number in (1, 4, 7)}
        assert suppressed(world) == bounced | {("r5@example.com", "complained")}
        assert engagement(world) == {(5, "complained", "", "person"): 1}
        # Nobody's address stands in what was published, kept or logged.
        assert "@example.com" not in json.dumps(read_topic(world)) + json.dumps(receiver.log()) + json.dumps(settler.log())
        assert receiver.metric("millrace_bounce_mails_total", outcome="published") == 8
        assert receiver.metric("millrace_bounce_mails_total", outcome="no-report") == 1


@journey
def a_folder_that_is_not_there_is_waited_for_and_a_broker_that_does_not_answer_loses_no_mail(ground):
    with returned(ground, 3) as (world, folder):
        folder.place.rename(folder.place.with_name("away"))
        receiver = world.start("receive-receipts")
        receiver.until_not_ready("folder of bounces")
        folder.place.with_name("away").rename(folder.place)
        receiver.until_ready()
        world.freeze_broker()
        folder.deliver(postfix(1))
        until(lambda: receiver.metric("millrace_bounce_mails_total", outcome="unpublished") > 0, "a mail not to be published")
        assert folder.waiting() == 1 and folder.dealt_with() == 0
        world.thaw_broker()
        until_empty(folder)
        world.start("settle-receipts")
        until(lambda: states(world)[1][0] == "failed", "the bounce to be settled")


@journey
def who_leaves_a_mail_of_ours_complains_of_it_or_cannot_get_it_gets_no_more_and_who_reads_it_is_seen(ground):
    """The whole way round: from a mail server's hands, by the mail's own words, to the next mail."""
    with outreach(ground) as world, tempfile.TemporaryDirectory() as place, MailServer() as server:
        visitor, folder = Visitor(world), Folder(Path(place) / "bounces")
        world.more["BOUNCES"] = folder.place
        with world.connect() as connection:
            connection.execute("insert into contact_policy (channel, purpose, without_consent) values ('email', 'marketing', true)")
        know(world, server, tracking={"clicks": True, "opens": True})
        world.start("send-email")
        url = "https://firm.example/funds?a=1&b=2"
        html = f'<p>Dear all, <a href="{url.replace("&", "&amp;")}">look</a></p>'
        world.publish([mail(number, purpose="marketing", html=html) for number in range(4)], "outreach.email")
        until_accounted(world, 4)
        with world.connect() as connection:
            numbers = dict(connection.execute("select email, id from message").fetchall())
        sent = {taken.to: taken for taken in server.taken}
        leaving, gone, complaining, reading = (f"p{number}@people.example" for number in range(4))
        world.start("receive-receipts").until_ready()
        world.start("settle-receipts")
        message = sent[leaving].message
        path = urllib.parse.urlsplit(message["list-unsubscribe"].strip("<>")).path
        name, value = message["list-unsubscribe-post"].split("=")
        assert visitor.ask("POST", path, urllib.parse.urlencode({name: value}))[0] == 200
        assert sent[gone].sender == bounce_address(f"m{numbers[gone]}.1")
        folder.deliver(postfix(numbers[gone]))
        folder.deliver(complaint(numbers[complaining]))
        reasons = {leaving: "opted-out", gone: "bounced", complaining: "complained"}
        until(lambda: suppressed(world) == set(reasons.items()), lambda: f"three to be suppressed; they are {suppressed(world)}")
        world.publish([mail(10 + number, to=f"p{number}@people.example", purpose="marketing") for number in range(4)], "outreach.email")
        until_accounted(world, 8)
        with world.connect() as connection:
            rows = connection.execute("select email, reason from message where event_id ~ '^e-1[0-9]$' and state = 'skipped'")
            assert dict(rows.fetchall()) == reasons
        assert len(server.taken) == 5
        # As whoever reads the mail is led: by what stands in it.
        page = sent[reading].message.get_body(("html",)).get_content()
        for kind, status in (("open", 200), ("click", 302)):
            path = re.search(rf"https://links\.firm\.example(/{kind}/[^\"]+)", page)[1]
            answered, fields, _ = visitor.ask("GET", path)
            assert answered == status and fields.get("location") == (url if kind == "click" else None)
        number = numbers[reading]
        seen = {(number, "opened", "", "unknown"): 1, (number, "clicked", url, "unknown"): 1}
        until(lambda: seen.items() <= engagement(world).items(), lambda: f"{seen}; it is {engagement(world)}")


def killed(ground, step):
    """Two receivers read one folder, and one of them is killed at a step; every mail is settled, once."""
    with returned(ground, 60) as (world, folder):
        for number in range(1, 61):
            folder.deliver(complaint(number) if number % 3 == 0 else postfix(number))
        world.struck(f"{step}:kill", at=20, name="receive-receipts")
        world.start("receive-receipts")
        world.start("receive-receipts", RECEIPTS_PORT=0)
        until_empty(folder)
        assert folder.dealt_with() == 60
        world.start("settle-receipts")
        until(lambda: len(outcomes(world)) == 60, lambda: f"60 outcomes; they are {len(outcomes(world))}")
        assert set(collections.Counter((kind, data["id"]) for kind, data in outcomes(world)).values()) == {1}
        assert collections.Counter(row[0] for row in states(world).values()) == {"failed": 40, "accepted": 20}
        assert engagement(world) == {(number, "complained", "", "person"): 1 for number in range(3, 61, 3)}
        assert len(suppressed(world)) == 60


STEPS = [f"bounce.{step}" for step in ("read", "published", "moved")] + [f"receive.{step}" for step in ("sent", "acknowledged")]


@scenarios(killed, STEPS)
def test_a_reader_of_bounces_that_is_killed_loses_none_and_counts_none_twice(side_by_side, scenario):
    side_by_side(scenario)


@journey.scenarios()
def test_bounces(side_by_side, scenario):
    side_by_side(scenario)
