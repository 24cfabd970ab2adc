"""Derives Core/CPhoneData/phone.bin from PyPI's `phonenumbers`.

    generate.py FILE            writes it
    generate.py --compare FILE  ends with 1 and says which part differs, if FILE is not what would be written

ops/phone-data/derive calls it with the pinned version of the library.

Core/PhoneNumbers/PhoneData.swift reads what this writes; the two change together. All numbers are little-endian.
The character tables follow the Unicode version of the Python that runs this, which is written into the file; a
comparison under another Unicode version leaves those tables out and says so.
"""

import struct
import sys
import unicodedata

import phonenumbers
from phonenumbers import PhoneMetadata, phonenumberutil as library
from phonenumbers.carrierdata import CARRIER_DATA
from phonenumbers.data import _COUNTRY_CODE_TO_REGION_CODE as REGIONS_OF
from phonenumbers.geodata import GEOCODE_DATA
from phonenumbers.geodata.locale import LOCALE_DATA
from phonenumbers.tzdata import TIMEZONE_DATA

from automata import NumberAutomata, PrefixAutomata
from characters import character_tables
from kinds import Outcomes, compile_calling_code
from places import Places
from prefixes import LEAF, NO_RECORD, PrefixAutomaton, tree_of
from texts import Texts

NONE8, NONE16 = 0xFF, 0xFFFF
CHARACTER_SECTIONS = {"unicode version", "character page of", "character pages", "character classes", "viable rows",
                      "extension rows"}


def check_library():
    """What the Swift parser has by heart. A library version that differs must be read before it is used."""
    expected = {
        "_MIN_LENGTH_FOR_NSN": 2, "_MAX_LENGTH_FOR_NSN": 17, "_MAX_LENGTH_COUNTRY_CODE": 3,
        "_MAX_INPUT_STRING_LENGTH": 250, "_PLUS_CHARS": "+\uFF0B", "_SECOND_NUMBER_START": "[\\\\/] *x",
        "_MOBILE_TOKEN_MAPPINGS": {54: "9"}, "_GEO_MOBILE_COUNTRIES": {52, 54, 55, 62, 86},
        "_RFC3966_PREFIX": "tel:", "_RFC3966_PHONE_CONTEXT": ";phone-context=", "_RFC3966_ISDN_SUBADDRESS": ";isub=",
        "_RFC3966_GLOBAL_NUMBER_DIGITS": "^\\+(\\d|[\\-\\.\\(\\)]?)*\\d(\\d|[\\-\\.\\(\\)]?)*$",
    }
    for name, value in expected.items():
        if getattr(library, name) != value:
            raise SystemExit(f"phonenumbers {phonenumbers.__version__}: {name} has changed; read the library's diff")


class Regions:
    """Every (calling code, region) with metadata, in the library's order."""

    def __init__(self):
        self.all = []
        for code, names in REGIONS_OF.items():
            for name in names:
                self.all.append((code, name, PhoneMetadata.metadata_for_region_or_calling_code(code, name)))
        if len(self.all) >= NONE8:
            raise SystemExit("too many regions for a byte")
        self.of_code = {}
        for index, (code, _, _) in enumerate(self.all):
            self.of_code.setdefault(code, []).append(index)


def length_mask(lengths):
    return sum(1 << length for length in lengths if length > 0)


def country_name(region, language):
    name = LOCALE_DATA.get(region, {}).get(language, "")
    return LOCALE_DATA[region].get(name[1:], "") if name.startswith("*") else name


def described(table, language):
    return {prefix: value[language] for prefix, value in table.items() if language in value}


def time_zones_of_code(code):
    digits = str(code)
    for length in range(len(digits), 0, -1):
        # The library tries two digits or more first, and a single one only if that is the whole code.
        if (length > 1 or len(digits) == 1) and digits[:length] in TIMEZONE_DATA:
            return TIMEZONE_DATA[digits[:length]]
    return None


