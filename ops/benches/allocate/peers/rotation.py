"""Whose turn it is: smooth weighted round robin without walking over everybody for every choice.

At each choice everybody's credit rises by their weight, the greatest credit wins and pays the sum of the weights. So
among people of one weight the order of credits does not change but for the winner's: a heap for each weight is enough.
"""

import heapq


class Branch:
    __slots__ = ("id", "code", "held", "held_before", "people", "snapshot", "choices", "heaps", "turn", "total", "used")

    def __init__(self, number, code, held, snapshot):
        self.id, self.code, self.held, self.held_before, self.snapshot = number, code, held, held, snapshot
        self.people = []
        self.choices = self.turn = self.total = 0
        self.heaps = None
        self.used = False

    def begin(self):
        """Who takes part: [-(credit at turn 0), place, person] by weight."""
        self.heaps = {}
        self.total = 0
        for place, person in enumerate(self.people):
            if person.excluded is None and not person.is_full():
                self.heaps.setdefault(person.weight, []).append((turned(person, self.turn), place, person))
                self.total += person.weight
        for heap in self.heaps.values():
            heapq.heapify(heap)

    def choose(self):
        """The person whose turn it is; None when nobody can take a lead."""
        if self.heaps is None:
            self.begin()
        if not self.heaps:
            return None
        self.turn += 1
        best = None
        for weight, heap in self.heaps.items():
            credit = heap[0][0] - weight * self.turn  # Negated: the least wins.
            if best is None or credit < best[0] or credit == best[0] and heap[0][1] < best[1]:
                best = credit, heap[0][1], heap
        heap = best[2]
        negated, place, person = heap[0]
        person.open_leads += 1
        person.allocated += 1
        self.choices += 1
        heapq.heapreplace(heap, (negated + self.total, place, person))
        if person.is_full():
            self.settle()
            self.begin()
        return person

    def settle(self):
        """Writes the credits back to the people."""
        for weight, heap in (self.heaps or {}).items():
            for negated, _, person in heap:
                person.credit = weight * self.turn - negated
        self.heaps = None

    def want(self):
        if not self.people:
            return "vacant"
        return "full" if any(person.excluded is None for person in self.people) else "nobody-available"


def turned(person, turn):
    return person.weight * turn - person.credit


class Person:
    __slots__ = ("id", "code", "weight", "capacity", "open_leads", "credit", "excluded", "allocated", "before")

    def __init__(self, number, code, weight, capacity, open_leads, credit, active, on_leave):
        self.id, self.code, self.weight, self.capacity = number, code, weight, capacity
        self.open_leads, self.credit = open_leads, credit
        self.allocated = 0
        self.before = open_leads, credit
        if not active:
            self.excluded = "inactive"
        elif on_leave:
            self.excluded = "on-leave"
        else:
            self.excluded = None if weight else "no-weight"

    def is_full(self):
        return self.capacity is not None and self.open_leads >= self.capacity
