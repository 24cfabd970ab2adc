"""Ordered rules, and what sources wish: where a lead goes before anybody there is chosen."""

from bisect import bisect_right

MOST = 100_000


class Rule:
    __slots__ = ("position", "branch", "region", "source", "product", "language", "currency", "least", "below", "begin",
                 "end", "steps")  # fmt: skip

    def __init__(self, *row):
        (self.position, self.branch, self.region, self.source, self.product, self.language, self.currency, self.least,
         self.below, self.begin, self.end, how) = row  # fmt: skip
        self.steps = how == "steps"

    def matches(self, region, lead):
        own = self.region
        if own is not None and (region is None or region != own and not region.startswith((own + "-", own + "/"))):
            return False
        if self.source not in (None, lead.source) or self.product not in (None, lead.product):
            return False
        if self.language not in (None, lead.language):
            return False
        return self.currency is None or (
            self.currency == lead.currency and (self.least is None or lead.amount >= self.least)
            and (self.below is None or lead.amount < self.below))  # fmt: skip


class Rules:
    """What was asked before is remembered, by no more than what the rules ask for."""

    def __init__(self, version, rows):
        self.version = version
        self.all = [Rule(*row) for row in rows]
        self.asks_product = any(rule.product is not None for rule in self.all)
        self.asks_language = any(rule.language is not None for rule in self.all)
        ends = {}
        for rule in self.all:
            if rule.currency is not None:
                ends.setdefault(rule.currency, set()).update({rule.least, rule.below} - {None})
        self.ends = {currency: sorted(values) for currency, values in ends.items()}
        self.moment, self.until = None, None

    def advance(self, moment):
        """From now on it is this moment, in seconds since 1970."""
        if self.moment is not None and self.moment <= moment and (self.until is None or moment < self.until):
            return
        self.moment, self.memory = moment, {}
        self.valid = [rule for rule in self.all if (rule.begin is None or rule.begin <= moment)
                      and (rule.end is None or moment < rule.end)]  # fmt: skip
        later = [end for rule in self.all for end in (rule.begin, rule.end) if end is not None and end > moment]
        self.until = min(later, default=None)

    def match(self, region, lead):
        ends = self.ends.get(lead.currency)
        band = None if ends is None else (lead.currency, bisect_right(ends, lead.amount))
        key = (region, lead.source, lead.product if self.asks_product else None,
               lead.language if self.asks_language else None, band)  # fmt: skip
        memory = self.memory
        if key not in memory:
            if len(memory) > MOST:
                memory.clear()
            memory[key] = next((rule for rule in self.valid if rule.matches(region, lead)), None)
        return memory[key]


class Route:
    """Where a lead goes: a branch by a rule or its source's wish, or the importer who keeps it."""

    __slots__ = ("branch", "rule", "basis", "note", "importer", "steps")

    def __init__(self, branch=None, rule=None, basis=None, note=None, importer=None, steps=False):
        self.branch, self.rule, self.basis, self.note = branch, rule, basis, note
        self.importer, self.steps = importer, steps


NOWHERE = Route()


class Sources:
    def __init__(self, rows, people):
        self.sources = {code: row for code, *row in rows}
        self.people = {code: (number, branch) for code, number, branch in people}

    def route(self, lead, rule):
        kind, branch, keeps = self.sources.get(lead.source, ("channel", None, "nothing"))
        if kind == "institution" and branch is not None:
            return Route(branch, basis="institution")
        if kind == "import" and keeps != "nothing":
            if lead.importer is None:
                return self.by_rule(rule, "importer-missing")
            known = self.people.get(lead.importer)
            if known is None:
                return self.by_rule(rule, "importer-unknown")
            if keeps == "person":
                return Route(known[1], importer=known[0])
            return Route(known[1], basis="importer-branch")
        return self.by_rule(rule)

    @staticmethod
    def by_rule(rule, note=None):
        if rule is None:
            return NOWHERE
        return Route(rule.branch, rule, note=None if rule.steps else note, steps=rule.steps)
