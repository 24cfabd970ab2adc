"""A campaign of a journey: its people, its plan, how it is launched, and what must add up however it went."""

import collections
import json

import firm
from ledger import account
from world import until

# Chongqing, with somebody who plans and a peer who reviews; nobody else of the firm's customers is there.
BRANCH = """
insert into branch (id, code, name, parent_id, level, time_zone) values (90, 'CQ', 'Chongqing', 1, 'province', 'Asia/Shanghai');
insert into person (code, branch_id, name, manager) values ('CQ-1', 90, 'Ann', false), ('CQ-2', 90, 'Bea', true);
insert into template (name, channel, language, text) values ('spring', 'sms', 'zh-CN', '{{name}}您好');
insert into template (name, channel, language, subject, text) values ('spring', 'email', 'zh-CN', 'Spring', '{{name}}您好');
insert into contact_policy (channel, purpose, without_consent) values ('sms', 'marketing', true), ('email', 'marketing', true);
"""
# Their numbers lie far apart, so that a campaign has several ranges of them.
PEOPLE = """
insert into customer (id, code, version, data, status, name, email, language, branch_id, changed_at)
select 50000 + n * 100, 'Q-' || n, 1, gen_random_uuid(), 'active', 'N' || n, 'q' || n || '@people.example', 'zh-CN', 90, now()
from generate_series(1, %s) n;
"""
PHONES = """
insert into customer_phone (phone, customer_id, place, kind, region)
select 8613983000000 + n, 50000 + n * 100, 0, 'mobile', 'CN-CQ' from generate_series(1, %s) n where n %% %s <> 0
"""


def people(world, count, without_phone_each=10**6):
    with world.connect() as connection:
        connection.execute(BRANCH)
        connection.execute(PEOPLE, [count])
        connection.execute(PHONES, [count, without_phone_each])


def plan(name="spring", **more):
    return {
        "name": name, "title": "Spring", "objective": "cross-sell", "owner": "CQ-1", "branch": "CQ", "purpose": "marketing",
        "audience": {"customers": "level is unknown"}, "channels": [{"channel": "sms", "template": "spring"}],
        "expires": "2100-01-01T00:00:00Z", **more,
    }  # fmt: skip


def be(world, person):
    """From now on the test's own login is that person's."""
    with world.connect() as connection:
        connection.execute("update person set login = null where login = session_user")
        connection.execute("update person set login = session_user where code = %s", [person])


def step(world, word, remark=None, name="spring"):
    """Answers when it was done, by this machine's clock as milliseconds since 1970."""
    with world.connect() as connection:
        answer = connection.execute("select step_campaign(%s, %s, null, %s)", [name, word, remark]).fetchone()[0]
        assert answer == "done", f"{word}: {answer}"
        moment = connection.execute("select (extract(epoch from clock_timestamp()) * 1000)::bigint").fetchone()[0]
    return moment


def launch(world, definition=None):
    """Without its review: the row as `launched` leaves it."""
    definition = definition or plan()
    be(world, "CQ-1")
    with world.connect() as connection:
        assert connection.execute("select define_campaign(%s)", [json.dumps(definition)]).fetchone()[0] == "defined"
        connection.execute("update campaign set state = 'scheduled', launched_at = now()")
        connection.execute("select note_campaign_step(c, 'draft', 'launched', null) from campaign c")
        connection.execute("insert into campaign_pace (campaign_id) select id from campaign where pace is not null")


def state(world):
    return world.ask("select state from campaign")


def standing(world):
    """How many recipients are in each state, by the rows."""
    with world.connect() as connection:
        rows = connection.execute("select state, count(*) from campaign_recipient group by state").fetchall()
    return collections.Counter(dict(rows))


def until_settled(world, patience=120):
    until(
        lambda: world.ask("select settled_at is not null from campaign"),
        lambda: f"the campaign to be settled; it is {state(world)}, and its recipients are {standing(world)}",
        patience,
    )


def kept(world):
    """Every promise, but the one that customers are as they were told: nobody has told of these."""
    world.until_published()
    world.judged(without=["newest-profile"])


def adds_up(world, audience, *gateways):
    """Everybody of the audience once, in the ledger as at the gateways; every promise kept; and nobody had to give way in a deadlock,
    which would hide a wrong order of locks."""
    account(world, *gateways)
    assert sum(standing(world).values()) == audience, standing(world)
    kept(world)
    for program in world.programs:
        assert "40P01" not in (world.place / f"{program.log_name}.log").read_text(), program.log_name


ROLL_UP_TOPICS = ("service.recorded", "customer.value")


def fund(world, numbers):
    """These of the campaign's people bring 100 yuan each, now."""
    now = world.ask("""select to_char(clock_timestamp() at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"')""")
    world.publish(
        [
            firm.Message(
                f"Q-{number}".encode(),
                json.dumps({"customerId": f"Q-{number}", "value": {"amount": "100", "currency": "CNY"}, "at": now}).encode(),
                firm.cloud_event("/core/assets", f"v-{number}", type="customer.funded", ce_time=now),
            )
            for number in numbers
        ],
        "customer.value",
    )


def until_figures_add_up(world):
    """Figures are what they are made from, and every message's last step was counted."""

    def differences():
        with world.connect() as connection:
            return connection.execute("select d.* from campaign c cross join lateral campaign_differences(c.id) d limit 20").fetchall()

    until(lambda: not differences(), lambda: f"figures to add up: {differences()}", 120)
