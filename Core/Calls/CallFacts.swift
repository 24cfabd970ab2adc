internal import Values

/// All that is known of a call, as a set in one order. However often and in whatever order facts are added, equal sets are
/// equal, so that everything concluded from one is the same too.
public struct CallFacts: Equatable, Sendable {
  /// Sorted, each once.
  public private(set) var all: [CallFact] = []

  /// A call with more is some system gone wrong: its row would be read and written again with every event.
  public static let most = 500

  public init() {}

  public init(_ facts: some Sequence<CallFact>) {
    for fact in facts { add(fact) }
  }

  /// Several that follow each other in time, as the uses of an id do; what was concluded stays.
  public init(joining parts: [CallFacts]) { all = parts.flatMap(\.all) }

  subscript(range: Range<Int>) -> CallFacts {
    var part = CallFacts()
    part.all = Array(all[range])
    return part
  }

  public func contains(_ fact: CallFact) -> Bool {
    let place = place(of: fact)
    return place < all.endIndex && all[place] == fact
  }

  /// False where it was known. Whatever is told undoes the conclusion that nothing more would come.
  @discardableResult
  public mutating func add(_ fact: CallFact) -> Bool {
    let place = place(of: fact)
    if place < all.endIndex, all[place] == fact { return false }
    all.insert(fact, at: place)
    if fact.kind != .closed { all.removeAll { $0.kind == .closed } }
    return true
  }

  private func place(of fact: CallFact) -> Int {
    // Most come in order.
    guard let last = all.last, !(last < fact) else { return all.endIndex }
    var low = 0
    var high = all.count
    while low < high {
      let middle = (low + high) / 2
      if all[middle] < fact { low = middle + 1 } else { high = middle }
    }
    return low
  }
}

// MARK: As text

extension CallFacts {
  /// A line each: microseconds since 1970, the kind's letter, then agent, queue, from, to, word and other, apart by tabs, empty
  /// ones at the end left out. Tabs, line feeds and backslashes in them are `\t`, `\n`, `\\`.
  public var text: String {
    var bytes: [UInt8] = []
    bytes.reserveCapacity(all.count * 48)
    for fact in all {
      if !bytes.isEmpty { bytes.append(CallFacts.lineFeed) }
      CallFacts.append(fact.at.microseconds, &bytes)
      bytes.append(CallFacts.tab)
      bytes.append(CallFact.Kind.letters[Int(fact.kind.rawValue)])
      var tabs = 1
      CallFacts.append(fact.agent, &tabs, &bytes)
      CallFacts.append(fact.queue, &tabs, &bytes)
      CallFacts.append(fact.from, &tabs, &bytes)
      CallFacts.append(fact.to, &tabs, &bytes)
      CallFacts.append(fact.word, &tabs, &bytes)
      CallFacts.append(fact.other, &tabs, &bytes)
    }
    return String(decoding: bytes, as: UTF8.self)
  }

  /// nil for what `text` has not written.
  public init?(text bytes: UnsafeRawBufferPointer) {
    var at = 0
    while at < bytes.count {
      guard let fact = CallFacts.fact(bytes, &at) else { return nil }
      all.append(fact)
    }
  }

  public init?(text: String) {
    var text = text
    let read = text.withUTF8 { CallFacts(text: UnsafeRawBufferPointer($0)) }
    guard let read else { return nil }
    self = read
  }

  private static let tab = UInt8(ascii: "\t")
  private static let lineFeed = UInt8(ascii: "\n")
  private static let backslash = UInt8(ascii: "\\")

  private static func append(_ number: Int64, _ bytes: inout [UInt8]) {
    if number < 0 { bytes.append(UInt8(ascii: "-")) }
    var rest = number.magnitude
    let start = bytes.count
    repeat {
      bytes.append(UInt8(ascii: "0") + UInt8(rest % 10))
      rest /= 10
    } while rest > 0
    bytes[start...].reverse()
  }

  private static func append(_ text: String, _ tabs: inout Int, _ bytes: inout [UInt8]) {
    guard !text.isEmpty else {
      tabs += 1
      return
    }
    for _ in 0..<tabs { bytes.append(tab) }
    tabs = 1
    for byte in text.utf8 {
      switch byte {
      case tab: bytes.append(contentsOf: [backslash, UInt8(ascii: "t")])
      case lineFeed: bytes.append(contentsOf: [backslash, UInt8(ascii: "n")])
      case backslash: bytes.append(contentsOf: [backslash, backslash])
      default: bytes.append(byte)
      }
    }
  }

  /// Reads one line and steps behind its end.
  private static func fact(_ bytes: UnsafeRawBufferPointer, _ at: inout Int) -> CallFact? {
    let isNegative = bytes[at] == UInt8(ascii: "-")
    if isNegative { at += 1 }
    var time: Int64 = 0
    let start = at
    while at < bytes.count, (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(bytes[at]) {
      guard at - start < 18 else { return nil }
      time = time * 10 + Int64(bytes[at] - UInt8(ascii: "0"))
      at += 1
    }
    guard at > start, at + 1 < bytes.count, bytes[at] == tab,
      let letter = CallFact.Kind.letters.firstIndex(of: bytes[at + 1]),
      let kind = CallFact.Kind(rawValue: UInt8(letter))
    else { return nil }
    at += 2
    let agent = field(bytes, &at)
    let queue = field(bytes, &at)
    let from = field(bytes, &at)
    let to = field(bytes, &at)
    let word = field(bytes, &at)
    let other = field(bytes, &at)
    guard at == bytes.count || bytes[at] == lineFeed else { return nil }
    at += 1
    return CallFact(
      kind, at: Timestamp(microseconds: isNegative ? -time : time), agent: agent, queue: queue, from: from, to: to,
      word: word, other: other)
  }

  private static func field(_ bytes: UnsafeRawBufferPointer, _ at: inout Int) -> String {
    guard at < bytes.count, bytes[at] == tab else { return "" }
    at += 1
    let start = at
    var isEscaped = false
    while at < bytes.count, bytes[at] != tab, bytes[at] != lineFeed {
      if bytes[at] == backslash { isEscaped = true }
      at += 1
    }
    let part = UnsafeRawBufferPointer(rebasing: bytes[start..<at])
    return isEscaped ? unescaped(part) : String(decoding: part, as: UTF8.self)
  }

  private static func unescaped(_ part: UnsafeRawBufferPointer) -> String {
    var bytes: [UInt8] = []
    var at = 0
    while at < part.count {
      var byte = part[at]
      if byte == backslash, at + 1 < part.count {
        at += 1
        byte = part[at] == UInt8(ascii: "t") ? tab : part[at] == UInt8(ascii: "n") ? lineFeed : part[at]
      }
      bytes.append(byte)
      at += 1
    }
    return String(decoding: bytes, as: UTF8.self)
  }
}
