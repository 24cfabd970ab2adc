"""Customers, and leads that are some."""

import json
from collections import Counter, defaultdict

from evidence import PROFILES, REGISTERED

from promises.shared import histories_of, promise


@promise("converted", "who is a customer by ID or customer number is converted, once; keys that disagree are held", "lead")
def customers_are_converted_once(evidence):
    by = {"identity": defaultdict(list), "number": defaultdict(list)}
    for customer in evidence.rows("customer"):
        if customer.status in ("active", "dormant"):
            by["identity"][customer.identity].append(customer)
            by["number"][customer.number].append(customer)
    converted = Counter(row.lead_id for row in evidence.rows("lead_history") if row.what == "converted")
    for lead in evidence.rows("lead"):
        identity = by["identity"][lead.identity] if lead.identity else []
        number = by["number"][lead.customer_number] if lead.customer_number else []
        named = {customer.id for customer in identity + number}
        agreed = {customer.id for customer in identity if not number or customer in number} or (
            {customer.id for customer in number if not (lead.identity and customer.identity)} if not identity else set()
        )
        if converted[lead.id] != (lead.state == "converted"):
            yield f"lead {lead.id} is {lead.state} and was converted {converted[lead.id]} times"
        if lead.state != "converted" and len(agreed) == 1 and lead.state != "closed":
            yield f"lead {lead.id} is {lead.state}, its keys name customer {agreed.pop()}"
        if lead.state == "converted" and named and lead.customer_id not in named:
            yield f"lead {lead.id} is converted to customer {lead.customer_id}, its keys name {named}"
        if lead.held_reason == "keys-disagree" and not lead.suggested_customers:
            yield f"lead {lead.id} is held for keys that disagree, and names no customers"


def _told(evidence):
    """By customer, the profiles that were published and not refused, by version; None is a removal."""
    dead = {(row.topic, row.partition, row.offset) for row in evidence.rows("dead_letter")}
    told = defaultdict(dict)
    for record in evidence.records[PROFILES]:
        if (record.topic, record.partition, record.offset) in dead:
            continue
        data = json.loads(record.value)
        removed = record.text("ce_type") == "customer.removed"
        told[data["customerId"]][data["version"]] = None if removed else data
    return told


@promise("newest-profile", "every customer is as the highest version of their profile has them", "customer")
def customers_are_as_told(evidence):
    rows = {row.code: row for row in evidence.rows("customer")}
    told = _told(evidence)
    moved = {row.customer_id for row in evidence.rows("customer_move") if row.outcome == "moved"}
    for code in rows.keys() - told.keys():
        # Numbers below a thousand are never handed out: those customers were there before.
        if rows[code].id >= 1000:
            yield f"customer {code} was told by nobody"
    branches = {branch.id: branch.code for branch in evidence.rows("branch")}
    people = {person.id: person.code for person in evidence.rows("person")}
    for code, versions in told.items():
        row = rows.get(code)
        if row is None:
            yield f"customer {code} is not there"
            continue
        version = max(versions)
        data = versions[version]
        is_said = {"version": version, "status": "removed" if data is None else data.get("status", "active")}
        data = data or {}
        consents = {(each["channel"], each["purpose"]): each["given"] for each in data.get("consents", [])}
        slots = [(c, p) for c in ("sms", "email", "fax", "call") for p in ("transactional", "service", "marketing")]
        is_said |= {
            "number": data.get("number"), "name": data.get("name"), "tags": data.get("tags", []),
            "phones": list(dict.fromkeys(int("86" + each["number"]) for each in data.get("phones", []))),
            "branch": data.get("branch"), "manager": data.get("manager"),
            "consented": sum(1 << place for place, slot in enumerate(slots) if consents.get(slot) is True),
            "refused": sum(1 << place for place, slot in enumerate(slots) if consents.get(slot) is False),
        }  # fmt: skip
        is_kept = {name: getattr(row, name) for name in is_said if name not in ("branch", "manager")}
        is_kept["branch"] = branches.get(row.branch_id) or row.unknown_branch
        # Whoever was moved since stays where they are for as long as profiles name the same.
        is_kept["manager"] = row.told_manager if row.id in moved else people.get(row.manager_id) or row.unknown_manager
        wrong = [name for name in is_said if is_said[name] != is_kept[name]]
        if wrong or (row.identity is None) != ("idNumber" not in data):
            yield f"customer {code} at version {row.version} differs from version {version} as told in {', '.join(wrong)}"


