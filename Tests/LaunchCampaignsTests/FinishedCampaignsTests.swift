import Postgres
import Testing

@testable import launch_campaigns

/// Campaigns that are over cost those that run nothing.
@Suite struct FinishedCampaignsTests {
  /// Ten thousand that are finished, cancelled or never launched, each with its record, its preview, its counts and some recipients; and
  /// many who are open in one that runs.
  private static let over = """
    insert into campaign (id, name, definition, state, branch_id, author_id, owner_id, starts_at, expires_at, time_zone, launched_at,
      expanded_at, settled_at)
    overriding system value
    select n, 'over-' || n, '{}', (array['finished', 'cancelled', 'draft', 'rejected'])[1 + n % 4], 2, 2, 1, now() - interval '9 days',
      now() - interval '1 day', 'Asia/Shanghai', now(), now(), case when n % 4 < 2 then now() end
    from generate_series(1001, 11000) n;
    insert into campaign_step (campaign_id, number, what, state, version)
    select c.id, n, 'finished', 'finished', 1 from campaign c, generate_series(1, 5) n where c.id > 1000;
    insert into campaign_preview (campaign_id, version, made_at, result) select id, 1, now(), '{}' from campaign where id > 1000;
    insert into campaign_count (campaign_id, variant, channel, state, reason, recipients)
    select c.id, 0, 'sms', s, '', 1 from campaign c, unnest(array['delivered', 'failed']) s where c.id > 1000;
    insert into campaign_recipient (campaign_id, subject, variant, state, channel, message_id, is_open, changed_at)
    select c.id, n, 0, (array['delivered', 'failed'])[n], 'sms', c.id * 10 + n, false, now() from campaign c, generate_series(1, 2) n
    where c.id > 1000;
    insert into message (id, channel, purpose, priority, state, source, event_id, recipient, phone, body, gateway, requested_at, due_at,
      campaign_id)
    select r.message_id, 'sms', 'marketing', 2, r.state, '/millrace/campaigns', r.campaign_id || '/' || r.subject || '/0', 'x',
      8613800000000, 'x', 'text', now(), now(), r.campaign_id
    from campaign_recipient r where r.campaign_id > 1000;
    insert into campaign_recipient (campaign_id, subject, variant, state, channel, message_id, is_open, changed_at)
    select 2, n, 0, 'accepted', 'sms', n, true, now() from generate_series(1000, 2000) n;
    insert into campaign_count values (2, 0, 'sms', 'accepted', '', 1001);
    analyze;
    """

  private static let rowsRead: Statement = """
    select coalesce(sum(seq_tup_read + idx_tup_fetch), 0)::bigint from pg_stat_xact_user_tables
    where relname like 'campaign%' or relname = 'message'
    """

  @Test("what a launcher and senders ask again and again reads no row of those that are over")
  func cost() async throws {
    try await CampaignDesk.open(ExpansionTests.customers) { desk in
      // As every worker's session has it.
      try desk.lane.run(script: "set enable_seqscan = off")
      try desk.session.run(script: Self.over)
      try desk.plan(1, "running", expanded: false)
      try desk.plan(2, "running")
      try desk.plan(3, "closed")
      try desk.recipient(2, 101)
      try desk.recipient(3, 102)
      let turns: [(String, () throws -> [String])] = [
        ("expand", { try desk.expand() }), ("expand", { try desk.expand() }), ("tend", { try desk.tend() }),
        ("fall back", { try desk.fallBack() }), ("withdraw", { try desk.withdraw() }),
        ("release", { try desk.release() }),
        ("preview", { try desk.preview() }), ("hear", { try desk.hear(desk.told(.accepted, 2, 101)) }),
      ]
      for (name, turn) in turns {
        // What the transactions before it have read may be among it, if nobody has collected it yet.
        let before = try desk.lane.rows(Self.rowsRead)[0].integer(0)
        var read: Int64?
        desk.beforeCommit = { read = try desk.lane.rows(Self.rowsRead)[0].integer(0) }
        _ = try turn()
        let after = try #require(read)
        #expect((after < before ? after : after - before) < 100, "\(name)")
      }
      try desk.session.run(script: "set enable_seqscan = off; begin")
      let before = try desk.session.rows(Self.rowsRead)[0].integer(0)
      _ = try desk.session.rows("select id from claim_messages('text', array['text'], null, null, 10)")
      #expect(try desk.session.rows(Self.rowsRead)[0].integer(0) - before < 100)
      try desk.session.run(script: "commit")
    }
  }
}
