"""`python_copy`: batches of 10,000, added up in memory, COPY into a staging table, INSERT..SELECT from there."""

import orjson

from . import work

COLUMNS = "campaign_id, hour, channel, variant, region, branch_id, what, reason, currency, events, parts, amount"
STAGING = f"create temporary table staging on commit delete rows as select {COLUMNS} from campaign_figure with no data"
PLACES = """
select k.campaign, k.subject, r.variant, coalesce(r.region, ''), coalesce(r.branch_id, 0)
from unnest(%b::bigint[], %b::bigint[]) k (campaign, subject)
join campaign_recipient r on r.campaign_id = k.campaign and r.subject = k.subject"""
MERGE = f"""
insert into campaign_figure as f ({COLUMNS}) select {COLUMNS} from staging
on conflict (campaign_id, hour, channel, variant, region, branch_id, what, reason, currency)
do update set events = f.events + excluded.events, parts = f.parts + excluded.parts, amount = f.amount + excluded.amount"""
KEPT = 200_000


class Writer:
    def __init__(self, connection):
        connection.execute(STAGING)
        connection.commit()
        self.places = {}

    def __call__(self, cursor, messages):
        told = []
        for message in messages:
            data = orjson.loads(message.value())
            if data["source"] == "/millrace/campaigns":
                campaign, subject, _ = data["request"].split("/")
                told.append(((int(campaign), int(subject)), work.what(message, data), data))
        self.know(cursor, {recipient for recipient, _, _ in told})
        sums = {}
        for recipient, what, data in told:
            variant, region, branch = self.places[recipient]
            cost = data.get("cost")
            key = (recipient[0], data["at"][:13], data["channel"], variant, region, branch, what, data.get("reason", ""),
                   cost["currency"] if cost else "")  # fmt: skip
            sum = sums.get(key)
            if sum is None:
                sum = sums[key] = [0, 0, 0]
            sum[0] += 1
            sum[1] += data.get("parts", 0)
            if cost:
                sum[2] += ten_thousandths(cost["amount"])
        lines = [
            "\t".join((str(key[0]), key[1] + ":00:00Z", key[2], str(key[3]), key[4], str(key[5]), *key[6:], str(events), str(parts),
                       f"{amount // 10000}.{amount % 10000:04}")) + "\n"
            for key, (events, parts, amount) in sorted(sums.items())]  # fmt: skip
        with cursor.copy("copy staging from stdin") as copy:
            copy.write("".join(lines))
        cursor.execute(MERGE)

    def know(self, cursor, recipients):
        if len(self.places) > KEPT:
            self.places = {}
        missing = sorted(recipients - self.places.keys())
        if missing:
            campaigns, subjects = zip(*missing)
            for campaign, subject, *place in cursor.execute(PLACES, [list(campaigns), list(subjects)], binary=True):
                self.places[campaign, subject] = place


def ten_thousandths(amount):
    whole, _, rest = amount.partition(".")
    return int(whole) * 10000 + int((rest + "0000")[:4])


if __name__ == "__main__":
    work.main("python_copy", 10_000, Writer)
