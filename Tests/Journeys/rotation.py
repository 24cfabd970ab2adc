"""The rotation and the partitioner, written down a second time from their descriptions, for the judge."""

from fractions import Fraction

UNIT = 55_440_000

# Why nobody can be chosen is the obstacle that can be expected to end first.
SOONEST = ["off-hours", "daily-cap", "holiday", "weekly-cap", "full", "calendar-ended"]


class Rotation:
    """Earliest eligible virtual deadline first, over one snapshot: everybody's offset is where their next lead would
    begin, and it would last UNIT over their weight. Who begins after the mean of those who can take a lead, by weight, is
    ahead of their share; of the others the one whose lead would end first has it (the lowest id among equals).
    Least loaded: the fewest open leads for the weight, with this one; then as above."""

    def __init__(self, snapshot):
        def each(values, usual):
            return dict(zip(self.people, values)) if values is not None else dict.fromkeys(self.people, usual)

        self.people = list(snapshot.people)
        self.method = snapshot.method
        self.weight = each(snapshot.weights, 1)
        self.open = each(snapshot.open_leads, 0)
        self.today = each(snapshot.given_today, 0)
        self.week = each(snapshot.given_this_week, 0)
        self.offset = each(snapshot.offsets, 0)
        self.excluded = each(snapshot.excluded, None)
        self.bounds = [
            ("full", each(snapshot.capacities, None), self.open),
            ("daily-cap", each(snapshot.daily_caps, None), self.today),
            ("weekly-cap", each(snapshot.weekly_caps, None), self.week),
        ]
        self.elapsed = 0
        self.choices = 0

    def obstacle(self, person):
        if self.excluded[person]:
            return self.excluded[person]
        for name, bounds, counts in self.bounds:
            if bounds[person] is not None and counts[person] >= bounds[person]:
                return name
        return None

    def eligible(self):
        return [person for person in self.people if self.obstacle(person) is None]

    def stride(self, person):
        return UNIT // max(1, self.weight[person])

    def ends(self, person):
        return self.offset[person] + self.stride(person), person

    def _mean(self, people):
        """(numerator, denominator)"""
        return (sum(self.weight[person] * self.offset[person] for person in people),
                sum(self.weight[person] for person in people))  # fmt: skip

    def choose(self, passed=()):
        """`passed` had this lead not long ago and do not take part in this choice."""
        eligible = [person for person in self.eligible() if person not in passed]
        if not eligible:
            return None
        if self.method == "round-robin":
            above, below = self._mean(eligible)
            due = [person for person in eligible if self.offset[person] * below <= above]
            winner = min(due, key=self.ends)
        else:
            winner = min(
                eligible, key=lambda person: (Fraction(self.open[person] + 1, self.weight[person]), self.ends(person)))
        self.offset[winner] += self.stride(winner)
        for counts in (self.open, self.today, self.week):
            counts[winner] += 1
        self.choices += 1
        # When nobody is left, time stands where the last one stopped.
        above, below = self._mean(self.eligible() or [winner])
        self.elapsed = above // below
        return winner

    def keep(self, importer):
        """The importer has one lead more, out of turn, if they are there and within their bounds; else None."""
        bound = any(bounds[importer] is not None and counts[importer] >= bounds[importer]
                    for _, bounds, counts in self.bounds)  # fmt: skip
        if bound or self.excluded[importer] in ("inactive", "on-leave"):
            return None
        for counts in (self.open, self.today, self.week):
            counts[importer] += 1
        self.choices += 1
        above, below = self._mean(self.eligible())
        if below:
            self.elapsed = above // below
        return importer

    def want(self, cooling=()):
        """Why nobody can be chosen now for a lead that `cooling` had not long ago; None when somebody can."""
        if not self.people:
            return "vacant"
        eligible = self.eligible()
        if eligible:
            return "cooling-off" if set(eligible) <= set(cooling) else None
        found = {self.obstacle(person) for person in self.people}
        return next((obstacle for obstacle in SOONEST if obstacle in found), "nobody-available")


def murmur2(key):
    """Kafka's 32-bit murmur2, as `org.apache.kafka.common.utils.Utils.murmur2` computes it."""
    m, mask = 0x5BD1E995, 0xFFFFFFFF
    h = (0x9747B28C ^ len(key)) & mask
    whole = len(key) & ~3
    for place in range(0, whole, 4):
        k = int.from_bytes(key[place : place + 4], "little")
        k = k * m & mask
        k ^= k >> 24
        k = k * m & mask
        h = (h * m & mask) ^ k
    rest = key[whole:]
    if rest:
        h ^= int.from_bytes(rest, "little")
        h = h * m & mask
    h ^= h >> 13
    h = h * m & mask
    h ^= h >> 15
    return h
