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
        is_kept["manager"] = people.get(row.manager_id) or row.unknown_manager
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
