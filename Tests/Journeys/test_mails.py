"""E-mails with the executables as shipped and a mail server that behaves badly: once to whom it may concern, or uncertain."""

import collections
import json
import re

import firm
from ledger import account, know, outreach, states, until_accounted
from mail_server import MailServer
from side_by_side import Journeys, scenarios

LINKS = {"LINK_URL": "https://links.firm.example", "LINK_SECRET": "0123456789abcdef0123456789abcdef"}

journey = Journeys()
STEPS = ["send.begun", "send.recording"]


def mail(number, to=None, **data):
    to = to or f"p{number}@people.example"
    said = {} if "template" in data else {"subject": f"Note {number}", "text": f"This is note {number}."}
    value = {"to": to, "purpose": "transactional", **said, **data}
    return firm.Message(
        to.encode(), json.dumps(value).encode(), firm.cloud_event("/journey/app", f"e-{number}", type="email.requested")
    )


def mailing(ground, *servers, **settings):
    return outreach(ground, *servers, settings={**LINKS, **settings}.items())


@journey
def every_answer_of_a_mail_server_comes_to_the_state_that_it_proves(ground):
    """One recipient that is refused touches nobody else; who is gone is not written to again."""
    acts = {
        "0": "accept", "1": "gone", "2": "full", "3": "greylist", "4": "spam", "5": "later", "6": "accept-and-die",
        "7": "die", "8": "die-before", "9": "accept",
    }  # fmt: skip

    # What is proved not to have been taken is tried again, and taken the third time.
    again = ("greylist", "later", "die-before")

    def act(to, before):
        wanted = acts[to[: to.index("@")][-1]]
        return "accept" if wanted in again and before == 2 else wanted

    with MailServer(act) as server, mailing(ground, server) as world:
        world.start("send-email")
        world.publish([mail(number) for number in range(60)], "outreach.email")
        until_accounted(world, 60)
        with world.connect() as connection:
            found = connection.execute("select email, state, reason, attempt from message").fetchall()
            gone = connection.execute("select address, reason from suppression").fetchall()
        for to, state, reason, attempt in found:
            wanted = acts[to[: to.index("@")][-1]]
            expected = {
                "accept": ("accepted", None), "gone": ("failed", "refused"), "full": ("failed", "refused"),
                "greylist": ("accepted", None), "later": ("accepted", None), "die-before": ("accepted", None),
                "spam": ("failed", "refused"),
            }.get(wanted, ("uncertain", "unanswered"))  # fmt: skip
            assert (state, reason) == expected, f"{to}: {wanted} made it {state} ({reason})"
            assert attempt == (3 if wanted in again else 1), (to, attempt)
        assert set(gone) == {(f"p{number}@people.example", "bounced") for number in range(1, 60, 10)}
        account(world, server)
        # What a server says of an address is not for everybody's eyes.
        with world.connect() as connection:
            details = connection.execute("select detail from message_attempt where detail like '%@%'").fetchall()
        assert not details, details
        before = len(server.named)
        world.publish([mail(100 + number, to=f"P{number}@People.example") for number in (1, 2)], "outreach.email")
        until_accounted(world, 62)
        assert "p1@people.example" not in server.named[before:]
        assert world.ask("select reason from message where event_id = 'e-101'") == "bounced"


def killed(ground, step):
    """A sender is killed at a step while the server counts; another goes on. The lane is the one of short messages, where every step
    has its turn."""
    with MailServer() as server, mailing(ground, server) as world:
        world.publish([mail(number) for number in range(100)], "outreach.email")
        for at in (1, 3):
            world.struck(f"{step}:kill", at=at, name="send-email")
        world.start("send-email")
        until_accounted(world, 100)
        account(world, server)
        counted = states(world)
        assert counted["uncertain"] <= 2 * 30 and counted["accepted"] == 100 - counted["uncertain"], counted


@scenarios(killed, STEPS)
def test_a_mail_sender_that_is_killed_leaves_nobody_written_to_twice(side_by_side, scenario):
    side_by_side(scenario)


@journey
def a_mail_says_what_its_template_says_under_tls_and_a_login(ground):
    with MailServer(tls=True) as server, mailing(ground) as world:
        authority = ground.services.place / f"{world.database}-ca.pem"
        server.authority.cert_pem.write_to_path(str(authority))
        world.more.update(
            GATEWAY_CERTIFICATES=str(authority), GATEWAY_SECRETS=json.dumps({"MAIL_PASSWORD": "s3cret"}))  # fmt: skip
        know(world, server, tracking={"clicks": True, "opens": True})
        with world.connect() as connection:
            connection.execute("insert into contact_policy (channel, purpose, without_consent) values ('email', 'marketing', true)")
            connection.execute(
                """insert into template (channel, name, language, version, subject, text, html) values
                   ('email', 'offer', 'zh-CN', 1, '给{{name}}的优惠 — 年化 {{rate}}%', '尊敬的{{name}}：\n退订：{{unsubscribe_url}}',
                    '<p>尊敬的{{name}}：<a href="https://firm.example/fonds?a=1&amp;b=2">查看</a></p>')"""
            )
        world.start("send-email")
        said = {"template": "offer", "variables": {"name": "<王>小明 & Söhne", "rate": "2.75"}}
        world.publish(
            [mail(1, purpose="marketing", **said), mail(2, **said), mail(3, subject="S", text=".\n..\nlast")], "outreach.email"
        )
        until_accounted(world, 3)
        assert states(world) == collections.Counter(accepted=3)
        assert set(server.logins) == {("millrace", "s3cret")}
        offer, note, dots = sorted(server.taken, key=lambda taken: taken.to)
        message = offer.message
        assert message["subject"] == "给<王>小明 & Söhne的优惠 — 年化 2.75%"
        assert message["from"].addresses[0].display_name == "Beispiel & Söhne 证券"
        assert message["to"].addresses[0].addr_spec == offer.to == "p1@people.example"
        assert "<王>小明 & Söhne" in message.get_body(("plain",)).get_content()
        html = message.get_body(("html",)).get_content()
        assert "&lt;王&gt;小明 &amp; Söhne" in html
        # One-click unsubscribing of what is marketing, bounces told apart, links and the picture over us.
        leave = re.fullmatch(r"<(https://links\.firm\.example/unsubscribe/m\d+\.[a-z2-7]{16})>", message["list-unsubscribe"])
        assert leave and message["list-unsubscribe-post"] == "List-Unsubscribe=One-Click"
        assert leave[1] in message.get_body(("plain",)).get_content()
        assert re.fullmatch(r"bounces\+m\d+\.1\.[a-z2-7]{16}@mail\.firm\.example", offer.sender)
        assert "https://links.firm.example/click/m" in html and "https://links.firm.example/open/m" in html
        assert "https://firm.example/fonds" not in html
        # What somebody must know is neither watched nor left.
        assert note.message["list-unsubscribe"] is None
        assert "https://firm.example/fonds?a=1&amp;b=2" in note.message.get_body(("html",)).get_content()
        assert dots.message.get_content().rstrip("\r\n").splitlines() == [".", "..", "last"]
        account(world, server)


@journey.scenarios()
def test_mails(side_by_side, scenario):
    side_by_side(scenario)
