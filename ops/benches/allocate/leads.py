"""The leads that every contender is given: the same bytes, with the same keys, in every run.

Phones are of real prefixes of mainland China (libphonenumber's), spelled in the ways that leads spell them; a few are
landlines or from Hong Kong. Of every hundred, two are of a phone that came before, three bring an ID number or a
customer number of a customer, two the phone of one, some the keys of two customers or of none; of every thousand, two
are sent twice under one id, and two cannot be applied. Some have a language, a value, an importer.
"""

import dataclasses
import json
import pathlib
import random
import sys
import time
from datetime import date, timedelta

import phonenumbers
from phonenumbers import geodata

from .firm import importers, managers
from .peers.reading import check_digit

ROOT = pathlib.Path(__file__).resolve().parents[3]
sys.path.insert(0, str(ROOT / "ops/phone-data"))

import subdivisions  # noqa: E402

SEED = 31
BEGIN = 1_790_000_000  # Seconds since 1970: when the first lead was left; each later one a millisecond after.
CHANNELS = ["wechat", "web", "app-store", "branch-event", "partner-bank", "private-banking", "hotline"]
CHANNEL_WEIGHTS = [40, 25, 15, 6, 8, 2, 4]
IMPORTED = ("branch-event", "hotline")
LANGUAGES = [None, "zh", "zh-CN", "en", "yue"]
LANGUAGE_WEIGHTS = [80, 8, 6, 3, 3]
PRODUCTS = [None, "fund", "margin-trading", "private-fund", "bond"]
PRODUCT_WEIGHTS = [40, 30, 15, 5, 10]
SURNAMES = "王李张刘陈杨黄赵吴周徐孙马朱胡郭何林高罗"
GIVEN = "伟芳娜敏静丽强磊军洋勇艳杰娟涛明超秀霞平"

WITHOUT_SIGNS = str.maketrans("", "", "+ -")

# What no contender can apply, each for another reason.
BAD = [
    b"not JSON at all",
    b'{"phone": "13812345678"',
    b'{"source": "web"}',
    b'{"phone": 13812345678, "source": "web"}',
    b'{"phone": "13812345678", "source": ""}',
    b'{"phone": "call me", "source": "web"}',
    b"\xff\xfe\x00",
    b"[1, 2, 3]",
]


def regions(folder):
    """Prefix of a number of mainland China (without the 86) by region path, as allocation rules name it."""
    path = folder / f"regions-{phonenumbers.__version__}.json"
    if not path.exists():
        found = {}
        for prefix, names in geodata.GEOCODE_DATA.items():
            if prefix.startswith("86"):
                subdivision, city = subdivisions.split("CN", names["en"])
                within = subdivision or "CN"
                found[prefix[2:]] = f"{within}/{city}" if city and city != "China" else within
        path.write_text(json.dumps(found, ensure_ascii=False, separators=(",", ":")))
    return json.loads(path.read_text())


def is_mobile(digits):
    number = phonenumbers.PhoneNumber(country_code=86, national_number=int(digits))
    return phonenumbers.number_type(number) == phonenumbers.PhoneNumberType.MOBILE


@dataclasses.dataclass
class Customer:
    """One whom a lead names; their ID number as it is written."""

    id: int
    branch: str
    manager: str
    number: str | None = None
    document: str | None = None
    phone: int | None = None


