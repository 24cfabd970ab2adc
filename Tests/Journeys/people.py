"""People who come as leads, as customers or as both, in any order: the same ones for the same seed."""

import json
import random

import firm

WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
CHANNELS, PURPOSES = ("sms", "email", "fax", "call"), ("transactional", "service", "marketing")


def id_number(number):
    """A resident's number with its check digit (GB 11643)."""
    digits = f"440103{1950 + number % 50}{1 + number % 12:02}{1 + number % 28:02}{number % 1000:03}"
    return digits + "10X98765432"[sum(int(digit) * weight for digit, weight in zip(digits, WEIGHTS)) % 11]


class People:
    """Each key belongs to one person. Half of them are both lead and customer; a customer has up to four versions, sent in
    any order and now and then twice, the last of which may be a removal; one event in fifty is of no use."""

    def __init__(self, seed="people"):
        self.random = random.Random(seed)
        self.seed = seed
        # Phones and ID numbers differ between seeds.
        self.first = self.random.randrange(0, 900) * 10_000
        self.number = 0

    def take(self, count):
        """(registrations, profiles) of so many people."""
        registrations, profiles = [], []
        for _ in range(count):
            self.number += 1
            kind = self.random.choice(["lead", "customer", "both", "both"])
            if kind != "customer":
                registrations.append(self._registration())
            if kind != "lead":
                profiles += self._versions()
        self.random.shuffle(registrations)
        self.random.shuffle(profiles)
        return registrations, profiles

    def _keys(self):
        number = self.first + self.number
        return {"customerNumber": f"N{self.seed}{number}", "idNumber": id_number(number)}

    def _registration(self):
        keys = self._keys()
        if self.random.random() < 0.6:
            keys.pop(self.random.choice(list(keys)))
        number = self.first + self.number
        phone = f"+86{self.random.choice(['1380013', '1351000', '1391600', '1343000'])}{number % 10_000:04}"
        # A prefix of its own for every ten thousand: no two people share a phone.
        phone = f"+861{38_000_000_00 + number:010}" if self.random.random() < 0.3 else phone
        return firm.message(phone, f"{self.seed}-{self.number}", origin="/journey/people", **keys)

    def _versions(self):
        keys = self._keys()
        data = {
            "customerId": f"C{self.seed}{self.number}", "number": keys["customerNumber"], "idNumber": keys["idNumber"],
            "branch": self.random.choice(["BJ", "GD-SZ", "SH", "nowhere"]),
            "manager": self.random.choice([None, "BJ-1", "SZ-2", "ZJ-1", "nobody"]),
        }  # fmt: skip
        versions = []
        for version in range(1, self.random.randint(1, 4) + 1):
            fresh = {
                "version": version, "name": self.random.choice(["王小明", "李娜", 'Ann "Lee"', "a,{b}"]),
                "phones": [{"number": f"1390000{self.random.randint(0, 9999):04}"} for _ in range(self.random.randint(0, 2))],
                "tags": self.random.sample(["vip", "margin", "a,b", '"q"'], self.random.randint(0, 3)),
                "status": self.random.choice(["active", "active", "active", "dormant"]),
                "consents": [
                    {"channel": channel, "purpose": purpose, "given": self.random.random() < 0.5,
                     "at": "2026-01-31T01:30:00Z", "source": "app"}
                    for channel in CHANNELS for purpose in PURPOSES if self.random.random() < 0.2
                ],
            }  # fmt: skip
            versions.append(self._message({**data, **fresh}))
        if self.random.random() < 0.1:
            versions.append(self._message({"customerId": data["customerId"], "version": 9}, "customer.removed"))
        if self.random.random() < 0.1:
            versions.append(self.random.choice(versions))
        if self.random.random() < 0.04:
            versions.append(self._message({"customerId": data["customerId"], "version": 0}))
        return versions

    def _message(self, data, type="customer.profile"):
        number = f"{data['customerId']}-{data['version']}"
        value = json.dumps(data, ensure_ascii=False).encode()
        return firm.Message(
            data["customerId"].encode(), value, firm.cloud_event("/journey/core", number, type=type))
