"""Longest-prefix tables as small automata: equal subtrees are one node, equal neighbours in a row one entry."""

LEAF = 0x800000
NO_RECORD = 0x7FFFFF


def tree_of(*tables):
    """One tree for several prefix tables: a node is [ten children or None, a value per table or None]."""
    def empty():
        return [[None] * 10, [None] * len(tables)]
    root = empty()
    for position, table in enumerate(tables):
        for prefix, value in table.items():
            node = root
            for digit in map(int, prefix):
                if node[0][digit] is None:
                    node[0][digit] = empty()
                node = node[0][digit]
            node[1][position] = value
    return root


class PrefixAutomaton:
    """Rows have eleven columns: a digit each, and what holds when the number ends there.

    A value is a node's index, or LEAF | record. A node is a header (first entry << 10 | one bit for each column but
    the first that differs from the column before it) and its entries.
    """

    def __init__(self, tree, record_of):
        """`record_of(values, path)` gives the record for these values at this prefix; None for no value at all."""
        self.rows, self._ids = [], {}
        self.headers, self.entries = [], []
        self._record_of = record_of
        self._tree = tree
        self._inherited = {}
        self.root = self._build(tree, (None,) * len(tree[1]), "")
        for row in self.rows:
            first, mask = len(self.entries), 0
            self.entries.append(row[0])
            for column in range(1, 11):
                if row[column] != row[column - 1]:
                    mask |= 1 << (column - 1)
                    self.entries.append(row[column])
            if first >= 1 << 22:
                raise ValueError("too many entries for a header")
            self.headers.append(first << 10 | mask)

    def _leaf(self, values, path):
        record = self._record_of(values, path)
        return LEAF | (NO_RECORD if record is None else record)

    def _build(self, node, inherited, path):
        values = tuple(own if own is not None else above for own, above in zip(node[1], inherited))
        if all(child is None for child in node[0]):
            return self._leaf(values, path)
        here = None
        row = []
        for digit, child in enumerate(node[0]):
            if child is None:
                row.append(self._leaf(values, path + str(digit)))
            else:
                row.append(self._build(child, values, path + str(digit)))
        here = self._leaf(values, path)
        row = tuple(row) + (here,)
        if all(each == here for each in row):
            return here
        if row not in self._ids:
            self._ids[row] = len(self.rows)
            self.rows.append(row)
        return self._ids[row]

    def entry_at(self, digits):
        """The value that stands for having read these digits."""
        value = self.root
        for digit in map(int, digits):
            if value & LEAF:
                break
            value = self.rows[value][digit]
        return value
