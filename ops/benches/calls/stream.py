"""A day of a telephone system: the same bytes for the same number of calls and the same start."""

import json
import random

HEADERS = [("ce_specversion", b"1.0"), ("ce_source", b"/bench/pbx"), ("content-type", b"application/json")]
CALLS_A_SECOND = 10
QUEUES = ["sales", "support", "trading", "funds", "vip", "english", "complaints", "night"]
AGENTS = 400


class Stream:
    """Calls of six events each. `only` so many of each call's first events, so that all calls stay open."""

    def __init__(self, calls, start, only=6, seed=11):
        self.calls, self.start, self.only, self.seed = calls, start, only, seed

    def events(self):
        """(moment, key, type, data) in the order in which they happened, call by call."""
        for number in range(self.calls):
            yield from list(self.call(number))[: self.only]

    def ordered(self):
        return sorted(self.events(), key=lambda event: event[0])

    def shuffled(self):
        """Each up to a minute late, and one of twenty twice."""
        chance = random.Random(self.seed)
        late = []
        for event in self.events():
            late.append((event[0] + chance.uniform(0, 60), event))
            if chance.random() < 0.05:
                late.append((event[0] + chance.uniform(0, 60), event))
        late.sort(key=lambda each: each[0])
        return [event for _, event in late]

    def call(self, number):
        chance = random.Random(number)
        begin = self.start + number / CALLS_A_SECOND
        key = f"pbx1-{number}"
        queue = QUEUES[number % len(QUEUES)]
        first, second = (f"80{chance.randrange(AGENTS):03}" for _ in range(2))

        def event(kind, after, **data):
            moment = round(begin + after, 3)
            return moment, key, f"call.{kind}", {"callId": key, "at": stamp(moment), **data}

        ring, talk = chance.uniform(0.5, 3), chance.uniform(15, 150)
        answer = ring + chance.uniform(1, 20)
        yield event("started", 0, direction="inbound", **{"from": f"+86138{number * 7919 % 100_000_000:08}"}, to="+864008001234",
                    queue=queue)  # fmt: skip
        kind = number % 20
        if kind < 3:
            yield event("rang", ring, agent=first, queue=queue)
            yield event("missed", ring + 15, agent=first, queue=queue)
            yield event("rang", ring + 16, agent=second, queue=queue)
            yield event("missed", ring + 31, agent=second, queue=queue)
            yield event("ended", ring + 33, by="caller")
            return
        yield event("rang", ring, agent=first, queue=queue)
        yield event("answered", answer, agent=first, queue=queue)
        if kind < 6:
            yield event("ended", answer + talk, by="agent")
            yield event("ended", answer + talk + 0.2)
            yield event("disposed", answer + talk + chance.uniform(5, 40), agent=first, disposition="interested")
            return
        yield event("held", answer + talk * 0.3, agent=first)
        yield event("resumed", answer + talk * 0.4, agent=first)
        yield event("ended", answer + talk, by="caller")


def stamp(moment):
    """RFC 3339 in UTC, to the millisecond."""
    import datetime

    at = datetime.datetime.fromtimestamp(moment, datetime.UTC)
    return at.strftime("%Y-%m-%dT%H:%M:%S.") + f"{at.microsecond // 1000:03}Z"


def message(event, number):
    _, key, kind, data = event
    value = json.dumps(data, separators=(",", ":")).encode()
    return key.encode(), value, [*HEADERS, ("ce_type", kind.encode()), ("ce_id", str(number).encode())]
