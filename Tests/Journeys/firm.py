"""A small firm, and the leads that reach it: the same ones for the same seed."""

import hashlib
import hmac
import json
import random

# Seven digits of mobile numbers by the region that issued them.
PREFIXES = {
    "CN-BJ": ["1380013", "1391111", "1381000", "1368100", "1390010"],
    "CN-SH": ["1391600", "1860210"],
    "CN-TJ": ["1360200"],
    "CN-GD/Shenzhen": ["1351000", "1382310"],
    "CN-GD/Jieyang": ["1343000"],
    "CN-ZJ/Hangzhou": ["1358800", "1595800"],
    "CN-JS/HuaiAn": ["1391510"],
}
SOURCES = ["wechat", "app", "branch-event", "hotline", "bank", "desk", "expo", "site"]
PRODUCTS = [None, None, "fund", "margin-trading"]
NAMES = ["王小明", "李娜", "张伟", "欧阳修", "Ann Lee", "赵 敏", None]

BRANCHES = """
insert into branch (id, code, name, parent_id, level) values
  (1, 'HQ', 'Head office', null, 'head-office'), (2, 'BJ', 'Beijing', 1, 'province'),
  (3, 'SH', 'Shanghai', 1, 'province'), (4, 'GD', 'Guangdong', 1, 'province'),
  (5, 'GD-SZ', 'Shenzhen', 4, 'city'), (6, 'ZJ', 'Zhejiang', 1, 'province'), (7, 'TJ', 'Tianjin', 1, 'province')
"""

# Beijing: equals without bound. Shenzhen: weights. Shanghai: full after 40. Zhejiang: vacant but for people away.
PEOPLE = """
insert into person (code, branch_id, name, active, weight, capacity, leave_from, leave_until)
select 'BJ-' || n, 2, 'Beijing ' || n, true, 1, null::int, null::timestamptz, null::timestamptz from generate_series(1, 7) n
union all select 'SZ-' || n, 5, 'Shenzhen ' || n, true, n, null, null, null from generate_series(1, 4) n
union all select 'SH-' || n, 3, 'Shanghai ' || n, true, 1, 10, null, null from generate_series(1, 4) n
union all select 'GD-' || n, 4, 'Guangdong ' || n, true, 2, 25, null, null from generate_series(1, 3) n
union all values ('ZJ-1', 6, 'Gone', false, 1, null::int, null::timestamptz, null::timestamptz),
  ('ZJ-2', 6, 'On leave', true, 1, null, now() - interval '1 day', now() + interval '9 days'),
  ('ZJ-3', 6, 'Without weight', true, 0, null, null, null),
  ('BJ-away', 2, 'On leave', true, 1, null, now() - interval '1 day', null),
  ('BJ-back', 2, 'Back again', true, 1, null, now() - interval '9 days', now() - interval '1 day'),
  ('SZ-gone', 5, 'Gone', false, 3, null, null, null),
  ('HQ-1', 1, 'Head office 1', true, 1, null, null, null), ('HQ-2', 1, 'Head office 2', true, 3, null, null, null),
  ('HQ-off', 1, 'Head office, off', true, 1, null, null, null), ('TJ-1', 7, 'Tianjin', true, 1, null, null, null)
"""

# Guangdong: caps before capacity. The head office chooses the least loaded. Tianjin never works, nor do two others.
HABITS = """
insert into calendar (id, code, name, known_until) values (1, 'never', 'Never', null), (2, 'always', 'Always', null),
  (3, 'ended', 'Ended', '2020-12-31');
insert into calendar_hours select c, day, '00:00', '24:00' from generate_series(2, 3) c, generate_series(1, 7) day;
update branch set calendar_id = 2 where code in ('BJ', 'SH');
update branch set calendar_id = 1 where code = 'TJ';
update branch set method = 'least-loaded' where code = 'HQ';
update person set calendar_id = 3 where code in ('HQ-off', 'ZJ-3');
update person set daily_cap = 15 where code = 'GD-1';
update person set weekly_cap = 20, daily_cap = 1000 where code = 'GD-2';
update person set daily_cap = 0 where code = 'SH-1';
"""

