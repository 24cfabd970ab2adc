"""What one transaction knows, and what it decides: the same in all three peers, which differ in how they write."""

import hashlib

import orjson

from .reading import Refused, lead_of
from .rotation import Branch, Person


class Rules:
    """Ordered rules; what was asked before is remembered."""

    def __init__(self, rows):
        self.rows = rows
        self.memory = {}

    def match(self, region, source, product):
        """(position, branch) of the first rule that matches, or None"""
        key = region, source, product
        if key not in self.memory:
            if len(self.memory) > 100_000:
                self.memory.clear()
            self.memory[key] = next((row[:2] for row in self.rows if matches(row, region, source, product)), None)
        return self.memory[key]


def matches(row, region, source, product):
    _, _, of_region, of_source, of_product = row
    if of_region is not None:
        if region is None or not (region == of_region or region.startswith((of_region + "-", of_region + "/"))):
            return False
    return of_source in (None, source) and of_product in (None, product)


class Event:
    __slots__ = (
        "message", "id", "source", "time", "identity", "data", "lead", "digits", "region", "impossible", "refused"
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
        self.data = int.from_bytes(hashlib.blake2b(value, digest_size=8).digest(), "big", signed=True)
        self.refused = None
        try:
            self.lead = lead_of(value)
            self.digits, self.region, self.impossible = phones.read(self.lead[0], self.lead[1])
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
    __slots__ = ("id", "event", "branch", "owner", "until", "reason", "rule", "choice")


class Allocation:
    """Loads what the events need, locks their branches, decides."""

    LOCK = """
        select l.branch_id, b.code, l.held from branch_load l join branch b on b.id = l.branch_id
        where l.branch_id = any(%s) order by l.branch_id for update of l"""
    PEOPLE = """
        select p.branch_id, p.id, p.code, p.weight, p.capacity, l.open_leads, l.credit, p.active,
          coalesce(p.leave_from <= clock_timestamp(), p.leave_until is not null)
            and coalesce(p.leave_until > clock_timestamp(), true)
        from person p join person_load l on l.person_id = p.id
        where p.branch_id = any(%s) order by p.branch_id, p.id"""
    DEADLINES = """
        select branch_id, product, to_char(protected_until at time zone 'UTC', %s)
        from protection_deadlines(%s::bigint[], %s::text[], statement_timestamp())"""
    AGAIN = """
        select l.id, l.version, l.region, to_char(coalesce(protected_since, held_since) at time zone 'UTC', %s), b.code,
          l.held_reason, p.code, to_char(l.protected_until at time zone 'UTC', %s)
        from lead l left join branch b on b.id = l.branch_id left join person p on p.id = l.owner_id
        where l.phone = any(%s)"""
    TIME = 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'

    def __init__(self, connection, cursor):
        self.connection, self.cursor = connection, cursor
        self.leads = Numbers(connection, "lead_block")
        self.snapshots = Numbers(connection, "snapshot_block")
        self.ruleset, self.rules = 0, None

    def load(self, events):
        cursor = self.cursor
        version = cursor.execute("select coalesce(max(version), 0) from ruleset").fetchone()[0]
        if version != self.ruleset:
            self.ruleset = version
            self.rules = Rules(cursor.execute(
                "select position, branch_id, region, source, product from allocation_rule where ruleset = %s "
                "order by position", [version]).fetchall())  # fmt: skip
        digits = [event.digits for event in events if event.digits is not None]
        self.known = dict(cursor.execute("select phone, id from lead where phone = any(%s)", [digits]).fetchall())
        wanted = set()
        match = self.rules.match
        for event in events:
            if event.digits is not None and event.digits not in self.known:
                _, _, _, source, product = event.lead
                rule = match(event.region, source, product)
                if rule:
                    wanted.add((rule[1], product))
        self.branches = {}
        self.deadlines = {}
        if wanted:
            self.load_branches(sorted({branch for branch, _ in wanted}))
            branches, products = zip(*wanted)
            rows = cursor.execute(self.DEADLINES, [self.TIME, list(branches), list(products)]).fetchall()
            self.deadlines = {(branch, product): until for branch, product, until in rows}
        self.now = cursor.execute(
            "select to_char(clock_timestamp() at time zone 'UTC', %s)", [self.TIME]).fetchone()[0]  # fmt: skip

    def load_branches(self, numbers):
        for number, code, held in self.cursor.execute(self.LOCK, [numbers]).fetchall():
            self.branches[number] = Branch(number, code, held, self.snapshots.take())
        for row in self.cursor.execute(self.PEOPLE, [numbers]).fetchall():
            self.branches[row[0]].people.append(Person(*row[1:]))

    def decide(self, events):
        self.opened, self.duplicates, self.messages = [], [], []
        known, match = self.known, self.rules.match
        for event in events:
            _, _, _, source, product = event.lead
            lead = Opened()
            lead.branch = lead.owner = lead.until = lead.reason = lead.rule = lead.choice = None
            if event.digits is None:
                lead.reason = event.impossible
            elif event.digits in known:
                self.duplicates.append((known[event.digits], event))
                continue
            else:
                rule = match(event.region, source, product)
                if rule is None:
                    lead.reason = "no-rule"
                else:
                    lead.rule = rule[0]
                    self.place(lead, self.branches[rule[1]], product)
            lead.id = self.leads.take()
            lead.event = event
            if event.digits is not None:
                known[event.digits] = lead.id
            self.opened.append(lead)
            self.messages.append(self.message(lead))

    def place(self, lead, branch, product):
        branch.used = True
        lead.branch = branch
        lead.choice = branch.choices
        if branch.held > 0:
            lead.reason = "behind-held"
            branch.held += 1
            return
        lead.owner = branch.choose()
        if lead.owner is None:
            lead.reason = branch.want()
            branch.held += 1
        else:
            lead.until = self.deadlines[branch.id, product]

    def message(self, lead):
        said = {"leadId": lead.id, "version": 1}
        if lead.event.region is not None:
            said["region"] = lead.event.region
        said["at"] = self.now
        if lead.branch is not None:
            said["branch"] = lead.branch.code
        if lead.owner is None:
            said["reason"] = lead.reason
            return "lead.held", str(lead.id), orjson.dumps(said)
        said["owner"] = lead.owner.code
        said["protectedUntil"] = lead.until
        return "lead.allocated", str(lead.id), orjson.dumps(said)

    def tell_again(self, events):
        """What was applied before may not have been told: the process may have ended in between."""
        digits = [event.digits for event in events if event.digits is not None]
        if not digits:
            return
        rows = self.cursor.execute(self.AGAIN, [self.TIME, self.TIME, digits]).fetchall()
        for number, version, region, at, branch, reason, owner, until in rows:
            said = {
                "leadId": number, "version": version, "region": region, "at": at, "branch": branch, "reason": reason,
                "owner": owner, "protectedUntil": until,
            }  # fmt: skip
            said = {name: value for name, value in said.items() if value is not None}
            self.messages.append(("lead.allocated" if owner else "lead.held", str(number), orjson.dumps(said)))

    def changed_people(self):
        for branch in self.branches.values():
            branch.settle()
        return sorted(
            (person.id, person.open_leads, person.credit, person.allocated)
            for branch in self.branches.values() for person in branch.people
            if (person.open_leads, person.credit) != person.before)  # fmt: skip

    def changed_branches(self):
        return sorted((b.id, b.held) for b in self.branches.values() if b.held != b.held_before)

    def used_branches(self):
        return sorted((branch for branch in self.branches.values() if branch.used), key=lambda branch: branch.id)
