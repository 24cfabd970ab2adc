import Contract
import Postgres
import TestKit
import Testing
import Topics

@testable import take_commands

/// Commands about campaigns, signed by a front end for people whom it vouches for.
@Suite struct CommandTests {
  @Test("a plan goes from draft to its end by signed commands, and each step tells which command it came of")
  func wholeLife() async throws {
    try await CommandDesk.open { desk throws in
      #expect(try desk.told() == ["defined ANN"])
      for (wanted, by, state) in [
        (CampaignProgress.Command.submit, "ANN", "submitted"), (.reject, "BEA", "rejected"),
        (.submit, "ANN", "submitted"),
        (.approve, "BEA", "approved"), (.launch, "ANN", "scheduled"), (.pause, "BEA", "paused"),
        (.resume, "ANN", "scheduled"), (.extend, "ANN", "scheduled"), (.cancel, "ANN", "cancelled"),
      ] {
        #expect(try desk.take(desk.command(wanted, by, until: "2099-02-01T00:00:00Z")) == ["taken"], "\(wanted)")
        #expect(try desk.state == state, "\(wanted)")
      }
      #expect(
        try desk.told() == [
          "submitted ANN c1", "rejected BEA c2", "submitted ANN c3", "approved BEA c4", "launched ANN c5",
          "paused BEA c6",
          "resumed ANN c7", "extended ANN c8", "cancelled ANN c9",
        ])
      let kept = try desk.session.rows(
        """
        select distinct concat_ws(' ', command_source, login = 'millrace_take_commands', note) from campaign_step
        where command_id is not null
        """)
      #expect(kept.count == 1 && kept[0].text(0).hasPrefix("https://desk"))
    }
  }

  @Test("what is not its source's own word, and what names nobody or no campaign, is a dead letter")
  func forged() async throws {
    try await CommandDesk.open { desk throws in
      #expect(
        try desk.take(
          desk.command(.submit, "ANN", signed: .not), desk.command(.submit, "ANN", signed: .wrongly),
          desk.command(.submit, "ANN", source: "https://other"), desk.command(.submit, "NOBODY"),
          desk.command(.submit, "ANN", campaign: "summer")) == [
            "millrace_signature: unsigned", "millrace_signature: wrong-signature",
            "millrace_signature: wrong-signature",
            "by: unknown-person", "campaign: unknown-campaign",
          ])
      #expect(try desk.state == "draft" && desk.told() == ["defined ANN"])
    }
  }

  @Test("nothing comes of what the person may not do either, and whoever commanded it is told why")
  func declined() async throws {
    try await CommandDesk.open { desk throws in
      _ = try desk.told()
      try desk.take(
        desk.command(.submit, "ANN", ago: 601), desk.command(.submit, "GUS"), desk.command(.submit, "WIM"),
        desk.command(.submit, "ANN", version: 2), desk.command(.approve, "BEA"),
        desk.command(.cancel, "ANN", note: nil),
        desk.command(.submit, "ANN", ago: 590), desk.command(.approve, "ANN"), desk.command(.launch, "ANN"))
      #expect(
        try desk.told() == [
          "submit ANN c1: stale", "submit GUS c2: inactive", "submit WIM c3: not-your-branch", "submit ANN c4: changed",
          "approve BEA c5: is-draft", "cancel ANN c6: no-reason", "submitted ANN c7", "approve ANN c8: your-own",
          "launch ANN c9: is-submitted",
        ])
      #expect(try desk.state == "submitted")
    }
  }

  @Test("of two that command the same at once, one is obeyed and the other told what the campaign is now")
  func twice() async throws {
    try await CommandDesk.open { desk throws in
      try desk.take(desk.command(.submit, "ANN"), desk.command(.approve, "BEA"))
      _ = try desk.told()
      try desk.take(desk.command(.launch, "ANN"), desk.command(.launch, "BEA"))
      #expect(try desk.told() == ["launched ANN c3", "launch BEA c4: is-scheduled"])
    }
  }

  @Test("who acts is said by the worker alone: neither people nor other workers may say it")
  func rights() async throws {
    try await CommandDesk.open { desk throws in
      let calls = [
        "select take_campaign_step(2, 'spring', 'submitted', 1, null, null)",
        "select take_campaign_command(2, 'spring', 'submit', 1, null, null, 'x', 'y', false)",
        "select note_campaign_step(c, 'draft', 'submitted', null, null, 2) from (select (null::campaign).*) c",
      ]
      for role in ["millrace_operator", "millrace_person", "millrace_send_sms"] {
        try desk.session.run(script: "set role \(role)")
        for call in calls {
          #expect(throws: PostgresError.self, "\(role): \(call)") { try desk.session.run(script: call) }
        }
        try desk.session.run(script: "reset role")
      }
      try desk.session.run(script: "set role millrace_take_commands")
      for call in [
        calls[0], calls[2], "update campaign set state = 'running'", "select step_campaign('spring', 'submitted', 1)",
      ] {
        #expect(throws: PostgresError.self, "\(call)") { try desk.session.run(script: call) }
      }
      try desk.session.run(script: "reset role")
      #expect(try desk.state == "draft")
    }
  }

  @Test("campaigns are locked in the order of their numbers, whatever order commands come in")
  func order() async throws {
    try await CommandDesk.open { desk throws in
      for name in ["winter", "autumn"] {
        try desk.session.run(script: "update person set login = case when code = 'ANN' then session_user end")
        #expect(
          try desk.ask("select define_campaign($1)", CommandDesk.plan.replacing("\"spring\"", with: "\"\(name)\""))
            == "defined")
      }
      let locked = try desk.session.rows("select lock_campaigns('{autumn,spring,nothing,winter}')").map { $0.text(0) }
      #expect(locked == ["spring", "winter", "autumn"])
    }
  }
}
