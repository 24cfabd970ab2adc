"""Outcomes of campaigns that run at once: the same bytes for the same numbers."""

import datetime

CAMPAIGNS, REGIONS = 50, 30
# Each message is accepted and delivered, every second one is opened.
EVENTS_OF_TWO = 5
START = 1_780_272_000  # 2026-06-01, in UTC: what lies in the future is refused.
HOURS = 4
# So many messages of a campaign later it is delivered, and opened.
DELIVERED_AFTER, OPENED_AFTER = 40, 400

RECIPIENTS = """
insert into campaign_recipient (campaign_id, subject, variant, state, place, channel, message_id, region, branch_id, is_open, changed_at)
select c, n, n %% 2, 'queued', 0, 'sms', n * %(campaigns)s + c, 'CN-' || lpad((n %% %(regions)s)::text, 2, '0'), n %% %(regions)s + 1, true, now()
from generate_series(1, %(recipients)s) n cross join generate_series(1, %(campaigns)s) c order by n, c
"""
CAMPAIGN = """
insert into campaign (id, name, definition, branch_id, author_id, owner_id, starts_at, expires_at, time_zone, state, launched_at, expanded_at)
overriding system value
select n, 'c' || n, '{"name": "c", "title": "Spring", "objective": "cross-sell"}', b.id, p.id, p.id, to_timestamp(%(start)s), '2099-01-01',
  b.time_zone, 'running', to_timestamp(%(start)s), now()
from generate_series(1, %(campaigns)s) n
cross join lateral (select * from branch where parent_id is null limit 1) b cross join lateral (select id from person order by id limit 1) p
"""


def settle(connection, recipients, campaigns=CAMPAIGNS):
    """Puts campaigns with so many recipients each into a firm."""
    numbers = {"campaigns": campaigns, "regions": REGIONS, "recipients": recipients, "start": START}
    connection.execute(CAMPAIGN, numbers)
    connection.execute(RECIPIENTS, numbers)
    # Nobody counts people here but once it is asked for.
    connection.execute("update campaign_people_count set is_final = true")
    connection.execute("vacuum (analyze) campaign_recipient")


def steps(recipients):
    """(step, number of the recipient, turn) in the order in which all campaigns together tell of them."""
    for turn in range(1, recipients + OPENED_AFTER + 1):
        if turn <= recipients:
            yield "accepted", turn, turn
        if 0 < turn - DELIVERED_AFTER <= recipients:
            yield "delivered", turn - DELIVERED_AFTER, turn
        if 0 < turn - OPENED_AFTER <= recipients and (turn - OPENED_AFTER) % 2 == 0:
            yield "opened", turn - OPENED_AFTER, turn


def events(recipients):
    """(key, value, headers)"""
    index = 0
    common = [
        ("ce_specversion", b"1.0"), ("ce_source", b"send-sms"), ("content-type", b"application/json"), ("millrace_run", b"1"),
    ]  # fmt: skip
    spacing = HOURS * 3600 / (recipients + OPENED_AFTER)
    more = {"accepted": ',"gateway":"kannel","cost":{"amount":"0.045","currency":"CNY"},"parts":1', "delivered": ',"gateway":"kannel"',
            "opened": ',"machine":false'}  # fmt: skip
    for step, number, turn in steps(recipients):
        at = datetime.datetime.fromtimestamp(START + turn * spacing, datetime.UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
        time, kind = ("ce_time", at.encode()), ("ce_type", f"message.{step}".encode())
        for campaign in range(1, CAMPAIGNS + 1):
            index += 1
            message = number * CAMPAIGNS + campaign
            value = (f'{{"id":{message},"channel":"sms","purpose":"marketing","source":"/millrace/campaigns",'
                     f'"request":"{campaign}/{number}/0"{more[step]},"at":"{at}"}}')  # fmt: skip
            yield str(message).encode(), value.encode(), [
                *common, time, kind, ("ce_id", f"1.{index}".encode()), ("millrace_index", str(index).encode())]
