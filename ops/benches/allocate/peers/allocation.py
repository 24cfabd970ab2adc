"""What one transaction knows, and what it decides: the same in all three peers, which differ in how they write."""

import hashlib

import orjson

from .customers import Customers
from .reading import KEY, Lead, Refused
from .rotation import Branch, Person
from .rules import NOWHERE, Rules, Sources


class Event:
    __slots__ = (
        "message", "id", "source", "time", "identity", "data", "lead", "digits", "region", "impossible", "refused",
        "route",
    )  # fmt: skip

    def __init__(self, message, phones):
        self.message = message
        headers = dict(message.headers() or ())
        value = message.value()
        self.id = headers.get("ce_id", b"").decode()
        self.source = headers.get("ce_source", b"").decode()
        self.time = headers.get("ce_time", b"").decode()
        named = b"%s\0%s" % (headers["ce_source"], headers["ce_id"])
        self.identity = hashlib.blake2b(named, digest_size=16).hexdigest()
        # Under the key: an ID number may be in it.
        digest = hashlib.blake2b(value, digest_size=8, key=KEY[:64]).digest()
        self.data = int.from_bytes(digest, "big", signed=True)
        self.refused = None
        self.route = NOWHERE
        try:
            self.lead = Lead(value)
            self.digits, self.region, self.impossible = phones.read(self.lead.phone, self.lead.country)
        except Refused as refusal:
            self.refused = refusal.args


class Numbers:
    """Numbers for new rows, in blocks of 1000."""

    def __init__(self, connection, sequence):
        self.connection, self.sequence = connection, sequence
        self.next, self.end = 0, 0

    def take(self):
        if self.next == self.end:
            block = self.connection.execute(f"select nextval('{self.sequence}')").fetchone()[0]
            self.next, self.end = block * 1000, block * 1000 + 1000
        self.next += 1
        return self.next - 1


class Opened:
    """A new lead. Branch and owner are those that it is given to, by number and code."""

    __slots__ = ("id", "event", "what", "state", "branch", "branch_code", "owner", "owner_code", "until", "check",
                 "due", "remind", "reason", "basis", "note", "rule", "snapshot", "choice", "customer", "customer_code",
                 "suggested", "importer")  # fmt: skip

    def __init__(self, number, event):
        self.id, self.event = number, event
        self.what = self.state = "held"
        self.branch = self.branch_code = self.owner = self.owner_code = self.until = self.check = None
        self.due = self.remind = self.reason = self.basis = self.note = self.rule = None
        self.snapshot = self.choice = self.customer = self.customer_code = self.suggested = self.importer = None


