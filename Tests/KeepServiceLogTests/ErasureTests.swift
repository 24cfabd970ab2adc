import Postgres
import TestKit
import Testing

@testable import keep_service_log
@testable import millrace

@Suite struct ErasureTests {
  /// Lead 1 is owned, 2 held, 3 was customer C1, who is closed; each with what there may be of a person.
  private static let people = """
    insert into customer (id, code, version, data, status, number, name, email, tags, branch_id, manager_id, changed_at) values
      (1, 'C1', 4, gen_random_uuid(), 'closed', '8800', '王小明', 'w@example.com', '{vip}', 2, 1, now()),
      (2, 'C2', 1, gen_random_uuid(), 'active', null, '李四', null, '{}', 2, 1, now());
    insert into customer_phone values (8613812340003, 1, 0, null);
    insert into lead (id, phone, name, source, state, branch_id, owner_id, protected_since, protected_until, held_reason,
        held_since, customer_id, converted_at, customer_number, identity, value_amount, value_currency, version, registered_at)
      values
      (1, 8613812340001, '甲', 'web', 'owned', 2, 1, now(), now() + interval '7 days', null, null, null, null, '77',
        gen_random_uuid(), 5, 'CNY', 1, now()),
      (2, 8613812340002, '乙', 'web', 'held', 2, null, null, null, 'full', now(), null, null, null, null, null, null, 1, now()),
      (3, 8613812340003, '丙', 'web', 'converted', 2, 1, null, null, null, null, 1, now(), null, null, null, null, 1, now());
    update person_load set open_leads = 1 where person_id = 1;
    update branch_load set held = 1 where branch_id = 2;
    insert into lead_duplicate values (1, now(), 'h5', null, '/h5', 'again', now());
    insert into dead_letter (worker, topic, partition, "offset", key, value, header_names, header_values, source, event_id, path,
        reason, detail) values
      ('allocate-leads', 'lead.registered', 0, 1, 'x', '{"phone": "138 1234 0001", "name": "甲"}', '{}', '{}', '/h5', 'again',
        'name', 'too-long', 'y'),
      ('allocate-leads', 'lead.registered', 0, 2, '+8613812340001', '{"phone": "13812340001"}', '{a}', '{b}', null, null, 'name',
        'too-long', 'y'),
      ('keep-customers', 'customer.profile', 0, 3, 'C1', '{}', '{}', '{}', null, null, 'name', 'too-long', 'y'),
      ('allocate-leads', 'lead.registered', 0, 4, '+8613812349999', '{"phone": "13812349999"}', '{}', '{}', null, null, 'name',
        'too-long', 'y');
    """

  private static func open(_ body: (LogDesk) throws -> Void) throws {
    try LogDesk.open(people) { desk in
      try desk.history(1...3)
      try desk.session.run(
        script: """
          select raise_reminders('tests', '{lead/1/x,customer/C1/x}', '{k,k}', '{lead,customer}', '{1,C1}', '{1,1}', '{2,2}',
            array[now(), now()], '{normal,normal}', '{"call 甲","call 王小明"}');
          update person set login = session_user where id = 1;
          select write_note('lead', '1', 'a secret');
          select write_note('customer', 'C1', 'another')
          """)
      while try desk.record() > 0 {}
      try body(desk)
    }
  }

  private static let rows: Statement =
    "select row(l.*)::text from lead l union all select row(s.*)::text from service_log s order by 1"

