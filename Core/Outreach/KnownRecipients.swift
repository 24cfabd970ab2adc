internal import Contract
internal import PhoneNumbers
internal import Postgres

/// The customers that requests name, or whose address alone it is.
struct KnownRecipients: Sendable {
  struct Customer: Sendable {
    let id: Int64
    let language: String?
    /// Of the phone that they prefer, where one is known.
    let phone: PhoneNumber?

    var timeZone: String? {
      phone.flatMap { $0.place.timeZones.isEmpty ? nil : $0.place.timeZones.joined }
    }
  }

  private var byCode: [String: Customer] = [:]
  private var byPhone: [Int64: Customer] = [:]
  private var byEmail: [String: Customer] = [:]

  /// An address that several customers share is nobody's own.
  static func find(_ requests: [MessageIntake.Request]) -> Question<KnownRecipients> {
    let requests = requests.filter { $0.person == nil }
    let codes = Set(requests.compactMap(\.message.customer)).sorted()
    let unnamed = requests.filter { $0.message.customer == nil }
    let phones = Set(unnamed.compactMap(\.phone)).sorted()
    let emails = Set(unnamed.compactMap(\.email)).sorted()
    guard !codes.isEmpty || !phones.isEmpty || !emails.isEmpty else { return Question(known: KnownRecipients()) }
    return Question(
      """
      select k.*, p.phone from (
        select c.code, null::bigint, null::text, c.id, c.language from customer c where c.code = any($1) and c.status <> 'removed'
        union all
        select null, p.phone, null, min(c.id), min(c.language) from customer_phone p join customer c on c.id = p.customer_id
        where p.phone = any($2) group by p.phone having count(*) = 1
        union all
        select null, null, lower(c.email), min(c.id), min(c.language) from customer c
        where $5 and lower(c.email) = any($3) group by lower(c.email) having count(*) = 1) k (code, number, email, id, language)
      left join customer_phone p on $4 and p.customer_id = k.id and p.place = 0
      """
    ) {
      $0.texts(codes) { $0 }
      $0.integers(phones) { $0 }
      $0.texts(emails.map { $0.lowercased() }) { $0 }
      // A phone tells where somebody is whom nothing else tells of.
      $0.boolean(requests.contains { $0.email != nil })
      $0.boolean(!emails.isEmpty)
    } reading: {
      var found = KnownRecipients()
      for row in $0 {
        let phone = row.optionalInteger(5).flatMap { PhoneNumber(digits: $0) }
        let customer = Customer(id: row.integer(3), language: row.optionalText(4), phone: phone)
        if let code = row.optionalText(0) { found.byCode[code] = customer }
        if let phone = row.optionalInteger(1) { found.byPhone[phone] = customer }
        if let email = row.optionalText(2) { found.byEmail[email] = customer }
      }
      return found
    }
  }

  subscript(request: MessageIntake.Request) -> Customer? {
    if let person = request.person {
      return person.customer.map { id in
        Customer(id: id, language: person.language, phone: person.phone.flatMap { PhoneNumber(digits: $0) })
      }
    }
    if let code = request.message.customer { return byCode[code] }
    if let phone = request.phone { return byPhone[phone] }
    return request.email.flatMap { byEmail[$0.lowercased()] }
  }
}
