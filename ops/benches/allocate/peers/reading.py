"""What a message says: event or refusal, and a phone's digits and region."""

import re

import orjson
import phonenumbers

COUNTRY = re.compile("[A-Z]{2}").fullmatch
MAINLAND_MOBILE = re.compile(r"(\+86 ?)?(1[3-9][0-9][ -]?[0-9]{4}[ -]?[0-9]{4})").fullmatch
LENGTHS = {
    phonenumbers.ValidationResult.TOO_SHORT: "too-short",
    phonenumbers.ValidationResult.TOO_LONG: "too-long",
    phonenumbers.ValidationResult.INVALID_LENGTH: "impossible-length",
    phonenumbers.ValidationResult.IS_POSSIBLE_LOCAL_ONLY: "local-only",
}


class Refused(Exception):
    """path, reason, detail"""


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


def lead_of(value):
    """(phone, country, name, source, product)"""
    try:
        lead = orjson.loads(value)
    except (orjson.JSONDecodeError, TypeError):
        raise Refused("", "not-json", "the value is no JSON") from None
    if type(lead) is not dict:
        raise Refused("", "wrong-type", "an object was expected")
    phone = text(lead, "phone", 64, True)
    country = text(lead, "country", 2, False)
    if country is not None and not COUNTRY(country):
        raise Refused("country", "not-a-country", "two capital letters were expected")
    return (
        phone, country, text(lead, "name", 200, False), text(lead, "source", 60, True), text(lead, "product", 60, False)
    )  # fmt: skip


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
