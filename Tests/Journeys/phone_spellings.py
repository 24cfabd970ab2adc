"""Random phone numbers, valid and not, of every country, in the spellings that people and systems use.

`spelled(random)` gives (text, default country or None). What a text should come to is PyPI's `phonenumbers`' word
(`expected`); nothing here knows it.
"""

import unicodedata

try:
    from re import _constants as ops, _parser as sre
except ImportError:  # Python before 3.11
    import sre_constants as ops
    import sre_parse as sre

import phonenumbers
from phonenumbers import PhoneMetadata, carrier, geocoder, phonenumberutil, timezone
from phonenumbers.data import _COUNTRY_CODE_TO_REGION_CODE as REGIONS_OF
from phonenumbers.geodata import GEOCODE_DATA

REGIONS = [(code, name) for code, names in REGIONS_OF.items() for name in names]
COUNTRIES = sorted(phonenumberutil.SUPPORTED_REGIONS)
PREFIXES = sorted(GEOCODE_DATA)
KINDS = ["fixed_line", "mobile", "toll_free", "premium_rate", "shared_cost", "voip", "personal_number", "pager", "uan",
         "voicemail", "general_desc"]
# Digits that every supported Python knows: those of Unicode 14, without the rows that later versions added.
LATER_ROWS = {0x10D40, 0x116D0, 0x116DA, 0x11BF0, 0x11F50, 0x1CCF0, 0x1E4F0, 0x1E5F1}
DIGIT_ROWS = [code for code in range(0x110000)
              if unicodedata.digit(chr(code), None) == 0 and unicodedata.category(chr(code)) == "Nd"
              and code not in LATER_ROWS]
EXTENSIONS = ["ext", "ext.", "ext:", "extn", "extension", "extensión", "extensio\u0301n", "xtn", "x", "X", "#", "~",
              ";ext=", "anexo", "доб", "ｅｘｔ", "ｘ", "＃", "～", "int", "Int.", "ｉｎｔ", ",", ",,", ";", "EXT", "-"]
PUNCTUATION = list("-.()/[]~ x*") + ["\u00a0", "\u2010", "\u2012", "\u2013", "\u2015", "\u2212", "\u30fc", "\uff0d",
                                     "\u3000", "\uff08", "\uff09", "\uff3b", "\uff3d", "\u200b", "\u2060", "\u00ad",
                                     "\u2053", "\u223c", "\uff5e", "\uff0f", "\uff0e"]
NOISE = list("abcxyzABCXYZ +*#,;:_!?@\\/&=\"'") + ["\u00e9", "\u4e2d", "\u017f", "\u212a", "\u0130", "\u0131", "\u00b2",
                                                   "\u2460", "\uff0b", "\u0301", "\U0001f600", "\t"]


def metadata_of(code, name):
    return PhoneMetadata.metadata_for_region_or_calling_code(code, name)


def sample(random, tree):
    """A random text that the pattern matches."""
    text = ""
    for op, argument in tree:
        if op is ops.LITERAL:
            text += chr(argument)
        elif op is ops.IN:
            choices = []
            for kind, value in argument:
                if kind is ops.LITERAL:
                    choices.append(chr(value))
                elif kind is ops.RANGE:
                    choices += [chr(code) for code in range(value[0], value[1] + 1)]
                else:
                    choices += list("0123456789")
            text += random.choice(choices)
        elif op is ops.BRANCH:
            text += sample(random, random.choice(argument[1]))
        elif op is ops.SUBPATTERN:
            text += sample(random, argument[3])
        elif op is ops.MAX_REPEAT:
            low, high, inner = argument
            for _ in range(random.randint(low, min(high, low + 3))):
                text += sample(random, inner)
    return text


_trees = {}


def matching(random, pattern):
    if pattern not in _trees:
        _trees[pattern] = sre.parse(pattern)
    return sample(random, _trees[pattern])


