import Settings
import Testing

@testable import Runtime

@Suite struct WorkerSettingsTests {
  @Test(
    "many lanes take smaller batches, unless it is said how large they are",
    arguments: [
      ("1", nil, 1_500), ("2", nil, 1_500), ("3", nil, 750), ("64", nil, 750), ("1", "7", 7), ("4", "5000", 5_000),
    ] as [(String, String?, Int)])
  func batches(lanes: String, given: String?, taken: Int) throws {
    var variables = ["KAFKA_BOOTSTRAP_SERVERS": "127.0.0.1:1", "LANES": lanes]
    variables["BATCH_EVENTS"] = given
    let settings = try WorkerSettings("w", [WorkerSettings.work], reading: Environment(variables))
    #expect(settings.batchEvents == taken && settings.limit.records == taken && settings.bounds.batchRecords == taken)
  }
}
