-- A campaign's audience is gone through in ranges of its numbers, so that several lanes write to its people at once.

-- Numbers of an audience that nobody has gone through yet. All ranges of a campaign are made at once, from `campaign.expanded_to` to the
-- end of all numbers, and leave none out. A page of people and how far it went are one transaction, and whoever works on a range holds
-- its row. One that is done is gone; with the last one the campaign is expanded.
create table campaign_range (
  campaign_id bigint not null references campaign on delete cascade,
  number integer not null,
  -- Everybody of the range up to this number has a row.
  reached bigint not null,
  -- The range's last number.
  until bigint not null check (until > reached),
  primary key (campaign_id, number)
) with (fillfactor = 50);

grant select, insert, update, delete on campaign_range to millrace_launch_campaigns;

-- Those at work in the order of their numbers. Of conditions on `state` and `settled_at` together the planner believes that many campaigns
-- fulfil them, once there are many that were cancelled: with the other index alone it would go through all that there have ever been.
create index campaign_at_work_in_order on campaign (id) where state in ('scheduled', 'running', 'paused', 'closed', 'cancelled')
  and settled_at is null;
