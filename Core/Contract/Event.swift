public import JSON
public import Values

/// A topic of the contract. The values live in `Topics/`, one file a topic. A class, because every event on its way out
/// refers to its topic.
public final class Topic: Hashable, Sendable {
  public let name: String
  /// What the key of its events is, for people: `phone`, `lead id`.
  public let key: String
  public let partitions: Int32
  /// How long the broker keeps an event. Bounded wherever persons are in it.
  public let retention: Duration
  /// One event's value at most, in bytes.
  public let largestValue: Int
  public let origin: Origin

  public enum Origin: Sendable, Hashable {
    /// Written by others: repeats are known by source and id.
    case outside
    /// Written by others, with a subject and its version in every event: the worker knows repeats and what is older by
    /// these, and nothing is kept of source and id. So too where an event says all that tells it from others.
    case versioned
    /// Written by our relay alone: repeats are known by run and index.
    case relay

    public var isOutside: Bool { self != .relay }
  }

  public init(
    _ name: String, key: String, partitions: Int32 = 12, retention: Duration = .seconds(7 * 86_400),
    largestValue: Int = 900_000, origin: Origin
  ) {
    self.name = name
    self.key = key
    self.partitions = partitions
    self.retention = retention
    self.largestValue = largestValue
    self.origin = origin
  }

  /// Names are unique.
  public static func == (a: Topic, b: Topic) -> Bool { a === b || a.name == b.name }
  public func hash(into hasher: inout Hasher) { hasher.combine(name) }

  /// Where events of this topic go that cannot be applied. Admits twice the size, because error headers come on top.
  public var deadLetters: Topic {
    Topic(
      name + ".dlq", key: key, partitions: partitions, retention: .seconds(30 * 86_400),
      largestValue: largestValue * 2, origin: .relay)
  }
}

/// What one topic carries. A topic with several types is an enum over them.
public protocol Event: Sendable {
  static var topic: Topic { get }
  /// CloudEvents types, written by hand because they are persisted and published. A breaking change is a new type.
  static var types: [String] { get }
  var type: String { get }
  /// Events of one key stay in order.
  var key: String { get }
  /// Reads and checks the data of an event of one of `types`. Refuses whatever the database would refuse.
  init(type: String, reading data: JSONObject) throws(Refusal)
  func write(to data: inout JSONWriter)
}

extension Event {
  public var type: String { Self.types[0] }
}

/// An event as its worker reads it, with what its envelope says. A class, because it is passed from step to step of its
/// batch: a copy would cost a retain for each text in it.
public final class Delivery<Reading: Sendable>: Sendable {
  public let event: Reading
  /// CloudEvents `source` and `id`; for a message without them the topic, and `topic/epoch/partition/offset`.
  public let source: String
  public let id: String
  /// When it happened (`time`), else when the broker took it.
  public let happened: Timestamp
  /// W3C trace context, carried on to what is emitted because of this event.
  public let trace: String?
  /// What the source signed it with, in binary mode; nil where it did not.
  public let signature: Signature?

  public init(
    _ event: Reading, source: String, id: String, happened: Timestamp, trace: String? = nil, signature: Signature? = nil
  ) {
    self.event = event
    self.source = source
    self.id = id
    self.happened = happened
    self.trace = trace
    self.signature = signature
  }

  /// The same with what somebody makes of the event and the time at which it happened.
  public func read<Other>(by reader: (Reading, Timestamp) -> Other) -> Delivery<Other> {
    Delivery<Other>(
      reader(event, happened), source: source, id: id, happened: happened, trace: trace, signature: signature)
  }
}
