import Kafka
import Postgres
import TestKit
import Testing

@testable import millrace

/// What the command asks Kafka, against librdkafka's own mock brokers.
@Suite struct BrokerTests {
  /// Two partitions with five and no records; a worker that has taken two of the first.
  private func with(_ body: (TestDatabase, Connection, _ cluster: MockCluster) throws -> Void) throws {
    let cluster = try MockCluster()
    try cluster.createTopic("lead.registered", partitions: 2)
    let producer = try Producer(properties: try cluster.properties())
    let value = Array("{}".utf8)
    for _ in 0..<5 {
      try value.withUnsafeBytes { try producer.send(topic: "lead.registered", partition: 0, key: nil, value: $0) }
    }
    try producer.flush(within: .seconds(30))
    try TestDatabase.with { database in
      let session = try database.connect()
      try session.run(
        script: """
          insert into position (worker, topic, partition, next_offset, highest_offset, last_offset, last_time,
            last_checksum, run, run_index) values
            ('allocate-leads', 'lead.registered', 0, 2, 2, 1, 0, 7, 4, 2),
            ('allocate-leads', 'lead.registered', 1, 0, 0, null, null, null, 0, -1)
          """)
      try body(database, session, cluster)
    }
  }

  @Test("lag counts from the position to the end of the log, by topic and by partition")
  func lag() throws {
    try with { database, session, cluster throws in
      let run = CommandRun("lag", on: database, kafka: cluster.bootstrapServers)
      #expect(run.exit == .done, "\(run.err)")
      let unread = try #require(run.rows.first)
      #expect(unread.prefix(3) == ["unread", "allocate-leads lead.registered", "3"])
      let seconds = try #require(Double(unread[3]))
      #expect(seconds >= 0 && seconds < 600)
      try session.run(script: "update position set stopped_rule = 'garbage' where partition = 1")
      let each = CommandRun("lag", "--partitions", on: database, kafka: cluster.bootstrapServers).rows
      #expect(each[0].prefix(3) == ["unread", "allocate-leads lead.registered/0", "3"])
      #expect(each[1] == ["unread", "allocate-leads lead.registered/1", "0", "0.0", "stopped: garbage"])
    }
  }

  @Test("lag shows what waits in the database, with its age")
  func waiting() throws {
    try with { database, session, cluster throws in
      try session.run(
        script: """
          insert into outbox (topic, source, types, keys, payloads, emitted_at) values
            ('lead.ownership', '/x', '{t}', '{a,b}', '{x,y}', now() - interval '1 minute'),
            ('lead.ownership', '/x', '{t}', '{a}', '{x}', now());
          insert into scheduled_event values
            ('k', 1, now() - interval '10 seconds', 't', 's', 'y', 'k', 'p'), ('l', 1, now() + interval '1 day', 't', 's', 'y', 'k', 'p');
          insert into lead (id, source, state, held_reason, held_since, version, registered_at)
            values (1, 's', 'held', 'full', now(), 1, now());
          insert into set_aside (sweep, item, path, reason, detail) values ('sweep', '1', '', 'r', 'd');
          """)
      let rows = CommandRun("lag", on: database, kafka: cluster.bootstrapServers).rows
      let counts = rows.map { "\($0[0]): \($0[1]) \($0[2])" }
      #expect(counts.contains("outbox: lead.ownership 3"))
      #expect(counts.contains("scheduled, overdue: t 1"))
      #expect(counts.contains("held leads: full 1"))
      #expect(counts.contains("dead letters: - 0"))
      #expect(counts.contains("put aside: sweep 1"))
      let outbox = try #require(rows.first { $0[0] == "outbox" })
      #expect(try #require(Double(outbox[3])) >= 60)
    }
  }

  @Test("a position outside the log, and a watch that ends, are shown")
  func outside() throws {
    try with { database, session, cluster throws in
      try session.run(script: "update position set next_offset = 50 where partition = 0")
      let run = CommandRun(
        "lag", "--watch", "--times", "2", "--every", "1", on: database, kafka: cluster.bootstrapServers)
      #expect(run.exit == .done)
      #expect(run.out.split(separator: "\n").filter { $0.contains("its position is outside the log") }.count == 2)
    }
  }