def completed_parts(random, prefix):
    """Calling code and a national number of a possible length that begin with `prefix`."""
    for length in (3, 2, 1):
        if int(prefix[:length]) in REGIONS_OF:
            code, prefix = int(prefix[:length]), prefix[length:]
            break
    lengths = metadata_of(code, REGIONS_OF[code][0]).general_desc.possible_length
    length = random.choice([each for each in lengths if each >= len(prefix)] or lengths)
    return code, prefix + "".join(random.choice("0123456789") for _ in range(length - len(prefix)))


def completed(random, prefix):
    code, digits = completed_parts(random, prefix)
    return f"+{code}{digits}"


def national_number(random, code, name):
    metadata = metadata_of(code, name)
    way = random.random()
    if way < 0.55:
        descriptions = [each for each in (getattr(metadata, kind) for kind in KINDS)
                        if each is not None and each.national_number_pattern]
        digits = matching(random, random.choice(descriptions).national_number_pattern)
    elif way < 0.75:
        code, digits = completed_parts(random, random.choice(PREFIXES))
    else:
        length = random.choice(list(metadata.general_desc.possible_length)
                               + list(metadata.general_desc.possible_length_local_only) + [random.randint(0, 19)])
        digits = "".join(random.choice("0123456789") for _ in range(length))
    change = random.random()
    if digits and change < 0.1:
        place = random.randrange(len(digits))
        digits = digits[:place] + random.choice("0123456789") + digits[place + 1:]
    elif digits and change < 0.15:
        digits = digits[:-1]
    elif change < 0.2:
        digits += random.choice("0123456789")
    elif change < 0.22:
        digits = "0" * random.randint(1, 4) + digits
    return code, digits


def with_prefix(random, code, name, digits, country):
    """The number as dialled, and whether it may only be parsed with a country."""
    metadata = metadata_of(code, name)
    way = random.random()
    if way < 0.35:
        return random.choice(["+", "+", "+", "+ ", "++", "\uff0b", "(+"]) + str(code) + \
            random.choice(["", " ", "-", " (0)", ") "]) + digits
    if way < 0.5 and country:
        abroad = PhoneMetadata.metadata_for_region(country)
        prefix = matching(random, abroad.international_prefix) if abroad.international_prefix else "00"
        return prefix + random.choice(["", " ", "-"]) + str(code) + digits
    if way < 0.55:
        return random.choice(["00", "011", "0011", "810"]) + str(code) + digits
    if way < 0.65:
        return str(code) + digits
    if way < 0.8:
        parsing = metadata.national_prefix_for_parsing
        if parsing and random.random() < 0.7:
            return matching(random, parsing.replace("$", "")) + digits
        return (metadata.national_prefix or "0") + digits
    if way < 0.85:
        try:
            number = phonenumbers.PhoneNumber(country_code=code, national_number=int(digits or "0"))
            return phonenumbers.format_number(number, random.choice([0, 1, 2, 3]))
        except Exception:  # a number that the library cannot format is one to parse all the same
            return digits
    return digits


