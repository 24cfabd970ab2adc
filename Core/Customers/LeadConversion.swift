public import Contract
public import Values

/// A lead that has turned out to be a customer, as it is written.
public struct LeadConversion: Equatable, Sendable {
  public let lead: Int64
  /// The lead's new version.
  public let version: Int32
  public let at: Timestamp
  public let customer: KnownCustomer
  public let by: ConversionKey
  /// Where the lead is now.
  public let place: ConvertedPlace
  public let region: String?
  /// As the lead was.
  public let before: OpenLead
  /// The event that brought it about.
  public let source: String?
  public let event: String?

  /// What a conversion writes: the lead with its clock stopped, its history, and the counters of those who had it. The lead
  /// and the branches that `OpenLeads.lock` found are locked.
  public static func writes<State, Change>(
    by worker: String, _ conversions: @escaping @Sendable (State) -> [LeadConversion]
  ) -> [Write<State, Change>] {
    [
      .total(
        { state, _ in conversions(state) },
        """
        update lead l
        set state = 'converted', customer_id = a.customer, converted_at = a.at, branch_id = a.branch, owner_id = a.owner,
          held_reason = null, held_since = null, held_ruleset = null, protected_since = null, protected_until = null,
          check_at = null, step_due_at = null, step_remind_at = null, step_reminded_at = null, pooled_at = null, pool_due_at = null,
          version = a.version
        from unnest($1::bigint[], $2::int[], $3::bigint[], $4::timestamptz[], $5::bigint[], $6::bigint[])
          a (id, version, customer, at, branch, owner)
        where l.id = a.id and l.id = any($1) and l.version = a.version - 1 and l.state <> 'converted'
        """,
        .integer { $0.lead }, .small { $0.version }, .integer { $0.customer.id }, .timestamp { $0.at },
        .integer { $0.place.branch?.id }, .integer { $0.place.owner?.id }),
      .total(
        { state, _ in conversions(state) },
        """
        insert into lead_history (lead_id, version, at, what, branch_id, owner_id, former_owner_id, reason, source, event_id,
          worker)
        select id, version, at, 'converted', branch, owner, former, reason, source, event, worker
        from unnest($1::bigint[], $2::int[], $3::timestamptz[], $4::bigint[], $5::bigint[], $6::bigint[], $7::text[],
          $8::text[], $9::text[], $10::text[])
          a (id, version, at, branch, owner, former, reason, source, event, worker)
        """,
        .integer { $0.lead }, .small { $0.version }, .timestamp { $0.at }, .integer { $0.place.branch?.id },
        .integer { $0.place.owner?.id }, .integer { $0.before.owner }, .text { $0.by.rawValue }, .text { $0.source },
        .text { $0.event }, .text { _ in worker }),
      .total(
        { state, _ in Lost.counted(conversions(state)) { $0.state == "held" ? $0.branch : nil } },
        """
        update branch_load l set held = l.held - a.lost from unnest($1::bigint[], $2::int[]) a (branch, lost)
        where l.branch_id = a.branch
        """,
        .integer { $0.of }, .small { $0.leads }),
      .total(
        { state, _ in Lost.counted(conversions(state)) { $0.state == "owned" ? $0.owner : nil } },
        """
        update person_load l set open_leads = l.open_leads - a.lost from unnest($1::bigint[], $2::int[]) a (person, lost)
        where l.person_id = a.person
        """,
        .integer { $0.of }, .small { $0.leads }),
    ]
  }

  /// How many leads a branch or a person has no longer.
  private struct Lost {
    let of: Int64
    let leads: Int32

    static func counted(_ conversions: [LeadConversion], _ of: (OpenLead) -> Int64?) -> [Lost] {
      var counts: [Int64: Int32] = [:]
      for conversion in conversions {
        if let id = of(conversion.before) { counts[id, default: 0] += 1 }
      }
      return counts.map { Lost(of: $0.key, leads: $0.value) }.sorted { $0.of < $1.of }
    }
  }
}