# A bank's leads go to Shanghai; what a desk imports its importer keeps, what comes from an expo their branch.
SOURCE_POLICIES = """
insert into lead_source (code, kind, branch_id, keeps) values ('bank', 'institution', 3, 'nothing'),
  ('desk', 'import', null, 'person'), ('expo', 'import', null, 'branch'), ('site', 'behaviour', null, 'nothing');
insert into step_policy (level, within_minutes, remind_minutes, then_do) values ('head-office', 60, 30, 'allocate'),
  ('province', 60, null, 'escalate');
update person set manager = true where code in ('HQ-1', 'BJ-1')
"""

# Large ones are passed down step by step, from Tianjin too, which nobody there does. Phones of other countries match no rule.
RULES = """
insert into allocation_rule (ruleset, position, region, source, product, branch_id, currency, value_from, how, language)
values (1, -3, null, null, null, 1, 'CNY', 1000000, 'steps', null),
  (1, -2, 'CN-TJ', null, 'fund', 7, null, null, 'steps', null), (1, -1, null, null, null, 4, null, null, 'direct', 'yue');
insert into allocation_rule (ruleset, position, region, source, product, branch_id, valid_from, valid_until) values
  (1, 0, 'CN', null, null, 6, '2020-01-01', '2021-01-01');
insert into allocation_rule (ruleset, position, region, source, product, branch_id) values
  (1, 1, 'CN', 'hotline', 'margin-trading', 1), (1, 2, 'CN-GD/Shenzhen', null, null, 5), (1, 3, 'CN-GD', null, null, 4),
  (1, 4, 'CN-BJ', null, null, 2), (1, 5, 'CN-SH', null, null, 3), (1, 6, 'CN-ZJ', null, null, 6),
  (1, 7, 'CN-TJ', null, null, 7), (1, 8, 'CN', null, null, 1)
"""


def id_number(number):
    """The resident identity number of the so manieth person, by GB 11643."""
    places = f"11010519{60 + number % 40}0{1 + number % 9}{10 + number % 18}{number % 1000:03}"
    weights = [7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2]
    return places + "10X98765432"[sum(int(place) * weight for place, weight in zip(places, weights)) % 11]


def customers(key):
    """(id, code, number, identity, manager, phone) of two hundred customers, their ID numbers hashed under the key."""
    for number in range(200):
        hashed = hmac.new(key.encode(), f"id resident {id_number(number)}".encode(), hashlib.sha256).hexdigest()[:32]
        yield number + 1, f"C{number}", f"6{number:07}", hashed, 1 + number % 7, 8613701000000 + number


def add_customers(connection, key):
    """As core systems would have told of them long ago."""
    with connection.cursor() as cursor:
        for number, code, customer, identity, manager, phone in customers(key):
            cursor.execute(
                "insert into customer (id, code, version, data, status, number, identity, manager_id, branch_id, changed_at) "
                "select %s, %s, 1, gen_random_uuid(), 'active', %s, %s::uuid, p.id, p.branch_id, now() from person p "
                "where p.id = %s", [number, code, customer, identity, manager])  # fmt: skip
            cursor.execute(
                "insert into customer_phone (phone, customer_id, place) values (%s, %s, 0)", [phone, number])  # fmt: skip


def found(connection, key):
    """Puts the firm into an empty, migrated database."""
    connection.execute("set search_path to millrace")
    connection.execute(BRANCHES)
    connection.execute(PEOPLE)
    connection.execute(HABITS)
    connection.execute("insert into ruleset default values")
    connection.execute(RULES)
    connection.execute(SOURCE_POLICIES)
    add_customers(connection, key)


def give_room(connection, each=1000):
    """Those who were full can take so many leads more, a vacant branch gets somebody: the sweep has something to do."""
    connection.execute(
        "update person set capacity = capacity + %(each)s, daily_cap = daily_cap + %(each)s, weekly_cap = weekly_cap + %(each)s",
        {"each": each},
    )
    connection.execute(
        """
        insert into person (code, branch_id, name, capacity)
        select 'ZJ-new-' || count(*), 6, 'New', %s from person where branch_id = 6
        """,
        [each],
    )


