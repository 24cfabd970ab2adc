"""Whose turn it is: earliest eligible virtual deadline first (see ops/decisions/whose-turn.md), by hand and for speed.

Two heaps in place of a walk over everybody: those who are ahead of now wait in one, the others are in the other by the
end of their next lead. Now only moves on, so that nobody goes back.
"""

from heapq import heapify, heappop, heappush

UNIT = 55_440_000
WANTS = ("off-hours", "daily-cap", "holiday", "weekly-cap", "full", "calendar-ended")
# What does not keep somebody from what they brought themselves.
IS_HERE = (None, "no-weight", "calendar-ended", "holiday", "off-hours")


class Branch:
    __slots__ = ("id", "code", "held", "held_before", "turn", "catch_up", "day", "people", "snapshot", "choices",
                 "method", "begun", "free", "ahead", "ready", "weights", "weighted", "elapsed", "used", "kept")  # fmt: skip

    def __init__(self, number, code, held, turn, method, catch_up, day, snapshot):
        self.id, self.code, self.held, self.held_before = number, code, held, held
        self.turn, self.method, self.catch_up, self.day, self.snapshot = turn, method, catch_up, day, snapshot
        self.people = []
        self.choices = self.elapsed = 0
        self.begun = self.used = False
        self.kept = []

    def begin(self):
        """Who takes part, and the sums that now is the mean of."""
        self.begun = True
        self.free = [person for person in self.people if person.obstacle() is None]
        self.weights = sum(person.weight for person in self.free)
        self.weighted = sum(person.weight * person.offset for person in self.free)
        self.ahead, self.ready = [(person.offset, place) for place, person in enumerate(self.free)], []
        heapify(self.ahead)

    def choose(self):
        """The person whose turn it is; None when nobody can take a lead."""
        if not self.begun:
            self.begin()
        if not self.free:
            return None
        best = self.next_in_turn() if self.method == "round-robin" else self.least_loaded()
        best.offset += best.stride
        best.give()
        self.weighted += best.weight * best.stride
        self.elapsed = self.weighted // self.weights
        self.choices += 1
        self.after(best)
        return best

    def next_in_turn(self):
        ahead, ready, weights, weighted = self.ahead, self.ready, self.weights, self.weighted
        while ahead and ahead[0][0] * weights <= weighted:
            place = heappop(ahead)[1]
            heappush(ready, (self.free[place].offset + self.free[place].stride, place))
        ends, place = heappop(ready)
        heappush(ahead, (ends, place))
        return self.free[place]

    def least_loaded(self):
        best = None
        for person in self.free:
            if best is not None:
                load, least = (person.open_leads + 1) * best.weight, (best.open_leads + 1) * person.weight
                is_sooner = person.offset + person.stride < best.offset + best.stride
                if load > least or load == least and not is_sooner:
                    continue
            best = person
        return best

    def keep(self, number):
        """(person, None) who keeps what they brought, or (None, why not)"""
        person = next((person for person in self.people if person.id == number), None)
        if person is None:
            return None, "importer-left"
        if not self.begun:
            self.begin()
        if (why := person.excluded if person.excluded not in IS_HERE else person.bound()) is not None:
            return None, f"importer-{why}"
        person.give()
        self.kept.append((self.choices, number))
        self.choices += 1
        self.used = True
        self.after(person)
        if self.weights:
            self.elapsed = self.weighted // self.weights
        return person, None

    def after(self, person):
        if person.bound() is not None and person.excluded is None:
            self.begin()
            if self.weights:
                self.elapsed = self.weighted // self.weights

    def changed(self):
        """(person, turn, day) of those to be written"""
        if self.choices == 0:
            return []
        in_turn = self.method == "round-robin"
        most = None if in_turn else self.elapsed
        return [
            (person, self.turn + (person.offset if in_turn else min(person.offset, most + person.stride)), self.day)
            for person in self.people if person.allocated or in_turn and person.moved and person.takes_part
        ]  # fmt: skip

    def want(self):
        if not self.people:
            return "vacant"
        found = {person.obstacle() for person in self.people}
        return next((why for why in WANTS if why in found), "nobody-available")


class Person:
    __slots__ = ("id", "code", "weight", "capacity", "daily_cap", "weekly_cap", "open_leads", "today", "week", "stride",
                 "offset", "moved", "takes_part", "excluded", "allocated", "before")  # fmt: skip

    def __init__(self, branch, number, code, weight, capacity, daily_cap, weekly_cap, open_leads, today, week, turn,
                 excluded):  # fmt: skip
        self.id, self.code, self.weight, self.capacity = number, code, weight, capacity
        self.daily_cap, self.weekly_cap = daily_cap, weekly_cap
        self.open_leads, self.today, self.week = open_leads, today, week
        self.stride = UNIT // max(1, weight)
        least = -(1 + branch.catch_up) * self.stride
        self.moved = turn is None or turn - branch.turn < least
        self.offset = 0 if turn is None else max(turn - branch.turn, least)
        self.allocated = 0
        self.excluded = excluded
        self.before = self.offset, open_leads, today, week
        self.takes_part = self.obstacle() is None

    def give(self):
        self.open_leads += 1
        self.today += 1
        self.week += 1
        self.allocated += 1

    def obstacle(self):
        return self.excluded or self.bound()

    def bound(self):
        if self.capacity is not None and self.open_leads >= self.capacity:
            return "full"
        if self.daily_cap is not None and self.today >= self.daily_cap:
            return "daily-cap"
        if self.weekly_cap is not None and self.week >= self.weekly_cap:
            return "weekly-cap"
        return None
