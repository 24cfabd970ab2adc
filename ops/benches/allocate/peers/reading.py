"""What a message says: event or refusal, a phone's digits and region, the hash of an ID number."""

import hmac
import re
import unicodedata
from datetime import date
from os import environ
from uuid import UUID

import orjson
import phonenumbers

COUNTRY = re.compile("[A-Z]{2}").fullmatch
LANGUAGE = re.compile("[A-Za-z]{2,8}(-[A-Za-z0-9]{1,8})*").fullmatch
AMOUNT = re.compile(r"(-?[0-9]{1,14})(?:\.([0-9]{1,4}))?").fullmatch
CURRENCY = re.compile("[A-Z]{3}").fullmatch
RESIDENT = re.compile("[0-9]{15}|[0-9]{17}.").fullmatch
MAINLAND_MOBILE = re.compile(r"(\+86 ?)?(1[3-9][0-9][ -]?[0-9]{4}[ -]?[0-9]{4})").fullmatch
LENGTHS = {
    phonenumbers.ValidationResult.TOO_SHORT: "too-short",
    phonenumbers.ValidationResult.TOO_LONG: "too-long",
    phonenumbers.ValidationResult.INVALID_LENGTH: "impossible-length",
    phonenumbers.ValidationResult.IS_POSSIBLE_LOCAL_ONLY: "local-only",
}


class Refused(Exception):
    """path, reason, detail"""


class Lead:
    __slots__ = ("phone", "country", "name", "source", "product", "language", "amount", "currency", "identity",
                 "number", "importer")  # fmt: skip

    def __init__(self, value):
        try:
            lead = orjson.loads(value)
        except (orjson.JSONDecodeError, TypeError):
            raise Refused("", "not-json", "the value is no JSON") from None
        if type(lead) is not dict:
            raise Refused("", "wrong-type", "an object was expected")
        self.phone = text(lead, "phone", 64, True)
        self.country = text(lead, "country", 2, False)
        if self.country is not None and not COUNTRY(self.country):
            raise Refused("country", "not-a-country", "two capital letters were expected")
        self.name = text(lead, "name", 200, False)
        self.source = text(lead, "source", 60, True)
        self.product = text(lead, "product", 60, False)
        self.language = text(lead, "language", 60, False)
        if self.language is not None and not LANGUAGE(self.language):
            raise Refused("language", "not-a-language", "BCP 47 was expected")
        self.amount = self.currency = None
        if lead.get("value") is not None:
            self.amount, self.currency = money(lead["value"])
        number = text(lead, "idNumber", 60, False)
        self.identity = None if number is None else identity(number, text(lead, "idType", 60, False))
        self.number = text(lead, "customerNumber", 60, False)
        self.importer = text(lead, "importer", 60, False)


def text(lead, field, most, required):
    value = lead.get(field)
    if value is None:
        if required:
            raise Refused(field, "missing", "the field is required")
        return None
    if type(value) is not str:
        raise Refused(field, "wrong-type", "a string was expected")
    if len(value) > most or required and not value:
        raise Refused(field, "too-long" if value else "too-short", f"1 to {most} characters are taken")
    return value


def money(value):
    """(ten-thousandths, currency)"""
    if type(value) is not dict:
        raise Refused("value", "wrong-type", "an object was expected")
    found = AMOUNT(text(value, "amount", 40, True))
    currency = text(value, "currency", 3, True)
    if not found or not CURRENCY(currency):
        raise Refused("value", "not-an-amount", "a decimal number and a currency were expected")
    whole, fraction = found[1], (found[2] or "").ljust(4, "0")
    return int(whole + fraction), currency


KEY = environ.get("IDENTITY_KEY", "").encode()


def identity(written, kind, key=KEY):
    """The ID number's place in `customer.identity`: nobody reads it back."""
    folded = "".join(filter(str.isalnum, unicodedata.normalize("NFKC", written))).upper()
    if kind is None:
        kind = "resident" if RESIDENT(folded) else "other"
    if kind == "resident":
        folded = resident(folded)
    return str(UUID(bytes=hmac.digest(key, f"id {kind} {folded}".encode(), "sha256")[:16]))


def resident(number):
    if len(number) == 15:
        century = "18" if number[12:] in ("996", "997", "998", "999") else "19"
        number = number[:6] + century + number[6:]
        number += check_digit(number)
    try:
        date(int(number[6:10]), int(number[10:12]), int(number[12:14]))
    except ValueError:
        raise Refused("idNumber", "not-an-id-number", "the birthday in it is no day") from None
    if len(number) != 18 or number[17] != check_digit(number[:17]):
        raise Refused("idNumber", "not-an-id-number", "its check digit does not fit")
    return number


def check_digit(places):
    """GB 11643, ISO 7064 MOD 11-2"""
    rest = 0
    for digit in places:
        rest = (rest + int(digit)) * 2 % 11
    return "0123456789X"[(12 - rest) % 11]


class Phones:
    """A dictionary of prefixes for what nearly all leads have; the library for the rest."""

    def __init__(self, regions):
        self.regions = regions
        self.longest = max(map(len, regions))

    def read(self, phone, country):
        """(digits of E.164 or None, region, why it cannot be dialled)"""
        mobile = MAINLAND_MOBILE(phone)
        if mobile and (mobile[1] or country == "CN"):
            digits = mobile[2]
            if len(digits) != 11:
                digits = digits.replace(" ", "").replace("-", "")
            regions = self.regions
            region = regions.get(digits[:7]) or regions.get(digits[:6]) or regions.get(digits[:5]) or "CN"
            return int("86" + digits), region, None
        try:
            number = phonenumbers.parse(phone, country)
        except phonenumbers.NumberParseException:
            raise Refused("phone", "not-a-number", "this is no phone number of any country") from None
        possible = phonenumbers.is_possible_number_with_reason(number)
        if possible != phonenumbers.ValidationResult.IS_POSSIBLE:
            return None, None, f"phone-{LENGTHS.get(possible, 'impossible')}"
        region = phonenumbers.region_code_for_number(number)
        national = phonenumbers.national_significant_number(number)
        if region == "CN":
            known = (self.regions.get(national[:length]) for length in range(self.longest, 1, -1))
            region = next(filter(None, known), region)
        return int(f"{number.country_code}{national}"), region, None
