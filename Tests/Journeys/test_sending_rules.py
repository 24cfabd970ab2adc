"""What decides when a message goes, by which gateway, and whether at all: with the executables as shipped."""

import collections
import datetime
import threading

from gateway import Gateway
from ledger import account, know, outreach, request, states, until_accounted
from side_by_side import Journeys
from world import until

journey = Journeys()

# As launch-campaigns leaves it: one that runs, and so many messages in its queue.
CAMPAIGN = """
with launched as (
  insert into campaign (name, definition, branch_id, author_id, owner_id, starts_at, expires_at, time_zone, state)
  values ('spring', '{}', 1, 1, 1, now(), now() + interval '1 day', 'Asia/Shanghai', 'running') returning id)
insert into message (id, channel, purpose, priority, state, source, event_id, recipient, phone, country, body, gateway, requested_at,
  due_at, campaign_id)
select 9000 + n, 'sms', 'service', 1, 'queued', '/millrace/campaigns', '1/' || n || '/0', '+86138100' || 10000 + n,
  86138100::bigint * 100000 + 10000 + n, 'CN', 'Dear client', 'gateway', now(), now(), id
from launched cross join generate_series(1, %s) n
"""


def most_within(moments, span):
    """The most of these moments that lie within any stretch of so many milliseconds."""
    moments = sorted(moments)
    most, first = 0, 0
    for last, moment in enumerate(moments):
        while moment - moments[first] >= span:
            first += 1
        most = max(most, last - first + 1)
    return most


@journey
def a_rate_is_shared_by_three_replicas_and_never_exceeded(ground):
    with Gateway() as gateway, outreach(ground) as world:
        know(world, gateway, rate=100, concurrency=200)
        for _ in range(3):
            world.start("send-sms")
        world.publish([request(number) for number in range(500)], "outreach.sms")
        until_accounted(world, 500)
        account(world, gateway)
        assert most_within([arrival.began for arrival in gateway.arrivals], 1000) <= 100
        # Not that one of them had it to itself: all were at work, which the rest of the test hangs on.
        assert world.ask("select count(*) from message where state = 'accepted'") == 500


@journey
def a_code_passes_what_waits(ground):
    with Gateway() as gateway, outreach(ground) as world:
        know(world, gateway, rate=100, concurrency=200)
        world.publish([request(number, purpose="service") for number in range(1000)], "outreach.sms")
        world.start("send-sms")
        gateway.until_arrived(50)
        codes = [request(number) for number in range(2000, 2005)]
        world.publish(codes, "outreach.sms")
        until(
            lambda: sum(arrival.text.endswith(("2000", "2001", "2002", "2003", "2004")) for arrival in gateway.arrivals) == 5,
            "the codes to arrive",
        )
        assert world.ask("select count(*) from message where state = 'queued' and purpose = 'service'") > 300


@journey
def a_message_goes_to_the_next_gateway_on_proof_alone(ground):
    def first_act(arrival, before):
        return {"1": "broke", "2": "half", "3": "die", "4": "refuse"}.get(arrival.to[-1], "accept")

    with (
        Gateway(first_act, name="first") as first, Gateway(name="second") as second, outreach(ground) as world,
    ):  # fmt: skip
        know(world, first, place=1)
        know(world, second, place=2)
        world.start("send-sms")
        # One by one, so that none of them opens the breaker for others.
        for number in range(10):
            world.publish([request(number)], "outreach.sms")
            until_accounted(world, number + 1)
        account(world, first, second)
        assert {arrival.to[-1] for arrival in second.arrivals} == {"1"}
        with world.connect() as connection:
            found = {
                phone: (state, gateway)
                for phone, state, gateway in connection.execute("select right(phone::text, 1), state, gateway from message")
            }
        assert found["1"] == ("accepted", "second") and found["0"] == ("accepted", "first")
        assert found["2"] == found["3"] == ("uncertain", "first") and found["4"] == ("failed", "first")


