"""Characters into classes, and the two patterns that look at characters rather than digits."""

import re
import sys
import unicodedata

from automata import character_automaton
from patterns import Nfa, characters_matching, leaf_source, leaves, parse

PLUS, DIGIT, UNWANTED_AT_END, LETTER = 1, 2, 4, 8
NONE = 255


def character_tables(library):
    """Returns the class table, the class of every character as page numbers and pages, and the automata for a viable
    number (read forwards) and for an extension at the end (read backwards)."""
    everything = "".join(chr(0xFFFD if 0xD800 <= c < 0xE000 else c) for c in range(sys.maxunicode + 1))
    viable = library._VALID_PHONE_NUMBER_PATTERN
    extension = re.compile("(?:%s)" % library._EXTN_PATTERNS_FOR_PARSING, library._REGEX_FLAGS)
    flags = library._REGEX_FLAGS

    sources = sorted({leaf_source(*leaf) for p in (viable, extension) for leaf in leaves(parse(p.pattern, p.flags))})
    members = [characters_matching(source, flags, everything) for source in sources]
    plus = characters_matching("[" + library._PLUS_CHARS + "]", 0, everything)
    start = characters_matching(library._VALID_START_CHAR, re.UNICODE, everything)
    tail = library._UNWANTED_END_CHARS
    if not (tail.startswith("(?u)") and tail.endswith("+$")):
        raise ValueError("the pattern of unwanted characters at the end has changed")
    unwanted = characters_matching(tail[4:-2], re.UNICODE, everything)

    def signature(code):
        character = everything[code]
        letter = character.isascii() and character.isalpha()
        bits = ((PLUS if code in plus else 0) | (DIGIT if code in start and code not in plus else 0)
                | (UNWANTED_AT_END if code in unwanted else 0) | (LETTER if letter else 0))
        keypad = library._ALPHA_PHONE_MAPPINGS.get(character.upper())
        sets = tuple(index for index, member in enumerate(members) if code in member)
        return (bits, unicodedata.digit(character, NONE), NONE if keypad is None else int(keypad), sets)

    classes, pages, page_of = {}, {}, []
    for first in range(0, sys.maxunicode + 1, 256):
        page = bytes(classes.setdefault(signature(code), len(classes)) for code in range(first, first + 256))
        page_of.append(pages.setdefault(page, len(pages)))
    if len(classes) > 255 or len(pages) > 256:
        raise ValueError("too many character classes or pages")
    table = list(classes)
    by_source = {source: frozenset(i for i, each in enumerate(table) if position in each[3])
                 for position, source in enumerate(sources)}

    def compiled(pattern, backwards):
        nfa = Nfa(lambda op, argument: by_source[leaf_source(op, argument)])
        accept = nfa.add("accept", 0)
        return character_automaton(
            nfa, nfa.compile(parse(pattern.pattern, pattern.flags), accept, backwards), len(table))

    return table, bytes(page_of), b"".join(pages), compiled(viable, False), compiled(extension, True)
