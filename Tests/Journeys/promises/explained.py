"""Whether every choice can be made again."""

from collections import defaultdict
from datetime import timedelta

from rotation import Rotation

from promises.shared import choices_of, histories_of, is_choice, promise


class CoolOffs:
    """Former owners who shall not have a lead again for so many days, by the policy of the branch or the nearest above."""

    def __init__(self, evidence):
        self.histories = histories_of(evidence)
        self.parents = {branch.id: branch.parent_id for branch in evidence.rows("branch")}
        self.homes = {person.id: person.branch_id for person in evidence.rows("person")}
        self.days = {policy.branch_id: policy.cool_off_days for policy in evidence.rows("pool_policy")}

    def before(self, row):
        """Who cools off for the row's lead as it was given away or held."""
        return {
            former.former_owner_id for former in self.histories[row.lead_id]
            if former.version < row.version and former.former_owner_id is not None and self._is_loss(former)
            and former.at + timedelta(days=self._days(row.branch_id or self.homes[former.former_owner_id])) > row.at
        }  # fmt: skip

    @staticmethod
    def _is_loss(row):
        by_a_manager = row.what in ("held", "waiting") and row.reason in ("assigned", "transferred")
        return row.what in ("reclaimed", "released") or by_a_manager

    def _days(self, branch):
        while branch is not None and branch not in self.days:
            branch = self.parents[branch]
        return self.days.get(branch, 30)


@promise("explainable", "every choice can be made again from what was kept: same people, same facts, same choice",
         "allocation_snapshot")  # fmt: skip
def choices_can_be_made_again(evidence):
    branches = {branch.id: branch.code for branch in evidence.rows("branch")}
    held = defaultdict(list)
    snapshots = {snapshot.id for snapshot in evidence.rows("allocation_snapshot")}
    for row in evidence.rows("lead_history"):
        if row.snapshot_id is not None and row.snapshot_id not in snapshots:
            yield f"version {row.version} of lead {row.lead_id} names snapshot {row.snapshot_id}, which is not there"
        if is_choice(row) and row.snapshot_id is None:
            yield f"version {row.version} of lead {row.lead_id} was given away from no snapshot"
        if row.what == "held" and row.snapshot_id is not None:
            held[row.snapshot_id, row.choice].append(row)
    # Whose open leads others change as well.
    disturbed = {row.former_owner_id for row in evidence.rows("lead_history")}
    disturbed |= {row.owner_id for row in evidence.rows("lead_history") if row.worker != "allocate-leads"}
    kept = defaultdict(dict)
    cooling = CoolOffs(evidence)
    turns = defaultdict(int)
    catch_up = {branch.id: branch.catch_up for branch in evidence.rows("branch")}
    for snapshot, choices in choices_of(evidence):
        number, code = snapshot.branch_id, branches[snapshot.branch_id]
        rotation = Rotation(snapshot)
        found = dict(rotation.offset)
        if snapshot.turn != turns[number]:
            yield f"{code}: snapshot {snapshot.id} begins at turn {snapshot.turn}, it was left at {turns[number]}"
        moved = set()
        for person in rotation.people:
            opened, turn = kept[number].get(person, (None, None))
            if opened is not None and opened != rotation.open[person] and person not in disturbed:
                yield (f"{code}: snapshot {snapshot.id} has {rotation.open[person]} open leads for person {person}, the "
                       f"choices before it left {opened}")  # fmt: skip
            owed = -(1 + catch_up[number]) * rotation.stride(person)
            expected = 0 if turn is None else max(turn - snapshot.turn, owed)
            if turn is None or turn - snapshot.turn < owed:
                moved.add(person)
            if found[person] != expected:
                yield f"{code}: snapshot {snapshot.id} has person {person} at {found[person]}, it was {expected}"
        if [row.choice for row in choices] != list(range(len(choices))):
            yield f"{code}: the choices of snapshot {snapshot.id} are counted {[row.choice for row in choices][:20]}"
            continue
        taking_part = set(rotation.eligible())
        keeping = dict(zip(snapshot.kept_choices or [], snapshot.kept_people or []))
        passed = defaultdict(set)
        for choice, person in zip(snapshot.passed_choices or [], snapshot.passed_people or []):
            passed[choice].add(person)
        for choice in range(len(choices) + 1):
            for row in held[snapshot.id, choice]:
                want = rotation.want(cooling.before(row))
                if row.reason not in NOT_ABOUT_PEOPLE and row.reason != want:
                    yield f"lead {row.lead_id} is held at {code} as {row.reason}, but it was {want or 'free'}"
            if choice < len(choices):
                importer = keeping.get(choice)
                if (importer is not None) != (choices[choice].basis == "importer"):
                    yield f"lead {choices[choice].lead_id} and snapshot {snapshot.id} disagree whether it was kept"
                away = cooling.before(choices[choice]) & set(rotation.eligible())
                if passed[choice] != away:
                    yield f"lead {choices[choice].lead_id} passed over {passed[choice]}, who cool off are {away}"
                chosen = rotation.choose(passed[choice]) if importer is None else rotation.keep(importer)
                if chosen != choices[choice].owner_id:
                    yield f"lead {choices[choice].lead_id} went to {choices[choice].owner_id}, it was {chosen}'s turn"
        for person in rotation.people:
            opened, turn = kept[number].get(person, (None, None))
            by_turns = rotation.method == "round-robin"
            touched = rotation.offset[person] != found[person] or person in keeping.values()
            if touched or (by_turns and rotation.choices and person in moved & taking_part):
                latest = rotation.offset[person] if by_turns else rotation.elapsed + rotation.stride(person)
                turn = snapshot.turn + min(rotation.offset[person], latest)
            kept[number][person] = rotation.open[person], turn
        turns[number] += rotation.elapsed
    for branch in evidence.rows("branch"):
        if branch.turn != turns[branch.id]:
            yield f"{branch.code} is at turn {branch.turn}, the last choices left it at {turns[branch.id]}"
    for person in evidence.rows("person"):
        left = kept[person.branch_id].get(person.id)
        if left is not None and person.id in disturbed:
            left = person.open_leads, left[1]
        if left is not None and left != (person.open_leads, person.turn):
            yield f"{person.code} has {(person.open_leads, person.turn)} (open, turn), the last choices left {left}"


# Reasons for which a lead is held whoever is there.
NOT_ABOUT_PEOPLE = {"behind-held"}
