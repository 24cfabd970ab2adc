public import Postgres
public import Settings
public import Values

/// What *decide* and *sweep* share: items in, state loaded, a pure function folded over them, rows and events out.
public protocol Deciding: SendableMetatype {
  associatedtype Item
  /// What `load` found and `decide` goes on changing, item by item.
  associatedtype State
  /// What one decision wants written.
  associatedtype Change
  /// What a lane keeps from batch to batch, such as a set of rules. It must never be needed for rightness alone:
  /// after any failure it is made anew.
  associatedtype Cache: LaneCache = NoCache

  /// Locks and reads what the items need, with set-based statements, in the order of locks: lead or recipient, branch,
  /// person, budget, each sorted. What is read without a lock may have changed by the time of writing; a unique key or
  /// a guarded write finds that out, and the batch is tried again.
  static func load(_ items: [Item], _ cache: inout Cache, _ transaction: Transaction) throws(PostgresError) -> State

  /// One item after the other, in order. Pure: no clock (`now` is the database's, taken after the locks), no
  /// randomness, no input or output, no errors.
  static func decide(_ item: Item, _ state: inout State, _ now: Timestamp) -> Decision<Change>

  static var writes: [Write<State, Change>] { get }
}

/// A worker of the shape *decide*: consumes one topic.
///
/// The runtime infers decoding, transaction, positions, outbox, dead letters, retries, shutdown and metrics.
public protocol Worker: Deciding where Item == Delivery<Reading> {
  associatedtype Input: Event
  /// What `load` and `decide` see of an event. The event itself by default.
  associatedtype Reading: Sendable = Input
  /// Written by hand, because it is the consumer group, the owner of positions and the metric label.
  static var name: String { get }
  /// Sweeps that run in the same process, on lanes of their own. None by default.
  static var sweeps: [any Sweep.Type] { get }
  /// Workers that run in the same process, a lane each, with its database role: for subjects that several topics tell of. Each
  /// has a name, a consumer group and positions of its own; its settings are this worker's. None by default.
  static var companions: [any Worker.Type] { get }
  /// Settings of its own, beside those of every worker; they reach it through `LaneCache.init`. None by default.
  static var settings: SettingGroup? { get }
  /// One of `settings`, mixed into the fingerprint by which a repeated event is known: for events with facts that nobody
  /// who reads the database may find out by trying. None by default.
  static var secret: Setting<Secret>? { get }
  /// How a lane reads events, one by one as they come in: what can be known of an event by itself is worked out here, while
  /// PostgreSQL still writes the batch before. Pure, as `decide` is. The time is that at which the event happened.
  static func reader(_ settings: Settings) -> (Input, Timestamp) -> Reading
}

extension Worker where Reading == Input {
  public static func reader(_ settings: Settings) -> (Input, Timestamp) -> Input { { event, _ in event } }
}

extension Worker {
  public static var sweeps: [any Sweep.Type] { [] }
  public static var companions: [any Worker.Type] { [] }
  public static var settings: SettingGroup? { nil }
  public static var secret: Setting<Secret>? { nil }
}

/// A worker's part of the shape *sweep*: takes due rows of a table.
public protocol Sweep: Deciding where Item: Sendable {
  /// Written by hand: the metric label, and the owner of what is put aside.
  static var name: String { get }
  /// How long to rest when nothing was due. One second by default.
  static var pause: Duration { get }
  /// How many lanes a process has for it. One by default, which keeps its order.
  static func lanes(_ settings: Settings) -> Int
  /// Items that one transaction takes at most. 500 by default, so that nobody waits long for a row.
  static var chunk: Int { get }
  /// What the sweep shows of the database among its metrics. Nothing by default.
  static var measures: [Measure] { get }
  /// Claims at most `limit` due rows for this transaction, `for update skip locked`, oldest first, without those that
  /// stand in `set_aside` for this sweep.
  static func claim(_ limit: Int, _ transaction: Transaction) throws(PostgresError) -> [Item]
  /// The same with what the lane keeps; by default that is not needed. A sweep has one of the two.
  static func claim(
    _ limit: Int, _ cache: inout Cache, _ transaction: Transaction
  ) throws(PostgresError) -> [Item]
  /// What identifies an item in `set_aside`, should it resist every decision.
  static func label(_ item: Item) -> String
}

extension Sweep {
  public static var pause: Duration { .seconds(1) }
  public static func lanes(_ settings: Settings) -> Int { 1 }
  public static var chunk: Int { 500 }
  public static func claim(_ limit: Int, _ transaction: Transaction) throws(PostgresError) -> [Item] {
    preconditionFailure("\(name) claims nothing: a sweep has one of the two claims")
  }
  public static func claim(
    _ limit: Int, _ cache: inout Cache, _ transaction: Transaction
  ) throws(PostgresError) -> [Item] { try claim(limit, transaction) }
  public static var measures: [Measure] { [] }
}

/// A gauge that is read from the database every ten seconds: one statement that answers one row of one
/// `double precision`.
public struct Measure: Sendable {
  /// Without `millrace_`; in base units, as in `…_seconds`.
  public let name: String
  public let help: String
  public let statement: Statement

  public init(_ name: String, _ help: String, _ statement: Statement) {
    self.name = name
    self.help = help
    self.statement = statement
  }
}

/// A worker that consumes no topic: sweeps alone, each on lanes of its own.
public protocol SweepingWorker: SendableMetatype {
  /// Written by hand: it names the database role, the source of events and the process.
  static var name: String { get }
  /// For `--help`, after the name.
  static var summary: String { get }
  static var sweeps: [any Sweep.Type] { get }
}

public protocol LaneCache {
  init(_ settings: Settings)
}

public struct NoCache: LaneCache {
  public init(_ settings: Settings) {}
}
