"""Three campaigns: planned by one person, approved by another, launched, paused and resumed; and where everybody is in the end."""

import json
import urllib.request

from demo.messages import answering
from demo.screen import bold, say, step, table, tell

AUTHOR, REVIEWER = "wang", "zhao"
NAMES = ("spring-bonds", "new-hours", "welcome")
PLANS = "ops/example/campaigns"

LOGIN = (
    "psql -Xqc \"create role {who} login password '$PGPASSWORD' in role millrace_operator\""
)  # fmt: skip

STANDING = """
  select c.name, c.state, c.expanded_at is not null as expanded,
    coalesce(sum(n.recipients) filter (where n.state in ('accepted', 'delivered')), 0) as sent, coalesce(sum(n.recipients), 0) as people
  from campaign c left join campaign_count n on n.campaign_id = c.id
  where c.name = '{name}' group by c.id
"""

ENDS = """
  select c.name, r.state, coalesce(r.channel, '') as channel, coalesce(r.reason, '') as reason, count(*) as people
  from campaign_recipient r join campaign c on c.id = r.campaign_id
  group by c.id, 1, 2, 3, 4 order by c.id, 5 desc, 2, 3, 4
"""
AUDIENCE = """
  select c.name, (p.result::jsonb ->> 'audience')::bigint as previewed, (p.result::jsonb ->> 'recipients')::bigint as wanted
  from campaign c join lateral (
    select result from campaign_preview where campaign_id = c.id and result is not null order by id desc limit 1) p on true
  order by c.id
"""
TAKEN = """
  select m.channel, count(*) as messages from message m
  where m.campaign_id <> 0 and m.state in ('accepted', 'delivered') group by 1
"""


def show(programs, database, follow, folder, name):
    """Whether everybody of the three audiences is accounted for, and the gateways have just those who are said to have been sent to."""
    step("Three campaigns")
    tell(
        "Marketing plans them, a peer approves what the preview shows, and the database says who was who: each has a login of "
        "their own. The mail server knows some addresses no more, so that these people get a short message instead."
    )
    before = {"sms": taken(folder, "/count"), "email": taken(folder, "/mails")}
    for who in (AUTHOR, REVIEWER):
        programs.run(LOGIN.format(who=who))
    for worker in ("launch-campaigns", "send-email"):
        programs.start(worker)
    programs.run(f"millrace outreach templates load {PLANS}/templates.json --execute")
    for campaign in NAMES:
        plan(programs, database, campaign)
        if campaign == "new-hours":
            follow(programs, database, lambda now: now["sent"] >= 100, told, STANDING.format(name=campaign))
            programs.run(f"PGUSER={AUTHOR} millrace campaign pause {campaign} --note 'the text is being looked at once more'")
            programs.run(f"millrace campaign status {campaign}")
            programs.run(f"PGUSER={AUTHOR} millrace campaign resume {campaign}")
        follow(programs, database, lambda now: now["state"] == "finished", told, STANDING.format(name=campaign))
    programs.run("millrace campaign list")
    programs.run(f"millrace campaign show {NAMES[1]}")
    return adds_up(database, folder, before)


def plan(programs, database, campaign):
    programs.run(f"PGUSER={AUTHOR} millrace campaign define {PLANS}/{campaign}.json")
    programs.run(f"PGUSER={AUTHOR} millrace campaign preview {campaign}")
    programs.run(f"PGUSER={AUTHOR} millrace campaign submit {campaign}")
    programs.run(f"PGUSER={REVIEWER} millrace campaign approve {campaign} --version 1")
    programs.run(f"PGUSER={AUTHOR} millrace campaign launch {campaign} --execute")


def told(now):
    return f"{now['name']} is {now['state']}: {now['people']:,} people, {now['sent']:,} sent"


def taken(folder, path):
    """What the example gateway has of short messages, or mails."""
    with urllib.request.urlopen(answering(folder).replace("/send", path), timeout=10) as answer:
        return json.load(answer)["taken"]


def adds_up(database, folder, before):
    rows = database.rows(ENDS)
    table(
        ["CAMPAIGN", "STATE", "CHANNEL", "WHY", "PEOPLE"],
        [[row["name"], row["state"], row["channel"], row["reason"], f"{row['people']:,}"] for row in rows], right={4})
    right = True
    for each in database.rows(AUDIENCE):
        found = sum(row["people"] for row in rows if row["name"] == each["name"])
        right = right and found == each["previewed"]
        say(f"{each['previewed']:>6,} in the preview of {each['name']}, {found:,} accounted for")
    sent = {row["channel"]: row["messages"] for row in database.rows(TAKEN)}
    for channel, path in (("email", "/mails"), ("sms", "/count")):
        arrived = taken(folder, path) - before[channel]
        right = right and arrived == sent.get(channel, 0)
        say(f"{sent.get(channel, 0):>6,} sent by {channel}, {arrived:,} arrived there")
    say(bold("It adds up: everybody of three audiences has one row." if right else "IT DOES NOT ADD UP."))
    return right
