package import PhoneNumbers
package import Values

/// A phone number as somebody wrote it in a table.
package enum PhoneCell {
  /// One that can be dialled; in two spellings it is one number.
  /// - Parameter country: that of a national form.
  package static func read(_ written: String, in country: PhoneCountry?) throws(Refusal) -> PhoneNumber {
    let reason: String
    do throws(PhoneNumber.Refusal) {
      let number = try PhoneNumber(parsing: written, in: country)
      if number.possibility == .possible { return number }
      reason = number.possibility.rawValue
    } catch {
      reason = error.rawValue
    }
    throw Refusal(restoring: reason, at: "", meaning(of: reason))
  }

  private static func meaning(of reason: String) -> String {
    switch reason {
    case "too-short": "too few digits for a phone number: a spreadsheet drops leading zeros"
    case "too-long": "too many digits for one phone number: are there two in the cell?"
    case "local-only": "an area code is missing, so that it cannot be dialled from elsewhere"
    case "unknown-country": "no country has this calling code"
    case "impossible-length": "no number of its country has so many digits"
    default: "no phone number is in the cell"
    }
  }
}
