struct NoFile: Error {}

/// A file that is gone afterwards.
func temporaryFile(_ text: String, _ body: (_ path: String) throws -> Void) throws {
  try temporaryFile(Array(text.utf8), body)
}
