internal import JSON
public import Values

/// What becomes of one event. There is no fourth way, and none of them is an error.
public enum Decision<Change> {
  /// Rows to write and events to emit, in one transaction with the position. `outcome` is what metrics count it as.
  case apply(Change, emit: [Emission] = [], outcome: StaticString = "applied")
  /// Nothing to do, for a reason that is counted.
  case ignore(StaticString)
  /// The event cannot be used by anybody: a dead letter with field path and reason.
  case reject(Refusal)
}

/// An event on its way out, already encoded.
public struct Emission: Sendable {
  public let topic: Topic
  public let type: String
  public let key: String
  public let payload: [UInt8]
  public let schedule: Schedule?

  /// A later event is moved to the outbox when it is due. The highest generation of a key is the one that counts.
  public struct Schedule: Hashable, Sendable {
    public let key: String
    public let generation: Int64
    public let due: Timestamp

    public init(key: String, generation: Int64, due: Timestamp) {
      self.key = key
      self.generation = generation
      self.due = due
    }
  }

  public init(_ event: some Event, schedule: Schedule? = nil) {
    topic = Swift.type(of: event).topic
    type = event.type
    key = event.key
    payload = JSONWriter.object { event.write(to: &$0) }
    self.schedule = schedule
  }
}
