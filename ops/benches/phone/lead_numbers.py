"""Valid numbers as leads bring them: half from mainland China, the rest from everywhere, mostly in plain spellings."""

import phonenumbers
import phone_spellings

FULL_WIDTH = {ord("0") + digit: 0xFF10 + digit for digit in range(10)}


def lead_number(random):
    """(text, default country or None)"""
    while True:
        code, name = (86, "CN") if random.random() < 0.5 else random.choice(phone_spellings.REGIONS)
        metadata = phone_spellings.metadata_of(code, name)
        descriptions = [each for each in (metadata.mobile, metadata.mobile, metadata.fixed_line)
                        if each is not None and each.national_number_pattern]
        if not name.isalpha() or not descriptions:
            continue
        number = phonenumbers.parse(
            f"+{code}{phone_spellings.matching(random, random.choice(descriptions).national_number_pattern)}")
        if phonenumbers.is_valid_number(number):
            return spelled(random, number, name)


def spelled(random, number, name):
    way = random.random()
    if way < 0.40:
        return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164), None
    if way < 0.60:
        return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.INTERNATIONAL), None
    if way < 0.80:
        return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.NATIONAL), name
    if way < 0.92:
        return phonenumbers.national_significant_number(number), name
    if way < 0.96:
        return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.NATIONAL) + " ext. 12", name
    return phonenumbers.national_significant_number(number).translate(FULL_WIDTH), name
