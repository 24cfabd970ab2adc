"""A firm with many customers, and a campaign for all of them."""

import json

# Three in four consent to marketing by short message: the rest are skipped, as in life.
CUSTOMERS = """
insert into customer (id, code, version, data, status, name, level, language, email, consented, branch_id, birthday, risk_rating,
  assets_amount, assets_currency, changed_at)
select n, 'C' || n, 1, gen_random_uuid(), 'active', '王' || n, case when n %% 5 = 0 then 'gold' else 'silver' end, 'zh-CN',
  'c' || n || '@people.example', case when n %% 4 = 0 then 0 else 1 << consent_slot('sms', 'marketing') end,
  (array(select id from branch order by id limit 7))[1 + n %% 7], date '1940-01-01' + (n::bigint * 7919 %% 25000)::int, 'C' || 1 + n %% 5,
  n::bigint * 7907 %% 2000000, 'CNY', now()
from generate_series(1, %s) n
"""
PHONES = """
insert into customer_phone (phone, customer_id, place, kind, region)
select 8613800000000 + n, n, 0, 'mobile', (array['CN-JS/Nanjing', 'CN-SH', 'CN-BJ', 'CN-GD/Shenzhen', 'CN-ZJ/Hangzhou'])[1 + n %% 5]
from generate_series(1, %s) n
"""
GATEWAY = {
    "name": "measured", "channel": "sms", "place": 1, "price": {"amount": "0.045", "currency": "CNY"},
    "request": {"method": "POST", "url": "http://127.0.0.1:9/send", "json": {"to": "{{to}}", "text": "{{text.signed}}"}},
    "answer": {"accepted": [{"status": ["200"]}]},
}  # fmt: skip
TEMPLATE = """
insert into template (name, channel, language, text, signature)
values ('spring', 'sms', 'zh-CN', '尊敬的{{name}}：春季债券本周开售，详情请咨询您的客户经理。退订回T', '华证券')
"""
DEFINITION = {
    "name": "spring", "title": "Spring bonds", "objective": "cross-sell", "purpose": "marketing",
    "audience": {"customers": "level in (gold, silver)"}, "control": {"share": 5},
    "variants": [{"name": "a", "share": 50}, {"name": "b", "share": 50}],
    "channels": [{"channel": "sms", "template": "spring"}], "expires": "2099-01-01T00:00:00Z",
}  # fmt: skip
CAMPAIGN = """
insert into campaign (name, definition, branch_id, author_id, owner_id, starts_at, expires_at, time_zone, state, launched_at, seed)
select 'spring', %(definition)s, b.id, p.id, p.id, now(), '2099-01-01', b.time_zone, %(state)s, now(), 'measured'
from branch b cross join lateral (select id from person order by id limit 1) p where b.parent_id is null limit 1
"""


# One in sixteen: gold, with assets, and of an age.
SOME = "level = gold and assets >= 500000 CNY and age between 30 and 55"


def settle(connection, count, state, **more):
    """Puts so many customers and the campaign into an empty firm; `more` is of its definition."""
    head = connection.execute("select code from branch where parent_id is null").fetchone()[0]
    connection.execute(CUSTOMERS, [count])
    connection.execute(PHONES, [count])
    connection.execute(
        "insert into gateway (name, channel, place, price, currency, description) values ('measured', 'sms', 1, 0.045, 'CNY', %s)",
        [json.dumps(GATEWAY)])  # fmt: skip
    connection.execute("insert into gateway_pace (gateway) values ('measured')")
    connection.execute(TEMPLATE)
    connection.execute(CAMPAIGN, {"definition": json.dumps({**DEFINITION, "branch": head, **more}, ensure_ascii=False), "state": state})
    connection.execute("vacuum (analyze) customer, customer_phone")
