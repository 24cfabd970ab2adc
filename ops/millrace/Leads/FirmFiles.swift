internal import Values

/// The files that a firm is read from: one, or those of a directory.
enum FirmFiles {
  static func read(_ path: String) throws -> Firm {
    var firm = Firm()
    for file in try InputFiles.named(path, endings: [".json", ".csv"]) {
      let read = file.hasSuffix(".csv") ? try FirmTable.read(file) : try object(file)
      do throws(Refusal) { try firm.add(read) } catch { throw Failure.no("\(error)") }
    }
    return firm
  }

  private static func object(_ file: String) throws(Failure) -> Firm {
    let bytes = try InputFiles.contents(of: file)
    do throws(Refusal) { return try Firm(reading: bytes, file: file) } catch { throw .no("\(file): \(error)") }
  }
}
