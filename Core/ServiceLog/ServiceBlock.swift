internal import Digest
public import Values

/// The entries of one transaction, bound to all that came before them.
public struct ServiceBlock: Equatable, Sendable {
  /// From 1, without a gap.
  public let number: Int64
  /// Of the database's recoveries.
  public let epoch: Int64
  /// The number of its first entry; the others follow without a gap.
  public let first: Int64
  public let at: Timestamp
  public let counts: [Count]
  /// 32 bytes for each entry, in their order.
  public let commitments: [UInt8]
  /// The hash of the block before it; 32 zeros before the first.
  public let previous: [UInt8]

  /// How many of the entries an organisation has on a day.
  public struct Count: Hashable, Sendable {
    public let organisation: String
    public let day: String
    public let entries: Int32

    public init(organisation: String, day: String, entries: Int32) {
      self.organisation = organisation
      self.day = day
      self.entries = entries
    }
  }

  public static let start = [UInt8](repeating: 0, count: 32)

  public init(
    number: Int64, epoch: Int64, first: Int64, at: Timestamp, counts: [Count], commitments: [UInt8],
    previous: [UInt8]
  ) {
    self.number = number
    self.epoch = epoch
    self.first = first
    self.at = at
    self.counts = counts
    self.commitments = commitments
    self.previous = previous
  }

  public var entries: Int32 { Int32(commitments.count / 32) }
  public var next: Int64 { first + Int64(entries) }

  public func commitment(_ place: Int) -> ArraySlice<UInt8> { commitments[place * 32..<place * 32 + 32] }

  /// SHA-256 of a message as an entry's is written: number, epoch, first, entries and time; organisation, day and entries of
  /// each count, in their order; the hash before in hexadecimal digits; then the commitments' bytes.
  public var hash: [UInt8] {
    var message = LinedMessage("millrace service block 1")
    message.add(String(number))
    message.add(String(epoch))
    message.add(String(first))
    message.add(String(entries))
    message.add(at.rfc3339)
    for count in counts {
      message.add(count.organisation)
      message.add(count.day)
      message.add(String(count.entries))
    }
    message.add(Hex.digits(previous))
    message.add(raw: commitments)
    let digest = SHA256()
    digest.begin()
    message.bytes.withUnsafeBytes { digest.add($0) }
    return digest.endWhole()
  }

  /// The number of the first entry after `last`, the block before; nil is none. A recovery leaves out the numbers that may
  /// have been given out in the time that was lost.
  public static func first(after last: ServiceBlock?, epoch: Int64) -> Int64 {
    first(next: last?.next ?? 1, lastEpoch: last?.epoch ?? epoch, epoch: epoch)
  }

  public static func first(next: Int64, lastEpoch: Int64, epoch: Int64) -> Int64 {
    epoch == lastEpoch ? next : max(next, epoch << 36)
  }
}

/// Bytes as people compare them.
public enum Hex {
  public static func digits(_ bytes: some Sequence<UInt8>) -> String {
    let digits = Array("0123456789abcdef".utf8)
    var text: [UInt8] = []
    for byte in bytes {
      text.append(digits[Int(byte >> 4)])
      text.append(digits[Int(byte & 15)])
    }
    return String(decoding: text, as: UTF8.self)
  }
}
