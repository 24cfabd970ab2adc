import Postgres
import TestKit
import Testing

@testable import millrace

/// `campaign verify` and `campaign rebuild`.
@Suite struct CampaignFigureTests {
  private let name = CampaignDesk.name

  /// Launched, with a figure that nothing was heard of.
  private func launched(_ desk: CampaignDesk) throws {
    try desk.define()
    try desk.session.run(
      script: """
        update campaign set state = 'running', launched_at = now();
        insert into campaign_figure select id, date_trunc('hour', now()), 'sms', 0, 'CN-SH', 0, 'accepted', '', '', 3, 3, 0 from campaign;
        """)
  }

  @Test("a difference is printed and is an exit code; what was made again has none, and who did it is kept")
  func verify() throws {
    try CampaignDesk.open { desk throws in
      try launched(desk)
      for words in [[name], ["--all"]] {
        let wrong = desk.run(["verify"] + words + ["--within", "0"])
        #expect(wrong.exit == .no)
        #expect(wrong.out.contains("3 events, 3 parts, 0.0000   0 events, 0 parts, 0.0000"), "\(wrong.out)\(wrong.err)")
      }
      let shown = desk.run("rebuild", name)
      #expect(shown.exit == .done && shown.out.contains("--execute"), "\(shown.out)\(shown.err)")
      #expect(desk.run("verify", name, "--within", "0").exit == .no)
      #expect(desk.run("rebuild", name, "--execute").exit == .done)
      let right = desk.run("verify", name, "--within", "0")
      #expect(right.exit == .done)
      #expect(right.out.contains("are what they are made from"), "\(right.out)")
      let kept = try desk.session.rows("select detail from operator_action where command like '%rebuild%'")
      #expect(kept.map { $0.text(0) } == ["1 differences before"])
    }
  }

  @Test("what is on one side alone is told as none on the other")
  func oneSided() {
    #expect(
      CampaignFigures.told("  ") == "none"
        && CampaignFigures.told("credited 1.000000 5.0000") == "credited 1.000000 5.0000")
  }

  @Test("one campaign, or all of them")
  func operands() throws {
    try CampaignDesk.open { desk throws in
      #expect(desk.run("verify").exit == .usage)
      #expect(desk.run("verify", name, "--all").exit == .usage)
      #expect(desk.run("verify", "nobody").exit == .no)
      #expect(desk.run("rebuild", "nobody").exit == .no)
    }
  }
}
