/// Finds requests in a stream of bytes, however they are cut into pieces. Pure: no sockets, no clock.
///
/// Source: RFC 9112. Time and memory are linear in the bytes received; memory is bounded by the limits and by the
/// largest piece. After a refusal nothing more is read.
struct RequestParser {
  struct Limits: Sendable {
    /// Request line and fields together; trailer fields have the same bound once more.
    var headBytes = 8 * 1024
    var bodyBytes = 0
  }

  enum Step: Equatable {
    /// All bytes are read, no request is complete.
    case needMore
    /// The client waits for "100 Continue" before it sends the body.
    case sendContinue
    case request(Request)
    case refuse(Refusal)
  }

  private enum State {
    case requestLine
    case fields(RequestHead)
    case body(RequestHead, left: Int)
    case chunkSize(RequestHead)
    case chunk(RequestHead, left: Int)
    case chunkEnd(RequestHead)
    case trailers(RequestHead)
    case refused(Refusal)
  }

  private static let mostChunkLineBytes = 256

  private let limits: Limits
  private var state = State.requestLine
  private var buffer: [UInt8] = []
  /// Where the unread bytes begin.
  private var start = 0
  /// Up to where the line that begins at `start` has been searched for its end.
  private var scanned = 0
  /// Bytes of the head, or of the trailers, before `start`.
  private var used = 0
  private var body: [UInt8] = []

  init(limits: Limits) { self.limits = limits }

  /// Nothing of a next request has arrived.
  var isAtRest: Bool {
    guard case .requestLine = state else { return false }
    return start == buffer.count && used == 0
  }

  mutating func receive(_ bytes: some Collection<UInt8>) {
    if start > 0 {
      buffer.removeFirst(start)
      scanned -= start
      start = 0
    }
    buffer += bytes
  }

  mutating func next() -> Step {
    do throws(Refusal) {
      while true {
        if let step = try advance() { return step }
      }
    } catch {
      state = .refused(error)
      return .refuse(error)
    }
  }

  /// One move; nil where the next can be made at once.
  private mutating func advance() throws(Refusal) -> Step? {
    switch state {
    case .requestLine:
      guard let line = try line(atMost: limits.headBytes - used, else: 414) else { return .needMore }
      // Empty lines before a request are left over from an older client's body (RFC 9112, 2.2).
      if !line.isEmpty { state = .fields(try RequestHead(requestLine: buffer[line])) }

    case .fields(var head):
      guard let line = try line(atMost: limits.headBytes - used, else: 431) else { return .needMore }
      guard line.isEmpty else {
        state = .requestLine  // gives up the copy, so that adding does not copy the fields
        try head.add(fieldLine: buffer[line])
        state = .fields(head)
        return nil
      }
      used = 0
      let framing = try head.framing(mostBytes: limits.bodyBytes)
      state = framing == .chunked ? .chunkSize(head) : .body(head, left: framing.bytes)
      if head.expectsContinue, framing != .length(0), start == buffer.count { return .sendContinue }

    case .body(let head, let left):
      let missing = take(left)
      state = .body(head, left: missing)
      return missing > 0 ? .needMore : finish(head)

    case .chunkSize(let head):
      guard let line = try line(atMost: Self.mostChunkLineBytes, else: 400) else { return .needMore }
      used = 0
      let size = try chunkSize(buffer[line])
      guard size <= limits.bodyBytes - body.count else { throw Refusal(413, "The body is too large.") }
      state = size == 0 ? .trailers(head) : .chunk(head, left: size)

    case .chunk(let head, let left):
      let missing = take(left)
      state = missing > 0 ? .chunk(head, left: missing) : .chunkEnd(head)
      if missing > 0 { return .needMore }

    case .chunkEnd(let head):
      guard let line = try line(atMost: 2, else: 400) else { return .needMore }
      guard line.isEmpty else { throw Refusal(400, "A chunk is longer than it says.") }
      used = 0
      state = .chunkSize(head)

    case .trailers(let head):
      guard let line = try line(atMost: limits.headBytes - used, else: 431) else { return .needMore }
      if line.isEmpty { return finish(head) }
      _ = try RequestHead.field(buffer[line])

    case .refused(let refusal): return .refuse(refusal)
    }
    return nil
  }

  private mutating func finish(_ head: RequestHead) -> Step {
    let request = head.request(body: body)
    state = .requestLine
    used = 0
    body = []
    return .request(request)
  }

  /// Moves up to `count` bytes to the body; returns how many are missing.
  private mutating func take(_ count: Int) -> Int {
    let taken = min(count, buffer.count - start)
    body += buffer[start..<(start + taken)]
    start += taken
    scanned = start
    return count - taken
  }

  /// The next line without its CR LF, or nil where its end has not arrived. Every byte is judged in its turn, so that
  /// the outcome does not depend on how the bytes were cut.
  private mutating func line(atMost limit: Int, else status: Int) throws(Refusal) -> Range<Int>? {
    while scanned < buffer.count {
      guard scanned - start < limit else { throw Refusal(status, Self.tooLong(status)) }
      let byte = buffer[scanned]
      let follows = scanned > start && buffer[scanned - 1] == UInt8(ascii: "\r")
      guard follows == (byte == UInt8(ascii: "\n")) else { throw Refusal(400, "A line does not end with CR LF.") }
      guard byte >= 0x20 ? byte != 0x7F : [0x09, 0x0A, 0x0D].contains(byte) else {
        throw Refusal(400, "There is a control character in the header.")
      }
      scanned += 1
      if follows {
        defer {
          used += scanned - start
          start = scanned
        }
        return start..<(scanned - 2)
      }
    }
    return nil
  }

  private static func tooLong(_ status: Int) -> String {
    switch status {
    case 414: "The request line is too long."
    case 431: "The header fields are too long."
    default: "A chunk is malformed."
    }
  }

  /// Hexadecimal digits, then perhaps extensions, which nobody here knows and which are ignored.
  private func chunkSize(_ line: ArraySlice<UInt8>) throws(Refusal) -> Int {
    let digits = line.prefix { $0 != UInt8(ascii: ";") && $0 != UInt8(ascii: " ") && $0 != UInt8(ascii: "\t") }
    let rest = line[digits.endIndex...].drop { $0 == UInt8(ascii: " ") || $0 == UInt8(ascii: "\t") }
    let isHex = digits.allSatisfy { $0 &- 48 < 10 || ($0 | 32) &- 97 < 6 }
    guard isHex, (1...8).contains(digits.count), rest.first == UInt8(ascii: ";") || digits.count == line.count,
      let size = Int(String(decoding: digits, as: UTF8.self), radix: 16)
    else { throw Refusal(400, "A chunk is malformed.") }
    return size
  }
}

extension RequestHead.Framing {
  fileprivate var bytes: Int { if case .length(let count) = self { count } else { 0 } }
}
