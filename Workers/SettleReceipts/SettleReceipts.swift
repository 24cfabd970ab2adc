import Contract
import Gateways
import Outreach
import PhoneNumbers
import Postgres
import Runtime
import Settings
import Topics
import Values

/// Moves the ledger forward by what gateways tell: what became of a message, what its recipient did with it, and who wants to
/// hear no more.
@main
struct SettleReceipts: Worker {
  typealias Input = OutreachReceipts
  typealias Reading = ReceiptReading
  static let name = "settle-receipts"
  static var settings: SettingGroup? { SettingGroup("Answers", Setting.optOutWords) }

  static func reader(_ settings: Settings) -> (OutreachReceipts, Timestamp) -> ReceiptReading {
    // Checked when the settings were read.
    let words = OptOutWords(listed: settings[.optOutWords])
    return { event, happened in ReceiptReading(event, happened, words) }
  }

  static func load(
    _ events: [Delivery<ReceiptReading>], _ memory: inout ConfirmationMemory, _ transaction: Transaction
  ) throws(PostgresError) -> ReceiptBook {
    var book = try ReceiptBook(events.map(\.event), transaction)
    let optOuts = events.compactMap { told -> Confirmations.OptOut? in
      guard case .inbound(let answer) = told.event.content, answer.isOptOut else { return nil }
      return Confirmations.OptOut(answer: answer, source: told.source, event: told.id)
    }
    book.confirmations = try Confirmations(optOuts, &memory.intake, transaction)
    return book
  }

  static func decide(
    _ event: Delivery<ReceiptReading>, _ book: inout ReceiptBook, _ now: Timestamp
  ) -> Decision<ReceiptChange> {
    switch event.event.content {
    case .refused(let refusal): .reject(refusal)
    case .receipt(let receipt): book.settle(receipt, now)
    case .inbound(let answer): book.hear(answer, now)
    case .engagement(let engaged): book.engage(engaged)
    }
  }

  static let writes = ReceiptChange.writes
}

extension Setting<String> {
  static var optOutWords: Setting {
    Setting(
      "OPT_OUT_WORDS", .text("words with commas between them") { OptOutWords(listed: $0) != nil },
      default: OptOutWords.usual.joined(separator: ","),
      "answers that say that somebody wants no more, whatever their case and width")
  }
}

extension OptOutWords {
  /// nil where one of them has neither letter nor digit.
  init?(listed text: String) {
    do throws(Refusal) { try self.init(text.split(separator: ",").map(String.init)) } catch { return nil }
  }
}
