-- Customers as core systems tell of them. Written by keep-customers alone.

create sequence customer_block;

create table customer (
  id bigint primary key,
  -- The core system's customer id: the key of `customer.profile`.
  code text not null unique check (char_length(code) between 1 and 60),
  -- An older version never overwrites a newer one.
  version bigint not null,
  -- The customer number; NULL where there is none. Not unique: what disagrees is shown, not refused.
  number text,
  -- HMAC-SHA-256 of the ID number under the firm's secret key, its first 16 bytes. The number itself is nowhere.
  identity uuid,
  name text,
  branch_id bigint references branch,
  manager_id bigint references person,
  -- `active`, `closed` or `removed`; a removed one keeps its code and version and nothing else.
  status text not null
);
create index customer_number on customer (number) where number is not null;
create index customer_identity on customer (identity) where identity is not null;

create table customer_phone (
  phone bigint not null,
  customer_id bigint not null references customer,
  primary key (phone, customer_id)
);
create index customer_phone_customer on customer_phone (customer_id);

-- A lead and a profile with one key, taken in the same moment, must not miss each other. Whoever brings profiles locks this
-- table `in share mode`, whoever brings leads with such keys `in row exclusive mode`: either kind runs beside its own kind and
-- waits for the other. It comes after positions and before leads in the order of locks. It never has a row.
create table conversion_gate ();
