-- E-mails and faxes: their senders work from the same ledger.

call ensure_roles('millrace_send_email', 'millrace_send_fax');
grant millrace_send_sms to millrace_send_email, millrace_send_fax;
-- An address that a gateway has proved not to exist is not written to again.
grant insert on suppression to millrace_send_sms;

-- Writes a request down and puts its event into the outbox, stamped with the login; whoever takes requests in takes this one.
create function ask_for_message(on_channel text, recipient text, request text) returns text
language plpgsql security definer set search_path from current as $$
declare
  command text;
begin
  if on_channel not in ('sms', 'email', 'fax') or octet_length(request) > 900000
    or request::json ->> 'to' is distinct from recipient
  then
    raise exception 'this is no request for a message to %', masked_address(recipient)
      using errcode = 'invalid_parameter_value';
  end if;
  insert into message_command (person_id) values (own_person()) returning id into command;
  insert into outbox (topic, source, types, keys, payloads, event_ids)
  values ('outreach.' || on_channel, '/millrace/people', array[on_channel || '.requested'], array[recipient],
    array[convert_to(request, 'UTF8')], array[command]);
  return command;
end $$;
revoke execute on function ask_for_message from public;
grant execute on function ask_for_message to millrace_operator;
revoke execute on function send_sms from millrace_operator;
drop function send_sms;
