internal import Values

/// What was counted of one channel, one region, one hour, or of all.
///
/// People are those of the ledger, where each is counted once; messages are counted by their events.
struct EvaluationCounts: Equatable {
  // MARK: People

  var targeted: Int64 = 0
  var heldOut: Int64 = 0
  /// Whose message, or task, still waits.
  var waiting: Int64 = 0
  /// A gateway has it, or had it, or nobody knows whether it has it.
  var written: Int64 = 0
  /// Of these those of whom nobody knows that it failed.
  var reached: Int64 = 0
  var failed: Int64 = 0
  var skipped: Int64 = 0
  /// Called off, or too late.
  var ended: Int64 = 0

  // MARK: Messages

  var sent: Int64 = 0
  var parts: Int64 = 0
  var delivered: Int64 = 0
  var bounced: Int64 = 0
  var opened: Int64 = 0
  var machineOpened: Int64 = 0
  /// Links that were followed, each of a message once.
  var clicked: Int64 = 0
  var machineClicked: Int64 = 0
  var replied: Int64 = 0
  /// Messages that somebody has done something about: followed a link, or written back.
  var responded: Int64 = 0
  var unsubscribed: Int64 = 0
  var complained: Int64 = 0

  // MARK: Success

  /// Talked to by a person.
  var contacted: Int64 = 0
  /// Shares of conversions, where several campaigns have a part in one.
  var converted: Double = 0
  /// By currency, which are never added.
  var sums: [String: Sums] = [:]

  struct Sums: Equatable {
    /// Ten-thousandths of the currency's unit.
    var cost: Int64 = 0
    var amount: Int64 = 0
    var revenue: Int64 = 0
  }

  /// Of these currencies that have any, by their code.
  func money(_ sum: KeyPath<Sums, Int64>) -> [Money] {
    sums.filter { $0.value[keyPath: sum] != 0 }.map { Money(tenThousandths: $0.value[keyPath: sum], currency: $0.key) }
      .sorted { $0.currency < $1.currency }
  }

  var cost: [Money] { money(\.cost) }
  var amount: [Money] { money(\.amount) }
  var revenue: [Money] { money(\.revenue) }

  /// Of those who were reached.
  var responseRate: Double? { rate(Double(responded), of: reached) }
  var conversionRate: Double? { rate(converted, of: reached) }
  var deliveryRate: Double? { rate(Double(reached), of: written) }

  /// What each person cost who was reached; nothing where nobody was.
  var costPerReached: [Money] { reached > 0 ? cost.map { $0.divided(by: Double(reached)) } : [] }
  var costPerConversion: [Money] { converted > 0 ? cost.map { $0.divided(by: converted) } : [] }

  /// Revenue less cost, for each unit that it cost; by currency.
  var returns: [(currency: String, ratio: Double)] {
    sums.filter { $0.value.cost > 0 && $0.value.revenue != 0 }.map {
      ($0.key, Double($0.value.revenue - $0.value.cost) / Double($0.value.cost))
    }.sorted { $0.0 < $1.0 }
  }

  private func rate(_ part: Double, of whole: Int64) -> Double? { whole > 0 ? part / Double(whole) : nil }

  mutating func add(_ other: EvaluationCounts) {
    for field in Self.fields { self[keyPath: field] += other[keyPath: field] }
    converted += other.converted
    for (currency, sum) in other.sums {
      sums[currency, default: Sums()].cost += sum.cost
      sums[currency, default: Sums()].amount += sum.amount
      sums[currency, default: Sums()].revenue += sum.revenue
    }
  }

  private static var fields: [WritableKeyPath<EvaluationCounts, Int64>] {
    [
      \.targeted, \.heldOut, \.waiting, \.written, \.reached, \.failed, \.skipped, \.ended, \.sent, \.parts,
      \.delivered,
      \.bounced, \.opened, \.machineOpened, \.clicked, \.machineClicked, \.replied, \.responded, \.unsubscribed,
      \.complained, \.contacted,
    ]
  }
}

extension Money {
  /// To the nearest ten-thousandth.
  func divided(by number: Double) -> Money {
    Money(tenThousandths: Int64((Double(tenThousandths) / number).rounded()), currency: currency)
  }
}
