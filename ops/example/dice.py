"""Chance that falls the same way on every machine."""

import random


class Dice:
    """Random() alone is the same in every Python; its other methods are not promised to be."""

    def __init__(self, seed):
        self._random = random.Random(seed).random

    def below(self, count):
        return int(self._random() * count)

    def one_of(self, choices):
        return choices[self.below(len(choices))]

    def some_of(self, choices, count):
        """At most so many of them, in their order."""
        left = list(choices)
        while len(left) > count:
            del left[self.below(len(left))]
        return left

    def happens(self, share):
        return self._random() < share