class Allocation:
    """Loads what the events need, locks their branches, decides."""

    POLICY = """
        select coalesce((select max(version) from ruleset), 0), extract(epoch from clock_timestamp())::float8,
          to_char(clock_timestamp() at time zone 'UTC', %s), phone_converts, converted_owner,
          coalesce((select max(id) from step_policy), 0)
        from firm_policy"""
    RULES = """
        select position, branch_id, region, source, product, language, currency, (value_from * 10000)::bigint,
          (value_below * 10000)::bigint, extract(epoch from valid_from)::float8,
          extract(epoch from valid_until)::float8, how
        from allocation_rule where ruleset = %s order by position"""
    SOURCES = "select code, kind, branch_id, keeps from lead_source where code = any(%s)"
    IMPORTERS = "select code, id, branch_id from person where code = any(%s)"
    GATE = "lock table conversion_gate in row exclusive mode"
    LOCK = "select from branch_load where branch_id = any(%s) order by branch_id for update"
    PEOPLE = """
        with moment as materialized (select clock_timestamp() as at)
        select b.id, b.code, l.held, l.turn, b.method, b.catch_up, (m.at at time zone b.time_zone)::date,
          to_char(m.at at time zone 'UTC', %s), p.person_id, p.code, p.weight, p.capacity, p.daily_cap, p.weekly_cap,
          p.open_leads, p.given_today, p.given_this_week, p.turn, p.excluded
        from moment m
          join branch_load l on l.branch_id = any(%s::bigint[])
          join branch b on b.id = l.branch_id
          left join people_at(%s::bigint[], m.at) p on p.branch_id = b.id
        order by b.id, p.person_id"""
    STEPS = """
        select b.id, b.code, to_char(d.due at time zone 'UTC', %s),
          to_char(d.remind at time zone 'UTC', %s)
        from branch b
          cross join lateral (
            select * from step_policy s where s.branch_id = b.id or s.level = b.level
            order by s.branch_id nulls last limit 1) p
          cross join lateral (
            select working_deadline(b.calendar_id, b.time_zone, %s::timestamptz, p.within_minutes),
              case when p.remind_minutes is not null then working_deadline(b.calendar_id, b.time_zone, %s::timestamptz,
                p.within_minutes - p.remind_minutes) end) d (due, remind)
        where b.id = any(%s)"""
    DEADLINES = """
        select branch_id, product, to_char(protected_until at time zone 'UTC', %s),
          to_char(check_at at time zone 'UTC', %s)
        from lead_deadlines(%s::bigint[], %s::text[], %s::text[], %s::timestamptz)"""
    AGAIN = """
        select l.id, l.version, l.state, l.region, to_char(h.at at time zone 'UTC', %s), b.code, h.reason, p.code,
          to_char(l.protected_until at time zone 'UTC', %s), to_char(l.step_due_at at time zone 'UTC', %s), c.code
        from lead l join lead_history h on h.lead_id = l.id and h.version = l.version
          left join branch b on b.id = l.branch_id left join person p on p.id = l.owner_id
          left join customer c on c.id = l.customer_id
        where l.phone = any(%s)"""
    TIME = 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'

    def __init__(self, connection, cursor):
        self.connection, self.cursor = connection, cursor
        self.leads = Numbers(connection, "lead_block")
        self.snapshots = Numbers(connection, "snapshot_block")
        self.rules = Rules(0, [])

    @property
    def ruleset(self):
        return self.rules.version

    def load(self, events):
        cursor = self.cursor
        version, moment, self.now, self.phone_converts, self.converted_owner, self.step_policy = cursor.execute(
            self.POLICY, [self.TIME]).fetchone()  # fmt: skip
        if version != self.rules.version:
            self.rules = Rules(version, cursor.execute(self.RULES, [version]).fetchall())
        self.rules.advance(moment)
        if any(event.lead.identity is not None or event.lead.number is not None
               or self.phone_converts and event.digits is not None for event in events):  # fmt: skip
            cursor.execute(self.GATE)
        digits = [event.digits for event in events if event.digits is not None]
        self.known = dict(cursor.execute("select phone, id from lead where phone = any(%s)", [digits]).fetchall())
        fresh = [event for event in events if event.digits is None or event.digits not in self.known]
        self.customers = Customers(cursor, fresh)
        self.load_sources(fresh)
        wanted, passing = set(), set()
        match, route = self.rules.match, self.sources.route
        for event in fresh:
            if event.digits is None:
                continue
            to = event.route = route(event.lead, match(event.region, event.lead))
            if to.steps:
                passing.add(to.branch)
            elif to.branch is not None:
                wanted.add((to.branch, event.lead.product))
        self.branches, self.deadlines, self.steps = {}, {}, {}
        if wanted:
            self.load_branches(sorted({branch for branch, _ in wanted}))
        if passing:
            now = self.now
            rows = cursor.execute(self.STEPS, [self.TIME, self.TIME, now, now, sorted(passing)]).fetchall()
            self.steps = {number: step for number, *step in rows}
        if wanted:
            branches, products = zip(*wanted)
            levels = [None] * len(branches)
            rows = cursor.execute(self.DEADLINES, [
                self.TIME, self.TIME, list(branches), list(products), levels, self.now]).fetchall()  # fmt: skip
            self.deadlines = {(branch, product): protection for branch, product, *protection in rows}

    def load_sources(self, events):
        sources = sorted({event.lead.source for event in events})
        importers = sorted({event.lead.importer for event in events if event.lead.importer is not None})
        rows = self.cursor.execute(self.SOURCES, [sources]).fetchall()
        people = self.cursor.execute(self.IMPORTERS, [importers]).fetchall() if importers else []
        self.sources = Sources(rows, people)

    def load_branches(self, numbers):
        self.cursor.execute(self.LOCK, [numbers])
        for row in self.cursor.execute(self.PEOPLE, [self.TIME, numbers, numbers]).fetchall():
            branch = self.branches.get(row[0])
            if branch is None:
                branch = self.branches[row[0]] = Branch(*row[:7], self.snapshots.take())
                self.now = row[7]
            if row[8] is not None:
                branch.people.append(Person(branch, *row[8:]))

    def decide(self, events):
        self.opened, self.duplicates, self.messages = [], [], []
        known = self.known
        for event in events:
            if event.digits is not None and event.digits in known:
                self.duplicates.append((known[event.digits], event))
                continue
            lead = Opened(self.leads.take(), event)
            if event.digits is not None:
                known[event.digits] = lead.id
            if event.route.rule is not None:
                lead.rule = event.route.rule.position
            if event.lead.importer is not None:
                lead.importer = self.sources.people.get(event.lead.importer, (None,))[0]
            self.place(lead, event)
            self.opened.append(lead)
            self.messages.append(self.message(lead))

    def place(self, lead, event):
        customer, by, lead.suggested = self.customers.find(event, self.phone_converts)
        route = event.route
        if customer is not None:
            lead.what = lead.state = "converted"
            lead.reason, lead.basis = by, "customer"
            lead.customer, lead.customer_code = customer.id, customer.code
            lead.branch, lead.branch_code = customer.branch, customer.branch_code
            lead.owner, lead.owner_code = customer.owner, customer.owner_code
        elif by is not None:
            lead.reason = by
        elif event.digits is None:
            lead.reason = event.impossible
        elif route.branch is None:
            lead.reason = "no-rule"
        elif route.steps:
            self.pass_down(lead, route)
        elif route.importer is not None:
            self.keep(lead, self.branches[route.branch], route.importer)
        else:
            lead.basis, lead.note = route.basis, route.note
            self.choose(lead, self.branches[route.branch])

    def pass_down(self, lead, route):
        step = self.steps.get(route.branch)
        if step is None:
            lead.reason = "no-step-policy"
            return
        lead.what = lead.state = "waiting"
        lead.branch = route.branch
        lead.branch_code, lead.due, lead.remind = step

    def keep(self, lead, branch, importer):
        choice = branch.choices
        person, lead.note = branch.keep(importer)
        if person is None:
            lead.basis = "importer-branch"
            self.choose(lead, branch)
        else:
            lead.basis = "importer"
            self.own(lead, branch, person, choice)

    def choose(self, lead, branch):
        branch.used = True
        choice = branch.choices
        person = None if branch.held > 0 else branch.choose()
        if person is not None:
            self.own(lead, branch, person, choice)
            return
        lead.reason = "behind-held" if branch.held > 0 else branch.want()
        branch.held += 1
        lead.branch, lead.branch_code, lead.snapshot, lead.choice = branch.id, branch.code, branch.snapshot, choice

    def own(self, lead, branch, person, choice):
        lead.what, lead.state = "allocated", "owned"
        lead.branch, lead.branch_code, lead.snapshot, lead.choice = branch.id, branch.code, branch.snapshot, choice
        lead.owner, lead.owner_code = person.id, person.code
        lead.until, lead.check = self.deadlines[branch.id, lead.event.lead.product]

    def message(self, lead):
        return told(lead.id, 1, lead.state, lead.event.region, self.now, lead.branch_code, lead.reason, lead.owner_code,
                    lead.until, lead.due, lead.customer_code)  # fmt: skip

    def tell_again(self, events):
        """What was applied before may not have been told: the process may have ended in between."""
        digits = [event.digits for event in events if event.digits is not None]
        if digits:
            for row in self.cursor.execute(self.AGAIN, [self.TIME, self.TIME, self.TIME, digits]).fetchall():
                self.messages.append(told(*row))

    def changed_people(self):
        return sorted(
            (person.id, person.open_leads, turn, day, person.today, person.week, person.allocated)
            for branch in self.branches.values() for person, turn, day in branch.changed())  # fmt: skip

    def changed_branches(self):
        return sorted((b.id, b.held, b.turn + b.elapsed) for b in self.branches.values()
                      if b.held != b.held_before or b.choices)  # fmt: skip

    def used_branches(self):
        return sorted((branch for branch in self.branches.values() if branch.used), key=lambda branch: branch.id)


TYPES = {"owned": "lead.allocated", "held": "lead.held", "waiting": "lead.passed", "converted": "lead.converted"}


def told(number, version, state, region, at, branch, reason, owner, until, due, customer):
    said = {"leadId": number, "version": version, "region": region, "at": at}
    if state == "owned":
        said.update(branch=branch, owner=owner, protectedUntil=until)
    elif state == "held":
        said.update(branch=branch, reason=reason)
    elif state == "waiting":
        said.update(branch=branch, dueAt=due)
    else:
        said.update(customer=customer, branch=branch, owner=owner, by=reason)
    said = {name: value for name, value in said.items() if value is not None}
    return TYPES[state], str(number), orjson.dumps(said)
