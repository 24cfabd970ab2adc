public import Contract
public import Topics
public import Values

/// A row of the ledger as it begins.
public struct NewMessage: Sendable {
  public var id: Int64
  public var channel: Channel
  public var purpose: Purpose
  public var priority: Int32
  /// Why it ends where it begins; nil for one that waits to be sent.
  public var skipped: Reason?
  public var source: String
  public var event: String
  public var customer: Int64?
  public var lead: Int64?
  public var recipient: String
  public var phone: Int64?
  public var email: String?
  public var country: String?
  public var timeZone: String?
  public var language: String?
  public var template: String?
  public var templateVersion: Int32?
  public var providerTemplate: String?
  public var signature: String?
  public var variables: String?
  public var subject: String?
  public var body: String
  public var html: String?
  public var sender: String?
  public var gateway: String
  public var isPinned: Bool
  public var budget: String?
  /// 0 where it belongs to none.
  public var campaign: Int64 = 0
  public var parts: Int32?
  public var requested: Timestamp
  public var due: Timestamp
  public var deadline: Timestamp?
}

extension Write where Change == NewMessage {
  public static var addingMessages: [Write] { addingMessages { $0 } }
}

extension Write {
  /// Adds messages to the ledger, and their recipients to those whose contacts are counted.
  public static func addingMessages(_ message: @escaping @Sendable (Change) -> NewMessage?) -> [Write] {
    [
      .each(
        message,
        """
        insert into message (id, channel, purpose, priority, state, reason, detail, source, event_id, customer_id, lead_id,
          recipient, phone, email, country, time_zone, language, template, template_version, provider_template, signature,
          variables, subject, body, html, sender, gateway, parts, requested_at, due_at, deadline, is_pinned, budget, campaign_id,
          settled_at)
        select a.*, case when a.state <> 'queued' then a.requested_at end
        from (select * from unnest($1::bigint[], $2::text[], $3::text[], $4::int[], $5::text[], $6::text[], $7::text[], $8::text[],
          $9::text[], $10::bigint[], $11::bigint[], $12::text[], $13::bigint[], $14::text[], $15::text[], $16::text[], $17::text[],
          $18::text[], $19::int[], $20::text[], $21::text[], $22::text[], $23::text[], $24::text[], $25::text[], $26::text[],
          $27::text[], $28::int[], $29::timestamptz[], $30::timestamptz[], $31::timestamptz[], $32::boolean[], $33::text[],
          $34::bigint[])) a (id, channel, purpose, priority, state, reason, detail, source, event_id, customer_id, lead_id, recipient, phone, email, country, time_zone, language,
          template, template_version, provider_template, signature, variables, subject, body, html, sender, gateway, parts,
          requested_at, due_at, deadline, is_pinned, budget, campaign_id)
        """,
        .integer { $0.id }, .text { $0.channel.rawValue }, .text { $0.purpose.rawValue }, .small { $0.priority },
        .text { $0.skipped == nil ? "queued" : "skipped" }, .text { $0.skipped?.word }, .text { $0.skipped?.detail },
        .text { $0.source }, .text { $0.event }, .integer { $0.customer }, .integer { $0.lead }, .text { $0.recipient },
        .integer { $0.phone }, .text { $0.email }, .text { $0.country }, .text { $0.timeZone }, .text { $0.language },
        .text { $0.template }, .small { $0.templateVersion }, .text { $0.providerTemplate }, .text { $0.signature },
        .text { $0.variables }, .text { $0.subject }, .text { $0.body }, .text { $0.html }, .text { $0.sender },
        .text { $0.gateway }, .small { $0.parts }, .timestamp { $0.requested }, .timestamp { $0.due },
        .timestamp { $0.deadline }, .boolean { $0.isPinned }, .text { $0.budget },
        .integer { $0.campaign }),
      .total(
        { _, messages in
          Set(
            messages.compactMap(message).filter { $0.purpose != .transactional && $0.skipped == nil }.map(\.recipient)
          ).sorted()
        },
        "insert into recipient (name) select * from unnest($1::text[]) on conflict do nothing",
        touchesEach: false, .text { $0 }),
    ]
  }
}
