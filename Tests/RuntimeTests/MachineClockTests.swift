import Testing

/// A machine whose clock is wrong does no harm: what workers decide is decided by the database's.
@Suite struct MachineClockTests {
  private static let clocks = [
    "clock_gettime", "gettimeofday", "Timestamp.now", "ContinuousClock", "SuspendingClock", "Monotonic", "BootClock",
    "Date()",
  ]

  @Test("no worker, and nothing that workers share about a subject, reads a clock of the machine")
  func none() throws {
    let files = try SourceText.all(
      under: "Workers", "Core/Contract", "Core/LeadClock", "Core/Reminders", "Core/Organisation", "Core/Customers")
    #expect(files.count > 40)
    for file in files {
      for clock in MachineClockTests.clocks { #expect(!file.text.contains(clock), "\(file.path) reads \(clock)") }
    }
  }
}
