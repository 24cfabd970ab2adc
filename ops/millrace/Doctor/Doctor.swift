internal import Printing
internal import Settings
internal import Values

/// `doctor`: everything that must be right before workers run, one line each, with what to do about it.
enum Doctor {
  static let command = Command(
    name: "doctor", summary: "check settings, PostgreSQL and Kafka, and say what to do", options: [.json],
    details: """
      Changes nothing. Run it with the environment of a worker. Exits with 1 if anything is wrong; a `note` is not.
      """,
    examples: [("millrace doctor", "check everything")],
    run: run)

  private static func run(_ invocation: Invocation) throws -> Exit {
    var findings: [Finding] = []
    do {
      let settings = try invocation.databaseSettings()
      findings.append(.ok("settings", "PostgreSQL: \(settings[.postgres]), schema \(settings[.databaseSchema])"))
      findings += PostgresChecks(invocation, settings).run()
    } catch {
      findings += wrong(error)
    }
    do {
      let settings = try invocation.kafkaSettings()
      findings.append(.ok("settings", "Kafka: \(settings[.kafka])"))
      findings += KafkaChecks.run(settings)
    } catch {
      findings += wrong(error)
    }
    show(findings, invocation.output)
    return findings.contains { $0.verdict == .wrong } ? .no : .done
  }

  private static func wrong(_ error: any Error) -> [Finding] {
    guard let error = error as? SettingsError else { return [.wrong("settings", "\(error)", do: "see `--help`")] }
    return error.sentences.map {
      .wrong("settings", $0, do: "correct the variable; `millrace doctor --help` lists all")
    }
  }

  private static func show(_ findings: [Finding], _ output: Output) {
    if output.isJSON {
      var table = Table(.left("check"), .left("verdict"), .left("finding"), .left("remedy"))
      for finding in findings {
        table.add(
          .text(finding.check), .text(finding.verdict.rawValue), .text(finding.fact), .text(optional: finding.remedy))
      }
      return output.show(table)
    }
    let width = findings.map { displayWidth($0.check) }.max() ?? 0
    for finding in findings {
      output.write(
        "\(padded(finding.verdict.rawValue, to: 5))  \(padded(finding.check, to: width))  \(printable(finding.fact))\n")
      if let remedy = finding.remedy { output.write(padded("", to: 5 + 2 + width + 2) + "→ \(printable(remedy))\n") }
    }
  }
}
