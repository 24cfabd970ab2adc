"""A campaign whose evaluation has something of everything, written into the tables that roll-up-metrics keeps."""

DEFINITION = {
    "name": "spring-bonds-2027", "title": "Spring bonds 春季债券", "objective": "cross-sell", "branch": "HQ", "purpose": "marketing",
    "audience": {"customers": "level = gold"}, "variants": [{"name": "rate", "share": 50}, {"name": "safety", "share": 50}],
    "channels": [{"channel": "sms", "template": "spring-bonds"}, {"channel": "email", "template": "spring-bonds", "onFailure": True}],
    "targets": {"reach": 50000, "responses": 6000, "conversions": 900, "assets": {"amount": "900000", "currency": "CNY"}},
    "conversion": {"by": "assets-added", "within": "P30D"}, "expires": "2027-03-30T18:00:00+08:00",
}  # fmt: skip

# One statement after another; the launched campaign and an earlier one of the same objective.
FIGURES = """
    with place as (select b.id as branch, (select min(id) from person) as person from branch b order by b.id limit 1)
    insert into campaign (name, definition, branch_id, author_id, owner_id, starts_at, expires_at, time_zone, state, launched_at, settled_at)
    select v.name, replace(replace(%(definition)s, 'spring-bonds-2027', v.name), '2027-03', v.month), p.branch, p.person, p.person,
      v.at::timestamptz, v.at::timestamptz + interval '30 days', 'Asia/Shanghai', 'finished', v.at::timestamptz, v.at::timestamptz + interval '31 days'
    from place p, (values ('spring-bonds-2027', '2027-03', '2027-03-01T01:00:00Z'), ('autumn-bonds-2026', '2026-09', '2026-09-01T01:00:00Z')) v (name, month, at);
    insert into campaign_people (campaign_id, variant, channel, region, branch_id, state, reason, people)
    select c.id, v, s.channel, 'CN-' || (array['SH', 'BJ', 'JS/Nanjing', 'ZJ/Hangzhou', 'GD/Shenzhen', 'SC/Chengdu'])[1 + r],
      b.id, s.state, s.reason, s.people * (6 - r) / (1 + b.place)
    from campaign c, generate_series(0, 1) v, generate_series(0, 5) r,
      (select id, row_number() over (order by id) - 1 as place from branch order by id limit 14) b,
      (values ('sms', 'delivered', '', 700), ('sms', 'accepted', '', 60), ('email', 'delivered', '', 90), ('email', 'failed', 'not-delivered', 20),
        ('', 'skipped', 'opted-out', 40), ('', 'skipped', 'no-address', 12), ('', 'held-out', '', 45)) s (channel, state, reason, people);
    insert into campaign_figure (campaign_id, hour, channel, variant, region, branch_id, what, reason, currency, events, parts, amount)
    select c.id, date_trunc('hour', c.launched_at) + w.hours * interval '1 hour' + d * interval '1 day', 'sms', v,
      'CN-' || (array['SH', 'BJ', 'JS/Nanjing', 'ZJ/Hangzhou', 'GD/Shenzhen', 'SC/Chengdu'])[1 + d %% 6], (select min(id) from branch),
      w.what, '', w.currency, greatest(1, w.events / (1 + d)), w.events / 3, w.events * 0.06
    from campaign c, generate_series(0, 1) v, generate_series(0, 20) d,
      (values (0, 'accepted', 'CNY', 9000), (1, 'delivered', '', 8700), (2, 'clicked', '', 800), (11, 'clicked', '', 500), (2, 'responded', '', 780),
        (11, 'responded', '', 470), (12, 'replied', '', 90), (5, 'unsubscribed', '', 20))
        w (hours, what, currency, events);
    insert into conversion_credit (conversion_id, campaign_id, subject, message_id, kind, is_goal, standing, channel, variant, region, branch_id, touched_at,
      converted_at, share, amount, currency)
    select i, c.id, i, i, 'assets-added', true, case when i %% 40 = 0 then 'held-out' else 'credited' end, 'sms', i %% 2,
      'CN-' || (array['SH', 'BJ', 'JS/Nanjing', 'ZJ/Hangzhou', 'GD/Shenzhen', 'SC/Chengdu'])[1 + (i %% 11) / 2], (select min(id) from branch), c.launched_at,
      c.launched_at + (i %% 600) * interval '1 hour', 1, 1000 + i, 'CNY'
    from campaign c, generate_series(1, 1040) i where c.name = 'spring-bonds-2027';
    insert into campaign_assets (campaign_id, day, is_control, variant, currency, people, baseline, assets, squares)
    select c.id, date '2027-03-01' + d, k, 0, 'CNY', p.people, p.people * 82000, p.people * (82000 + d * case when k then 6 else 21 end), p.people * 4000000.0
    from campaign c, generate_series(0, 29) d, unnest('{true, false}'::boolean[]) k, lateral (select case when k then 2900 else 54000 end::bigint as people) p
    where c.name = 'spring-bonds-2027';
    insert into campaign_recipient (campaign_id, subject, variant, state, place, channel, is_open, changed_at)
    select c.id, n, 0, 'done', 1, 'manager', false, c.launched_at from campaign c, generate_series(1, 80) n where c.name = 'spring-bonds-2027';
    insert into task (campaign_id, subject, place, campaign, title, subject_kind, subject_name, script, made_at, due_at, state, outcome, settled_at)
    select c.id, n, 1, c.name, 'Spring', 'customer', n::text, 's', c.launched_at, c.launched_at + interval '3 days', w.state, w.outcome,
      case when w.outcome is not null then c.launched_at + n * interval '1 hour' end
    from campaign c, generate_series(1, 80) n,
      lateral (select (array['done', 'done', 'done', 'open', 'overdue', 'done', 'expired', 'cancelled'])[1 + n %% 8] as state,
        (array['contacted', 'interested', 'unreachable', null, null, 'declined', 'campaign-closed', 'another-channel'])[1 + n %% 8] as outcome) w
    where c.name = 'spring-bonds-2027';
"""  # fmt: skip
