public import Values

/// For files, which people write. In events unknown fields are ignored.
extension JSONObject {
  /// A member by another name is refused, with the name that may have been meant.
  public func refuseOthers(_ known: StaticString...) throws(Refusal) { try refuseOthers(known) }

  public func refuseOthers(_ known: [StaticString]) throws(Refusal) {
    for name in names where !known.contains(where: { $0.description == name }) {
      let hint = Misspelling.hint(name, known.map(\.description))
      throw Refusal("unknown-field", at: path("") + Misspelling.shown(name), "nothing reads this field" + hint)
    }
  }
}