def disturbed(random, text):
    """Spelling: punctuation, scripts, letters, extensions, URIs, noise."""
    if random.random() < 0.4:
        separators = random.choice([[" "], ["-"], [" ", "-", "."], PUNCTUATION])
        text = "".join(each + (random.choice(separators) if random.random() < 0.25 else "") for each in text)
    if random.random() < 0.12:
        row = 0xFF10 if random.random() < 0.5 else random.choice(DIGIT_ROWS)
        share = random.choice([0.3, 1.1])
        text = "".join(chr(row + int(each)) if each in "0123456789" and random.random() < share else each
                       for each in text)
    if random.random() < 0.05:
        keys = {"2": "ABC", "3": "DEF", "4": "GHI", "5": "JKL", "6": "MNO", "7": "PQRS", "8": "TUV", "9": "WXYZ"}
        start = random.randrange(len(text) + 1)
        text = text[:start] + "".join(
            random.choice([random.choice(keys[each]), random.choice(keys[each]).lower()]) if each in keys else each
            for each in text[start:])
    if random.random() < 0.12:
        length = random.choice([1, 2, 3, 4, 6, 7, 9, 10, 15, 16, 20, 21])
        text += random.choice(["", " ", ", ", "\u00a0"]) + random.choice(EXTENSIONS)
        text += random.choice(["", " ", ".", ": ", "-"])
        text += "".join(random.choice("0123456789") for _ in range(length)) + random.choice(["", "", "", "#"])
    if random.random() < 0.06:
        text = random.choice(["tel:", "", "TEL:", "Tel: ", "call tel:"]) + text
        text += random.choice(["", ";isub=12", ";isub="])
        if random.random() < 0.6:
            text += ";phone-context=" + random.choice(
                ["+1", "+44", "+86", "+1-914-555", "+(86)", "example.com", "a.b-c.d", "www.example.com.", "1.com", "+",
                 "", "9x", "x9", "-a", "a-", "a..b", "+86x", "\uff0b86", "+\u0668\u0666"])
            text += random.choice(["", "", ";foo=1"])
    if random.random() < 0.06:
        text += random.choice([" / x302", "/x2", "\\ x5", " / 5551234", "/", "..", "_", "#", "##", " \u4e2d", "\u00e9"])
    if random.random() < 0.06:
        text = random.choice(["Tel: ", "(", "\u7535\u8bdd\uff1a", " ", "#", "*", "a", "mobile "]) + text
    if random.random() < 0.06:
        for _ in range(random.randint(1, 3)):
            place = random.randrange(len(text) + 1)
            text = text[:place] + random.choice(NOISE) + text[place:]
    if random.random() < 0.003:
        text = text * random.choice([8, 20, 40])
    return text


def spelled(random):
    code, name = random.choice(REGIONS) if random.random() < 0.85 else (86, "CN")
    country = random.choice([None, None, name if name.isalpha() else None, name if name.isalpha() else None,
                             random.choice(COUNTRIES), "CN"])
    known, digits = national_number(random, code, name)
    text = with_prefix(random, known, name if known == code else REGIONS_OF[known][0], digits, country)
    return disturbed(random, text), country


REASONS = {
    phonenumbers.NumberParseException.INVALID_COUNTRY_CODE: "unknown-country",
    phonenumbers.NumberParseException.NOT_A_NUMBER: "not-a-number",
    phonenumbers.NumberParseException.TOO_SHORT_AFTER_IDD: "too-short",
    phonenumbers.NumberParseException.TOO_SHORT_NSN: "too-short",
    phonenumbers.NumberParseException.TOO_LONG: "too-long",
}
IMPOSSIBLE = {
    phonenumbers.ValidationResult.IS_POSSIBLE: "-",
    phonenumbers.ValidationResult.IS_POSSIBLE_LOCAL_ONLY: "local-only",
    phonenumbers.ValidationResult.TOO_SHORT: "too-short",
    phonenumbers.ValidationResult.TOO_LONG: "too-long",
    phonenumbers.ValidationResult.INVALID_LENGTH: "impossible-length",
    phonenumbers.ValidationResult.INVALID_COUNTRY_CODE: "unknown-country",
}
COLUMNS = ["e164", "country", "english", "chinese", "zones", "kind", "reason"]


def expected(text, country):
    """The library's word, as `millrace phone` prints it, without the ISO 3166-2 column (which is not the library's)."""
    try:
        number = phonenumbers.parse(text, country)
    except phonenumbers.NumberParseException as refusal:
        return ["-"] * 6 + [REASONS[refusal.error_type]]
    possible = phonenumbers.is_possible_number(number)
    kind = phonenumbers.PhoneNumberType.to_string(phonenumbers.number_type(number)).lower().replace("_", "-")
    zones = ",".join(timezone.time_zones_for_number(number))
    return [
        phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164) if possible else "-",
        phonenumberutil.region_code_for_number(number) or "-",
        geocoder.description_for_number(number, "en") or "-",
        geocoder.description_for_number(number, "zh") or "-",
        "-" if zones == "Etc/Unknown" else zones,
        kind,
        IMPOSSIBLE[phonenumbers.is_possible_number_with_reason(number)],
    ]
