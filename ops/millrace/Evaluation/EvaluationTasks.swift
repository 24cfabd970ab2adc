internal import Postgres

/// Tasks of a campaign by how they stand and what has come of them.
struct EvaluationTasks {
  /// open, overdue, done, expired or cancelled.
  let state: String
  /// Of those that are done what came of them, of those that have ended why; empty of the others.
  let outcome: String
  let tasks: Int64
  /// Of these, done after they were due.
  let late: Int64

  static let statement: Statement = """
    select state, outcome, sum(tasks)::bigint, sum(late)::bigint from bi_campaign_task where campaign_id = any($1)
    group by 1, 2 order by array_position('{done,open,overdue,expired,cancelled}'::text[], state), 3 desc, 2
    """

  static func read(_ ids: [Int64], _ session: Connection) throws -> [EvaluationTasks] {
    try session.rows(statement) { $0.integers(ids) { $0 } }.map {
      EvaluationTasks(state: $0.text(0), outcome: $0.text(1), tasks: $0.integer(2), late: $0.integer(3))
    }
  }
}

extension EvaluationTables {
  var tasks: ReportTable {
    var table = ReportTable(
      "tasks", Both("Tasks of those who have the people", "客户经理任务"), keys: ["state", "outcome"],
      measures: ["tasks", "share", "late"])
    let all = evaluation.tasks.reduce(0) { $0 + $1.tasks }
    for one in evaluation.tasks {
      table.add(
        [Key(one.state, EvaluationWords.task(one.state)), Key(one.outcome, EvaluationWords.taskOutcome(one.outcome))],
        [.count(one.tasks), share(one.tasks, of: all), one.state == "done" ? .count(one.late) : .none])
    }
    return table
  }
}

extension EvaluationWords {
  static func task(_ state: String) -> Both {
    switch state {
    case "open": Both("to be done", "待完成")
    case "overdue": Both("overdue", "已逾期")
    case "done": Both("done", "已完成")
    case "expired": Both("not done in time", "到期未完成")
    case "cancelled": Both("called off", "已取消")
    default: Both(state, state)
    }
  }

  /// What came of a task, or why it has ended.
  static func taskOutcome(_ word: String) -> Both { taskOutcomes[word] ?? Both(word, word) }

  private static let taskOutcomes: [String: Both] = [
    "": Both("not yet", "尚无结果"), "contacted": Both("talked to", "已联系"), "interested": Both("interested", "有意向"),
    "declined": Both("does not want it", "无意向"), "unreachable": Both("reached by nobody", "未联系上"),
    "campaign-closed": Both("the campaign ended", "活动已到期"),
    "campaign-cancelled": Both("the campaign was cancelled", "活动已取消"),
    "another-channel": Both("another channel stood in", "改用其他渠道"),
    "converted": Both("the lead had become a customer", "线索已转为客户"), "erased": Both("they were erased", "客户数据已删除"),
  ]
}