def build():
    check_library()
    regions, numbers, prefixes, outcomes, texts = Regions(), NumberAutomata(), PrefixAutomata(), Outcomes(), Texts()
    roots = {code: compile_calling_code(code, regions, numbers, outcomes) for code in REGIONS_OF}

    zones, zone_ids = [], {}
    def zone_list(names):
        if names is None or names == ("Etc/Unknown",):
            return NONE16
        if names not in zone_ids:
            zone_ids[names] = len(zones)
            zones.append(texts.id(",".join(names)))
        return zone_ids[names]

    places = Places(regions, numbers, outcomes, roots, texts)
    place_tree = PrefixAutomaton(
        tree_of(described(GEOCODE_DATA, "en"), described(GEOCODE_DATA, "zh"), TIMEZONE_DATA),
        lambda values, path: places.record(values[0], values[1], zone_list(values[2]), path))
    place_records, exceptions, paths = places.finish(lambda region: country_name(region, "en"))

    carriers, carrier_ids = [], {}
    def carrier(values, path):
        if values == (None, None):
            return None
        key = tuple(NONE16 if each is None else texts.id(each) for each in values)
        if key not in carrier_ids:
            carrier_ids[key] = len(carriers)
            carriers.append(key)
        return carrier_ids[key]
    carrier_tree = PrefixAutomaton(
        tree_of(described(CARRIER_DATA, "en"), described(CARRIER_DATA, "zh")), carrier)

    plan_index, plans = bytearray([NONE8] * 1000), bytearray()
    for index, code in enumerate(REGIONS_OF):
        plan_index[code] = index
        main = regions.of_code[code][0]
        flags = ((1 if code in library._GEO_MOBILE_COUNTRIES else 0) | (2 if len(regions.of_code[code]) == 1 else 0)
                 | int(library._MOBILE_TOKEN_MAPPINGS.get(code, "0")) << 4)
        plans += struct.pack(
            "<HBBHHIII", code, main, flags, roots[code], zone_list(time_zones_of_code(code)),
            place_tree.entry_at(str(code)), carrier_tree.entry_at(str(code)), len(str(code)))

    by_letters, records = bytearray([NONE8] * 676), bytearray()
    for index, (code, name, metadata) in enumerate(regions.all):
        general = metadata.general_desc
        root = numbers.compile({"general": (general.national_number_pattern, False)},
                               lambda labels, length: 1 if labels else 0) if general.national_number_pattern else 0
        rule = metadata.national_prefix_transform_rule or ""
        added, group = (rule[:-2], int(rule[-1])) if rule else ("", 0)
        national = metadata.national_prefix_for_parsing
        if rule and (rule[-2] != "\\" or not (added + "0").isdigit() or library.re.compile(national).groups != group):
            raise SystemExit(f"{name}: the transform rule {rule!r} is of a new shape")
        if not general.possible_length or -1 in general.possible_length:
            raise SystemExit(f"{name}: no possible lengths")
        if name.isalpha():
            by_letters[(ord(name[0]) - 65) * 26 + ord(name[1]) - 65] = index
        records += struct.pack(
            "<3sBHHHHIIHHHBB6s2x", name.encode(), plan_index[code], root,
            prefixes.compile(metadata.international_prefix) if metadata.international_prefix else 0,
            prefixes.compile(national) if national else 0, places.country_path(name),
            length_mask(general.possible_length), length_mask(general.possible_length_local_only),
            texts.optional(country_name(name, "en")), texts.optional(country_name(name, "zh")),
            code, 1 if rule else 0, len(added), added.encode())

    classes, page_of, pages, viable, extension = character_tables(library)
    def rows(automaton):
        states, accepting = automaton
        return b"".join(bytes(row) + bytes([accepts]) for row, accepts in zip(states, accepting))
    if max(len(viable[0]), len(extension[0])) > 255 or len(numbers.nodes) >= NONE16:
        raise SystemExit("too many states")

    sections = {
        "library version": phonenumbers.__version__.encode(),
        "unicode version": unicodedata.unidata_version.encode(),
        "calling codes": bytes(plan_index),
        "plans": bytes(plans),
        "regions by letters": bytes(by_letters),
        "regions": bytes(records),
        "number nodes": b"".join(struct.pack("<10H", *children) for _, children in numbers.nodes),
        "number outputs": b"".join(struct.pack("<H", output) for output, _ in numbers.nodes),
        "outcomes": b"".join(struct.pack("<BBBx", *each) for each in outcomes.all),
        "prefix nodes": b"".join(struct.pack("<10HBB", *node[2], node[0], node[1]) for node in prefixes.nodes),
        "prefix outcomes": b"".join(struct.pack("<BBBx", *each) for each in prefixes.outcomes),
        "place headers": struct.pack(f"<{len(place_tree.headers)}I", *place_tree.headers),
        "place entries": b"".join(each.to_bytes(3, "little") for each in place_tree.entries) + b"\0",
        "place records": b"".join(struct.pack("<4H", *each) for each in place_records),
        "path exceptions": b"".join(struct.pack("<3H", *each) for each in exceptions),
        "paths": b"".join(struct.pack("<4H", *each) for each in paths),
        "time zones": struct.pack(f"<{len(zones)}H", *zones),
        "carrier headers": struct.pack(f"<{len(carrier_tree.headers)}I", *carrier_tree.headers),
        "carrier entries": b"".join(each.to_bytes(3, "little") for each in carrier_tree.entries) + b"\0",
        "carrier records": b"".join(struct.pack("<2H", *each) for each in carriers),
        "character page of": page_of,
        "character pages": pages,
        "character classes": b"".join(struct.pack("<BBBx", *each[:3]) for each in classes),
        "viable rows": rows(viable),
        "extension rows": rows(extension),
        "text offsets": texts.offsets(),
        "texts": texts.bytes() + b"\0\0\0\0",
    }
    return sections


def pack(sections):
    header = struct.pack("<8sII", b"MRPHONE1", len(sections), 0)
    position = len(header) + 8 * len(sections)
    body = b""
    for content in sections.values():
        header += struct.pack("<II", position + len(body), len(content))
        body += content + b"\0" * (-len(content) % 8)
    return header + body


def unpack(data, names):
    if data[:8] != b"MRPHONE1" or struct.unpack_from("<I", data, 8)[0] != len(names):
        raise SystemExit("not phone data of this form")
    places = [struct.unpack_from("<II", data, 16 + 8 * index) for index in range(len(names))]
    return {name: data[start:start + length] for name, (start, length) in zip(names, places)}


def differences(sections, data):
    """(names of the sections of `data` that are not as in `sections`, names of those that cannot be compared)"""
    there = unpack(data, list(sections))
    skipped = CHARACTER_SECTIONS if there["unicode version"] != sections["unicode version"] else set()
    return [name for name in sections if name not in skipped and sections[name] != there[name]], skipped


def main(arguments):
    sections = build()
    if arguments[:1] != ["--compare"]:
        with open(arguments[0], "wb") as file:
            file.write(pack(sections))
        for name, content in sections.items():
            print(f"{name:20} {len(content):>9,} bytes")
        return 0
    with open(arguments[1], "rb") as file:
        different, skipped = differences(sections, file.read())
    if skipped:
        print("character tables not compared: they were made with another version of Unicode than this Python has")
    for name in different:
        print(f"differs: {name}")
    if not different:
        print(f"same as phonenumbers {phonenumbers.__version__} gives")
    return 1 if different else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
