"""Deterministic automata over digits, shared node by node, and over character classes."""

from patterns import Nfa, digit_symbols, parse

LONGEST_NATIONAL_NUMBER = 17


class NumberAutomata:
    """Acyclic automata over national numbers. Equal nodes are one node, whichever pattern they came from.

    Node 0 is dead. A node is (output, ten children); an output of 0 says nothing.
    """

    def __init__(self):
        self.nodes = [(0, (0,) * 10)]
        self._ids = {self.nodes[0]: 0}

    def _intern(self, node):
        if node not in self._ids:
            self._ids[node] = len(self.nodes)
            self.nodes.append(node)
        return self._ids[node]

    def compile(self, labelled, output):
        """`labelled`: {label: (pattern, whether any continuation matches too)}; `output(labels, length)` names
        what a number of that length which those patterns match comes to."""
        nfa = Nfa(digit_symbols)
        starts = []
        for label, (pattern, open_ended) in labelled.items():
            accept = nfa.add("accept", label)
            if open_ended:
                rest = nfa.add("split", [])
                nfa.states[rest][1].extend([nfa.add("take", frozenset(range(10)), rest), accept])
                starts.append(nfa.compile(parse(pattern), rest))
            else:
                starts.append(nfa.compile(parse(pattern), accept))
        memo, steps = {}, {}

        def node(subset, depth):
            if not subset:
                return 0
            key = (subset, depth)
            if key not in memo:
                labels = frozenset(nfa.states[i][1] for i in subset if nfa.states[i][0] == "accept")
                children = (0,) * 10
                if depth < LONGEST_NATIONAL_NUMBER:
                    if subset not in steps:
                        steps[subset] = [nfa.step(subset, digit) for digit in range(10)]
                    children = tuple(node(each, depth + 1) for each in steps[subset])
                memo[key] = self._intern((output(labels, depth), children))
            return memo[key]

        return node(nfa.closure(starts), 0)


class PrefixAutomata:
    """Automata that say where a backtracking matcher's match at the start of a number ends, and its last group.

    A node is (outcome if digits follow or not, outcome if the number ends here, ten children). Run it to the last
    digit or to node 0; the outcome seen last holds (first match wins: threads behind a match are cut). An outcome is
    an index into `outcomes`: (group start, group end, match end), with 255 for a group that took no part; 0 is none.
    """

    NONE = 255

    def __init__(self):
        self.nodes = [(0, 0, (0,) * 10)]
        self._ids = {self.nodes[0]: 0}
        self.outcomes = [(self.NONE, self.NONE, self.NONE)]

    def _outcome(self, value):
        if value not in self.outcomes:
            self.outcomes.append(value)
        return self.outcomes.index(value)

    def compile(self, pattern):
        tree = parse(pattern)
        last_group = tree.state.groups - 1
        nfa = Nfa(digit_symbols)
        start = nfa.compile(tree, nfa.add("accept", 0))
        memo = {}

        def follow(threads, depth, at_end):
            """Threads in order of priority, up to the first that matches."""
            reached, seen = [], set()

            def visit(index, opened, closed):
                if (index, opened, closed) in seen:
                    return None
                seen.add((index, opened, closed))
                state = nfa.states[index]
                if state[0] == "split":
                    for each in state[1]:
                        found = visit(each, opened, closed)
                        if found:
                            return found
                elif state[0] == "mark":
                    side, group = state[1]
                    if group == last_group:
                        opened, closed = (depth, closed) if side == "open" else (opened, depth)
                    return visit(state[2], opened, closed)
                elif state[0] == "end":
                    if at_end:
                        return visit(state[1], opened, closed)
                    reached.append((index, opened, closed))
                elif state[0] == "accept":
                    return self._outcome((opened if closed != self.NONE else self.NONE, closed, depth))
                else:
                    reached.append((index, opened, closed))
                return None

            for thread in threads:
                found = visit(*thread)
                if found:
                    return reached, found
            return reached, 0

        def node(threads, depth):
            if not threads:
                return 0
            key = (tuple(threads), depth)
            if key not in memo:
                alive, middle = follow(threads, depth, False)
                _, end = follow(threads, depth, True)
                children = []
                for digit in range(10):
                    moved = [(nfa.states[i][2], o, c) for i, o, c in alive
                             if nfa.states[i][0] == "take" and digit in nfa.states[i][1]]
                    children.append(node(moved, depth + 1))
                value = (middle, end, tuple(children))
                if value not in self._ids:
                    self._ids[value] = len(self.nodes)
                    self.nodes.append(value)
                memo[key] = self._ids[value]
            return memo[key]

        return node([(start, self.NONE, self.NONE)], 0)


def character_automaton(nfa, start, classes):
    """Subset construction and minimisation; returns (rows of targets per class, accepting states). State 0 is dead,
    state 1 the start."""
    ids, subsets, rows = {frozenset(): 0}, [frozenset()], []
    first = nfa.closure([start])
    ids[first] = 1
    subsets.append(first)
    index = 0
    while index < len(subsets):
        row = []
        for symbol in range(classes):
            target = nfa.step(subsets[index], symbol)
            if target not in ids:
                ids[target] = len(subsets)
                subsets.append(target)
            row.append(ids[target])
        rows.append(row)
        index += 1
    accepts = [any(nfa.states[i][0] == "accept" for i in subset) for subset in subsets]
    block = [int(each) for each in accepts]
    while True:
        signatures, refined = {}, []
        for state, row in enumerate(rows):
            signature = (block[state], tuple(block[target] for target in row))
            refined.append(signatures.setdefault(signature, len(signatures)))
        if len(signatures) == len(set(block)):
            break
        block = refined
    order = {}
    for state in [0, 1] + list(range(2, len(rows))):
        order.setdefault(refined[state], len(order))
    small = [None] * len(order)
    accepting = [False] * len(order)
    for state, row in enumerate(rows):
        small[order[refined[state]]] = [order[refined[target]] for target in row]
        accepting[order[refined[state]]] = accepts[state]
    return small, accepting
