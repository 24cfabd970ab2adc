import Fax
import Programs
import Testing
import Values

@Suite struct FaxTests {
  private let order = FaxPages.Order(
    to: "+8675588888888", text: "一 & <二>\r\n\u{0C}three\u{202E}", reference: "m12.1",
    at: Timestamp(rfc3339: "2026-01-31T23:30:00Z".utf8)!)

  @Test("what stands on the pages is text, whatever is written in it")
  func layouts() {
    let pages = FaxPages(cover: FaxCover(sender: "A & B", phone: "<1>", note: "x\ny"), paper: .letter)
    let programs = pages.layouts(order)
    #expect(programs.map(\.name) == ["paps", "paps"])
    #expect(programs.allSatisfy { $0.arguments.contains("--paper=letter") && $0.arguments.contains("--markup") })
    let cover = String(decoding: programs[0].input, as: UTF8.self)
    for text in ["+8675588888888", "A &amp; B", "&lt;1&gt;", "2026-01-31 23:30 UTC", "m12.1", "x\ny"] {
      #expect(cover.contains(text), "\(text)")
    }
    #expect(String(decoding: programs[1].input, as: UTF8.self) == "一 &amp; &lt;二&gt;\nthree\u{202E}\n")
    #expect(FaxPages(cover: nil).layouts(order).count == 1)
    let lines = String(repeating: "\n", count: FaxPages.mostLines)
    #expect(!FaxPages.isTooLong(lines) && FaxPages.isTooLong(lines + "\n"))
    #expect(pages.said(order).contains("A &amp; B") && pages.said(order).contains("一"))
    let joined = pages.joining([[1], [2]])
    #expect(joined.files == [[1], [2]] && joined.arguments.suffix(2) == ["/proc/self/fd/3", "/proc/self/fd/4"])
    #expect(joined.arguments.contains("-dSAFER"))
  }

  @Test("what fonts have is known to the character")
  func letters() {
    let letters = FaxLetters(
      Array(":charset=20-7e a0\n:charset=4e00-4e02 7f\n:charset=\n:x\n:charset=zz 9-4 4e02-4e10\n".utf8))
    #expect(letters.missing(in: "abc ~\n\t\u{A0}\u{200B}一丐\u{4E10}").isEmpty)
    #expect(letters.missing(in: "a䶮b\u{4E11}䶮é") == ["䶮", "\u{4E11}", "é"])
    #expect(letters.missing(in: "éèêëíìî").count == 5 && FaxLetters([]).missing(in: "a ") == ["a"])
  }

  @Test("a job is handed over under our reference, and only what it printed proves that it was")
  func verdicts() {
    let client = SendFax(server: "fax:4559", dials: 3, hours: 2)
    let program = client.program([7], to: "+86755", reference: "m12.1", within: .seconds(60))
    #expect(program.files == [[7]] && program.arguments.suffix(3) == ["-d", "+86755", "/proc/self/fd/3"])
    // Nobody's sendfax lives on for ever, and nobody dials after the deadline.
    #expect(
      program.name == "timeout" && program.arguments.starts(with: ["--signal=KILL", "60", "sendfax", "-n", "-R"]))
    #expect(program.arguments.contains("now + 120 minutes") && program.arguments.contains("m12.1"))
    let soon = client.program([7], to: "+86755", reference: "m12.1", within: .seconds(60), until: .seconds(600))
    #expect(soon.arguments.contains("now + 10 minutes"))
    func verdict(_ status: Int32, _ output: String, _ errors: String = "") -> SendFax.Verdict {
      SendFax.verdict(.exited(status: status, output: Array(output.utf8), errors: Array(errors.utf8)))
    }
    #expect(verdict(0, "request id is 12 (group id 12) for host fax (1 file)\n") == .accepted(job: "12"))
    // The server had the job, whatever came after.
    #expect(verdict(255, "request id is 7 (group id 7) for host fax (1 file)\n", "lost") == .accepted(job: "7"))
    guard case .unreached = verdict(255, "", "Can not reach service 4559 at host \"fax\".\n") else {
      Issue.record("no session is proof")
      return
    }
    guard case .unreached = verdict(255, "", "/etc/hylafax/typerules: Can not open type rules file.\n") else {
      Issue.record("what fails before the server is asked is proof")
      return
    }
    guard case .unreached = verdict(127, "", "timeout: failed to run command 'sendfax': No such file or directory\n")
    else {
      Issue.record("what was never run has asked for nothing")
      return
    }
    #expect(SendFax.verdict(.timedOut(output: Array("request id is 8 (group".utf8))) == .accepted(job: "8"))
    for (status, said) in [(0, ""), (0, "request id is "), (255, "504 Something else"), (1, "")] as [(Int32, String)] {
      guard case .unknown = verdict(status, said) else {
        Issue.record("\(said) proves nothing")
        return
      }
    }
    #expect(SendFax.verdict(.notStarted("no sendfax")) == .unreached("no sendfax"))
    guard case .unknown = SendFax.verdict(.timedOut(output: [])),
      case .unknown = SendFax.verdict(.died(signal: 9, output: []))
    else {
      Issue.record("a client that is gone proves nothing")
      return
    }
  }
}
