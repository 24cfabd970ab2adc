public import Postgres

/// Whether statements take their locks in the one order that everybody keeps: customers and leads, then branches, then people,
/// then reminders. Tables that nobody waits for are left out.
public enum LockOrder {
  private static let ranks = [
    "organisation": 0, "customer_move": 1, "customer": 1, "lead": 2, "branch_load": 3, "person_load": 4, "reminder": 5,
  ]

  /// Those that come after a table of a higher rank, each as `lead after person_load`.
  public static func breaches(_ statements: [Statement]) -> [String] {
    var last: (table: String, rank: Int)?
    var found: [String] = []
    for table in statements.flatMap({ tables(in: $0.sql.description) }) {
      guard let rank = ranks[table] else { continue }
      if let last, rank < last.rank { found.append("\(table) after \(last.table)") }
      last = (table, rank)
    }
    return found
  }

  /// Tables whose rows the statement locks, in the order in which it names them.
  public static func tables(in sql: String) -> [String] {
    let words = sql.lowercased().split { !($0.isLetter || $0.isNumber || $0 == "_" || $0 == "(") }.map { String($0) }
    var tables: [String] = []
    for (place, word) in words.enumerated() where place + 1 < words.count {
      switch word {
      case "update" where words[max(0, place - 1)] != "for" && words[max(0, place - 1)] != "do":
        tables.append(words[place + 1])
      case "into" where words[max(0, place - 1)] == "merge": tables.append(words[place + 1])
      case "update" where words[max(0, place - 1)] == "for":
        if let from = words[..<place].lastIndex(of: "from") { tables.append(words[from + 1]) }
      case "select"
      where ["raise_reminders", "cancel_reminders", "move_reminders", "settle_reminders"].contains(
        where: words[place + 1].hasPrefix):
        tables.append("reminder")
      default: continue
      }
    }
    // `for update` at the very end has no word behind it.
    if words.last == "update", words.dropLast().last == "for", let from = words.lastIndex(of: "from") {
      tables.append(words[from + 1])
    }
    return tables
  }
}
