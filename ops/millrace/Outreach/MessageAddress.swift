internal import Mail
internal import PhoneNumbers
internal import Templates
internal import Values

/// Addresses of people as the ledger has them: phones in E.164, e-mail in lower case.
enum MessageAddress {
  /// A national form without a country is mainland China's, as for requests.
  static func phone(_ text: String, country: String? = nil, _ what: String) throws(Failure) -> PhoneNumber {
    var home = PhoneCountry("CN")
    if let country {
      home = PhoneCountry(country)
      guard home != nil else {
        throw .usage("--country is \(shown(country)), which is no country with phone numbers of its own.")
      }
    }
    let number: PhoneNumber
    do throws(PhoneNumber.Refusal) { number = try PhoneNumber(parsing: text, in: home) } catch {
      throw .usage("\(what) is no phone number: \(error.rawValue).")
    }
    guard number.possibility == .possible else {
      throw .usage("\(what) is no phone number that exists: \(number.possibility.rawValue).")
    }
    return number
  }

  static func email(_ text: String, _ what: String) throws(Failure) -> String {
    do throws(Refusal) { return try Mailbox(address: text).address.lowercased() } catch {
      throw .usage("\(what) is no e-mail address.")
    }
  }

  static func of(_ text: String, _ channel: MessageChannel, _ what: String) throws(Failure) -> String {
    channel == .email ? try email(text, what) : try phone(text, what).e164
  }
}

extension Invocation {
  /// The option `--channel`; sms where there is none.
  func channel() throws(Failure) -> MessageChannel {
    guard let word = text("--channel") else { return .sms }
    guard let channel = MessageChannel(rawValue: word) else {
      throw .usage("--channel is \(shown(word)), but must be sms, email or fax.")
    }
    return channel
  }

  /// One of these words, or nil where the option is not given.
  func choice(_ name: String, _ words: [String]) throws(Failure) -> String? {
    guard let word = text(name) else { return nil }
    guard words.contains(word) else {
      throw .usage(
        "\(name) is \(shown(word)), but must be \(words.dropLast().joined(separator: ", ")) or \(words.last ?? "").")
    }
    return word
  }
}
