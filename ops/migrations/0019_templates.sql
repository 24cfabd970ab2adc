-- What messages say: templates by name, channel and language, in versions that never change once they are stored.
create table template (
  name text not null check (name ~ '^[a-z0-9][a-z0-9._-]{0,62}$'),
  channel text not null check (channel in ('sms', 'email', 'fax')),
  -- BCP 47, as Core/Templates has a locale for: zh-CN.
  language text not null check (char_length(language) between 2 and 35),
  version integer not null check (version > 0),
  text text not null check (octet_length(text) between 1 and 262144),
  subject text check (char_length(subject) between 1 and 1000),
  html text check (octet_length(html) between 1 and 262144),
  -- What a gateway that demands registered text calls it, and the sender's name without its brackets.
  provider_template text check (char_length(provider_template) between 1 and 100),
  signature text check (char_length(signature) between 1 and 40),
  stored_at timestamptz not null,
  stored_by text not null,
  primary key (name, channel, language, version),
  check ((channel = 'email') = (subject is not null) and (channel = 'email' or html is null)),
  check (channel = 'sms' or provider_template is null and signature is null)
);

-- A version that is no longer to be used. It stays, for what was sent with it.
create table template_withdrawal (
  name text not null,
  channel text not null,
  language text not null,
  version integer not null,
  withdrawn_at timestamptz not null,
  withdrawn_by text not null,
  primary key (name, channel, language, version),
  foreign key (name, channel, language, version) references template
);

-- Numbered one by one, and stamped: nobody says which version this is, when it was stored, or by whom.
create function number_template() returns trigger
language plpgsql set search_path from current as $$
begin
  perform pg_advisory_xact_lock(hashtextextended('millrace template ' || new.name, 0));
  new.version := 1 + coalesce((select max(t.version) from template t
    where t.name = new.name and t.channel = new.channel and t.language = new.language), 0);
  new.stored_at := clock_timestamp();
  new.stored_by := session_user;
  return new;
end $$;
create trigger numbered before insert on template for each row execute function number_template();

create function stamp_template_withdrawal() returns trigger
language plpgsql set search_path from current as $$
begin
  new.withdrawn_at := clock_timestamp();
  new.withdrawn_by := session_user;
  return new;
end $$;
create trigger stamped before insert on template_withdrawal for each row execute function stamp_template_withdrawal();

create function refuse_template_change() returns trigger
language plpgsql as $$
begin
  raise exception 'a stored template never changes: store a new version, or withdraw this one'
    using errcode = 'restrict_violation';
end $$;
create trigger unchanged before update or delete or truncate on template
  for each statement execute function refuse_template_change();
create trigger unchanged before update or delete or truncate on template_withdrawal
  for each statement execute function refuse_template_change();

-- What is used where no version is named: the newest that is not withdrawn.
create view template_in_use as
  select distinct on (t.name, t.channel, t.language) t.*
  from template t
  where not exists (select from template_withdrawal w
    where w.name = t.name and w.channel = t.channel and w.language = t.language and w.version = t.version)
  order by t.name, t.channel, t.language, t.version desc;

grant select, insert on template, template_withdrawal to millrace_operator;
grant select on template_in_use to millrace_operator;
