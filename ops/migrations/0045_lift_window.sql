-- As it was, but that both groups are looked at for the same time: from when each was chosen, and for as long as the campaign counts. Whoever
-- is reached days later has their credit for as long after that, which the control group never has.
create or replace view bi_campaign_lift as
  select s.campaign_id, s.campaign, s.treated, s.control, s.treated_converted, s.control_converted,
    s.treated_rate, s.control_rate, s.treated_rate - s.control_rate as lift,
    s.treated_rate - s.control_rate - 1.959964 * s.deviation as lift_low, s.treated_rate - s.control_rate + 1.959964 * s.deviation as lift_high
  from (
    select g.*, sqrt(g.treated_rate * (1 - g.treated_rate) / g.treated + g.control_rate * (1 - g.control_rate) / g.control) as deviation
    from (
      select c.id as campaign_id, c.name as campaign, p.treated, p.control, k.treated_converted, k.control_converted,
        k.treated_converted / nullif(p.treated, 0) as treated_rate, k.control_converted / nullif(p.control, 0) as control_rate
      from campaign c
      cross join lateral (
        select coalesce(sum(people) filter (where state <> 'held-out' and channel <> ''), 0) as treated,
          coalesce(sum(people) filter (where state = 'held-out'), 0) as control
        from campaign_people where campaign_id = c.id) p
      cross join lateral (
        select count(distinct k.subject) filter (where k.standing <> 'held-out'
            and k.converted_at < coalesce(r.chosen_at, g.launched_at) + g.within_seconds * interval '1 second')::numeric as treated_converted,
          count(distinct k.subject) filter (where k.standing = 'held-out')::numeric as control_converted
        from conversion_credit k
        join campaign_goal g on g.campaign_id = k.campaign_id
        left join campaign_recipient r on r.campaign_id = k.campaign_id and r.subject = k.subject
        where k.campaign_id = c.id and k.is_goal) k
      where c.launched_at is not null) g) s;
