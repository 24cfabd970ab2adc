import Contract
import Values

/// Something that somebody did, whatever brought it about.
struct Conversion: Sendable, Equatable {
  enum Kind: String, Sendable {
    case leadConverted = "lead-converted"
    case assetsAdded = "assets-added"
    case contacted
    /// What the firm earned with somebody: never a campaign's success, but its return.
    case earned
  }

  let kind: Kind
  /// What makes it the same when it is told again.
  let reference: String
  /// The customer's code.
  var customer: String?
  var lead: Int64?
  let at: Timestamp
  var amount: Money?
  /// Where it is told anew the highest is right.
  var version: Int64 = 0
  /// It turned out otherwise.
  var isVoid = false
}

extension Write {
  /// Takes conversions down, each once. One that turned out otherwise before it was taken down is none.
  static func takingDown(
    _ conversions: @escaping @Sendable (_ state: State, _ changes: ArraySlice<Change>) -> [Conversion]
  ) -> Write {
    .total(
      conversions,
      """
      insert into conversion as c (kind, reference, customer, lead_id, at, amount, currency, version, is_void)
      select distinct on (a.kind, a.reference) a.kind, a.reference, a.customer, a.lead, a.at, a.amount * 0.0001, a.currency, a.version,
        a.is_void
      from unnest($1::text[], $2::text[], $3::text[], $4::bigint[], $5::timestamptz[], $6::bigint[], $7::text[], $8::bigint[], $9::boolean[])
        a (kind, reference, customer, lead, at, amount, currency, version, is_void)
      where not a.is_void or exists (select from conversion e where e.kind = a.kind and e.reference = a.reference)
        or exists (
          select from unnest($1::text[], $2::text[], $9::boolean[]) b (kind, reference, is_void)
          where b.kind = a.kind and b.reference = a.reference and not b.is_void)
      order by a.kind, a.reference, a.version desc
      on conflict (kind, reference) do update
        set version = excluded.version, is_void = excluded.is_void, at = excluded.at, due_at = '-infinity'
        where c.version < excluded.version
      """,
      touchesEach: false,
      .text { $0.kind.rawValue }, .text { $0.reference }, .text { $0.customer }, .integer { $0.lead },
      .timestamp { $0.at }, .integer { $0.amount?.tenThousandths }, .text { $0.amount?.currency },
      .integer { $0.version }, .boolean { $0.isVoid })
  }
}
