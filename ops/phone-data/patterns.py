"""Regular expressions into nondeterministic automata.

Only what libphonenumber's metadata and parser use is understood; anything else raises, so that a new
library version cannot slip in a construct that would be compiled wrongly.
"""

import re

try:
    from re import _constants as ops, _parser as sre
except ImportError:  # Python before 3.11
    import sre_constants as ops
    import sre_parse as sre

DIGITS = frozenset(range(10))


class Nfa:
    """States are tuples; `split` lists its targets in the order in which a backtracking matcher tries them."""

    def __init__(self, symbols):
        self.symbols = symbols  # leaf of the syntax tree -> frozenset of symbols
        self.states = []

    def add(self, *state):
        self.states.append(state)
        return len(self.states) - 1

    def compile(self, tree, then, backwards=False):
        """Adds `tree` in front of the state `then`; returns the state to start from."""
        items = list(tree)
        for op, argument in items if backwards else reversed(items):
            then = self._item(op, argument, then, backwards)
        return then

    def _item(self, op, argument, then, backwards):
        if op in (ops.LITERAL, ops.IN):
            return self.add("take", self.symbols(op, argument), then)
        if op is ops.BRANCH:
            return self.add("split", [self.compile(each, then, backwards) for each in argument[1]])
        if op is ops.SUBPATTERN:
            group, add_flags, drop_flags, tree = argument
            if add_flags or drop_flags:
                raise ValueError("flags inside a pattern")
            if group is None:
                return self.compile(tree, then, backwards)
            closed = self.add("mark", ("close", group), then)
            return self.add("mark", ("open", group), self.compile(tree, closed, backwards))
        if op is ops.MAX_REPEAT:
            low, high, tree = argument
            if high is ops.MAXREPEAT:
                loop = self.add("split", [])
                self.states[loop][1].extend([self.compile(tree, loop, backwards), then])
                state = loop
            else:
                state = then
                for _ in range(high - low):
                    state = self.add("split", [self.compile(tree, state, backwards), then])
            for _ in range(low):
                state = self.compile(tree, state, backwards)
            return state
        if op is ops.AT and argument is ops.AT_END:
            return self.add("end", then)
        raise ValueError(f"pattern construct {op} is not understood")

    def closure(self, starts):
        """All states reachable without taking a symbol (end assertions not followed)."""
        seen, todo = set(), list(starts)
        while todo:
            index = todo.pop()
            if index in seen:
                continue
            seen.add(index)
            state = self.states[index]
            if state[0] == "split":
                todo.extend(state[1])
            elif state[0] == "mark":
                todo.append(state[2])
        return frozenset(i for i in seen if self.states[i][0] not in ("split", "mark"))

    def step(self, subset, symbol):
        return self.closure(
            self.states[i][2] for i in subset if self.states[i][0] == "take" and symbol in self.states[i][1])


def digit_symbols(op, argument):
    if op is ops.LITERAL:
        return frozenset([argument - 48]) & DIGITS
    found = set()
    for kind, value in argument:
        if kind is ops.LITERAL:
            found.add(value - 48)
        elif kind is ops.RANGE:
            found.update(range(value[0] - 48, value[1] - 47))
        elif kind is ops.CATEGORY and value is ops.CATEGORY_DIGIT:
            found.update(DIGITS)
        else:
            raise ValueError(f"digit set with {kind} is not understood")
    if not found <= DIGITS:
        raise ValueError("a digit set with something else in it")
    return frozenset(found)


def parse(pattern, flags=0):
    return sre.parse(pattern, flags)


def leaves(tree):
    """Every literal and set in a syntax tree, as (op, argument)."""
    for op, argument in tree:
        if op in (ops.LITERAL, ops.IN):
            yield op, argument
        elif op is ops.BRANCH:
            for each in argument[1]:
                yield from leaves(each)
        elif op is ops.SUBPATTERN:
            yield from leaves(argument[3])
        elif op is ops.MAX_REPEAT:
            yield from leaves(argument[2])
        elif op is not ops.AT:
            raise ValueError(f"pattern construct {op} is not understood")


def leaf_source(op, argument):
    """The pattern text of one leaf, so that the regex engine itself says which characters it takes."""
    def quoted(code):
        return "\\U%08x" % code
    if op is ops.LITERAL:
        return quoted(argument)
    parts = []
    for kind, value in argument:
        if kind is ops.NEGATE:
            parts.insert(0, "^")
        elif kind is ops.LITERAL:
            parts.append(quoted(value))
        elif kind is ops.RANGE:
            parts.append(quoted(value[0]) + "-" + quoted(value[1]))
        elif kind is ops.CATEGORY and value is ops.CATEGORY_DIGIT:
            parts.append(r"\d")
        else:
            raise ValueError(f"character set with {kind} is not understood")
    return "[" + "".join(parts) + "]"


def characters_matching(source, flags, everything):
    return {match.start() for match in re.finditer(source, everything, flags)}
