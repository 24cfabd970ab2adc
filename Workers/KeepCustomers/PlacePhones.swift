import Contract
import PhoneNumbers
import Postgres
import Values

/// Looks up where phones are from that were stored before their region was.
enum PlacePhones: Sweep {
  static let name = "place-phones"
  /// What is stored now has its region.
  static var pause: Duration { .seconds(60) }

  struct Phone: Sendable {
    let digits: Int64
    let customer: Int64
    let place: Int64
  }

  struct Placed: Sendable {
    let phone: Phone
    /// Empty where nobody knows the region of such a number.
    let region: String
  }

  static func claim(_ limit: Int, _ transaction: Transaction) throws(PostgresError) -> [Phone] {
    try transaction.rows(
      """
      select p.phone, p.customer_id, p.place from customer_phone p
      where p.region is null
        and not exists (select from set_aside s where s.sweep = 'place-phones' and s.item = p.customer_id || '/' || p.place)
      order by p.phone, p.customer_id limit $1 for update skip locked
      """
    ) { $0.integer(Int64(limit)) }.map { Phone(digits: $0.integer(0), customer: $0.integer(1), place: $0.integer(2)) }
  }

  static func label(_ phone: Phone) -> String { "\(phone.customer)/\(phone.place)" }

  static func load(_ phones: [Phone], _ cache: inout NoCache, _ transaction: Transaction) -> NothingLoaded {
    NothingLoaded()
  }

  static func decide(_ phone: Phone, _ state: inout NothingLoaded, _ now: Timestamp) -> Decision<Placed> {
    let region = PhoneNumber(digits: phone.digits)?.place.regionPath
    return .apply(
      Placed(phone: phone, region: region?.description ?? ""), outcome: region == nil ? "unknown" : "placed")
  }

  static let writes: [Write<NothingLoaded, Placed>] = [
    .each(
      { $0 },
      """
      update customer_phone p set region = a.region
      from unnest($1::bigint[], $2::bigint[], $3::text[]) a (phone, customer_id, region)
      where p.phone = a.phone and p.customer_id = a.customer_id and p.customer_id = any($2) and p.region is null
      """,
      .integer { $0.phone.digits }, .integer { $0.phone.customer }, .text { $0.region })
  ]

  struct NothingLoaded {}
}