  @Test("a preview says what would go and changes nothing")
  func preview() throws {
    try Self.open { desk in
      let before = try desk.lines(Self.rows)
      let run = desk.command("privacy", "erase", "--lead", "1", "--because", "request 17", "--json")
      #expect(run.exit == .done, "\(run.err)")
      #expect(run.out.contains(#"{"table":"service_log","rows":2}"#), "\(run.out)")
      #expect(run.out.contains(#"{"table":"dead_letter","rows":2}"#), "\(run.out)")
      #expect(try desk.lines(Self.rows) == before)
      #expect(try desk.count("select count(*) from privacy_erasure") == 0)
      #expect(run.err.contains("nor by ID number"), "\(run.err)")
      #expect(desk.command("privacy", "erase", "--lead", "1").exit == .usage)
      #expect(desk.command("privacy", "erase", "--lead", "1", "--customer", "C1", "--because", "x").exit == .usage)
      #expect(desk.command("privacy", "erase", "--lead", "99", "--because", "x").exit == .no)
    }
  }

  @Test("an erased lead has no facts, is nobody's and at an end; neighbours are untouched; the chain is provable")
  func lead() throws {
    try Self.open { desk in
      let run = desk.command("privacy", "erase", "--lead", "1", "--because", "request 17", "--execute")
      #expect(run.exit == .done, "\(run.err)")
      #expect(
        try desk.lines(
          """
          select concat_ws(' ', id, state, phone, name, customer_number, identity, value_amount, owner_id) from lead order by id
          """) == ["1 erased", "2 held 8613812340002 乙", "3 converted 8613812340003 丙 1"])
      #expect(try desk.lines("select open_leads::text from person_load where person_id = 1") == ["0"])
      #expect(
        try desk.lines(
          """
          select concat_ws(' ', version, what, source, event_id, former_owner_id) from lead_history where lead_id = 1
          order by 1
          """) == ["1 allocated", "2 erased 1"])
      #expect(
        try desk.lines("select keys[1] || types[1] from outbox where topic = 'lead.ownership'") == ["1lead.erased"])
      #expect(
        try desk.lines("select state || coalesce(detail, '') from reminder order by subject") == [
          "cancelled", "opencall 王小明",
        ])
      let letters = try desk.lines(
        "select concat_ws(' ', id, state, encode(value, 'escape'), source, event_id) from dead_letter order by id")
      #expect(
        letters == ["1 discarded", "2 discarded", "3 open {}", "4 open {\"phone\": \"13812349999\"}"])
      #expect(try desk.lines("select subject from private_note") == ["C1"])
      // Until the log has it, and afterwards.
      for _ in 0..<2 {
        let verified = desk.command("service-log", "verify", "--sources")
        #expect(verified.exit == .done, "\(verified.out)")
        while try desk.record() > 0 {}
      }
      #expect(desk.command("service-log", "verify", "--json").out.contains(#""erased":2"#))
      #expect(
        try desk.lines(
          """
          select concat_ws(' ', what, subject, by, split_part(detail, ',', 2)) from service_log where subject = '1' order by 1
          """) == ["erased 1", "erased 1 P1  2 entries"])
      // Nowhere is anything left of the person.
      #expect(try Self.left("甲", "13812340001", desk) == [])
    }
  }

  @Test("an erased customer goes with the leads that they were, and an older profile does not bring them back")
  func customer() throws {
    try Self.open { desk in
      #expect(
        desk.command("privacy", "erase", "--customer", "C2", "--because", "x", "--execute").err.contains("core system"))
      let run = desk.command("privacy", "erase", "--customer", "C1", "--because", "request 18", "--execute")
      #expect(run.exit == .done, "\(run.err)")
      #expect(
        try desk.lines(
          "select concat_ws(' ', code, version, status, number, name, email, tags::text) from customer order by 1") == [
            "C1 4 removed {}", "C2 1 active 李四 {}",
          ])
      #expect(try desk.count("select count(*) from customer_phone") == 0)
      #expect(try desk.lines("select id::text || state from lead order by id") == ["1owned", "2held", "3erased"])
      while try desk.record() > 0 {}
      #expect(desk.command("service-log", "verify", "--sources").exit == .done)
      #expect(try Self.left("王小明", "13812340003", desk) == [])
    }
  }

  @Test("dead letters are found by customer number, mail address, and by what the command is told, which is not kept")
  func letters() throws {
    try Self.open { desk in
      try desk.session.run(
        script: """
          insert into dead_letter (worker, topic, partition, "offset", value, path, reason, detail)
          select 'keep-customers', 'customer.profile', 1, n, v::bytea, 'name', 'too-long', 'y' from (values
            (1, '{"number": "8800"}'), (2, '{"email":"w@example.com"}'), (3, '{"idNumber": "110101199003070011"}'),
            (4, '{"number": "88001"}'), (5, '{"idNumber": "110101199003070012"}')) l (n, v);
          update customer set status = 'closed'
          """)
      try temporaryFile("110101199003070011\n") { name in
        let run = desk.command(
          "privacy", "erase", "--customer", "C1", "--because", "x", "--also", name, "--execute")
        #expect(run.exit == .done && run.out.contains("by 1 lines of"), "\(run.err)\(run.out)")
      }
      #expect(
        try desk.lines(#"select "offset"::text from dead_letter where partition = 1 and value is not null order by 1"#)
          == [
            "4", "5",
          ])
      #expect(try Self.left("110101199003070011", "w@example.com", desk) == [])
      try temporaryFile("123\n") { name in
        let run = desk.command("privacy", "erase", "--customer", "C1", "--because", "x", "--also", name)
        #expect(run.exit == .usage && run.err.contains("at least four characters"), "\(run.err)")
      }
    }
  }

  @Test("a held lead leaves its branch's queue, and one erased twice stays as it is")
  func held() throws {
    try Self.open { desk in
      for _ in 0..<2 {
        let run = desk.command("privacy", "erase", "--lead", "2", "--because", "x", "--execute")
        #expect(run.exit == .done, "\(run.err)")
        while try desk.record() > 0 {}
      }
      #expect(try desk.lines("select held::text from branch_load where branch_id = 2") == ["0"])
      #expect(try desk.lines("select version::text from lead where id = 2") == ["2"])
      #expect(desk.command("service-log", "verify", "--sources").exit == .done)
    }
  }

  @Test("what the log has not taken yet has to be taken first")
  func notRecorded() throws {
    try Self.open { desk in
      try desk.history(1...1, version: 5)
      let run = desk.command("privacy", "erase", "--lead", "1", "--because", "x", "--execute")
      #expect(run.exit == .no && run.err.contains("has still to take"), "\(run.err)")
    }
  }

  @Test("an erasure that is made up, or one that took more than it says, is found")
  func madeUp() throws {
    try Self.open { desk in
      _ = desk.command("privacy", "erase", "--lead", "1", "--because", "x", "--execute")
      while try desk.record() > 0 {}
      try desk.session.run(
        script: """
          delete from service_log where number = 2;
          update privacy_erasure set entries = entries || 2::bigint
          """)
      let run = desk.command("service-log", "verify")
      #expect(run.exit == .no && run.out.contains("erasure 1 is not in the log"), "\(run.out)")
    }
  }

  /// Messages to C1 in each state that matters, to lead 1, to a phone that C1 shares with nobody, and to others.
  private static let messages = """
    insert into message (id, channel, purpose, priority, state, source, event_id, customer_id, lead_id, recipient, phone, country,
        time_zone, language, variables, body, gateway, requested_at, due_at) values
      (1, 'sms', 'service', 1, 'queued', '/s', 'order of 王小明', 1, null, 'customer/1', 8613812340003, 'CN', 'Asia/Shanghai', 'zh-CN',
        '{"name": "王小明"}', '王小明您好', 'g', now(), now()),
      (2, 'sms', 'marketing', 2, 'accepted', '/s', 'e2', null, null, '+8613812340003', 8613812340003, 'CN', null, null, null,
        '王小明', 'g', now(), now()),
      (3, 'sms', 'marketing', 2, 'uncertain', '/s', 'e3', 1, null, 'customer/1', 8613812340003, 'CN', null, null, null, 'x', 'g',
        now(), now()),
      (4, 'sms', 'service', 1, 'delivered', '/s', 'e4', null, 1, '+8613812340001', 8613812340001, 'CN', null, null, null, '甲', 'g',
        now(), now()),
      (5, 'sms', 'service', 1, 'queued', '/s', 'e5', 2, null, 'customer/2', 8613812340003, 'CN', null, null, null, '李四', 'g',
        now(), now());
    insert into recipient values ('customer/1'), ('+8613812340003'), ('customer/2');
    insert into contact values ('customer/1', now(), 'sms', 'marketing', 3), ('+8613812340003', now(), 'sms', 'marketing', 2),
      ('customer/2', now(), 'sms', 'marketing', 5);
    insert into answer (gateway, phone, body, at, opted_out) values ('g', 8613812340003, '王小明 T', now(), true),
      ('g', 8613812349999, 'hello', now(), false);
    insert into suppression (channel, address, reason, detail, lifted_at, lifted_by) values
      ('sms', '+8613812340003', 'opted-out', '王小明 T', null, null), ('email', 'w@example.com', 'bounced', 'no such user', null, null),
      ('email', 'w@example.com', 'complained', '王小明', now(), 'x'), ('sms', '+8613812349999', 'manual', 'other', null, null);
    insert into outbox_refused (run, run_index, topic, source, type, event_id, key, payload, reason)
      values (1, 0, 'outreach.sms', '/s', 'sms.requested', 'r', '+8613812340003', '王小明'::bytea, 'too large');
    """

  private static let ledger: Statement = """
    select concat_ws(' ', id, state, reason, recipient, phone, customer_id, lead_id, source, nullif(body, '')) from message order by id
    """

  @Test("what was written to an erased customer goes, its rows and ends stay, and what they forbade stays forbidden")
  func messages() throws {
    try Self.open { desk in
      try desk.session.run(script: Self.messages)
      let run = desk.command("privacy", "erase", "--customer", "C1", "--because", "x", "--execute", "--json")
      #expect(run.exit == .done, "\(run.err)")
      for row in [#"{"table":"message","rows":3}"#, #"{"table":"contact","rows":2}"#, #"{"table":"answer","rows":1}"#] {
        #expect(run.out.contains(row), "\(row) in \(run.out)")
      }
      #expect(
        try desk.lines(Self.ledger) == [
          "1 cancelled erased erased/1 erased", "2 accepted erased/2 erased", "3 uncertain erased/3 erased",
          "4 delivered +8613812340001 8613812340001 1 /s 甲", "5 queued customer/2 8613812340003 2 /s 李四",
        ])
      // Whoever asked for what was not sent yet is told, under the event as they know it.
      #expect(
        try desk.lines(
          """
          select concat_ws(' ', types[1], keys[1], convert_from(payloads[1], 'UTF8')::json ->> 'request') from outbox
          where topic = 'outreach.outcomes'
          """) == ["message.cancelled 1 order of 王小明"])
      #expect(
        try desk.lines("select concat_ws(' ', channel, address, reason, detail) from suppression order by id") == [
          "sms +8613812340003 opted-out", "sms +8613812349999 manual other",
        ])
      #expect(try desk.lines("select body from answer") == ["hello"])
      #expect(try desk.lines("select name from recipient") == ["customer/2"])
      // An address that nobody knows any more is not called again.
      let again = desk.command("outreach", "uncertain", "resolve", "3", "--as", "again", "--because", "x", "--execute")
      #expect(again.exit == .no && again.err.contains("message 3 was erased"), "\(again.err)")
      #expect(try Self.left("王小明", "w@example.com", desk) == [])
      while try desk.record() > 0 {}
      #expect(desk.command("service-log", "verify", "--sources").exit == .done)
    }
  }

  /// C1 was written to where they no longer are, and at an address that is somebody else's as well.
  private static let elsewhere = """
    insert into message (id, channel, purpose, priority, state, source, event_id, customer_id, recipient, phone, email, body, gateway,
        requested_at, due_at) values
      (11, 'email', 'service', 1, 'failed', '/s', 'e11', 1, 'customer/1', null, 'former@example.com', 'x', 'm', now(), now()),
      (12, 'sms', 'service', 1, 'failed', '/s', 'e12', 1, 'customer/1', 8613812340077, null, 'x', 'g', now(), now()),
      (13, 'email', 'service', 1, 'failed', '/s', 'e13', 1, 'customer/1', null, 'office@example.com', 'x', 'm', now(), now()),
      (14, 'sms', 'service', 1, 'failed', '/s', 'e14', 1, 'customer/1', 8613812340002, null, 'x', 'g', now(), now()),
      (15, 'email', 'service', 1, 'failed', '/s', 'e15', 2, 'customer/2', null, 'office@example.com', 'x', 'm', now(), now());
    insert into message_attempt values (11, 1, 'm', now(), now(), 'refused', '5.1.1', 'no such user former'),
      (15, 1, 'm', now(), now(), 'refused', '5.1.1', 'no such user office');
    update customer set email = 'Office@example.com' where id = 2;
    insert into suppression (channel, address, reason, detail) values ('email', 'former@example.com', 'bounced', 'no such user'),
      ('email', 'office@example.com', 'bounced', 'no such user'), ('sms', '+8613812340077', 'complained', 'former');
    insert into answer (gateway, phone, body, at, opted_out) values ('g', 8613812340077, 'former', now(), false);
    insert into contact values ('+8613812340077', now(), 'sms', 'service', 99);
    insert into outbox_refused (run, run_index, topic, source, type, event_id, key, payload, reason) values
      (1, 0, 'outreach.email', '/s', 'email.requested', 'r', 'Former@example.com', 'former'::bytea, 'too large'),
      (1, 1, 'outreach.sms', '/s', 'sms.requested', 'r', '+8613812340077', 'former'::bytea, 'too large'),
      (1, 2, 'outreach.email', '/s', 'email.requested', 'r', 'office@example.com', 'office'::bytea, 'too large');
    insert into dead_letter (worker, topic, partition, "offset", key, value, path, reason, detail) values
      ('send-email', 'outreach.email', 2, 1, 'Former@Example.com', '{"to": "Former@Example.com"}', 'x', 'y', 'z'),
      ('send-email', 'outreach.email', 2, 2, 'Former@Example.com', '\\xff00', 'x', 'y', 'z'),
      ('send-email', 'outreach.email', 2, 3, null, '{"to": "W@EXAMPLE.com"}', 'x', 'y', 'z'),
      ('send-sms', 'outreach.sms', 2, 4, null, '{"to": "138 1234 0077", "phone": "13812340077"}', 'x', 'y', 'z'),
      ('send-email', 'outreach.email', 2, 5, 'office@example.com', '{"to": "office@example.com"}', 'x', 'y', 'z'),
      ('send-email', 'outreach.email', 2, 6, null, '{"to": "notformer@example.com"}', 'x', 'y', 'z');
    """

  @Test("where an erased customer was written to before is looked through as well, unless it is somebody else's")
  func formerAddresses() throws {
    try Self.open { desk in
      try desk.session.run(script: Self.elsewhere)
      for (channel, to) in [("email", "FORMER@example.com"), ("sms", "+8613812340077")] {
        try desk.session.run(
          script: "delete from outbox; select ask_for_message('\(channel)', '\(to)', '{\"to\": \"\(to)\"}')")
        let asked = desk.command("privacy", "erase", "--customer", "C1", "--because", "x", "--execute")
        #expect(asked.exit == .no && asked.err.contains("on its way"), "\(channel): \(asked.err)")
      }
      try desk.session.run(script: "delete from outbox")
      let run = desk.command("privacy", "erase", "--customer", "C1", "--because", "x", "--execute", "--json")
      #expect(run.exit == .done, "\(run.err)")
      for row in [
        #"{"table":"message","rows":4}"#, #"{"table":"message_attempt","rows":1}"#,
        #"{"table":"dead_letter","rows":5}"#,
        #"{"table":"outbox_refused","rows":2}"#,
      ] {
        #expect(run.out.contains(row), "\(row) in \(run.out)")
      }
      #expect(
        try desk.lines("select concat_ws(' ', address, reason, detail) from suppression order by id") == [
          "office@example.com bounced no such user", "+8613812340077 complained",
        ])
      #expect(
        try desk.lines("select concat_ws(' ', message_id, code, detail) from message_attempt order by 1") == [
          "11 5.1.1", "15 5.1.1 no such user office",
        ])
      #expect(
        try desk.lines("select key from outbox_refused order by run_index") == [
          "erased", "erased", "office@example.com",
        ])
      #expect(
        try desk.lines(
          #"select "offset"::text from dead_letter where partition = 2 and value is not null order by 1"#) == [
            "5", "6",
          ])
      try desk.session.run(
        script: "delete from dead_letter where \"offset\" = 6; delete from suppression where address = '+8613812340077'"
      )
      #expect(try Self.left("former", "13812340077", desk) == [])
    }
  }

  @Test("an erased lead takes the messages to it along, and not those of a customer with its phone")
  func leadsMessages() throws {
    try Self.open { desk in
      try desk.session.run(
        script: Self.messages + "update message set phone = 8613812340001 where id = 5")
      let run = desk.command("privacy", "erase", "--lead", "1", "--because", "x", "--execute")
      #expect(run.exit == .done, "\(run.err)")
      #expect(try desk.lines("select id::text from message where erased_at is not null") == ["4"])
    }
  }

  @Test("nobody is erased while a message to them is being sent or on its way")
  func messageUnderWay() throws {
    try Self.open { desk in
      try desk.session.run(script: Self.messages + "update message set state = 'sending' where id = 3")
      let sending = desk.command("privacy", "erase", "--customer", "C1", "--because", "x", "--execute")
      #expect(sending.exit == .no && sending.err.contains("is being sent"), "\(sending.err)")
      try desk.session.run(
        script: """
          update message set state = 'uncertain' where id = 3;
          select ask_for_message('sms', '+8613812340003', '{"to": "+8613812340003"}')
          """)
      let asked = desk.command("privacy", "erase", "--customer", "C1", "--because", "x", "--execute")
      #expect(asked.exit == .no && asked.err.contains("on its way"), "\(asked.err)")
      for (channel, to) in [("email", "W@Example.com"), ("fax", "+8613812340003")] {
        try desk.session.run(
          script: "delete from outbox; select ask_for_message('\(channel)', '\(to)', '{\"to\": \"\(to)\"}')")
        let asked = desk.command("privacy", "erase", "--customer", "C1", "--because", "x", "--execute")
        #expect(asked.exit == .no && asked.err.contains("on its way"), "\(channel): \(asked.err)")
      }
      #expect(try desk.count("select count(*) from message where erased_at is not null") == 0)
    }
  }

  /// Tables in which one of the texts still stands, whatever its column.
  private static func left(_ name: String, _ phone: String, _ desk: LogDesk) throws -> [String] {
    let tables = try desk.lines(
      """
      select c.relname::text from pg_class c
      where c.relnamespace = current_schema()::regnamespace and c.relkind = 'r' and c.relname <> 'migration'
      """)
    var found: [String] = []
    try desk.session.run(script: "create temp table found (name text); set bytea_output = 'escape'")
    for table in tables {
      try desk.session.run(
        script: """
          insert into found select '\(table)' from \(table) t
          where position('\(name)' in t::text) > 0 or position('\(phone)' in t::text) > 0 limit 1
          """)
    }
    found = try desk.lines("select name from found")
    return found
  }
}
