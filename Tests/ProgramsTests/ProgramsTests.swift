import Programs
import Testing
import Values

@Suite struct ProgramsTests {
  private func run(_ program: Program, within bound: Duration = .seconds(30)) -> ProgramEnd {
    let programs = Programs()
    programs.begin(program, as: 7, within: bound)
    let deadline = BootClock.now + .seconds(60)
    while BootClock.now < deadline {
      if let (number, end) = programs.takeEnded().first {
        #expect(number == 7 && programs.isEmpty)
        return end
      }
    }
    Issue.record("\(program.name) does not end")
    return .timedOut(output: [])
  }

  @Test("a program reads its input and its files, and what it writes is told")
  func output() {
    let long = [UInt8](repeating: 0xE9, count: 3_000_000)
    #expect(run(Program("cat", [], input: long)) == .exited(status: 0, output: long, errors: []))
    #expect(
      run(Program("cat", [Program.file(1), Program.file(0)], files: [[1, 2], [3]]))
        == .exited(status: 0, output: [3, 1, 2], errors: []))
    guard case .exited(let status, let output, let errors) = run(Program("ls", ["/nowhere"])) else {
      Issue.record("ls did not end by itself")
      return
    }
    #expect(status == 2 && output.isEmpty && String(decoding: errors, as: UTF8.self).contains("/nowhere"))
  }

  @Test("it has no descriptor of ours, no blocked signal and no variable but three")
  func nothingOfOurs() {
    // What ls itself opens to look is the one above them.
    #expect(
      run(Program("ls", ["/proc/self/fd"])) == .exited(status: 0, output: Array("0\n1\n2\n3\n".utf8), errors: []))
    guard case .exited(_, let said, _) = run(Program("grep", ["-E", "^Sig(Blk|Ign)", "/proc/self/status"])) else {
      return
    }
    // 32 and 33 are glibc's own.
    let masks = String(decoding: said, as: UTF8.self).split(separator: "\n").map {
      $0.split(separator: "\t").last.flatMap { UInt64($0, radix: 16) }.map { $0 & ~0x1_8000_0000 }
    }
    #expect(masks == [0, 0])
    guard case .exited(_, let variables, _) = run(Program("env", [])) else { return }
    #expect(
      String(decoding: variables, as: UTF8.self).split(separator: "\n").map { $0.prefix { $0 != "=" } } == [
        "PATH", "LANG", "HOME",
      ])
  }

  @Test("one whose time is up is killed; one that is not there is not started; one that dies is told")
  func ends() {
    #expect(run(Program("sleep", ["600"]), within: .milliseconds(20)) == .timedOut(output: []))
    #expect(run(Program("no-such-program", [])) == .notStarted("no-such-program: no such program is installed"))
    #expect(run(Program("sh", ["-c", "kill -9 $$"])) == .died(signal: 9, output: []))
    guard case .died(15, let said) = run(Program("sh", ["-c", "echo said; kill -15 $$"])) else {
      Issue.record("it was killed")
      return
    }
    #expect(said == Array("said\n".utf8))
  }

  @Test("many run at once, and each is told once")
  func many() {
    let programs = Programs()
    for number in 0..<40 { programs.begin(Program("echo", ["\(number)"]), as: Int64(number), within: .seconds(30)) }
    var told: [Int64: ProgramEnd] = [:]
    let deadline = BootClock.now + .seconds(60)
    while told.count < 40, BootClock.now < deadline {
      for (number, end) in programs.takeEnded() {
        #expect(told[number] == nil)
        told[number] = end
      }
    }
    for number in 0..<40 {
      #expect(told[Int64(number)] == .exited(status: 0, output: Array("\(number)\n".utf8), errors: []))
    }
  }
}
