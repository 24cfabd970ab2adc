"""What a national number of a calling code is: the library's decisions, folded into the automata's outputs."""

NONE8 = 0xFF

# In the order in which a number's kind is decided; the order of raw values in PhoneKind.swift.
KINDS = ["unknown", "fixed_line", "mobile", "fixed_line_or_mobile", "toll_free", "premium_rate", "shared_cost", "voip",
         "personal_number", "pager", "uan", "voicemail"]
DECIDED_FIRST = ["premium_rate", "toll_free", "shared_cost", "voip", "personal_number", "pager", "uan", "voicemail"]
PATTERNS = ["general_desc", "fixed_line", "mobile"] + DECIDED_FIRST


def kind_of(metadata, labels, region, length):
    """number_type_helper's decision, from the set of patterns that matched."""
    def matches(name):
        description = getattr(metadata, name)
        if description is None or (region, name) not in labels:
            return False
        return not description.possible_length or length in description.possible_length
    if not matches("general_desc"):
        return "unknown"
    for name in DECIDED_FIRST:
        if matches(name):
            return name
    if matches("fixed_line"):
        if metadata.same_mobile_and_fixed_line_pattern or matches("mobile"):
            return "fixed_line_or_mobile"
        return "fixed_line"
    if not metadata.same_mobile_and_fixed_line_pattern and matches("mobile"):
        return "mobile"
    return "unknown"


class Outcomes:
    """What a national number of a calling code is: its region, its kind, the region whose name describes it."""

    def __init__(self):
        self.all, self._ids = [(NONE8, 0, NONE8)], {(NONE8, 0, NONE8): 0}

    def id(self, outcome):
        if outcome not in self._ids:
            self._ids[outcome] = len(self.all)
            self.all.append(outcome)
        return self._ids[outcome]


def compile_calling_code(code, regions, numbers, outcomes):
    members = regions.of_code[code]
    labelled = {}
    for region in members:
        metadata = regions.all[region][2]
        for name in PATTERNS:
            description = getattr(metadata, name)
            if description is not None and description.national_number_pattern:
                labelled[(region, name)] = (description.national_number_pattern, False)
        if metadata.leading_digits is not None:
            labelled[(region, "leading_digits")] = (metadata.leading_digits, True)

    def output(labels, length):
        kinds = {region: kind_of(regions.all[region][2], labels, region, length) for region in members}
        if len(members) == 1:
            return outcomes.id((members[0], KINDS.index(kinds[members[0]]), members[0]))
        found = None
        for region in members:
            if regions.all[region][2].leading_digits is not None:
                if (region, "leading_digits") in labels:
                    found = region
                    break
            elif kinds[region] != "unknown":
                found = region
                break
        valid = [region for region in members if kinds[region] != "unknown"]
        return outcomes.id((NONE8 if found is None else found, 0 if found is None else KINDS.index(kinds[found]),
                            valid[0] if len(valid) == 1 else NONE8))

    return numbers.compile(labelled, output)
