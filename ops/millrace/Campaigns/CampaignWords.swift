internal import Printing

/// The words of campaigns for people, in English and Chinese.
enum CampaignWords {
  struct Both {
    let english: String
    let chinese: String

    init(_ english: String, _ chinese: String) {
      self.english = english
      self.chinese = chinese
    }
  }

  static let states = [
    "draft", "submitted", "approved", "rejected", "scheduled", "running", "paused", "closed", "finished", "cancelled",
  ]

  /// A word that is not among those known stands for itself.
  static func state(_ word: String) -> Both { stateWords[word] ?? Both(word, word) }

  private static let stateWords: [String: Both] = [
    "draft": Both("draft", "草稿"),
    "submitted": Both("waits for review", "待审批"),
    "approved": Both("approved", "已批准"),
    "rejected": Both("rejected", "已驳回"),
    "scheduled": Both("scheduled", "待开始"),
    "running": Both("running", "执行中"),
    "paused": Both("paused", "已暂停"),
    "closed": Both("expired", "已到期"),
    "finished": Both("finished", "已结束"),
    "cancelled": Both("cancelled", "已取消"),
  ]

  /// What somebody has done with a campaign.
  static func step(_ word: String) -> Both { stepWords[word] ?? Both(word, word) }

  private static let stepWords: [String: Both] = [
    "defined": Both("defined", "创建"),
    "changed": Both("changed", "修改"),
    "submitted": Both("submitted for review", "提交审批"),
    "approved": Both("approved", "批准"),
    "rejected": Both("rejected", "驳回"),
    "launched": Both("launched", "启动"),
    "started": Both("started", "开始发送"),
    "paused": Both("paused", "暂停"),
    "resumed": Both("resumed", "恢复"),
    "extended": Both("extended", "延期"),
    "closed": Both("expired", "到期"),
    "finished": Both("finished", "结束"),
    "cancelled": Both("cancelled", "取消"),
    "settled": Both("over", "完结"),
    "missed": Both("missed a day", "错过"),
  ]

  /// Of recipients, as `campaign_recipient` has them.
  static let recipientStates = [
    "queued", "accepted", "delivered", "uncertain", "failed", "assigned", "overdue", "done", "expired", "skipped",
    "cancelled", "held-out",
  ]

  /// Why somebody of an audience gets no message.
  static func reason(_ word: String) -> Both {
    reasons[word] ?? Both(MessageWords.reason(word).map { String($0.dropLast()) } ?? word, word)
  }

  private static let reasons: [String: Both] = [
    "unsuitable": Both("the product's risk is above their rating, or nobody rated them", "产品风险等级高于客户风险承受能力，或客户未测评"),
    "no-address": Both("they have no address on any of the channels", "没有可用的联系方式"),
    "opted-out": Both("they want no such messages", "已退订"),
    "bounced": Both("what was sent to the address came back", "地址曾被退回"),
    "complained": Both("they have complained", "曾投诉"),
    "manual": Both("somebody has suppressed the address", "已被人工屏蔽"),
    "consent-refused": Both("they have refused such messages", "客户拒绝接收此类信息"),
    "no-consent": Both("nobody knows that they consent", "未取得客户同意"),
    "cap": Both("they were written to as often as this campaign allows", "已达本活动的接触频次上限"),
    "too-soon": Both("it has come to them before, not long ago", "近期已收到过本活动"),
    "unknown-language": Both("their template is not there in their language", "模板没有对应语言的版本"),
    "duplicate-address": Both("somebody else of the audience has the same address", "与其他客户地址重复"),
    "missing-variable": Both("their template wants something that nobody knows of them", "模板所需的变量缺失"),
    "no-manager": Both("nobody has them who could talk to them", "没有可跟进的客户经理"),
    "no-gateway": Both("no gateway serves where they are", "没有网关可送达其所在地区"),
    "not-served": Both("the gateway does not serve where they are", "指定网关不支持其所在地区"),
    "frequency-cap": Both("they were written to as often as is allowed", "已达发送频次上限"),
    "held-out": Both("in the control group", "对照组"),
    "excluded": Both("taken out by the exclusion", "按排除条件剔除"),
  ]

  static func channel(_ word: String) -> Both {
    switch word {
    case "sms": Both("SMS", "短信")
    case "email": Both("e-mail", "邮件")
    case "fax": Both("fax", "传真")
    case "manager": Both("task for whoever has them", "客户经理任务")
    default: Both(word, word)
    }
  }

  /// What a recipient's state and reason say, in a sentence.
  static func recipient(_ state: String, _ reason: String) -> String {
    switch (state, reason) {
    case ("held-out", _): "They are left alone, for comparison."
    case ("assigned", _): "Whoever has them has a task."
    case ("overdue", _): "Whoever has them has a task, which is overdue."
    case ("done", let result): taskResults[result] ?? "Their task is done."
    case ("expired", "campaign-closed"): "The campaign ended before it came to them."
    case ("cancelled", "campaign-cancelled"): "The campaign was cancelled before it came to them."
    case ("cancelled", let reason) where taskEnds[reason] != nil: taskEnds[reason] ?? ""
    case ("queued", ""): "Their message waits for its turn."
    case ("skipped", let reason):
      reasons[reason].map { sentence($0.english) } ?? MessageWords.of(state: state, reason: reason)
    default: MessageWords.of(state: state, reason: reason.isEmpty ? nil : reason)
    }
  }

  private static let taskResults = [
    "contacted": "Whoever has them has talked to them.", "interested": "They were talked to, and are interested.",
    "declined": "They were talked to, and do not want it.", "unreachable": "Nobody could reach them.",
  ]
  private static let taskEnds = ["converted": "The lead is a customer now.", "erased": "They were erased."]

  private static func sentence(_ words: String) -> String { words.prefix(1).uppercased() + words.dropFirst() + "." }
}

/// 61,240: as both languages write it.
func grouped(_ number: Int64) -> String {
  let digits = String(number.magnitude)
  var text = ""
  for (place, digit) in digits.enumerated() {
    if place > 0, (digits.count - place) % 3 == 0 { text += "," }
    text.append(digit)
  }
  return (number < 0 ? "-" : "") + text
}

/// `4.7 %`; of nothing nothing.
func percent(_ part: Int64, of whole: Int64) -> String {
  whole > 0 ? oneDecimal(Double(part) * 100 / Double(whole)) + " %" : "-"
}

/// A number of people, for a table: with its separators for people.
func people(_ number: Int64) -> Table.Cell { .nested(json: String(number), shown: grouped(number)) }
