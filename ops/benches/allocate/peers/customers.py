"""Whether a new lead is a customer already: by ID number, then by customer number; a phone only suggests."""

FIND = """
    select c.id, c.code, b.id, b.code, p.id, p.code, p.branch_id, pb.code, k.identity::text, k.number, k.phone,
      c.identity::text
    from (
      select id, identity, null::text as number, null::bigint as phone from customer where identity = any(%s::uuid[])
      union all
      select id, null, number, null from customer where number = any(%s::text[])
      union all
      select customer_id, null, null, phone from customer_phone where phone = any(%s::bigint[])) k
    join customer c on c.id = k.id and c.status in ('active', 'dormant')
    left join branch b on b.id = c.branch_id
    left join (person p join branch pb on pb.id = p.branch_id) on p.id = c.manager_id and p.active
    order by c.id"""


class Customer:
    __slots__ = ("id", "code", "branch", "branch_code", "owner", "owner_code", "identity")

    def __init__(self, row):
        self.id, self.code, self.branch, self.branch_code, self.owner, self.owner_code = row[:6]
        self.identity = row[11]
        # The manager's branch is the lead's.
        if self.owner is not None:
            self.branch, self.branch_code = row[6], row[7]


class Customers:
    def __init__(self, cursor, events):
        self.by_identity, self.by_number, self.by_phone = {}, {}, {}
        identities = [event.lead.identity for event in events if event.lead.identity is not None]
        numbers = [event.lead.number for event in events if event.lead.number is not None]
        phones = [event.digits for event in events if event.digits is not None]
        if not (identities or numbers or phones):
            return
        for row in cursor.execute(FIND, [identities, numbers, phones]).fetchall():
            customer = Customer(row)
            for key, found in zip(row[8:11], (self.by_identity, self.by_number, self.by_phone)):
                if key is not None:
                    found.setdefault(key, []).append(customer)

    def find(self, event, phone_converts):
        """(customer, by what, those it may be)"""
        lead = event.lead
        of_identity = self.by_identity.get(lead.identity, ()) if lead.identity is not None else ()
        of_number = self.by_number.get(lead.number, ()) if lead.number is not None else ()
        if of_identity:
            same = [one for one in of_identity if any(one.id == other.id for other in of_number)]
            candidates = same if of_number else of_identity
            if len(candidates) == 1:
                return candidates[0], "identity", None
        elif len(of_number) == 1 and not contradicts(lead, of_number[0]):
            return of_number[0], "number", None
        if of_identity or of_number:
            return None, "keys-disagree", sorted({one.id for one in (*of_identity, *of_number)})
        of_phone = self.by_phone.get(event.digits, ()) if event.digits is not None else ()
        if phone_converts and len(of_phone) == 1 and not contradicts(lead, of_phone[0]) and lead.number is None:
            return of_phone[0], "phone", None
        return None, None, sorted({one.id for one in of_phone}) or None


def contradicts(lead, customer):
    return lead.identity is not None and customer.identity is not None and lead.identity != customer.identity
