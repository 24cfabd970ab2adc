public import Contract
public import Postgres
public import Values

/// What messages that name it may cost in all. Whoever claims such a message holds the row's lock from looking to committing, so that
/// lanes at its last unit come one after the other.
struct Budget: Sendable {
  let currency: String
  /// In ten-thousandths of the currency's unit, as what is taken; nil without bound.
  let most: Int64?
  /// Spent, or reserved for calls whose outcome is not known. What a gateway then refuses is given back too late for those that found
  /// nothing left.
  private(set) var taken: Int64

  init(_ currency: String, most: Int64?, taken: Int64 = 0) {
    (self.currency, self.most, self.taken) = (currency, most, taken)
  }

  /// Those of the names that a budget has.
  static func names(among wanted: [String]) -> Question<Set<String>> {
    guard !wanted.isEmpty else { return Question(known: []) }
    return Question("select name from budget where name = any($1)") {
      $0.texts(Set(wanted).sorted()) { $0 }
    } reading: {
      Set($0.map { $0.text(0) })
    }
  }

  /// Locks those that the messages name, and answers them by name.
  static func lock(_ messages: [DueMessage]) -> Question<[String: Budget]> {
    let names = Set(messages.compactMap(\.budget)).sorted()
    guard !names.isEmpty else { return Question(known: [:]) }
    return Question(
      """
      select name, currency, (most * 10000)::bigint, ((reserved + spent) * 10000)::bigint
      from budget where name = any($1) order by name for update
      """
    ) {
      $0.texts(names) { $0 }
    } reading: {
      Dictionary(
        $0.map { ($0.text(0), Budget($0.text(1), most: $0.optionalInteger(2), taken: $0.integer(3))) }
      ) { one, _ in one }
    }
  }

  /// Whether there was so much left.
  mutating func take(_ cost: Money) -> Bool {
    let (taken, overflow) = taken.addingReportingOverflow(cost.tenThousandths)
    guard !overflow, taken <= most ?? .max else { return false }
    self.taken = taken
    return true
  }
}

/// What a budget keeps for a call until it is known what became of it.
public struct Reservation: Sendable, Equatable {
  public let budget: String
  public let amount: Money

  public init(_ budget: String, _ amount: Money) {
    self.budget = budget
    self.amount = amount
  }

  /// From three columns of a row: the budget's name, ten-thousandths and the currency; nil where nothing is reserved.
  public init?(_ row: Row, from column: Int32) {
    guard let name = row.optionalText(column), let amount = row.optionalInteger(column + 1),
      let currency = row.optionalText(column + 2)
    else { return nil }
    self.init(name, Money(tenThousandths: amount, currency: currency))
  }

  var taken: BudgetChange { BudgetChange(budget, reserved: amount.tenThousandths, spent: 0) }

  /// The gateway has the message.
  public var spent: BudgetChange { spent(amount) }

  func spent(_ cost: Money) -> BudgetChange {
    BudgetChange(budget, reserved: -amount.tenThousandths, spent: cost.tenThousandths)
  }

  /// The gateway has proved not to have it.
  var givenBack: BudgetChange { BudgetChange(budget, reserved: -amount.tenThousandths, spent: 0) }
}

/// What is added to a budget, in ten-thousandths of its currency's unit.
public struct BudgetChange: Sendable, Equatable {
  let budget: String
  let reserved: Int64
  let spent: Int64

  init(_ budget: String, reserved: Int64, spent: Int64) {
    (self.budget, self.reserved, self.spent) = (budget, reserved, spent)
  }

  /// One for each budget.
  static func sums(_ changes: [BudgetChange]) -> [BudgetChange] {
    Dictionary(grouping: changes, by: \.budget).map { name, changes in
      BudgetChange(name, reserved: changes.reduce(0) { $0 + $1.reserved }, spent: changes.reduce(0) { $0 + $1.spent })
    }.sorted { $0.budget < $1.budget }
  }
}

extension Write {
  /// One update for each budget, whatever the number of messages. After the messages' rows are locked.
  public static func changingBudgets(_ change: @escaping @Sendable (Change) -> BudgetChange?) -> Write {
    .total(
      { _, changes in BudgetChange.sums(changes.compactMap(change)) },
      "select change_budgets($1::text[], $2::bigint[], $3::bigint[])", touchesEach: false,
      .text { $0.budget }, .integer { $0.reserved }, .integer { $0.spent })
  }
}
