import Digest
import Postgres
import TestKit
import Testing
import Values

/// Every type goes out and comes back in binary format, alone and as an array.
@Suite struct RoundTripTests {
  @Test("single values of every type come back as they went")
  func singles() throws {
    try TestDatabase.with { database in
      let session = try database.connect()
      for value in [Int64.min, -1, 0, 1, .max] {
        let row = try session.rows("select $1::bigint") { $0.integer(value) }[0]
        #expect(row.integer(0) == value)
      }
      for value in [Int32.min, -1, 0, .max] {
        #expect(try session.rows("select $1::int") { $0.small(value) }[0].small(0) == Int(value))
      }
      for value in [true, false] {
        #expect(try session.rows("select $1::bool") { $0.boolean(value) }[0].boolean(0) == value)
      }
      for value in ["", "a", "陈伟", "🚰 e\u{301}", String(repeating: "x", count: 2_000_000), "'\"\\%s;--"] {
        #expect(try session.rows("select $1::text") { $0.text(value) }[0].text(0) == value)
      }
      for value in [[], [0], [UInt8](0...255)] as [[UInt8]] {
        #expect(try session.rows("select $1::bytea") { $0.bytes(value) }[0].bytes(0) == value)
      }
      for value in [Int64(-62_135_596_800_000_000), -1, 0, 1, 946_684_800_000_000, 253_402_300_799_999_999] {
        let time = Timestamp(microseconds: value)
        let row = try session.rows("select $1, to_char($1 at time zone 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS.US\"Z\"')") {
          $0.timestamp(time)
        }[0]
        #expect(row.timestamp(0) == time)
        #expect(row.text(1) == time.rfc3339)
      }
      let print = Fingerprint(high: .max - 1, low: 1)
      #expect(try session.rows("select $1::uuid") { $0.fingerprint(print) }[0].fingerprint(0) == print)
    }
  }

  @Test("NULL of every type comes back as nil")
  func nulls() throws {
    try TestDatabase.with { database in
      let session = try database.connect()
      let row = try session.rows(
        "select $1::bigint, $2::int, $3::bool, $4::text, $5::bytea, $6::timestamptz, $7::uuid, null::float8"
      ) {
        $0.integer(nil)
        $0.small(nil)
        $0.boolean(nil)
        $0.text(nil)
        $0.bytes(nil)
        $0.timestamp(nil)
        $0.fingerprint(nil)
      }[0]
      #expect(row.optionalInteger(0) == nil && row.optionalInteger(1) == nil && row.optionalBoolean(2) == nil)
      #expect(row.optionalText(3) == nil && row.optionalBytes(4) == nil && row.optionalTimestamp(5) == nil)
      #expect(row.optionalFingerprint(6) == nil && row.optionalDouble(7) == nil && row.shown(0) == nil)
    }
  }

  private struct Line: Equatable {
    var integer: Int64?
    var small: Int32?
    var boolean: Bool?
    var text: String?
    var bytes: [UInt8]?
    var time: Timestamp?
    var print: Fingerprint?
  }

  private func full(_ n: Int) -> Line {
    var line = Line()
    line.integer = Int64(n) << 33
    line.small = Int32(-n)
    line.boolean = n % 2 == 0
    line.text = n % 5 == 0 ? "" : "行 \(n)"
    line.bytes = n % 7 == 0 ? [] : [UInt8(n % 256), 0]
    line.time = Timestamp(microseconds: Int64(n) * 1_000_003)
    line.print = Fingerprint(high: UInt64(n), low: .max)
    return line
  }

  @Test(
    "columns of every type come back row by row, empty, with NULLs and in thousands", arguments: [0, 1, 2, 7, 20_000])
  func arrays(count: Int) throws {
    let lines: [Line] = (0..<count).map { n in n % 3 == 2 ? Line() : full(n) }
    try TestDatabase.with { database in
      let session = try database.connect()
      let rows = try session.rows(
        """
        select * from unnest($1::bigint[], $2::int[], $3::bool[], $4::text[], $5::bytea[], $6::timestamptz[],
          $7::uuid[]) with ordinality order by ordinality
        """
      ) {
        $0.integers(lines) { $0.integer }
        $0.smalls(lines) { $0.small }
        $0.booleans(lines) { $0.boolean }
        $0.texts(lines) { $0.text }
        $0.bytes(lines) { $0.bytes }
        $0.timestamps(lines) { $0.time }
        $0.fingerprints(lines) { $0.print }
      }
      let found = rows.map { row in
        Line(
          integer: row.optionalInteger(0), small: row.optionalInteger(1).map { Int32($0) },
          boolean: row.optionalBoolean(2), text: row.optionalText(3), bytes: row.optionalBytes(4),
          time: row.optionalTimestamp(5), print: row.optionalFingerprint(6))
      }
      #expect(found == lines)
    }
  }

  @Test("arrays are read in whole, and those with more than one dimension or NULL elements as documented")
  func readingArrays() throws {
    try TestDatabase.with { database in
      let session = try database.connect()
      let row = try session.rows(
        "select array['a', null, '', '里'], array[1, null, 3], array[5::bigint], '{}'::text[], null::text[]")[0]
      #expect(row.texts(0) == ["a", "", "", "里"])
      #expect(row.array(0) { $0 == nil } == [false, true, false, false])
      #expect(row.integers(1) == [1, 0, 3])
      #expect(row.integers(2) == [5])
      #expect(row.texts(3) == [] && row.texts(4) == [])
    }
  }

  @Test("a prepared statement is used again with other values, and rows tell how many they touched")
  func again() throws {
    try TestDatabase.with { database in
      let session = try database.connect()
      try session.run(script: "create temporary table t (n bigint)")
      for n in 1...3 {
        let rows = try session.rows("insert into t select generate_series(1, $1::bigint)") { $0.integer(Int64(n)) }
        #expect(rows.affected == n)
      }
      let rows = try session.rows("select n, 'x' as label from t")
      #expect(rows.count == 6 && rows.columns == ["n", "label"])
      #expect(try session.rows("select count(*) from pg_prepared_statements")[0].integer(0) == 4)
    }
  }
}
