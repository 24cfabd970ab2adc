/// The words of evaluations, in English and Chinese. A word that is not among those known stands for itself.
enum EvaluationWords {
  typealias Both = CampaignWords.Both

  static func stage(_ word: String) -> Both { stages[word] ?? Both(word, word) }

  private static let stages: [String: Both] = [
    "targeted": Both("Targeted", "目标人群"), "written": Both("Written to", "已发送"), "reached": Both("Reached", "已触达"),
    "responded": Both("Responded", "有响应"), "contacted": Both("Talked to", "有效联系"),
    "converted": Both("Converted", "已转化"),
  ]

  static func goal(_ word: String) -> Both { goals[word] ?? Both(word, word) }

  private static let goals: [String: Both] = [
    "reach": Both("people reached", "触达人数"), "responses": Both("responses", "响应"),
    "conversions": Both("conversions", "转化"), "assets": Both("assets", "新增资产"),
  ]

  /// What somebody did that counts as a success.
  static func kind(_ word: String) -> Both { kinds[word] ?? Both(word, word) }

  private static let kinds: [String: Both] = [
    "lead-converted": Both("a lead became a customer", "线索转为客户"), "assets-added": Both("assets were added", "资产增加"),
    "contacted": Both("talked to by a person", "有效联系"), "earned": Both("revenue", "创收"),
  ]

  static func standing(_ word: String) -> Both { standings[word] ?? Both(word, word) }

  private static let standings: [String: Both] = [
    "credited": Both("the campaign's", "归因于本活动"), "held-out": Both("of the control group", "对照组"),
    "before-send": Both("before its message was sent", "早于发送"),
    "passed-over": Both("another touch was the last", "归因于其他触达"),
    "not-reached": Both("of those whom nothing reached", "未触达客户"),
  ]

  /// What became of somebody who got nothing, or nothing that arrived.
  static func ending(_ state: String) -> Both {
    switch state {
    case "skipped": Both("got nothing", "未发送")
    case "failed": Both("did not arrive", "发送失败")
    case "expired": Both("too late", "过期未发")
    case "cancelled": Both("called off", "已取消")
    default: Both(state, state)
    }
  }

  /// Why, as the ledger of campaigns and that of messages have it.
  static func reason(_ word: String) -> Both {
    if word.isEmpty { return Both("nobody says why", "原因不明") }
    return Both(CampaignWords.reason(word).english, chineseReasons[word] ?? CampaignWords.reason(word).chinese)
  }

  private static let chineseReasons: [String: String] = [
    "outside-hours": "截止前无可发送时段", "budget-spent": "预算已用完", "budget-removed": "预算已被删除", "no-price": "网关没有该币种的单价",
    "deadline-passed": "截止时间已过", "unfit-variable": "变量不符合模板要求", "too-long": "内容过长", "unanswered": "网关未答复，结果不明",
    "sender-lost": "发送中断，结果不明", "not-delivered": "回执显示未送达", "refused": "网关拒收", "refused-for-now": "网关多次暂不接收",
    "gateway-busy": "网关繁忙", "gateway-refused": "网关不接收本公司信息", "unreachable": "网关无法连接", "id-used-twice": "网关消息编号重复",
    "resolved": "人工核实", "erased": "客户数据已删除", "campaign-cancelled": "活动已取消", "campaign-closed": "活动已到期",
  ]

  /// Of a channel, a region or the like that nobody knows.
  static let unknown = Both("unknown", "未知")
  static let none = Both("none", "无")
}
