"""What a call comes to, for calls as the stream has them: no transfers, conferences, machines or reused ids."""

from datetime import UTC, datetime

LETTERS = {"started": "s", "rang": "r", "answered": "a", "held": "n", "resumed": "u", "missed": "m", "ended": "e", "disposed": "d"}  # fmt: skip
RANKS = {letter: place for place, letter in enumerate("sranutcmvexd")}
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
QUARTER = 900_000_000
TALK = 10_000_000


def line(kind, data):
    """A fact as the table keeps it."""
    at = data["at"]
    moment = datetime(int(at[:4]), int(at[5:7]), int(at[8:10]), int(at[11:13]), int(at[14:16]), int(at[17:19]),
                      int(at[20:23]) * 1000, UTC) - EPOCH  # fmt: skip
    micros = (moment.days * 86_400 + moment.seconds) * 1_000_000 + moment.microseconds
    get = data.get
    word = {"started": get("direction"), "ended": get("by"), "missed": get("reason"), "disposed": get("disposition")}.get(kind) or ""
    parts = [str(micros), LETTERS[kind], get("agent") or "", get("queue") or "", get("from") or "", get("to") or "", word]
    return "\t".join(parts).rstrip("\t")


def sort_key(text):
    parts = text.split("\t")
    return int(parts[0]), RANKS[parts[1]], parts[2:]


