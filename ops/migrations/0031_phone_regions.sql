-- Where customers' phones are from, so that whoever picks people by region, or counts them, asks nothing but the database.

alter table customer_phone
  -- As of leads: CN, CN-JS, CN-JS/Nanjing. Empty where nobody knows the region of such a number; NULL is not looked up yet.
  add column region text;
-- A customer's first phone of a kind is found without reading the table. It finds what `customer_phone_customer` found, too.
create index customer_phone_first on customer_phone (customer_id, place) include (kind, phone, region);
drop index customer_phone_customer;
-- Those that were stored before; none as soon as keep-customers has been through them.
create index customer_phone_unplaced on customer_phone (phone, customer_id) where region is null;
