internal import Values

/// Words of a page in both languages; which are seen is for the page's style to say. What is the same in both stands there once.
func say(_ words: CampaignWords.Both) -> String { say(words.english, words.chinese) }

func say(_ english: String, _ chinese: String) -> String {
  english == chinese
    ? escaped(english)
    : "<span class=\"en\">\(escaped(english))</span><span class=\"zh\" lang=\"zh-CN\">\(escaped(chinese))</span>"
}

/// Fit for text and for attributes in quotation marks. What would steer a reader's eye, as marks that turn the direction of writing,
/// is written as an escape.
func escaped(_ text: String) -> String {
  let known: [Character: String] = ["&": "&amp;", "<": "&lt;", ">": "&gt;", "\"": "&quot;", "'": "&#39;"]
  return lines(text).reduce(into: "") { $0 += known[$1] ?? String($1) }
}

/// 3,822.49 CNY: as both languages write it.
func moneyShown(_ money: Money) -> String {
  let parts = money.amount.split(separator: ".", omittingEmptySubsequences: false)
  let isNegative = parts[0].hasPrefix("-")
  let whole = grouped(Int64(parts[0].drop { $0 == "-" }) ?? 0)
  return (isNegative ? "-" : "") + whole + (parts.count > 1 ? ".\(parts[1])" : "") + " \(money.currency)"
}