@journey
def a_gateway_that_is_down_loses_nothing_and_is_not_flooded_when_it_is_back(ground):
    down = True

    def act(arrival, before):
        return "broke" if down else "accept"

    with Gateway(act) as gateway, outreach(ground, gateway) as world:
        sender = world.start("send-sms")
        world.publish([request(number) for number in range(100)], "outreach.sms")
        until(lambda: 'gateway_open{worker="send-sms",gateway="gateway"} 1' in sender.get("/metrics")[1], "the breaker to open")
        tried = len(gateway.arrivals)
        assert tried < 100
        down = False
        until_accounted(world, 100)
        account(world, gateway)
        assert states(world) == {"accepted": 100}


@journey.that_waits
def outside_of_hours_nothing_is_sent_and_at_their_opening_it_goes(ground):
    with Gateway() as gateway, outreach(ground, gateway) as world:
        china = datetime.datetime.now(datetime.UTC) + datetime.timedelta(hours=8)
        opening = china + datetime.timedelta(seconds=45)
        if opening.date() != china.date():
            return  # Within a minute of China's midnight: the calendar below cannot be written.
        with world.connect() as connection:
            calendar = connection.execute(
                "insert into calendar (id, code, name) values (99, 'hours', 'hours') returning id").fetchone()[0]
            connection.execute(
                """insert into calendar_hours (calendar_id, weekday, opens, closes)
                   select %s, d, %s, '24:00' from generate_series(1, 7) d""",
                [calendar, opening.time().replace(microsecond=0)])
            connection.execute(
                """insert into contact_policy (channel, purpose, calendar_id, spread)
                   values ('sms', 'service', %s, '5 seconds')""", [calendar])  # fmt: skip
        world.start("send-sms")
        world.publish([request(number, purpose="service") for number in range(50)], "outreach.sms")
        world.publish([request(number) for number in range(50, 60)], "outreach.sms")
        gateway.until_arrived(10)
        until(lambda: world.ask("select count(*) from message where reason = 'outside-hours'") == 50, "50 to be deferred")
        assert len(gateway.arrivals) == 10
        until_accounted(world, 60)
        opened = (opening.replace(microsecond=0) - datetime.timedelta(hours=8)).timestamp() * 1000
        service = [arrival.began for arrival in gateway.arrivals if int(arrival.to[-2:]) < 50]
        assert len(service) == 50 and min(service) >= opened
        account(world, gateway)


@journey
def a_cap_holds_to_the_last_message_with_four_lanes(ground):
    with Gateway() as gateway, outreach(ground, gateway) as world:
        with world.connect() as connection:
            connection.execute(
                "insert into contact_policy (channel, purpose, most, period) values ('sms', 'service', 3, '1 day')")
        for _ in range(2):
            world.start("send-sms", SEND_LANES=2, LANES=2)
        world.publish(
            [request(number, to=f"+861380000{number % 10:04d}", purpose="service") for number in range(100)], "outreach.sms")
        until(lambda: sum(states(world).values()) == 100, "the messages to be in the ledger")
        gateway.until_arrived(30)
        until(
            lambda: world.ask("select count(*) from message where reason = 'frequency-cap'") == 70, "the rest to be deferred")
        assert collections.Counter(arrival.to for arrival in gateway.arrivals) == {
            f"+861380000{number:04d}": 3 for number in range(10)}  # fmt: skip


@journey
def who_is_suppressed_while_the_message_waits_gets_nothing(ground):
    with Gateway() as gateway, outreach(ground) as world:
        know(world, gateway, rate=20, concurrency=20)
        world.publish([request(number, purpose="service") for number in range(200)], "outreach.sms")
        world.start("send-sms")
        gateway.until_arrived(20)
        with world.connect() as connection:
            connection.execute(
                """select suppress('sms', array(select '+' || phone from message where state = 'queued'), 'manual', null, 'me')""")
            # What was claimed by then is on its way, unless its moment passes: then it waits again, and was not suppressed.
            waiting = {row[0] for row in connection.execute(
                "select address from suppression s join message m on '+' || m.phone = s.address where m.state = 'queued'")}  # fmt: skip
        assert waiting, "all were claimed before"
        until_accounted(world, 200)
        late = {arrival.to for arrival in gateway.arrivals} & waiting
        assert not late, late
        account(world, gateway)


