"""The rotation and the partitioner, written down a second time from their descriptions, for the judge."""


class Rotation:
    """Smooth weighted round robin over one snapshot: the credit of everybody eligible rises by their weight, the
    greatest credit wins (the lowest id among equals) and pays the sum of the weights."""

    def __init__(self, snapshot):
        self.people = list(snapshot.people)
        self.weight = dict(zip(self.people, snapshot.weights))
        self.bound = dict(zip(self.people, snapshot.capacities))
        self.open = dict(zip(self.people, snapshot.open_leads))
        self.credit = dict(zip(self.people, snapshot.credits))
        self.excluded = dict(zip(self.people, snapshot.excluded))

    def facts(self, person):
        return self.open[person], self.credit[person]

    def _is_full(self, person):
        return 0 <= self.bound[person] <= self.open[person]

    def choose(self):
        eligible = [person for person in self.people if not self.excluded[person] and not self._is_full(person)]
        if not eligible:
            return None
        for person in eligible:
            self.credit[person] += self.weight[person]
        winner = min(eligible, key=lambda person: (-self.credit[person], person))
        self.credit[winner] -= sum(self.weight[person] for person in eligible)
        self.open[winner] += 1
        return winner

    def want(self):
        """Why nobody can be chosen now; None when somebody can."""
        if not self.people:
            return "vacant"
        available = [person for person in self.people if not self.excluded[person]]
        if not available:
            return "nobody-available"
        return "full" if all(self._is_full(person) for person in available) else None


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
