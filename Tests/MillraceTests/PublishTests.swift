import Foundation
import Kafka
import Settings
import TestKit
import Testing

@testable import millrace

/// The command as it is typed, on librdkafka's own mock broker.
@Suite struct PublishTests {
  private final class Run {
    var out = ""
    var err = ""
    var exit = Exit.done

    init(_ words: [String], _ variables: [String: String]) {
      let output = Output(out: { [unowned self] in out += $0 }, err: { [unowned self] in err += $0 })
      exit = Millrace.run(words, Environment(variables), output)
    }
  }

  private let cluster: MockCluster
  private let file = FileManager.default.temporaryDirectory.appending(path: "\(UUID()).jsonl")

  init() throws {
    cluster = try MockCluster()
    try cluster.createTopic("lead.registered", partitions: 3)
  }

  private func publish(_ text: String, _ options: String...) throws -> Run {
    try Data(text.utf8).write(to: file)
    defer { try? FileManager.default.removeItem(at: file) }
    return Run(
      ["publish", "lead.registered", file.path] + options, ["KAFKA_BOOTSTRAP_SERVERS": cluster.bootstrapServers])
  }

  private func stored() throws -> Int64 {
    let admin = try Admin(properties: try cluster.properties())
    return try (Int32(0)..<3).reduce(0) {
      let (low, high) = try admin.watermarks(TopicPartition("lead.registered", $1), within: .seconds(60))
      return $0 + high - low
    }
  }

  @Test("a right file is published and counted")
  func right() throws {
    let lines = (0..<50).map { "{\"phone\":\"\($0)\",\"source\":\"web\"}" }
    let run = try publish(lines.joined(separator: "\n"), "--json")
    #expect(run.exit == .done, "\(run.err)")
    #expect(run.out.contains(#""published":50,"refused":0,"acknowledged":50,"failed":0"#))
    #expect(try stored() == 50)
  }

  @Test("a file with a wrong line publishes nothing and says which line and field")
  func wrong() throws {
    let run = try publish("{\"phone\":\"1\",\"source\":\"web\"}\n{\"phone\":\"1\"}\n")
    #expect(run.exit == .no)
    #expect(run.err.contains("\(file.lastPathComponent):2: source: missing: the field is required"))
    #expect(run.err.contains("1 of 2 lines are wrong; nothing was published."))
    #expect(try stored() == 0)
  }

  @Test("--with-refused publishes wrong lines as well")
  func withRefused() throws {
    let run = try publish("{\"phone\":\"1\",\"source\":\"web\"}\nnonsense\n{\"specversion\":\"9\"}", "--with-refused")
    #expect(run.exit == .done)
    #expect(try stored() == 3)
  }

  @Test("--check publishes nothing")
  func check() throws {
    let run = try publish("{\"phone\":\"1\",\"source\":\"web\"}\n", "--check")
    #expect(run.exit == .done)
    #expect(run.out == "All 1 lines are right.\n")
    #expect(try stored() == 0)
  }

  @Test("at a rate, events leave evenly")
  func rate() throws {
    let lines = (0..<11).map { "{\"phone\":\"\($0)\",\"source\":\"web\"}" }
    let started = ContinuousClock.now
    let run = try publish(lines.joined(separator: "\n"), "--rate", "50/s")
    #expect(run.exit == .done)
    #expect(ContinuousClock.now - started >= .milliseconds(200))
  }

  @Test(
    "the first wrong word of a command line is named",
    arguments: [
      (["publish", "lead.registred", "x"], "did you mean `lead.registered`?"),
      (["publish", "lead.ownership", "x"], "written by the relay alone"),
      (["publish", "lead.registered.dlq", "x"], "there is no topic"),
      (["publish", "lead.registered", "x", "--rate", "fast"], "--rate is \"fast\""),
      (["publish", "lead.registered", "x", "--rate", "0"], "--rate is \"0\""),
      (["publish", "lead.registered", "x", "--source", ""], "--source"),
    ])
  func commandLine(words: [String], sentence: String) {
    let run = Run(words, [:])
    #expect(run.exit == .usage)
    #expect(run.err.contains(sentence))
  }

  @Test("a file that is not there and one without lines are told")
  func noFile() throws {
    let run = Run(["publish", "lead.registered", "/nowhere/x.jsonl"], [:])
    #expect(run.exit == .no)
    #expect(run.err.contains("cannot be read: No such file or directory"))
    #expect(try publish("\n \n").err.contains("has no lines"))
  }

  @Test("a topic that is not there is told at once")
  func noTopic() throws {
    let empty = try MockCluster()
    try Data("{\"phone\":\"1\",\"source\":\"web\"}".utf8).write(to: file)
    defer { try? FileManager.default.removeItem(at: file) }
    let run = Run(["publish", "lead.registered", file.path], ["KAFKA_BOOTSTRAP_SERVERS": empty.bootstrapServers])
    #expect(run.exit == .no)
    #expect(run.err.contains("`millrace topics apply --execute` makes it"))
  }

  @Test("events that the broker refuses are counted, and the exit says so")
  func refusedByBroker() throws {
    // TOPIC_AUTHORIZATION_FAILED
    cluster.fail(.produce, with: [29])
    let run = try publish("{\"phone\":\"1\",\"source\":\"web\"}\n")
    #expect(run.exit == .unreachable)
    #expect(run.err.contains("line 1: "))
    #expect(run.err.contains("1 events were not acknowledged"))
  }
}
