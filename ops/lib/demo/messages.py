"""Messages to some of the leads: by which gateway they go, who gets none, and where each one is in the end."""

import json
import time
import urllib.request

from demo.screen import bold, say, step, table, tell
from services.trouble import Trouble

ANSWERS = 12

# Seconds for the example gateway to start: it takes a fifth of one, on a machine that does nothing else.
PATIENCE = 60

STANDING = """
  select count(*) as messages, count(*) filter (where state in ('queued', 'sending')) as open,
    (select count(*) from suppression) as suppressed, (select coalesce(sum(events), 0) from outbox) as unpublished
  from message
"""

ENDS = """
  select purpose, state, reason, gateway, count(*) as messages from message
  group by 1, 2, 3, 4 order by array_position(array['transactional', 'service', 'marketing'], purpose), 2, 5 desc, 3
"""

# One that the first gateway could not take and the second did.
TELLING = """
  select m.id as message from message m join message_attempt a on a.message_id = m.id
  where m.state = 'accepted' and m.gateway <> a.gateway order by m.id limit 1
"""


def show(programs, database, follow, folder, name):
    """Whether as many messages have come to something as were asked for, and the gateway has those that it is said to have."""
    step("Messages to some of them")
    tell(
        "A gateway of the demonstration's own, which sends nothing to anybody, and one before it that is down. A third are "
        "one-time codes, a third notices, a third offers, which a budget has to pay. Some of the recipients write that they want "
        "no more before the second half is published."
    )
    asked = sum(1 for _ in open(folder / "callers.txt"))
    half = asked // 2
    for worker in ("send-sms", "settle-receipts"):
        programs.start(worker)
    programs.start("ops/example/gateway", f"{name}/gateways.json")
    wait_for_gateways(folder / "gateways.json", programs)
    second = answering(folder)
    programs.run(f"millrace outreach gateways load {name}/gateways.json --execute")
    programs.run("millrace outreach policy set sms marketing --without-consent --execute")
    programs.run("millrace outreach budget set spring CNY --most 3 --execute")
    programs.run(f"ops/example/messages {name}/callers.txt > {name}/messages.jsonl")
    publish(programs, database, follow, f"head -n {half} {name}/messages.jsonl", name, "first", half)
    programs.run(f"ops/example/messages --answers {ANSWERS} {name}/callers.txt > {name}/answers.jsonl")
    programs.run(f"millrace publish outreach.receipts {name}/answers.jsonl")
    wanted = min(ANSWERS, asked)
    follow(
        programs, database, lambda now: now["suppressed"] >= wanted,
        lambda now: f"{now['suppressed']} of {wanted} opted out", STANDING,
    )  # fmt: skip
    publish(programs, database, follow, f"tail -n +{half + 1} {name}/messages.jsonl", name, "second", asked)
    programs.run("millrace outreach gateways list")
    if telling := database.rows(TELLING):
        programs.run(f"millrace outreach show {telling[0]['message']}")
    programs.run("millrace outreach budget list")
    return adds_up(asked, database, second)


def publish(programs, database, follow, lines, name, part, wanted):
    programs.run(f"{lines} > {name}/{part}.jsonl")
    programs.run(f"millrace publish outreach.sms {name}/{part}.jsonl")
    follow(
        programs, database, lambda now: now["messages"] >= wanted and not now["open"] and not now["unpublished"],
        lambda now: f"{now['messages'] - now['open']} of {wanted} messages have gone or ended", STANDING,
    )  # fmt: skip


def wait_for_gateways(file, programs):
    deadline = time.monotonic() + PATIENCE
    while not file.exists():
        programs.look_after()
        if time.monotonic() > deadline:
            raise Trouble(f"the example gateway does not start within {PATIENCE} s; its log ends so:\n{programs.end_of_log('gateway')}")
        time.sleep(0.05)


def answering(folder):
    """The address of the gateway that answers."""
    return json.loads((folder / "gateways.json").read_text())["gateways"][1]["request"]["url"]


def adds_up(asked, database, gateway):
    rows = database.rows(ENDS)
    table(
        ["PURPOSE", "STATE", "WHY", "GATEWAY", "MESSAGES"],
        [[row["purpose"], row["state"], row["reason"] or "", row["gateway"], row["messages"]] for row in rows], right={4})
    states = {}
    for row in rows:
        states[row["state"]] = states.get(row["state"], 0) + row["messages"]
    found, width = sum(states.values()), len(str(asked))
    say(f"{asked:>{width}}  asked for")
    for state, count in sorted(states.items()):
        say(f"{count:>{width}}  {state}")
    say("-" * width)
    say(f"{found:>{width}}  accounted for")
    with urllib.request.urlopen(gateway.replace("/send", "/count"), timeout=10) as answer:
        taken = json.load(answer)["taken"]
    if found == asked and taken == states.get("accepted", 0):
        say(bold(f"It adds up: every message is one row, and the gateway has the {taken} that it is said to have."))
        return True
    say(bold(f"IT DOES NOT ADD UP: {asked} asked for, {found} found; the gateway has {taken}."))
    return False
