extension Unicode.Scalar {
  /// Of the general category Cc, to which nothing is ever added (Unicode, "Character Encoding Stability Policies"): told by the
  /// number, without the table that `properties` goes through.
  public var isControl: Bool { value < 0x20 || (0x7F...0x9F).contains(value) }
}
