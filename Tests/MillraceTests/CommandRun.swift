import Kafka
import Settings
import TestKit

@testable import millrace

/// One run of the command in this process, with what it printed.
struct CommandRun {
  let exit: Exit
  let out: String
  let err: String

  init(_ words: String..., on database: TestDatabase? = nil, kafka: String? = nil, more: [String: String] = [:]) {
    self.init(words, on: database, kafka: kafka, more: more)
  }

  init(_ words: [String], on database: TestDatabase? = nil, kafka: String? = nil, more: [String: String] = [:]) {
    var variables = ["IDENTITY_KEY": "a key that only tests have, long enough"].merging(more) { $1 }
    // An empty one takes away what is there by default.
    variables = variables.filter { !$0.value.isEmpty }
    if let database { variables["DATABASE_URL"] = database.conninfo }
    if let kafka {
      variables["KAFKA_BOOTSTRAP_SERVERS"] = kafka
      variables["KAFKA_FETCH_WAIT_MAX_MS"] = "10"
    }
    var out = ""
    var err = ""
    let output = Output(out: { out += $0 }, err: { err += $0 })
    exit = Millrace.run(words, Environment(variables), output)
    self.out = out
    self.err = err
  }

  /// The cells of what was printed as a table, without its heading: columns are three spaces apart.
  var rows: [[String]] {
    out.split(separator: "\n").dropFirst().map { line in
      line.split(separator: "   ").map { $0.split(separator: " ").joined(separator: " ") }
    }
  }
}
