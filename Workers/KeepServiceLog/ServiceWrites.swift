import Contract
import Postgres
import ServiceLog
import Values

extension RecordActions {
  typealias Change = ServiceEntry
  typealias Cache = PersonCodes

  static let writes: [Write<ServiceBook, ServiceEntry>] = [
    .total(
      { book, _ in book.entries },
      """
      insert into service_log (number, at, organisation, day, what, subject_kind, subject, version, by, login, worker,
        authority, outcome, branch, owner, former_owner, detail, source, event_id, action, salt)
      select number, at, organisation, day::date, what, subject_kind, subject, version, by, login, worker, authority,
        outcome, branch, owner, former_owner, detail, source, event, action, salt
      from unnest($1::bigint[], $2::timestamptz[], $3::text[], $4::text[], $5::text[], $6::text[], $7::text[], $8::int[],
        $9::text[], $10::text[], $11::text[], $12::text[], $13::text[], $14::text[], $15::text[], $16::text[], $17::text[],
        $18::text[], $19::text[], $20::bigint[], $21::bytea[])
        a (number, at, organisation, day, what, subject_kind, subject, version, by, login, worker, authority, outcome,
          branch, owner, former_owner, detail, source, event, action, salt)
      """,
      .integer { $0.entry.number }, .timestamp { $0.entry.at }, .text { $0.entry.organisation }, .text { $0.entry.day },
      .text { $0.entry.content.what }, .text { $0.entry.content.subjectKind }, .text { $0.entry.content.subject },
      .small { $0.entry.content.version }, .text { $0.entry.content.by }, .text { $0.entry.content.login },
      .text { $0.entry.content.worker }, .text { $0.entry.content.authority }, .text { $0.entry.content.outcome },
      .text { $0.entry.content.branch }, .text { $0.entry.content.owner }, .text { $0.entry.content.formerOwner },
      .text { $0.entry.content.detail }, .text { $0.entry.content.source }, .text { $0.entry.content.event },
      .integer { $0.action }, .bytes { $0.entry.salt }),
    .total(
      { book, _ in book.block.map { [$0] } ?? [] },
      """
      insert into service_block (number, epoch, first, entries, at, organisations, days, counts, commitments, previous, hash)
      select number, epoch, first, entries, at, organisations::text[], days::date[], counts::int[], commitments, previous,
        hash
      from unnest($1::bigint[], $2::bigint[], $3::bigint[], $4::int[], $5::timestamptz[], $6::text[], $7::text[],
        $8::text[], $9::bytea[], $10::bytea[], $11::bytea[])
        a (number, epoch, first, entries, at, organisations, days, counts, commitments, previous, hash)
      """,
      .integer { $0.number }, .integer { $0.epoch }, .integer { $0.first }, .small { $0.entries }, .timestamp { $0.at },
      .text { ArrayLiteral.texts($0.counts.map(\.organisation)) }, .text { ArrayLiteral.texts($0.counts.map(\.day)) },
      .text { ArrayLiteral.integers($0.counts.map { Int64($0.entries) }) }, .bytes { $0.commitments },
      .bytes { $0.previous }, .bytes { $0.hash }),
    .total(
      { book, _ in book.taken.filter(\.value.isAll).keys.sorted() },
      "delete from service_due d using unnest($1::bigint[]) a (id) where d.id = a.id",
      .integer { $0 }),
    .total(
      { book, _ in book.taken.filter { !$0.value.isAll }.sorted { $0.key < $1.key } },
      "update service_due d set taken = a.taken from unnest($1::bigint[], $2::int[]) a (id, taken) where d.id = a.id",
      .integer { $0.key }, .small { $0.value.count }),
  ]
}