class Leads:
    """Makes (key, value, headers) of each lead, in order. `customers` and `phones` are complete when all are made."""

    def __init__(self, folder, count, firm, seed=SEED):
        self.random = random.Random(seed)
        self.count = count
        self.importers, self.managers = importers(firm), managers(firm)
        self.customers, self.phones = [], set()
        mobile, landline = [], []
        for prefix in regions(folder):
            if not prefix.startswith("1"):
                landline.append(prefix)
            elif len(prefix) >= 5:
                mobile.append(prefix)
        # One prefix in four is as many as anyone needs; their validity has to be asked of the library.
        some = self.random.sample(mobile, len(mobile) // 4)
        self.mobile = [prefix for prefix in some if is_mobile(prefix.ljust(11, "0"))]
        self.landline = [prefix for prefix in landline if len(prefix) <= 3]
        self.spellings = []
        self.used = set()

    def unused(self):
        """One that did not come before in another spelling: its key would take it to another partition, and which of
        the two comes first would be chance."""
        while True:
            phone, country = self.spelled()
            digits = phone.translate(WITHOUT_SIGNS)[-10:]
            if digits not in self.used:
                self.used.add(digits)
                return phone, country

    def spelled(self):
        """(phone, country or None)"""
        dice = self.random.random()
        if dice < 0.01:
            return f"+852 {self.random.randrange(5100, 5700)} {self.random.randrange(10_000):04}", None
        if dice < 0.03:
            return self.fixed_line(), "CN"
        prefix = self.random.choice(self.mobile)
        digits = f"{prefix}{self.random.randrange(10 ** (11 - len(prefix))):0{11 - len(prefix)}}"
        if dice < 0.55:
            return digits, "CN"
        if dice < 0.85:
            return f"+86{digits}", None
        if dice < 0.95:
            return f"+86 {digits[:3]} {digits[3:7]} {digits[7:]}", None
        return f"{digits[:3]}-{digits[3:7]}-{digits[7:]}", "CN"

    def fixed_line(self):
        while True:
            area = self.random.choice(self.landline)
            own = str(self.random.randrange(20_000_000, 90_000_000))[: self.random.choice((7, 8))]
            number = phonenumbers.PhoneNumber(country_code=86, national_number=int(area + own))
            if phonenumbers.is_valid_number(number):
                return f"0{area}-{own}"

    def value(self):
        if self.spellings and self.random.random() < 0.02:
            phone, country = self.random.choice(self.spellings)
        else:
            phone, country = self.unused()
            if len(self.spellings) < 10_000:
                self.spellings.append((phone, country))
        lead = {"phone": phone, "country": country}
        lead["name"] = self.random.choice(SURNAMES) + "".join(self.random.choices(GIVEN, k=2))
        lead["source"] = self.random.choices(CHANNELS, CHANNEL_WEIGHTS)[0]
        lead["product"] = self.random.choices(PRODUCTS, PRODUCT_WEIGHTS)[0]
        lead["language"] = self.random.choices(LANGUAGES, LANGUAGE_WEIGHTS)[0]
        if self.random.random() < 0.2:
            lead["value"] = {"amount": f"{self.random.randrange(1000, 2_000_000)}.00",
                             "currency": self.random.choice(["CNY", "CNY", "CNY", "HKD", "USD"])}  # fmt: skip
        if lead["source"] in IMPORTED and self.random.random() < 0.95:
            lead["importer"] = self.random.choice(self.importers) if self.random.random() < 0.98 else "nobody"
        lead |= self.keys(phone)
        lead = {name: value for name, value in lead.items() if value is not None}
        return phone, json.dumps(lead, ensure_ascii=False, separators=(",", ":")).encode()

    def keys(self, phone):
        """What says that the lead is a customer, or seems to."""
        dice = self.random.random()
        digits = phone.translate(WITHOUT_SIGNS)[-11:]
        if len(digits) == 11 and digits[0] == "1":
            self.phones.add(int("86" + digits))
        if dice < 0.015:
            return {"idNumber": self.customer(document=self.document()).document}
        if dice < 0.03:
            return {"customerNumber": self.customer(number=f"C{len(self.customers):08}").number}
        if dice < 0.032:
            return {"idNumber": self.customer(document=self.document()).document,
                    "customerNumber": self.customer(number=f"C{len(self.customers):08}").number}  # fmt: skip
        if dice < 0.052 and len(digits) == 11 and digits[0] == "1":
            self.customer(phone=int("86" + digits))
        elif dice < 0.062:
            return {"idNumber": self.document()}
        elif dice < 0.072:
            return {"customerNumber": f"X{self.random.randrange(10**8)}"}
        return {}

    def customer(self, **facts):
        branch, manager = self.random.choice(self.managers)
        self.customers.append(Customer(len(self.customers) + 1, branch, manager, **facts))
        return self.customers[-1]

    def document(self):
        """A resident's number, or a passport's."""
        if self.random.random() < 0.1:
            return f"E{self.random.randrange(10**8):08}"
        day = date(1940, 1, 1) + timedelta(self.random.randrange(25_000))
        places = f"{self.random.choice([110105, 310101, 440305])}{day:%Y%m%d}{self.random.randrange(1000):03}"
        return places + check_digit(places)

    def headers(self, number):
        seconds, milliseconds = divmod(number, 1000)
        left = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(BEGIN + seconds))
        return [
            ("ce_specversion", b"1.0"), ("ce_type", b"lead.registered"), ("ce_source", b"/bench"),
            ("ce_id", b"%d" % number), ("ce_time", f"{left}.{milliseconds:03}000Z".encode()),
            ("content-type", b"application/json"),
        ]  # fmt: skip

    def __iter__(self):
        before = None
        for number in range(self.count):
            headers = self.headers(number)
            dice = self.random.random()
            if dice < 0.002 and before:
                yield before
                continue
            if dice < 0.004:
                yield f"bad-{number}", self.random.choice(BAD), headers
                continue
            key, value = self.value()
            before = (key, value, headers)
            yield before
