"""What recipients do with messages, from their own hands to the ledger, with the executables as shipped."""

import collections
import contextlib
import json
import random
import threading

from ledger import outreach
from links import Visitor, engagement, event, link, mailed, outcomes, suppressed
from side_by_side import Journeys, scenarios
from world import until

journey = Journeys()
URL = "https://firm.example/funds?id=7&lang=zh"


@contextlib.contextmanager
def visited(ground, count, **choices):
    with outreach(ground, **choices) as world:
        visitor = Visitor(world)
        mailed(world, count)
        yield world, visitor


def until_engaged(world, wanted):
    until(lambda: engagement(world) == wanted, lambda: f"{wanted}; it is {engagement(world)}")


@journey
def what_people_do_is_counted_and_looking_at_the_page_changes_nothing(ground):
    with visited(ground, 6) as (world, visitor):
        receiver = world.start("receive-receipts").until_ready()
        world.start("settle-receipts")
        # Scanners follow every link, and press nothing.
        for method in ("GET", "HEAD"):
            status, fields, page = visitor.ask(method, link("unsubscribe", 1))
            assert status == 200 and "default-src 'none'" in fields["content-security-policy"]
            assert method == "HEAD" or "退订".encode() in page
        assert visitor.one_click(2) == 200
        assert visitor.ask("POST", link("unsubscribe", 3), "way=page")[0] == 200
        # Apple opens what nobody has read; then somebody does, twice.
        assert visitor.ask("GET", link("open", 4), User_Agent="Mozilla/5.0")[1]["content-type"] == "image/gif"
        assert visitor.ask("GET", link("open", 4))[0] == visitor.ask("GET", link("open", 4))[0] == 200
        for _ in range(3):
            status, fields, _ = visitor.ask("GET", link("click", 5, URL), Sec_Fetch_User="?1", Sec_Fetch_Mode="navigate")
            assert (status, fields["location"]) == (302, URL)
        # Nobody is sent where we have not sent them.
        forged = link("click", 5, URL).rpartition("/")[0] + "/" + link("click", 6, "https://evil.example/").rpartition("/")[2]
        assert visitor.ask("GET", forged)[0] == visitor.ask("POST", link("unsubscribe", 6)[:-1] + "_")[0] == 404
        until_engaged(world, {
            (2, "unsubscribed", "", "person"): 1, (3, "unsubscribed", "", "person"): 1, (4, "opened", "", "machine"): 1,
            (4, "opened", "", "unknown"): 2, (5, "clicked", URL, "person"): 3,
        })  # fmt: skip
        assert suppressed(world) == {("r2@example.com", "opted-out"), ("r3@example.com", "opted-out")}
        told = {(kind, data["id"], data.get("machine"), data.get("reason"), data.get("url")) for kind, data in outcomes(world)}
        assert told == {
            ("unsubscribed", 2, None, "one-click", None), ("unsubscribed", 3, None, "page", None), ("opened", 4, True, None, None),
            ("opened", 4, None, None, None), ("clicked", 5, False, None, URL),
        } and len(outcomes(world)) == 5  # fmt: skip
        shown = json.loads(world.command("outreach", "show", "4", "--json").stdout)[0]["engagement"]
        assert [(row["agent"], row["times"]) for row in shown] == [("machine", 1), ("unknown", 2)]
        assert receiver.metric("millrace_link_visits_total", kind="click", outcome="published") == 3
        assert receiver.metric("millrace_link_visits_total", outcome="shown") == 2
        assert "evil" not in json.dumps(receiver.log())


@journey
def each_visit_that_kafka_has_counts_once_whatever_dies_while_it_is_counted(ground):
    """Opens and clicks rain on a hundred mails while the worker is killed at each step of its batch."""
    with visited(ground, 100) as (world, _):
        chance = random.Random(7)
        wanted = collections.Counter()
        events = []
        for place in range(1500):
            number, agent = chance.randint(1, 100), chance.choice(["machine", "unknown", "person"])
            kind = chance.choice(["opened", "clicked"])
            url = {"url": f"{URL}&n={chance.randint(1, 3)}"} if kind == "clicked" else {}
            events.append(event(kind, number, place, agent=agent, **url))
            wanted[(number, kind, url.get("url", ""), agent)] += 1
        parts = [events[start::5] for start in range(5)]
        for step, part in zip(["decided", "written", "advanced", "committed"], parts[:4], strict=True):
            world.publish(part, "outreach.receipts")
            world.struck(f"batch.{step}:kill", at=2, name="settle-receipts")
        world.start("settle-receipts")
        world.publish(parts[4], "outreach.receipts")
        until_engaged(world, dict(wanted))
        told = collections.Counter((kind, data["id"], data.get("url"), data.get("machine") is True) for kind, data in outcomes(world))
        assert set(told.values()) == {1}, "told twice"
        # Whatever the order was, one that is no machine's is told of each.
        human = {(kind, number, url or None) for number, kind, url, agent in wanted if agent != "machine"}
        assert {(kind, number, url) for kind, number, url, machine in told if not machine} == human


def read_topic(world):
    """What Kafka has of receipts, by type."""
    records = world.records("outreach.receipts")
    return [(dict(record.headers)["ce_type"].decode(), json.loads(record.value)) for record in records]


def killed(ground, step):
    """The receiver is killed at a step. Who wants no more tries again until it is written down; what Kafka has is counted once."""
    with visited(ground, 20) as (world, visitor):
        tries = collections.Counter()

        def leave(number):
            def done():
                tries[number] += 1
                return visitor.one_click(number) == 200

            until(done, f"{number} to be rid of us")
            visitor.ask("GET", link("open", number))

        threads = [threading.Thread(target=leave, args=[number]) for number in range(1, 21)]

        def meanwhile():
            for thread in threads:
                thread.start()

        world.struck(f"{step}:kill", at=3, name="receive-receipts", meanwhile=meanwhile)
        receiver = world.start("receive-receipts")
        for thread in threads:
            thread.join(90)
        # What people did not wait for has been published by its end.
        assert receiver.end() == 0
        assert len(tries) == 20 and max(tries.values()) > 1, "nobody had to try again"
        world.start("settle-receipts")
        opens = collections.Counter(data["message"] for kind, data in read_topic(world) if kind == "recipient.opened")
        # Whose picture was asked for in vain while nobody was there does not ask again.
        assert set(opens.values()) == {1} and len(opens) > 10
        left = {(number, "unsubscribed", "", "person"): 1 for number in range(1, 21)}
        until_engaged(world, left | {(number, "opened", "", "unknown"): 1 for number in opens})
        told = collections.Counter((kind, data["id"]) for kind, data in outcomes(world))
        assert len(told) == 20 + len(opens) and set(told.values()) == {1}, told
        assert len(suppressed(world)) == 20


@scenarios(killed, [f"receive.{step}" for step in ("sending", "sent", "acknowledged")])
def test_a_receiver_that_is_killed_forgets_nobody_who_wants_no_more(side_by_side, scenario):
    side_by_side(scenario)


@journey.scenarios()
def test_engagement(side_by_side, scenario):
    side_by_side(scenario)
