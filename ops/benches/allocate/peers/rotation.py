"""Whose turn it is: earliest eligible virtual deadline first (see ops/decisions/whose-turn.md), by hand and for speed."""

UNIT = 55_440_000


class Branch:
    __slots__ = ("id", "code", "held", "held_before", "turn", "catch_up", "day", "people", "snapshot", "choices",
                 "free", "weights", "weighted", "elapsed", "used")  # fmt: skip

    def __init__(self, number, code, held, turn, day, snapshot):
        self.id, self.code, self.held, self.held_before = number, code, held, held
        self.turn, self.day, self.snapshot = turn, day, snapshot
        self.people = []
        self.choices = self.elapsed = 0
        self.free = None
        self.used = False

    def begin(self):
        """Who takes part, and the sums that now is the mean of."""
        self.free = [person for person in self.people if person.excluded is None and not person.is_bound()]
        self.weights = sum(person.weight for person in self.free)
        self.weighted = sum(person.weight * person.offset for person in self.free)

    def choose(self):
        """The person whose turn it is; None when nobody can take a lead."""
        if self.free is None:
            self.begin()
        best = None
        ends = None
        weights, weighted = self.weights, self.weighted
        for person in self.free:
            if person.offset * weights <= weighted:
                end = person.offset + person.stride
                if best is None or end < ends:
                    best, ends = person, end
        if best is None:
            return None
        best.offset = ends
        best.open_leads += 1
        best.today += 1
        best.week += 1
        best.allocated += 1
        self.weighted += best.weight * best.stride
        self.elapsed = self.weighted // self.weights
        self.choices += 1
        if best.is_bound():
            self.begin()
            if self.weights:
                self.elapsed = self.weighted // self.weights
        return best

    def changed(self):
        """(person, turn, day) of those to be written"""
        if self.choices == 0:
            return []
        return [(person, self.turn + person.offset, self.day) for person in self.people
                if person.allocated or person.moved and person.takes_part]  # fmt: skip

    def want(self):
        if not self.people:
            return "vacant"
        return "full" if any(person.excluded is None for person in self.people) else "nobody-available"


class Person:
    __slots__ = ("id", "code", "weight", "capacity", "daily_cap", "weekly_cap", "open_leads", "today", "week", "stride",
                 "offset", "moved", "takes_part", "excluded", "allocated", "before")  # fmt: skip

    def __init__(self, branch_turn, catch_up, number, code, weight, capacity, daily_cap, weekly_cap, open_leads, today,
                 week, turn, excluded):  # fmt: skip
        self.id, self.code, self.weight, self.capacity = number, code, weight, capacity
        self.daily_cap, self.weekly_cap = daily_cap, weekly_cap
        self.open_leads, self.today, self.week = open_leads, today, week
        self.stride = UNIT // max(1, weight)
        least = -(1 + catch_up) * self.stride
        self.moved = turn is None or turn - branch_turn < least
        self.offset = 0 if turn is None else max(turn - branch_turn, least)
        self.allocated = 0
        self.excluded = excluded
        self.before = open_leads, self.offset, today, week
        self.takes_part = excluded is None and not self.is_bound()

    def is_bound(self):
        return (
            self.capacity is not None and self.open_leads >= self.capacity
            or self.daily_cap is not None and self.today >= self.daily_cap
            or self.weekly_cap is not None and self.week >= self.weekly_cap
        )  # fmt: skip
