/// What the columns of reports are called by people, in English and Chinese. A name that is not among them stands for itself.
enum MeasureWords {
  typealias Both = CampaignWords.Both

  static func of(_ name: String) -> Both { known[name] ?? Both(name, name) }

  private static let known: [String: Both] = [
    "stage": Both("stage", "阶段"), "people": Both("people", "人数"), "ofTargeted": Both("of the targeted", "占目标人群"),
    "ofPrevious": Both("of those before", "占上一阶段"), "goal": Both("target", "指标"), "target": Both("hoped for", "目标值"),
    "actual": Both("came of it", "实际值"), "attained": Both("attained", "完成率"), "channel": Both("channel", "渠道"),
    "variant": Both("variant", "版本"), "region": Both("region", "地区"), "branch": Both("branch", "机构"),
    "name": Both("name", "名称"), "targeted": Both("targeted", "目标人数"), "heldOut": Both("control", "对照组"),
    "waiting": Both("waiting", "等待中"), "written": Both("written to", "已发送人数"), "reached": Both("reached", "触达人数"),
    "failed": Both("failed", "失败人数"), "skipped": Both("skipped", "未发送人数"), "ended": Both("called off", "已取消"),
    "sent": Both("messages", "信息条数"), "parts": Both("parts", "计费条数"), "delivered": Both("delivered", "送达条数"),
    "bounced": Both("bounced", "退信"), "opened": Both("opened", "打开"),
    "machineOpened": Both("opened by programs", "程序打开"), "clicked": Both("links followed", "点击链接"),
    "machineClicked": Both("clicks of programs", "程序点击"), "replied": Both("answered", "回复"),
    "responded": Both("responses", "响应"), "unsubscribed": Both("unsubscribed", "退订"),
    "complained": Both("complaints", "投诉"), "contacted": Both("contacted", "有效联系"),
    "converted": Both("conversions", "转化"), "responseRate": Both("response rate", "响应率"),
    "conversionRate": Both("conversion rate", "转化率"), "reachRate": Both("reach rate", "触达率"),
    "cost": Both("cost", "费用"), "amount": Both("amount", "转化金额"), "revenue": Both("revenue", "收入"),
    "costPerReached": Both("cost per contact", "单次触达成本"), "costPerConversion": Both("cost per conversion", "单次转化成本"),
    "return": Both("return on cost", "投资回报率"), "hour": Both("hour", "时段"), "at": Both("when", "时间"),
    "outcome": Both("what came of it", "处理情况"), "tasks": Both("tasks", "任务数"), "late": Both("done late", "逾期完成"),
    "state": Both("became", "结果"), "reason": Both("why", "原因"), "share": Both("share", "占比"),
    "kind": Both("kind", "类型"), "standing": Both("whose", "归属"), "facts": Both("facts", "次数"),
    "isGoal": Both("the goal", "活动目标"), "group": Both("group", "组别"), "rate": Both("rate", "转化率"),
    "difference": Both("difference", "差异"), "low": Both("at least", "下限"), "high": Both("at most", "上限"),
    "day": Both("day", "日期"), "currency": Both("currency", "币种"), "baseline": Both("at the launch", "启动时资产"),
    "assets": Both("assets", "资产"), "added": Both("added", "新增"), "addedEach": Both("added each", "人均新增"),
    "incremental": Both("because of it", "增量资产"), "campaign": Both("campaign", "活动"),
    "launched": Both("launched", "启动"), "lift": Both("lift", "提升"), "topic": Both("topic", "数据来源"),
    "heardTo": Both("read up to", "数据截至"), "rank": Both("rank", "排名"), "person": Both("person", "人员"),
    "held": Both("held", "滞留线索"), "pooled": Both("in the pool", "公海线索"), "owned": Both("own leads", "名下线索"),
    "allocated": Both("were given", "新分配线索"),
    "contactedInTime": Both("contacted in time", "按时联系"), "inTime": Both("in time", "按时联系率"),
    "reclaimed": Both("reclaimed", "被回收"),
    "calls": Both("calls", "通话数"), "talk": Both("talk, minutes", "通话分钟"),
    "campaignSent": Both("campaign messages", "活动信息"),
    "campaignConverted": Both("campaign conversions", "活动转化"),
  ]
}
