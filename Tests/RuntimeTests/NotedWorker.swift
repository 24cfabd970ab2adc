import Contract
import Dispatch
import JSON
import Postgres
import Synchronization
import TestKit
import Values

@testable import Runtime

/// The event of the worker that these tests run: it says what is to become of it.
struct Noted: Event {
  static let topic = Topic("test.noted", key: "key", origin: .outside)
  static let types = ["test.noted"]

  enum Deed: String, CaseIterable {
    /// A row in `note`.
    case note
    /// A row in `first`, unless the key has one.
    case first
    /// `note`, and `amount` events on `test.echo` and one on `test.other`.
    case emit
    /// `note`, and an event for later.
    case schedule
    /// `note`, and an event that is larger than its topic takes.
    case shout
    case ignore
    case reject
  }

  let key: String
  let amount: Int64
  let deed: Deed
  /// Where `load` waits, once, for the test.
  let gate: String?

  init(type: String, reading data: JSONObject) throws(Refusal) {
    key = try data.text("key", 1...100)
    amount = try data.optionalInteger("amount", 0...1_000_000) ?? 0
    deed = try data.optionalChoice("deed") ?? .note
    gate = try data.optionalText("gate")
  }

  func write(to data: inout JSONWriter) {
    data.member("key", key)
    data.member("amount", amount)
  }
}

/// What the worker emits.
struct Echo: Event {
  static let topic = Topic("test.echo", key: "key", largestValue: 10_000, origin: .relay)
  static let types = ["test.echo"]
  let key: String
  let number: Int64

  init(_ key: String, _ number: Int64) { (self.key, self.number) = (key, number) }

  init(type: String, reading data: JSONObject) throws(Refusal) {
    self.init(try data.text("key", 1...20_000), try data.integer("number", 0...1_000_000))
  }

  func write(to data: inout JSONWriter) {
    data.member("key", key)
    data.member("number", number)
  }
}

struct Other: Event {
  static let topic = Topic("test.other", key: "key", origin: .relay)
  static let types = ["test.other"]
  let key: String

  init(_ key: String) { self.key = key }
  init(type: String, reading data: JSONObject) throws(Refusal) { key = try data.text("key") }
  func write(to data: inout JSONWriter) { data.member("key", key) }
}

/// The smallest worker that can go wrong in every way.
enum NotedWorker: Worker {
  typealias Input = Noted
  static let name = "test-noted"

  struct Row {
    let event: String
    let key: String
    let amount: Int64
    let isFirst: Bool
  }

  static let tables = """
    create table millrace.note (
      place bigint generated always as identity, event text not null, key text not null,
      amount bigint not null check (amount <> 666));
    create table millrace.first (key text primary key, event text not null);
    """

  static func load(
    _ items: [Delivery<Noted>], _ cache: inout NoCache, _ transaction: Transaction
  ) throws(PostgresError) -> Set<String> {
    let rows = try transaction.rows("select key from first where key = any($1)") { $0.texts(items) { $0.event.key } }
    for item in items { if let gate = item.event.gate { Gate.named(gate).pass() } }
    return Set(rows.map { $0.text(0) })
  }

  static func decide(_ item: Delivery<Noted>, _ known: inout Set<String>, _ now: Timestamp) -> Decision<Row> {
    let event = item.event
    let row = Row(event: item.id, key: event.key, amount: event.amount, isFirst: event.deed == .first)
    switch event.deed {
    case .note: return .apply(row)
    case .first:
      guard known.insert(event.key).inserted else { return .ignore("known") }
      return .apply(row)
    case .emit:
      let echoes = (0..<event.amount).map { Emission(Echo(event.key, $0)) }
      return .apply(row, emit: echoes + [Emission(Other(event.key))])
    case .schedule:
      let due = Timestamp(microseconds: 1_900_000_000_000_000)
      let schedule = Emission.Schedule(key: "later-\(event.key)", generation: event.amount, due: due)
      return .apply(row, emit: [Emission(Echo(event.key, 1), schedule: schedule)])
    case .shout: return .apply(row, emit: [Emission(Echo(String(repeating: "a", count: 12_000), 1))])
    case .ignore: return .ignore("nothing-to-do")
    case .reject: return .reject(Refusal("unwanted", at: "deed", "the event asks to be refused"))
    }
  }

  static let writes: [Write<Set<String>, Row>] = [
    .each(
      { $0.isFirst ? nil : $0 },
      "insert into note (event, key, amount) select * from unnest($1::text[], $2::text[], $3::bigint[])",
      .text { $0.event }, .text { $0.key }, .integer { $0.amount }),
    .each(
      { $0.isFirst ? $0 : nil }, "insert into first (key, event) select * from unnest($1::text[], $2::text[])",
      .text { $0.key }, .text { $0.event }),
  ]
}

/// The same from a topic that only the relay writes.
enum EchoWorker: Worker {
  typealias Input = Echo
  static let name = "test-echo"

  static func load(
    _ items: [Delivery<Echo>], _ cache: inout NoCache, _ transaction: Transaction
  ) throws(PostgresError) {}

  static func decide(_ item: Delivery<Echo>, _ state: inout Void, _ now: Timestamp) -> Decision<NotedWorker.Row> {
    .apply(.init(event: item.id, key: item.event.key, amount: item.event.number, isFirst: false))
  }

  static let writes: [Write<Void, NotedWorker.Row>] = [
    .each(
      { $0 }, "insert into note (event, key, amount) select * from unnest($1::text[], $2::text[], $3::bigint[])",
      .text { $0.event }, .text { $0.key }, .integer { $0.amount })
  ]
}

/// Holds whoever passes first until it is opened.
final class Gate: Sendable {
  private let arrived = DispatchSemaphore(value: 0)
  private let opened = DispatchSemaphore(value: 0)
  private let isUsed = Atomic<Bool>(false)

  private static let gates = Mutex<[String: Gate]>([:])

  /// One gate a name; names are unlike from test to test.
  static func named(_ name: String) -> Gate {
    gates.withLock { gates in
      let gate = gates[name] ?? Gate()
      gates[name] = gate
      return gate
    }
  }

  func pass() {
    guard !isUsed.exchange(true, ordering: .acquiringAndReleasing) else { return }
    arrived.signal()
    _ = opened.wait(timeout: .now() + .seconds(40))
  }

  func awaitArrival() throws {
    guard arrived.wait(timeout: .now() + .seconds(40)) == .success else { throw Late(description: "nobody came by") }
  }

  func open() { opened.signal() }
}