class Message:
    """One record for lead.registered: CloudEvents in binary mode."""

    __slots__ = ("key", "value", "headers")

    def __init__(self, key, value, headers):
        self.key, self.value, self.headers = key, value, headers


def message(phone, number, *, origin="/journey/channel", **data):
    value = {"phone": phone, "source": "wechat", **data}
    return Message(
        phone.encode(), json.dumps(value, ensure_ascii=False).encode(), cloud_event(origin, f"e-{number}")
    )


def cloud_event(origin, number, *, type="lead.registered", **more):
    headers = {
        "ce_specversion": "1.0", "ce_type": type, "ce_source": origin, "ce_id": number,
        "content-type": "application/json", **more,
    }  # fmt: skip
    return [(name, value.encode()) for name, value in headers.items()]


class Leads:
    """Leads without end: real prefixes, one in nine a phone that came before, one in forty sent twice, one in fifty
    of no use, a few of other countries."""

    def __init__(self, seed=1, *, spoilt=0.02):
        self.random = random.Random(seed)
        self.seed = seed
        self.spoilt = spoilt
        self.number = 0
        self.phones = []
        self.sent = []

    def take(self, count):
        return [self.next() for _ in range(count)]

    def next(self):
        random = self.random
        if self.sent and random.random() < 1 / 40:
            return random.choice(self.sent)
        self.number += 1
        made = message(
            self._phone(), f"{self.seed}-{self.number}", origin=f"/journey/{random.choice(['web', 'app', 'import'])}",
            name=random.choice(NAMES), source=random.choice(SOURCES), product=random.choice(PRODUCTS), **self._more(),
        )  # fmt: skip
        if random.random() < self.spoilt:
            return spoil(made, random)
        self.sent.append(made)
        return made

    def _more(self):
        """What some of them bring: keys of customers, which may disagree, value, language, an importer."""
        random = self.random
        more = {}
        one, other = random.randrange(220), random.randrange(220)
        if random.random() < 0.04:
            more["idNumber"] = id_number(one)
        if random.random() < 0.04:
            more["customerNumber"] = f"6{random.choice([one, one, other]):07}"
        if random.random() < 0.1:
            more["value"] = {"amount": f"{random.choice([500, 999999.99, 1000000, 5e6]):.2f}", "currency": "CNY"}
        if random.random() < 0.05:
            more["language"] = random.choice(["zh", "yue"])
        if random.random() < 0.5:
            more["importer"] = f"{random.choice(['BJ', 'SZ', 'SH', 'GD', 'nobody'])}-{random.randrange(1, 5)}"
        return more

    def _phone(self):
        random = self.random
        if self.phones and random.random() < 1 / 9:
            return random.choice(self.phones)
        if random.random() < 0.01:
            phone = f"+{8613701000000 + random.randrange(200)}"
        elif random.random() < 0.02:
            phone = f"+4930{random.randrange(10**7, 10**8)}"
        else:
            prefix = random.choice(random.choice(list(PREFIXES.values())))
            phone = f"{prefix}{random.randrange(10**4):04}"
            if random.random() < 0.3:
                phone = random.choice([f"+86{phone}", f"+86 {phone[:3]} {phone[3:7]} {phone[7:]}"])
        self.phones.append(phone)
        return phone


def spoil(made, random):
    """The same record, of no use to anybody in one of several ways."""
    data = json.loads(made.value)
    kind = random.randrange(6)
    value = made.value
    if kind == 0:
        value = value[: len(value) // 2]
    elif kind == 1:
        value = value.replace(b'"source"', b'"origin"')
    elif kind == 2:
        value = json.dumps({**data, "phone": 13800138000}).encode()
    elif kind == 3:
        value = b"\xff\xfe" + value
    elif kind == 4:
        value = json.dumps({**data, "phone": "no digits"}).encode()
    headers = made.headers
    if kind == 5:
        headers = [(name, b"lead.unheard-of" if name == "ce_type" else text) for name, text in headers]
    return Message(made.key, value, headers)
