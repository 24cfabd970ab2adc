/// What a campaign's messages are called in the ledger and in events: made from whom and what they are of, so that whoever does
/// something twice finds that it is done.
public struct CampaignMessageID: Hashable, Sendable {
  /// CloudEvents source of what asks for the message.
  public static let source = "/millrace/campaigns"
  /// In its place, of a message whose recipient was erased.
  public static let erased = "erased"

  public let campaign: Int64
  /// The number of a customer or a lead.
  public let subject: Int64
  /// Of the campaign's channels, counted from 0.
  public let place: Int

  public init(campaign: Int64, subject: Int64, place: Int) {
    (self.campaign, self.subject, self.place) = (campaign, subject, place)
  }

  /// Reads `CAMPAIGN/SUBJECT/PLACE`; nil for what is none of ours.
  public init?(_ text: String) {
    var text = text
    let parts: (Int64, Int64, Int64)? = text.withUTF8 { bytes in
      var numbers: (Int64, Int64, Int64) = (0, 0, 0)
      var place = 0
      var digits = 0
      for byte in bytes {
        switch byte {
        case UInt8(ascii: "/"):
          guard digits > 0, place < 2 else { return nil }
          (place, digits) = (place + 1, 0)
        case UInt8(ascii: "0")...UInt8(ascii: "9"):
          digits += 1
          guard digits <= 18 else { return nil }
          let digit = Int64(byte - UInt8(ascii: "0"))
          switch place {
          case 0: numbers.0 = numbers.0 * 10 + digit
          case 1: numbers.1 = numbers.1 * 10 + digit
          default: numbers.2 = numbers.2 * 10 + digit
          }
        default: return nil
        }
      }
      return place == 2 && digits > 0 ? numbers : nil
    }
    guard let parts else { return nil }
    self.init(campaign: parts.0, subject: parts.1, place: Int(parts.2))
  }

  public var text: String { "\(campaign)/\(subject)/\(place)" }
}
