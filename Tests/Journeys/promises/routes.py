"""Which branch."""

from collections import defaultdict

from promises.shared import promise


@promise("rules", "the branch is that of the source's policy, else of the first valid rule that matches", "lead_history")
def first_rule_that_matches(evidence):
    rules = defaultdict(list)
    for rule in evidence.rows("allocation_rule"):
        rules[rule.ruleset].append(rule)
    leads = {lead.id: lead for lead in evidence.rows("lead")}
    sources = {source.code: source for source in evidence.rows("lead_source")}
    people = {person.id: person for person in evidence.rows("person")}
    for row in evidence.rows("lead_history"):
        lead = leads[row.lead_id]
        if row.version != 1 or lead.phone is None or row.what == "converted" or row.reason == "keys-disagree":
            continue
        source = sources.get(lead.source)
        importer = people.get(lead.importer_id)
        rule = None
        if source and source.kind == "institution":
            expected = "institution", source.branch_id
        elif source and source.kind == "import" and source.keeps != "nothing" and importer:
            bases = ["importer-branch", "importer"][: 1 + (source.keeps == "person")]
            expected = row.basis if row.basis in bases else bases[0], importer.branch_id
            if row.basis == "importer" and row.owner_id != importer.id:
                yield f"lead {lead.id} is kept by {row.owner_id}, its importer is {importer.id}"
            if source.keeps == "person" and row.basis != "importer" and not (row.note or "").startswith("importer-"):
                yield f"lead {lead.id} was not kept by its importer, and nothing says why"
        else:
            rule = next((rule for rule in rules[row.ruleset] if _matches(rule, lead, row.at)), None)
            expected = None, rule.branch_id if rule else None
            if rule and rule.how == "steps" and row.what != "waiting" and row.reason != "no-step-policy":
                yield f"lead {lead.id} is {row.what}, rule {rule.position} lets it be passed down"
            if row.reason == "no-step-policy":
                expected = None, None
        if (rule and rule.position, *expected) != (row.rule_position, row.basis, row.branch_id):
            yield (f"lead {lead.id} of {lead.region} went by rule {row.rule_position} ({row.basis}) to branch "
                   f"{row.branch_id}; it should by {rule and rule.position}, {expected}")  # fmt: skip


def _matches(rule, lead, at):
    if not ((rule.valid_from is None or rule.valid_from <= at) and (rule.valid_until is None or at < rule.valid_until)):
        return False
    if rule.region is not None and lead.region != rule.region:
        inside = (rule.region + "/", rule.region + "-") if "-" not in rule.region else (rule.region + "/",)
        if not (lead.region or "").startswith(inside):
            return False
    if rule.currency is not None:
        if lead.value_currency != rule.currency:
            return False
        if rule.value_from is not None and lead.value_amount < rule.value_from:
            return False
        if rule.value_below is not None and lead.value_amount >= rule.value_below:
            return False
    return (
        rule.source in (None, lead.source) and rule.product in (None, lead.product)
        and rule.language in (None, lead.language)
    )  # fmt: skip
