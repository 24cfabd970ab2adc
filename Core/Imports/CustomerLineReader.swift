internal import JSON
internal import Topics
package import Values

/// Makes a line to publish of the data of a `customer.profile`, read as workers read it.
package struct CustomerLineReader {
  private let tape = JSONTape()

  package init() {}

  /// The line is valid as long as `data` is.
  package func read(_ data: UnsafeRawBufferPointer) throws(Refusal) -> PublishLine {
    let event = try tape.read(data) { object throws(Refusal) in
      try CustomerProfile(type: CustomerProfile.types[0], reading: object)
    }
    var line = PublishLine(value: data)
    line.type = event.type
    line.source = "/millrace/customers/import"
    line.key = event.key
    line.id = "\(event.customer.id)/\(event.customer.version)"
    return line
  }
}
