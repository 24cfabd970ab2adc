/// What launch-campaigns warns of, in Chinese as well. A sentence that is not among them stands for itself.
enum PreviewWarning {
  static func both(_ sentence: String) -> CampaignWords.Both {
    for (pattern, chinese) in patterns {
      guard let found = filled(pattern, by: sentence) else { continue }
      var parts = found[...]
      return CampaignWords.Both(
        sentence, chinese.reduce(into: "") { $0 += $1 == "…" ? parts.popFirst() ?? "" : String($1) })
    }
    return CampaignWords.Both(sentence, sentence)
  }

  /// `…` is anything, in the same order in both.
  private static let patterns = [
    ("nobody gets a message", "没有人会收到信息"),
    ("it has expired", "活动已到期"),
    ("tasks would be due at …, after it has expired (…)", "任务截止时间为 …，晚于活动到期时间（…）"),
    ("a sample cannot be made: …", "无法生成示例：…"),
    ("what it costs is not known: the gateway … has no price", "费用未知：网关 … 没有单价"),
    ("what it costs is not one sum: prices are in …", "费用无法合计：单价币种为 …"),
    (
      "at … messages an hour it would end at …, after it has expired (…)",
      "按每小时 … 条，将于 … 完成，晚于到期时间（…）"
    ),
    ("the gateway … for … cannot be read: …", "网关 …（…）的描述无法读取：…"),
    ("the gateway … for … is not enabled", "网关 …（…）已停用"),
    (
      "those for whom another channel stands in later are counted once, by their first channel",
      "后续可能改用其他渠道的人只按首选渠道计一次"
    ),
    ("it comes again: this is what it would do on …", "本活动定期重复：以下为 … 当天的情况"),
    ("it expires before it comes for the first time", "首次执行之前活动已到期"),
    ("those who come to fulfil the filter until it expires join it, and are not counted here", "到期前新符合条件的人将陆续加入，此处未计入"),
    (
      "the budget … is in …, and prices are in …: nothing would be sent",
      "预算 … 的币种为 …，而单价币种为 …：将不会发送任何信息"
    ),
    ("the budget … would not last: … are wanted and … are left", "预算 … 不足：需要 …，余额 …"),
  ]

  /// What stands in the place of each `…`; nil where it is another sentence.
  private static func filled(_ pattern: String, by sentence: String) -> [String]? {
    let fixed = pattern.split(separator: "…", omittingEmptySubsequences: false)
    guard sentence.hasPrefix(fixed[0]) else { return nil }
    var rest = sentence.dropFirst(fixed[0].count)
    var parts: [String] = []
    for (place, text) in fixed.enumerated().dropFirst() {
      if place == fixed.count - 1 {
        guard rest.hasSuffix(text) else { return nil }
        parts.append(String(rest.dropLast(text.count)))
        return parts
      }
      guard let next = rest.firstRange(of: text) else { return nil }
      parts.append(String(rest[..<next.lowerBound]))
      rest = rest[next.upperBound...]
    }
    return rest.isEmpty ? parts : nil
  }
}
