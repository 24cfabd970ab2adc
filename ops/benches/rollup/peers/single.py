"""`python_single`: an upsert for each event, 500 events a transaction."""

import json

from . import work

FIGURE = """
insert into campaign_figure as f (campaign_id, hour, channel, variant, region, branch_id, what, reason, currency, events, parts, amount)
select r.campaign_id, date_trunc('hour', %s::timestamptz, 'UTC'), %s, r.variant, coalesce(r.region, ''), coalesce(r.branch_id, 0), %s, %s, %s, 1,
  %s, %s
from campaign_recipient r where r.campaign_id = %s and r.subject = %s
on conflict (campaign_id, hour, channel, variant, region, branch_id, what, reason, currency)
do update set events = f.events + 1, parts = f.parts + excluded.parts, amount = f.amount + excluded.amount"""


def writer(_):
    return write


def write(cursor, messages):
    for message in messages:
        data = json.loads(message.value())
        if data["source"] == "/millrace/campaigns":
            campaign, subject, _ = data["request"].split("/")
            cost = data.get("cost") or {"amount": "0", "currency": ""}
            cursor.execute(FIGURE, [
                data["at"], data["channel"], work.what(message, data), data.get("reason", ""), cost["currency"], data.get("parts", 0),
                cost["amount"], int(campaign), int(subject),
            ])  # fmt: skip


if __name__ == "__main__":
    work.main("python_single", 500, writer)
