public import Contract
internal import Postgres
public import Values

/// Something that was done to a person and that no other table tells of: a call, a message, a look. The one door to the
/// service log; what a lead's history tells comes there by itself.
///
/// Invariants of this room:
/// - An action is written in the transaction that did it, and never changed; the log takes it once.
/// - An entry's commitment and a block's hash are functions of what the tables hold, written down once, here.
public struct ServiceAction: Equatable, Sendable {
  public let at: Timestamp
  /// A kebab-case word, at most 60 characters: `called`, `messaged`.
  public let what: String
  public let subject: Subject
  /// Whose day it counts to, by number; nil is the head office.
  public let branch: Int64?
  public let by: Doer
  /// By what right, at most 100 characters: `own-login`, `policy`.
  public let authority: String
  /// What came of it, a word.
  public let outcome: String?
  /// No more of the person than has to be; cut at 500 characters.
  public let detail: String?
  /// CloudEvents source and id of the event that brought it about.
  public let source: String?
  public let event: String?

  public enum Subject: Hashable, Sendable {
    case lead(Int64)
    /// The core system's customer id.
    case customer(String)
  }

  public enum Doer: Hashable, Sendable {
    /// A person of the firm, by number.
    case person(Int64)
    /// A database login that belongs to nobody of the firm.
    case login(String)
    /// The worker that writes it, by itself.
    case worker
  }

  public init(
    _ what: String, to subject: Subject, at: Timestamp, branch: Int64? = nil, by: Doer, authority: String,
    outcome: String? = nil, detail: String? = nil, source: String? = nil, event: String? = nil
  ) {
    self.what = what
    self.subject = subject
    self.at = at
    self.branch = branch
    self.by = by
    self.authority = authority
    self.outcome = outcome
    self.detail = detail
    self.source = source
    self.event = event
  }
}

extension Write {
  /// Writes actions down.
  ///
  ///     .recording(by: TrackCalls.name) { _, changes in changes.flatMap(\.actions) }
  ///
  /// The worker's role needs `insert` on `service_action`. After the rows that were changed, in the order of locks.
  public static func recording(
    by worker: String, _ actions: @escaping @Sendable (_ state: State, _ changes: ArraySlice<Change>) -> [ServiceAction]
  ) -> Write {
    .total(
      actions,
      """
      insert into service_action (at, what, subject_kind, subject, branch_id, by_id, login, worker, authority, outcome,
        detail, source, event_id)
      select at, what, subject_kind, subject, branch, by, login, worker, authority, outcome, left(detail, 500), source, event
      from unnest($1::timestamptz[], $2::text[], $3::text[], $4::text[], $5::bigint[], $6::bigint[], $7::text[], $8::text[],
        $9::text[], $10::text[], $11::text[], $12::text[], $13::text[])
        with ordinality a (at, what, subject_kind, subject, branch, by, login, worker, authority, outcome, detail, source,
          event, place)
      order by place
      """,
      .timestamp { $0.at }, .text { $0.what }, .text { $0.subject.kind }, .text { $0.subject.name },
      .integer { $0.branch }, .integer { $0.by.person }, .text { $0.by.login }, .text { _ in worker },
      .text { $0.authority }, .text { $0.outcome }, .text { $0.detail }, .text { $0.source }, .text { $0.event })
  }
}

extension ServiceAction.Subject {
  public var kind: String {
    switch self {
    case .lead: "lead"
    case .customer: "customer"
    }
  }

  /// As events name it.
  public var name: String {
    switch self {
    case .lead(let id): String(id)
    case .customer(let code): code
    }
  }
}

extension ServiceAction.Doer {
  fileprivate var person: Int64? {
    if case .person(let id) = self { id } else { nil }
  }

  fileprivate var login: String? {
    if case .login(let name) = self { name } else { nil }
  }
}