class Story:
    """From sorted facts."""

    __slots__ = ("direction", "queue", "phone", "start", "answered", "end", "last", "ring", "wait", "talk", "hold", "wrap",
                 "outcome", "disposition", "flags", "agent", "figures", "talked", "rung")  # fmt: skip

    def __init__(self, facts):
        rows = []
        for text in facts:
            parts = text.split("\t")
            parts += [""] * (7 - len(parts))
            rows.append((int(parts[0]), *parts[1:7]))
        self.direction = self.queue = self.phone = self.answered = self.end = self.outcome = self.agent = None
        self.disposition, self.rung = None, None
        self.ring = self.wait = self.talk = self.hold = self.wrap = self.talked = 0
        self.last = rows[-1][0]
        self.flags = 0
        start = next((row for row in rows if row[1] == "s"), None)
        self.start = start[0] if start else rows[0][0]
        if start:
            self.direction, self.phone = start[6], int(start[4][1:])
            if rows[0][0] < self.start:
                self.flags |= 4
        else:
            self.flags |= 33
        self.queue = next((row[3] for row in rows if row[3]), None)
        self.walk(rows)

    def walk(self, rows):
        last = max((row[0] for row in rows if row[1] not in "ed"), default=None)
        ends = [row for row in rows if row[1] == "e"]
        end = None
        if ends:
            if len(ends) > 1:
                self.flags |= 2
            end = next((row for row in ends if last is None or row[0] >= last), None)
            if end is None:
                self.flags |= 4
                end = ends[-1]
        limit = end[0] if end else None
        now, talking, held, ringing = self.start, False, False, {}
        entered, waited, fate = None, 0, "waiting"
        stay_talk = stay_hold = 0
        spans, rings, disposed = [], [], None
        for at, kind, agent, queue, *_ in rows:
            until = at if limit is None else min(at, limit)
            if until > now:
                span = until - now
                if talking:
                    if held:
                        self.hold += span
                        stay_hold += span
                    else:
                        self.talk += span
                        stay_talk += span
                        self.talked += span
                    spans.append((held, now, until))
                elif self.answered is None and ringing:
                    self.ring += span
                now = until
            if kind == "s" or (kind in "ra" and entered is None and queue):
                if entered is None:
                    entered = at if kind == "s" else self.start
                    if talking:
                        fate, waited = "answered", max(0, at - entered)
            if kind == "r":
                self.rung = agent
                if agent not in ringing:
                    ringing[agent] = at
            elif kind == "a":
                if self.answered is None:
                    self.answered, self.agent = at, agent
                    self.wait = at - self.start
                    if self.wait < 0:
                        self.wait = 0
                        self.flags |= 4
                if fate == "waiting" and entered is not None:
                    fate, waited = "answered", max(0, at - entered)
                begun = ringing.pop(agent, None)
                rings.append((agent, begun if begun is not None else at, "answered", None if begun is None else at - begun))
                rings += [(other, since, "lost", None) for other, since in ringing.items()]
                ringing, held, talking = {}, False, True
            elif kind == "n":
                held = True
            elif kind == "u":
                held = False
            elif kind == "m":
                self.rung = agent
                rings.append((agent, ringing.pop(agent, at), "missed", None))
            elif kind == "d":
                disposed = (at, agent)
                self.disposition = rows and next((row[6] for row in reversed(rows) if row[1] == "d" and row[6]), None)
        if end:
            self.finish(end, disposed, now, talking, held, spans)
            if talking and limit > now:
                if held:
                    stay_hold += limit - now
                else:
                    stay_talk += limit - now
            still = "lost" if self.answered is not None else "missed"
            rings += [(agent, since, still, None) for agent, since in ringing.items()]
            is_callers = self.direction == "inbound" and end[6] not in ("system", "agent")
            if fate == "waiting" and entered is not None:
                fate, waited = ("abandoned" if is_callers else "lost"), max(0, end[0] - entered)
            self.outcome = "answered" if self.answered is not None else (fate if fate == "abandoned" else "missed")
        self.count(entered, fate, waited, stay_talk, stay_hold, spans, rings, disposed)

    def finish(self, end, disposed, now, talking, held, spans):
        self.end = end[0]
        if talking and self.end > now:
            if held:
                self.hold += self.end - now
            else:
                self.talk += self.end - now
                self.talked += self.end - now
            spans.append((held, now, self.end))
        if self.answered is None:
            self.wait = max(0, self.end - self.start)
        if disposed:
            self.wrap = max(0, disposed[0] - self.end)

    def count(self, entered, fate, waited, talk, hold, spans, rings, disposed):
        """Figures: (is_agent, name, quarter) to what is added there; the last two count by second."""
        figures = self.figures = {}

        def at(key):
            return figures.setdefault(key, [0] * 9 + [{}, {}])

        if entered is not None and self.queue:
            sums = at((False, self.queue, entered // QUARTER))
            sums[0] += 1
            if fate == "answered":
                sums[1] += 1
                sums[5] += waited
                sums[6] += talk
                sums[7] += hold
                bump(sums[9], waited)
            elif fate == "abandoned":
                sums[2] += 1
                bump(sums[10], waited)
            elif fate == "lost":
                sums[3] += 1
        for agent, since, what, took in rings:
            sums = at((True, agent, since // QUARTER))
            sums[0] += 1
            if what == "answered":
                sums[1] += 1
                if took is not None:
                    sums[5] += took
                    bump(sums[9], took)
            elif what == "missed":
                sums[3] += 1
        if self.agent:
            for held, begin, until in spans:
                self.spread(at, self.agent, begin, until, 7 if held else 6)
        if disposed and self.wrap:
            self.spread(at, disposed[1] or self.agent, self.end, self.end + self.wrap, 8)

    @staticmethod
    def spread(at, agent, begin, until, place):
        while begin < until:
            quarter = begin // QUARTER
            stop = min(until, (quarter + 1) * QUARTER)
            at((True, agent, quarter))[place] += stop - begin
            begin = stop

    def contact(self):
        return (self.phone, self.answered) if self.phone and self.talked >= TALK else None

    def missed(self):
        missed = self.phone and self.outcome in ("abandoned", "missed")
        return (self.phone, self.end, self.queue, self.rung) if missed else None


def bump(counts, waited):
    second = min(max(1, -(-waited // 1_000_000)), 3600)
    counts[second] = counts.get(second, 0) + 1


def add(total, figures, factor):
    for key, sums in figures.items():
        into = total.setdefault(key, [0] * 9 + [{}, {}])
        for place in range(9):
            into[place] += sums[place] * factor
        for place in (9, 10):
            for second, calls in sums[place].items():
                into[place][second] = into[place].get(second, 0) + calls * factor


def dense(counts):
    seconds = [second for second, calls in counts.items() if calls]
    return [counts.get(second, 0) for second in range(1, max(seconds) + 1)] if seconds else []


class Batch:
    """A batch's calls as they were and as its events make them."""

    def __init__(self, known):
        self.facts = {call: set(facts.split("\n")) for call, facts in known}
        self.before = {call: sorted(facts, key=sort_key) for call, facts in self.facts.items()}
        self.changed = {}

    def take(self, call, text):
        facts = self.facts.setdefault(call, set())
        if text not in facts:
            facts.add(text)
            self.changed[call] = None

    def conclude(self):
        """Rows of calls, figures, contacts and call-backs."""
        rows, figures, contacts, backs = [], {}, {}, []
        for call in sorted(self.changed):
            facts = sorted(self.facts[call], key=sort_key)
            story = Story(facts)
            add(figures, story.figures, 1)
            old = Story(self.before[call]) if call in self.before else None
            if old:
                add(figures, old.figures, -1)
            rows.append((call, "\n".join(facts), story))
            contact = story.contact()
            if contact and contact != (old and old.contact()):
                contacts[contact[0]] = max(contact[1], contacts.get(contact[0], 0))
            missed, was = story.missed(), old and old.missed()
            if missed != was:
                backs.append((call, *(missed or was), missed is not None))
        figures = {key: sums for key, sums in figures.items() if any(sums[:9]) or any(sums[9].values()) or any(sums[10].values())}
        return rows, figures, contacts, backs
