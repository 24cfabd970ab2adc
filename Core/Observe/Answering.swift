internal import Synchronization

/// The answer that a request waits for. Given once, from any thread; a second one and one that comes too late are dropped. Where nobody
/// gives any before the last reference is gone, the client is told of a fault.
public final class Answering: Sendable {
  private let box: AnswerBox
  private let peer: UInt64
  private let isGiven = Atomic<Bool>(false)

  init(_ box: AnswerBox, _ peer: UInt64) {
    self.box = box
    self.peer = peer
  }

  deinit { give(.text("This was not answered.", status: 500)) }

  public func give(_ response: Response) {
    if !isGiven.exchange(true, ordering: .acquiringAndReleasing) { box.put(response, for: peer) }
  }
}

/// Answers on their way to the listener's thread.
final class AnswerBox: Sendable {
  private let bell: Bell
  private let waiting: Mutex<[UInt64: Response]> = Mutex([:])

  init() throws(ListenerError) { bell = try Bell() }

  var descriptor: Int32 { bell.descriptor }

  /// A client has one request at a time that waits.
  func put(_ response: Response, for peer: UInt64) {
    let isFirst = waiting.withLock { waiting in
      defer { waiting[peer] = response }
      return waiting.isEmpty
    }
    if isFirst { bell.ring() }
  }

  func take() -> [UInt64: Response] {
    bell.silence()
    return waiting.withLock { waiting in
      defer { waiting = [:] }
      return waiting
    }
  }
}