  @Test("a reset is a preview first; then it moves, lifts the stop and forgets the record to compare with")
  func reset() throws {
    try with { database, session, cluster throws in
      try session.run(
        script: "update position set stopped_rule = 'recreated', starts = 2, tries = 1, trying_offset = 2")
      let line = ["positions", "reset", "allocate-leads", "lead.registered/0", "--to", "start"]
      let preview = CommandRun(
        line[0], line[1], line[2], line[3], line[4], line[5], on: database, kafka: cluster.bootstrapServers)
      #expect(preview.exit == .done, "\(preview.err)")
      #expect(
        preview.rows.first == ["allocate-leads", "lead.registered", "0", "2", "0", "-2", "0", "5", "recreated", "no"])
      #expect(try session.rows("select next_offset from position where partition = 0")[0].integer(0) == 2)
      let run = CommandRun(
        line[0], line[1], line[2], line[3], line[4], line[5], "--execute", on: database,
        kafka: cluster.bootstrapServers)
      #expect(run.exit == .done)
      let row = try session.rows(
        """
        select next_offset, highest_offset, last_offset is null and last_time is null and last_checksum is null,
          stopped_rule is null and starts = 0 and tries = 0 and trying_offset is null, run, run_index
        from position where partition = 0
        """)[0]
      #expect(row.integer(0) == 0 && row.integer(1) == 2 && row.boolean(2) && row.boolean(3))
      // Going back repeats nothing: the relay's numbers stay.
      #expect(row.integer(4) == 4 && row.integer(5) == 2)
      #expect(try session.rows("select stopped_rule from position where partition = 1")[0].text(0) == "recreated")
      #expect(try session.rows("select from operator_action").count == 1)
    }
  }

  @Test("a reset goes to the end of every partition, and raises the highest position to what Kafka was told")
  func toEnd() throws {
    try with { database, session, cluster throws in
      let run = CommandRun(
        "positions", "reset", "allocate-leads", "lead.registered", "--to", "end", "--execute", on: database,
        kafka: cluster.bootstrapServers)
      #expect(run.exit == .done, "\(run.err)")
      let rows = try session.rows("select next_offset, highest_offset from position order by partition")
      #expect(rows.map { $0.integer(0) } == [5, 0] && rows.map { $0.integer(1) } == [5, 0])
    }
  }

  @Test(
    "a place that is not there is refused with where the log is",
    arguments: [
      (["allocate-leads", "lead.registered/0", "6"], "lead.registered/0 goes from 0 to 5: there is no offset 6."),
      (["allocate-leads", "nothing", "start"], "Kafka has no topic nothing."),
      (["nobody", "lead.registered", "start"], "there is no position of nobody lead.registered."),
    ])
  func refused(words: [String], sentence: String) throws {
    try with { database, session, cluster throws in
      let run = CommandRun(
        "positions", "reset", words[0], words[1], "--to", words[2], "--execute", on: database,
        kafka: cluster.bootstrapServers)
      #expect(run.exit == .no && run.err.contains(sentence), "\(run.err)")
      #expect(try session.rows("select from operator_action").count == 0)
    }
  }

  @Test("doctor names the topics that are missing or have other partitions")
  func doctor() throws {
    try with { database, _, cluster throws in
      let run = CommandRun("doctor", "--json", on: database, kafka: cluster.bootstrapServers)
      #expect(run.exit == .no)
      #expect(run.out.contains("lead.registered has 2 partitions, 12 are declared"))
      #expect(run.out.contains("lead.ownership is not there"))
      #expect(run.out.contains("sessions stay what they are"))
    }
  }

  @Test("what cannot be reached is said in one line each")
  func nothing() {
    let run = CommandRun(
      "doctor", kafka: "127.0.0.1:1",
      more: ["DATABASE_URL": "host=127.0.0.1 port=1", "KAFKA_SOCKET_TIMEOUT_MS": "1000"])
    #expect(run.exit == .no)
    #expect(run.out.contains("wrong  postgresql") && run.out.contains("wrong  kafka"))
  }

  @Test("recover shows what was found, does nothing without --execute, and then makes this database the known one")
  func recover() throws {
    try with { database, session, cluster throws in
      let none = CommandRun("recover", on: database, kafka: cluster.bootstrapServers)
      #expect(none.exit == .done && none.out.contains("Nothing shows that this database was restored"))
      try session.run(
        script: """
          select database_obstacle();
          update database_identity set timeline = 9;
          update position set stopped_rule = 'restored' where partition = 1;
          update relay set run = 5
          """)
      try tell(4, cluster)
      let preview = CommandRun("recover", on: database, kafka: cluster.bootstrapServers)
      #expect(preview.out.contains("its log goes on in another timeline (1, before 9)"))
      #expect(preview.out.contains("2 here, Kafka was told 4"))
      #expect(preview.out.contains("goes on at 2: 2 are applied once more"))
      #expect(preview.out.contains("Nothing was done"))
      #expect(try session.rows("select database_obstacle()")[0].optionalText(0)?.contains("millrace recover") == true)
      #expect(CommandRun("doctor", "--json", on: database).out.contains("another timeline"))

      let done = CommandRun("recover", "--execute", on: database, kafka: cluster.bootstrapServers)
      #expect(done.exit == .done && done.out.contains("Done."))
      #expect(try session.rows("select database_obstacle()")[0].optionalText(0) == nil)
      let row = try session.rows(
        """
        select next_offset, highest_offset, (select count(*) from position where stopped_rule is not null),
          (select epoch from database_identity), (select run from relay), (select detail from operator_action)
        from position where partition = 0
        """)[0]
      #expect([0, 1, 2, 3, 4].map { row.integer($0) } == [2, 4, 0, 1, 1 << 36])
      #expect(row.text(5).hasPrefix("epoch 1: "))
    }
  }

  private func tell(_ offset: Int64, _ cluster: MockCluster) throws {
    let partition = TopicPartition("lead.registered", 0)
    let consumer = try Consumer(
      group: "allocate-leads", topics: [partition.topic], properties: cluster.properties())
    defer { consumer.close(within: .seconds(5)) }
    let batch = RecordBatch()
    let deadline = ContinuousClock.now + .seconds(90)
    func poll() { _ = consumer.poll(into: batch, upTo: PollLimit(records: 1), wait: .milliseconds(20)) }
    while consumer.rebalance == nil, ContinuousClock.now < deadline { poll() }
    try consumer.assign([partition: offset])
    try consumer.tell([partition: offset])
    while try consumer.committed([partition], within: .seconds(60))[partition] != offset, ContinuousClock.now < deadline
    {
      poll()
    }
  }
}
