"""Checks an export of the service log as ops/decisions/service-log.md describes it. Shares nothing with the product.

By itself: `python service_log.py < day.jsonl` says what it found and exits with 1 if the proof does not hold.
"""

import hashlib
import hmac
import json
import sys
from collections import Counter

ENTRY = ("number", "at", "organisation", "day", "what", "subjectKind", "subject", "version", "by", "login", "worker",
         "authority", "outcome", "branch", "owner", "formerOwner", "detail", "eventSource", "eventId")  # fmt: skip


def lined(form, *fields):
    message = form.encode() + b"\n"
    for field in fields:
        if field is None:
            message += b"-\n"
        else:
            text = str(field).encode()
            message += str(len(text)).encode() + b":" + text + b"\n"
    return message


def commitment(entry):
    message = lined("millrace service entry 1", *(entry.get(name) for name in ENTRY))
    return hmac.new(bytes.fromhex(entry["salt"]), message, hashlib.sha256).hexdigest()


def block_hash(block):
    fields = [block["number"], block["epoch"], block["first"], block["entries"], block["at"]]
    for count in block["counts"]:
        fields += [count["organisation"], count["day"], count["entries"]]
    message = lined("millrace service block 1", *fields, block["previous"])
    return hashlib.sha256(message + bytes.fromhex(block["commitments"])).hexdigest()


class Export:
    def __init__(self, text):
        lines = [json.loads(line) for line in text.splitlines()]
        kinds = ("day", "block", "entry", "erased")
        self.days, self.blocks, self.entries, self.erased = (
            [line for line in lines if line["kind"] == kind] for kind in kinds
        )

    def faults(self):
        """A sentence for everything in which the export contradicts itself."""
        committed = {}
        for before, block in zip([None, *self.blocks], self.blocks):
            name = f"block {block['number']}"
            if block_hash(block) != block["hash"]:
                yield f"{name} does not have its hash"
            if before and (block["number"] != before["number"] + 1 or block["previous"] != before["hash"]):
                yield f"{name} does not follow block {before['number']}"
            commitments = block["commitments"]
            if len(commitments) != 64 * block["entries"]:
                yield f"{name} does not have a commitment for each entry"
            for place in range(block["entries"]):
                committed[block["first"] + place] = commitments[64 * place : 64 * place + 64]
        for entry in self.entries:
            if commitment(entry) != committed.get(entry["number"]):
                yield f"entry {entry['number']} is not what was committed to"
        numbers = [entry["number"] for entry in self.entries]
        if len(numbers) != len(set(numbers)):
            yield "an entry stands there twice"
        yield from self._days()

    def _days(self):
        there = Counter((entry["organisation"], entry["day"]) for entry in self.entries)
        counted = Counter()
        hashes = {block["number"]: block["hash"] for block in self.blocks}
        for block in self.blocks:
            for count in block["counts"]:
                counted[count["organisation"], count["day"]] += count["entries"]
        missing = 0
        for day in self.days:
            key = day["organisation"], day["day"]
            if counted[key] != day["entries"]:
                yield f"{key} was told as {day['entries']} entries, the blocks count {counted[key]}"
            if there[key] > day["entries"]:
                yield f"{key} has {there[key]} entries, {day['entries']} were told"
            missing += day["entries"] - there[key]
            if day.get("block") in hashes and hashes[day["block"]] != day["hash"]:
                yield f"{key} was told with another hash than block {day['block']} has"
        if missing > len(self.erased):
            yield f"{missing} entries are missing, {len(self.erased)} were erased"


if __name__ == "__main__":
    found = list(Export(sys.stdin.read()).faults())
    print("\n".join(found) or "The proof holds.")
    sys.exit(bool(found))