@journey
def a_message_that_the_database_refuses_touches_nobody_else(ground):
    """One cannot be claimed, one cannot be recorded as accepted; their neighbours go."""
    with Gateway() as gateway, outreach(ground, gateway) as world:
        with world.connect() as connection:
            connection.execute(
                """create function refuse() returns trigger language plpgsql as $$ begin
                     if new.phone = 8613800000013 and new.state = 'sending'
                       or new.phone = 8613800000027 and new.state = 'accepted'
                     then raise exception 'refused' using errcode = '22000'; end if;
                     return new; end $$""")  # fmt: skip
            connection.execute(
                "create trigger refuse before update on message for each row execute function refuse()")  # fmt: skip
        world.start("send-sms")
        world.publish([request(number) for number in range(40)], "outreach.sms")
        until_accounted(world, 40)
        with world.connect() as connection:
            odd = connection.execute(
                "select right(phone::text, 2), state, reason from message where state <> 'accepted' order by phone"
            ).fetchall()
        assert odd == [("13", "failed", "not-storable"), ("27", "uncertain", "unanswered")], odd


@journey
def nothing_more_is_claimed_while_what_is_emitted_does_not_leave(ground):
    with Gateway() as gateway, outreach(ground, gateway) as world:
        sender = world.start("send-sms", OUTBOX_OLDEST="1s")
        world.publish([request(number) for number in range(5)], "outreach.sms")
        until_accounted(world, 5)
        until(lambda: "send lane 1" in sender.get("/ready")[1] and "relay" in sender.get("/ready")[1], "the lane to say so")
        with world.connect() as connection:
            connection.execute(
                """insert into message (id, channel, purpose, priority, state, source, event_id, recipient, phone, body, gateway,
                     requested_at, due_at)
                   select id + 1000000, channel, purpose, priority, 'queued', source, event_id || '-late', recipient, phone + 100,
                     body, gateway, now(), now() from message""")  # fmt: skip
            asked = set()

            def looked():
                asked.update(row[0] for row in connection.execute(
                    "select query_start from pg_stat_activity where application_name like '%send sms%'"
                    " and datname = current_database()"))  # fmt: skip
                connection.commit()
                return len(asked) >= 4

            until(looked, "the lane to have come round")
        assert len(gateway.arrivals) == 5
        world.start("relay-events")
        until_accounted(world, 10)
        account(world, gateway)


@journey
def a_paused_campaign_begins_no_call_after_two_seconds_and_goes_on_when_it_is_resumed(ground):
    # Every place is taken for three seconds: what was claimed besides waits in the lane, past the pause.
    held = threading.Event()

    def act(arrival, before):
        held.wait(3)
        return "accept"

    with Gateway(act) as gateway, outreach(ground) as world:
        know(world, gateway, concurrency=8, limits={"connect": "1s", "total": "4s"})
        with world.connect() as connection:
            connection.execute(CAMPAIGN, [60])
        world.start("send-sms", SEND_LANES=1)
        until(
            lambda: world.ask("select count(*) from message where state = 'sending'") >= 10,
            "the lane to have claimed more than it calls",
        )
        with world.connect() as connection:
            connection.execute("update campaign set state = 'paused'")
            paused = connection.execute("select (extract(epoch from clock_timestamp()) * 1000)::bigint").fetchone()[0]
        until(
            lambda: world.ask("select count(*) from message where state = 'queued' and reason = 'campaign-rests'") >= 2,
            "what had not begun to be given back",
        )
        held.set()
        until(lambda: world.ask("select count(*) from message where state = 'sending'") == 0, "the calls to end")
        assert max(arrival.began for arrival in gateway.arrivals) < paused + 2000
        before = len(gateway.arrivals)
        assert before < 60
        # Another message goes meanwhile, past all of them.
        world.publish([request(1)], "outreach.sms")
        gateway.until_arrived(before + 1)
        assert len(gateway.arrivals) == before + 1
        with world.connect() as connection:
            connection.execute("update campaign set state = 'running'")
        until_accounted(world, 61)
        account(world, gateway)
        assert len(gateway.taken) == 61


@journey.scenarios()
def test_rule(side_by_side, scenario):
    side_by_side(scenario)
