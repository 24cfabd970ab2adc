"""People whom the example firm knows: customers, and prospects who become customers after their lead.

Numbers are made up; ID numbers are well formed (GB 11643) and of nobody in particular.
"""

from dice import Dice
from names import chinese_name
from provinces import PROVINCES

CUSTOMERS = 600
PROSPECTS = 300
AREAS = ["110105", "310104", "320102", "330106", "370202", "420106", "440305", "510104"]
WEIGHTS = [7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2]


def id_number(dice):
    born = f"{1950 + dice.below(55)}{1 + dice.below(12):02}{1 + dice.below(28):02}"
    digits = f"{dice.one_of(AREAS)}{born}{dice.below(1000):03}"
    return digits + "10X98765432"[sum(weight * int(digit) for weight, digit in zip(WEIGHTS, digits)) % 11]


def people(count, first, seed):
    """As `data` of `customer.profile`."""
    dice, later = Dice(seed), Dice(seed + 100)
    for number in range(first, first + count):
        row = {
            "customerId": f"C{number:08}",
            "version": 1,
            "number": f"88{number:08}",
            "idNumber": id_number(dice),
            "name": chinese_name(dice),
            "phones": [{"number": f"+86138{dice.below(10**8):08}", "kind": "mobile"}],
            "level": dice.one_of(["standard"] * 7 + ["gold"] * 2 + ["diamond"]),
        }
        if dice.happens(0.7):
            row["manager"] = f"P{100 + dice.below(800):04}"
        else:
            row["branch"] = f"CN-{dice.one_of(PROVINCES)[0]}"
        row |= reachable(number, later)
        yield row


def reachable(number, dice):
    """What campaigns ask about: an address, a rating, and what the customer wants to hear."""
    row = {"email": f"c{number}@people.example"} if dice.happens(0.7) else {}
    if dice.happens(0.9):
        row["riskRating"] = f"C{1 + dice.below(5)}"
    row["consents"] = [
        {"channel": channel, "purpose": "marketing", "given": dice.happens(0.9), "at": "2026-01-31T09:30:00+08:00", "source": "app"}
        for channel in ("sms", "email") if dice.happens(0.9)
    ]  # fmt: skip
    return row


def customers():
    return list(people(CUSTOMERS, 1, 7))


def prospects():
    return list(people(PROSPECTS, 500_001, 8))
