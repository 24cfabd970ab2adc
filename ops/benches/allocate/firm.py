"""The bench's firm: the example's branches and people, with everything that an allocation can ask for, in such a way
that what becomes of a lead depends neither on the hour nor on the order in which partitions are read.

Nobody is full, everybody has caps, calendars are open day and night (or, for one branch, never), rules ask for
language, value and dates, sources have wishes, one product is passed down step by step.
"""

import json
import subprocess
import sys

# More than anybody gets, so that nobody is full and every run does the same work.
ROOM = 1_000_000
SHUT = "CN-YN"
LEAST_LOADED = ("CN-HB", "CN-SD")
# What the example's own rules may ask for here; the others are in RULES.
PLAIN = {"region", "source", "product", "branch"}

CALENDARS = [
    {"code": "BENCH", "name": "Day and night",
     "hours": [{"weekdays": "1-7", "opens": "00:00", "closes": "12:00"},
               {"weekdays": "1-7", "opens": "12:00", "closes": "24:00"}],
     "days": [{"day": f"2025-{month:02}-01", "name": "a holiday that is over"} for month in range(1, 13)]},
    {"code": "BENCH-SHUT", "name": "Never", "days": [{"day": "2025-01-01", "name": "a holiday that is over"}]},
]  # fmt: skip

RULES = [
    {"source": "web", "validFrom": "2090-01-01T00:00:00Z", "branch": "HQ"},
    {"source": "web", "validUntil": "2025-01-01T00:00:00Z", "branch": "HQ"},
    {"language": "en", "branch": "CN-SH"},
    {"product": "private-fund", "valueFrom": "1000000", "currency": "CNY", "branch": "CN-BJ"},
    {"valueFrom": "200000", "valueBelow": "800000", "currency": "HKD", "branch": "CN-GD-SHENZHEN"},
    {"product": "bond", "region": "CN-SC", "how": "steps", "branch": "CN-SC"},
    {"product": "bond", "region": "CN-FJ", "how": "steps", "branch": "CN-FJ"},
]

SOURCES = [
    {"code": "wechat", "kind": "channel"}, {"code": "app-store", "kind": "behaviour"},
    {"code": "partner-bank", "kind": "institution", "branch": "CN-GD-SHENZHEN"},
    {"code": "branch-event", "kind": "import", "keeps": "person"},
    {"code": "hotline", "kind": "import", "keeps": "branch"},
]  # fmt: skip

STEPS = [{"level": "province", "within": 480, "remind": 60, "then": "escalate"}]


def firm(top):
    printed = subprocess.run([sys.executable, top / "ops/example/firm"], check=True, capture_output=True).stdout
    example = json.loads(printed)
    for branch in example["branches"]:
        branch["calendar"] = "BENCH-SHUT" if branch["code"] == SHUT else "BENCH"
        branch["method"] = "least-loaded" if branch["code"] in LEAST_LOADED else "round-robin"
    for person in example["people"]:
        person.pop("calendar", None)
        person["capacity"] = person["dailyCap"] = person["weeklyCap"] = ROOM
    return {
        "calendars": CALENDARS, "branches": example["branches"], "people": example["people"], "sources": SOURCES,
        "rules": RULES + [rule for rule in example["rules"] if set(rule) <= PLAIN], "policies": example["policies"],
        "steps": STEPS,
    }  # fmt: skip


def importers(made):
    """Those who can always keep what they bring."""
    turns = {each["code"] for each in made["branches"] if each["method"] == "round-robin" and each["code"] != SHUT}
    return [
        person["code"] for person in made["people"]
        if person["branch"] in turns and person.get("active", True) and person.get("weight", 1) > 0
        and "leaveFrom" not in person and "leaveUntil" not in person
    ]  # fmt: skip


def managers(made):
    """(branch, person) of those who have customers."""
    return [(person["branch"], person["code"]) for person in made["people"]]
