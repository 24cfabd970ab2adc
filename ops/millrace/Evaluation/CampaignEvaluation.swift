/// `campaign report`: what a campaign has achieved.
enum CampaignEvaluation {
  static let command = Command(
    name: "campaign report",
    summary: "show what a campaign has achieved, against what was hoped for",
    operands: "ID|NAME", operandCount: 1...1, options: ReportForm.options,
    details: """
      From the audience to success; by channel, variant, region, branch and hour of the day; who got nothing and why;
      against the control group, with the interval in which the difference lies; cost and return; earlier campaigns of the
      same objective; how far roll-up-metrics has read what it counts.

      The page (--as html) is one file without anything from elsewhere, in English and Chinese, for screens, phones and
      paper. The spreadsheet (--as csv) has a line for each figure, and no cell that would be taken for a formula.
      """,
    examples: [
      ("millrace campaign report spring-bonds-2027", "in the terminal"),
      ("millrace campaign report spring-bonds-2027 --as html --out report.html", "as a page, to pass on"),
      ("millrace campaign report 12 --as csv --out report.csv", "for a spreadsheet"),
    ],
    run: run)

  private static func run(_ invocation: Invocation) throws -> Exit {
    let form = try ReportForm.asked(invocation)
    let evaluation = try EvaluationReading.read(invocation.operands[0], try invocation.database())
    let text = EvaluationText(evaluation)
    let written =
      switch form {
      case .table: text.text(width: invocation.output.width)
      case .json: text.json
      case .csv: text.csv
      case .html: EvaluationPage(evaluation).html
      }
    try ReportForm.give(written, form, invocation)
    return .done
  }
}
