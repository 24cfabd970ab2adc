internal import Gateways
internal import Observe
internal import Outreach
internal import Postgres
internal import Runtime
internal import Synchronization
internal import Values

/// The descriptions of gateways, read by one thread and used by another.
final class GatewayShelf: Sendable {
  enum Found {
    case described(GatewayDescription)
    /// It is there, and its description cannot be read: it may call again once that is mended.
    case broken
    case unknown
    /// Nothing could be read yet.
    case notRead
  }

  private let books: Mutex<[Channel: GatewayBook]?> = Mutex(nil)

  func find(_ name: String) -> Found {
    books.withLock { books in
      guard let books else { return .notRead }
      for book in books.values {
        if let gateway = book[name] { return .described(gateway.description) }
        if book.broken[name] != nil { return .broken }
      }
      return .unknown
    }
  }

  /// Whether it is known which gateways there are.
  var isRead: Bool { books.withLock { $0 != nil } }

  /// Whose mails come back to this address, `{mark}` in it; where none says so, or none is known, the first that sends mails: a
  /// mark of ours is known by itself.
  func mailGateway(bouncingTo address: String?) -> String? {
    // Those that send faxes by mail come last.
    let gateways = books.withLock { books in Channel.allCases.flatMap { books?[$0]?.gateways ?? [] } }
      .filter { $0.description.mail != nil }
    let found = address.flatMap { address in gateways.first { $0.description.mail?.takesBounces(at: address) ?? false }
    }
    return (found ?? gateways.first)?.name
  }

  /// For the reader, who changes them at its leisure.
  var standing: [Channel: GatewayBook] { books.withLock { $0 ?? [:] } }

  func put(_ read: [Channel: GatewayBook]) { books.withLock { $0 = read } }
}

/// Reads what gateways there are. What was read stays where the database cannot be asked.
final class DescriptionLane: Lane {
  private let shelf: GatewayShelf
  private let settings: WorkerSettings
  private let status: LaneStatus
  private let stopping: Stopping
  private let log: Log
  private var connection: Connection?
  private var backoff = Backoff(milliseconds: 100...10_000)

  private static let between = Duration.seconds(5)

  init(_ shelf: GatewayShelf, _ settings: WorkerSettings, _ status: LaneStatus, _ stopping: Stopping, _ log: Log) {
    self.shelf = shelf
    self.settings = settings
    self.status = status
    self.stopping = stopping
    self.log = log
  }

  func run() {
    while !stopping.isRequested {
      let wait: Duration
      do throws(PostgresError) {
        wait = try read() ? DescriptionLane.between : .seconds(5)
        backoff.succeeded()
      } catch {
        connection = nil
        log.warning("descriptions of gateways cannot be read", ["cause": .text(error.description)])
        wait = backoff.failed()
      }
      rest(wait)
    }
    connection = nil
  }

  private func rest(_ wait: Duration) {
    let until = BootClock.now + wait
    while BootClock.now < until, !stopping.isRequested {
      status.beat()
      _ = stopping.wait(min(until - BootClock.now, .seconds(1)))
    }
  }

  /// False where the database is not one to read from.
  private func read() throws(PostgresError) -> Bool {
    status.beat()
    if connection == nil {
      let opened = try settings.connect(Receiving.name, durable: true)
      if let obstacle = try settings.obstacle(opened) {
        status.obstacle("database", "stopped: \(obstacle)")
        return false
      }
      connection = opened
    }
    guard let connection else { return false }
    var books = shelf.standing
    for channel in Channel.allCases {
      var book = books[channel, default: GatewayBook()]
      let before = book.broken
      book.take(try Transaction(open: connection).ask(book.news(channel)))
      for (name, reason) in book.broken where before[name] != reason {
        log.error("a gateway's description cannot be read", ["gateway": .text(name), "cause": .text(reason)])
      }
      books[channel] = book
    }
    shelf.put(books)
    status.obstacle("database", nil)
    status.obstacle("start", nil)
    return true
  }
}
