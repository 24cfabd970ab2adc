"""A backlog of profiles: the same bytes for the same number."""

import json
import random

SURNAMES = "王李张刘陈杨黄赵吴周徐孙马朱胡郭何林罗高"
GIVEN = ["小明", "娜", "伟", "秀英", "敏", "静", "丽", "强", "磊", "洋", "艳", "勇", "杰", "娟", "涛"]
TAGS = ["vip", "margin", "fund", "app", "dormant-risk", "ipo", "private", "mobile", "branch-event", "etf"]
WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
HEADERS = [("ce_specversion", b"1.0"), ("ce_type", b"customer.profile"), ("ce_source", b"/bench/core"),
           ("content-type", b"application/json")]  # fmt: skip


def id_number(number):
    day = number % 9000
    digits = f"4401{number // 9_000_000 % 90 + 1:02}{1950 + day // 336}{day // 28 % 12 + 1:02}{day % 28 + 1:02}{number // 9000 % 1000:03}"
    return digits + "10X98765432"[sum(int(digit) * weight for digit, weight in zip(digits, WEIGHTS)) % 11]


class Profiles:
    """So many customers, a tenth of them with a second version: half of these say something new, half the same. Shuffled
    as a whole, so that a second version may come first."""

    def __init__(self, customers, firm, seed=7):
        self.customers, self.seed = customers, seed
        self.branches = [branch["code"] for branch in firm["branches"]]
        self.people = [person["code"] for person in firm["people"]]
        self.events = customers + customers // 10

    def messages(self):
        """(key, value, headers) of each event."""
        order = list(range(self.events))
        random.Random(self.seed).shuffle(order)
        for place in order:
            number, version = (place, 1) if place < self.customers else ((place - self.customers) * 10, 2)
            yield self.message(number, version)

    def message(self, number, version):
        of = random.Random(number)
        code = f"C{number:010}"
        name = of.choice(SURNAMES) + of.choice(GIVEN)
        level = of.choice(["standard", "silver", "gold", "private"])
        if version == 2 and number % 20 == 0:
            level = "platinum"
        data = {
            "customerId": code, "version": version, "number": f"88{number:08}", "idNumber": id_number(number), "name": name,
            "phones": [{"number": f"+86138{number % 100_000_000:08}", "kind": "mobile"}], "email": f"c{number}@example.com",
            "language": "zh", "birthday": f"{of.randint(1940, 2005)}-{of.randint(1, 12):02}-{of.randint(1, 28):02}",
            "level": level, "riskRating": f"C{of.randint(1, 5)}",
            "assets": {"amount": f"{of.randint(0, 10_000_000)}.{of.randint(0, 99):02}", "currency": "CNY",
                       "asOf": "2026-01-31T15:00:00Z"},
            "tags": of.sample(TAGS, of.randint(0, 4)),
            "consents": [
                {"channel": channel, "purpose": purpose, "given": of.random() < 0.7, "at": "2025-06-30T08:00:00Z",
                 "source": "app"}
                for channel, purpose in (("sms", "marketing"), ("sms", "service"), ("call", "marketing"))
            ],
            "branch": of.choice(self.branches), "manager": of.choice(self.people), "status": "active",
        }  # fmt: skip
        value = json.dumps(data, ensure_ascii=False, separators=(",", ":")).encode()
        return code.encode(), value, [*HEADERS, ("ce_id", f"{code}-{version}".encode())]