@promise("converted-once", "a lead that is a customer by ID number or customer number is converted, once, to that one", "lead")
def leads_are_converted(evidence):
    codes = {row.id: row.code for row in evidence.rows("customer")}
    now, ever = defaultdict(set), defaultdict(set)
    for code, versions in _told(evidence).items():
        for version, data in versions.items():
            for key in (("idNumber", (data or {}).get("idNumber")), ("number", (data or {}).get("number"))):
                ever[key].add(code)
                if version == max(versions) and data is not None and data.get("status") != "closed":
                    now[key].add(code)
    registrations = {
        record.identity(): record.value for record in evidence.records[REGISTERED] if record.identity() is not None}
    histories = histories_of(evidence)
    for lead in evidence.rows("lead"):
        history = histories[lead.id]
        conversions = [row for row in history if row.what == "converted"]
        if len(conversions) > 1:
            yield f"lead {lead.id} was converted {len(conversions)} times"
        value = registrations.get((history[0].source, history[0].event_id)) if history else None
        if value is None or (lead.customer_id or 1000) < 1000:
            continue
        envelope = json.loads(value)
        data = envelope["data"] if "specversion" in envelope else envelope
        keys = [("idNumber", data.get("idNumber")), ("number", data.get("customerNumber"))]
        keys = [key for key in keys if key[1] is not None]
        named = [now[key] for key in keys if now[key]]
        if named and all(each == named[0] and len(each) == 1 for each in named):
            if lead.state != "converted":
                yield f"lead {lead.id} is {lead.state}, but it is the customer {next(iter(named[0]))}"
            elif {codes.get(lead.customer_id)} != named[0]:
                yield f"lead {lead.id} was converted to {codes.get(lead.customer_id)}, but it is {named[0]}"
        elif lead.state == "converted" and not any(codes.get(lead.customer_id) in ever[key] for key in keys):
            yield f"lead {lead.id} was converted to {codes.get(lead.customer_id)}, who has no key of it"


@promise("moved", "whoever is handed over is with the receiver, once for each cause, and nobody is left behind", "customer_move")
def customers_are_moved_once(evidence):
    codes = {person.id: person.code for person in evidence.rows("person")}
    customers = {customer.id: customer for customer in evidence.rows("customer")}
    moves, transfers = defaultdict(list), defaultdict(list)
    for move in evidence.rows("customer_move"):
        moves[move.customer_id].append(move)
        if move.transfer_id is not None:
            transfers[move.transfer_id].append(move)
    for code, each in ((customers[number].code, each) for number, each in moves.items() if number in customers):
        for cause, count in Counter((move.transfer_id, move.hand_over_id) for move in each).items():
            if count > 1:
                yield f"customer {code} was to be moved {count} times by transfer or hand-over {cause}"
        for move in each:
            customer = customers[move.customer_id]
            # Who was changed since may have another manager by a profile or by a later move.
            is_untouched = customer.changed_at <= (move.settled_at or move.at)
            if move.settled_at is None:
                yield f"customer {code} is still to be moved from {codes.get(move.giver_id)}"
            elif move.outcome == "moved" and is_untouched and customer.manager_id != move.receiver_id:
                yield f"customer {code} was moved to {codes.get(move.receiver_id)} and is with {codes.get(customer.manager_id)}"
            elif move.outcome == "gone" and customer.changed_at < move.at and customer.manager_id == move.giver_id:
                yield f"customer {code} is told to be gone from {codes.get(move.giver_id)}, and is there"
    for number, each in transfers.items():
        giver, at = each[0].giver_id, min(move.at for move in each)
        for customer in customers.values():
            if customer.manager_id != giver or customer.changed_at >= at:
                continue
            # One that was on the way, to or from them, is another transfer's.
            if not any(giver in (move.giver_id, move.receiver_id) for move in moves[customer.id]):
                yield f"customer {customer.code} was left with {codes.get(giver)} by transfer {number}"
