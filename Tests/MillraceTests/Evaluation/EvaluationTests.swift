import Testing
import Values

@testable import millrace

/// What reports are made of, without a database: words, numbers, tables, spreadsheets, pages.
@Suite struct EvaluationTests {
  @Test(
    "a text that a spreadsheet would take for a formula gets an apostrophe, and a number stays one",
    arguments: [
      ("=1+1", "'=1+1"), ("+86", "+86"), ("-12.5", "-12.5"), ("-1+2", "'-1+2"), ("@SUM(A1)", "'@SUM(A1)"),
      ("\tx", "\"'\tx\""),
      ("\rx", "\"'\rx\""), ("\r\n=x", "\"'\r\n=x\""), ("＝1", "'＝1"), ("a=b", "a=b"), ("", ""), ("a,b", "\"a,b\""),
      ("a;=b", "\"a;=b\""),
      ("he said \"=\"", "\"he said \"\"=\"\"\""), ("-", "'-"), ("-.5", "'-.5"),
    ])
  func formulas(_ text: String, _ written: String) {
    #expect(Spreadsheet.written(.text(text)) == written)
  }

  @Test("a spreadsheet has a line for each figure, whole numbers as they are, and a currency beside each sum")
  func sheet() throws {
    let csv = EvaluationText(MadeUpEvaluation.evaluation()).csv
    #expect(csv.hasPrefix("\u{FEFF}section,key,detail,measure,value,currency\r\n"))
    for line in [
      "total,spring-bonds-2027,,targeted,61240,", "funnel,reached,,people,53280,", "channels,sms,,cost,2691.36,CNY",
      "reasons,skipped,opted-out,people,3027,", "lift,lift,,rate,0.008407,",
      "total,spring-bonds-2027,,revenue,1200.50,HKD",
      "earlier,spring-bonds-2026,,conversionRate,", "assets,2027-03-30,control,people,2904,", "hours,09,,sent,",
    ] { #expect(csv.contains("\r\n" + line), "\(line)") }
    // Nothing begins a cell that a spreadsheet would calculate.
    for line in csv.dropFirst().split(separator: "\r\n") {
      for cell in line.split(separator: ",") {
        #expect(!"=+@\t".contains(cell.first ?? "x") && (cell.first != "-" || Double(cell) != nil), "\(line)")
      }
    }
  }

  @Test("the same figures are there for machines, and in the terminal for people")
  func tables() throws {
    let text = EvaluationText(MadeUpEvaluation.evaluation())
    for part in [
      #""campaign":"spring-bonds-2027""#, #""funnel":["#, #"{"stage":"reached","people":53280"#, #""channel":"sms""#,
      #""cost":[{"amount":"2691.36","currency":"CNY"}]"#, #""launched":"2027-03-01T01:00:00.000000Z""#,
    ] { #expect(text.json.contains(part), "\(part)") }
    let shown = text.text(width: nil)
    for part in [
      "spring-bonds-2027: Spring bonds 春季债券\nfinished, launched 2027-03-01 09:00 (Asia/Shanghai).",
      "reached     53,280        87.0 %        97.8 %", "1,042    115.8 %",
      "not-delivered", "Against the control group", "0.84 %",
    ] { #expect(shown.contains(part), "\(part) in \(shown)") }
    // Long ones are cut, and it is said where all of it is.
    #expect(shown.contains("… and 1 more: --as json or csv has them.") && !shown.contains("B15 "))
    #expect(text.json.contains(#""branch":"B15""#))
  }

  @Test("tasks have a table of their own, in every form, where a campaign has any")
  func tasks() throws {
    let made = MadeUpEvaluation.evaluation()
    let table = EvaluationTables(made).tasks
    #expect(table.rows.map { $0.keys.map(\.code) }.first == ["done", "interested"])
    let text = EvaluationText(made)
    for line in [
      "tasks,done,interested,tasks,310,", "tasks,done,interested,late,12,", "tasks,done,interested,share,0.775,",
    ] {
      #expect(text.csv.contains("\r\n" + line), "\(line)")
    }
    #expect(!text.csv.contains("tasks,open,,late"))
    #expect(
      text.json.contains(#""tasks":[\#n{"state":"done","outcome":"interested","tasks":310,"share":0.775,"late":12}"#),
      "\(text.json.ranges(of: "\"tasks\":").first.map { text.json[$0.lowerBound...].prefix(200) } ?? "none")")
    #expect(text.text(width: nil).contains("Tasks of those who have the people"))
    let page = EvaluationPage(made).html
    for words in ["客户经理任务", "未联系上", "another channel stood in", "未触达客户", "of those whom nothing reached", "逾期完成"] {
      #expect(page.contains(words), "\(words)")
    }
    let none = MadeUpEvaluation.evaluation(tasks: [])
    #expect(!EvaluationText(none).csv.contains("\r\ntasks,") && !EvaluationPage(none).html.contains("客户经理任务"))
  }

  @Test("the page is one file in both languages, without script, and nothing from outside becomes markup")
  func page() throws {
    let page = EvaluationPage(MadeUpEvaluation.evaluation(title: #"<b>"Spring"</b>\#u{202e}"#)).html
    for text in [
      #"<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">"#,
      #"<i id="zh"></i>"#,
      "&lt;b&gt;&quot;Spring&quot;&lt;/b&gt;\\u{202e}", "<b>53,280</b>", "<svg class=\"wide\"", "<svg class=\"narrow\"",
      "Against the control group",
      "与对照组比较", "回执显示未送达", "=Spring bonds 2026", "95% 置信区间", "2027-03-31 18:05",
    ] { #expect(page.contains(text), "\(text)") }
    for mark in [
      "<script", "<img", "<link", "http:", "https:", "url(", "<b>&quot;", "<b>\"", "\u{202e}", "onclick", "@import",
      "NaN", "inf\"",
    ] {
      #expect(!page.contains(mark), "\(mark)")
    }
    // Every word that a reader of one language sees has its like in the other.
    #expect(page.ranges(of: #"<span class="en">"#).count == page.ranges(of: #"<span class="zh""#).count)
    #expect(page.ranges(of: #"<text class="en "#).count == page.ranges(of: #"<text class="zh "#).count)
  }

  @Test("a campaign of which little is known has a report as well", arguments: [0, 5])
  func small(hours: Int) throws {
    let evaluation = MadeUpEvaluation.evaluation(hours: hours, lift: nil, settled: false, conversion: nil)
    let page = EvaluationPage(evaluation).html
    #expect(
      page.contains("It is still under way") && page.contains("names no conversion")
        && !page.contains("Against the control"))
    #expect(!page.contains("NaN"))
    #expect(EvaluationText(evaluation).text(width: 80).contains("From the audience to success"))
    #expect(
      AxisScale(upTo: 0).top == 1 && EvaluationCounts().responseRate == nil && EvaluationCounts().costPerReached.isEmpty
    )
    #expect(FunnelChart(stages: [("targeted", 0), ("written", 0)]).svg.contains(">–<"))
  }

  @Test("a difference has its interval; without a group there is none; few conversions are named as few")
  func lift() throws {
    #expect(Lift(treated: 0, control: 10, treatedConverted: 0, controlConverted: 0) == nil)
    let lift = try #require(Lift(treated: 1_000, control: 1_000, treatedConverted: 100, controlConverted: 50))
    #expect(abs(lift.difference - 0.05) < 1e-12)
    // By hand: the square root of 0.09/1000 + 0.0475/1000 is 0.011726, and 1.96 times that 0.022983.
    #expect(abs(lift.low - 0.027017) < 1e-5 && abs(lift.high - 0.072983) < 1e-5)
    #expect(!lift.isWithinChance && !lift.isSmall)
    let few = try #require(Lift(treated: 1_000, control: 100, treatedConverted: 12, controlConverted: 1))
    #expect(few.isWithinChance && few.isSmall)
    #expect(LiftChart.points(-0.00416).english == "−0.42 pt" && LiftChart.points(0.1).chinese == "+10.00 个百分点")
  }

  @Test("numbers are written as people read them")
  func numbers() {
    #expect(
      [0, 0.0004, 0.0095, 0.047, 1, -0.002].map(shareShown) == [
        "0.0 %", "0.04 %", "0.95 %", "4.7 %", "100.0 %", "-0.20 %",
      ])
    #expect([1_042, 1_042.5, -3_000.25].map(plainDecimal) == ["1,042", "1,042.5", "-3,000.3"])
    #expect(
      roundNumber(12_500).english == "12.5k" && roundNumber(12_500).chinese == "1.3万"
        && roundNumber(900).english == "900")
    #expect(
      ["3433.725", "0.0644", "21402399.5", "-12345.6", "3.2967"].map { moneyRounded(MadeUpEvaluation.money($0)) } == [
        "3,433.73 CNY", "0.0644 CNY", "21,402,400 CNY", "-12,346 CNY", "3.30 CNY",
      ])
    #expect(AxisScale(upTo: 18_000, steps: 3).marks == [0, 10_000, 20_000] && AxisScale(upTo: 7, steps: 2).top == 10)
    #expect(RankingChart.short("第1营业部 Branch 12 of Shanghai") == "第1营业部 Branch 1…")
  }

  @Test("hours add up to days, and to the hours of the day")
  func time() {
    let evaluation = MadeUpEvaluation.evaluation()
    let all = evaluation.hours.reduce(into: EvaluationCounts()) { $0.add($1.counts) }
    #expect(!evaluation.timeLine.isByHour && evaluation.timeLine.points.count > 15)
    #expect(evaluation.timeLine.points.reduce(into: EvaluationCounts()) { $0.add($1.counts) } == all)
    #expect(evaluation.hoursOfDay.reduce(into: EvaluationCounts()) { $0.add($1) } == all)
    #expect(MadeUpEvaluation.evaluation(hours: 40).timeLine.isByHour)
  }
}
