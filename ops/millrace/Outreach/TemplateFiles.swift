internal import JSON
internal import Templates
internal import Values

/// The files that templates are read from: one, or those of a directory.
enum TemplateFiles {
  static func read(_ path: String) throws(Failure) -> [StoredTemplate] {
    var templates: [StoredTemplate] = []
    for file in try InputFiles.named(path, endings: [".json"]) {
      for row in try rows(of: file) {
        guard !templates.contains(where: { $0.key == row.key }) else {
          throw .no("\(file): \(row.key.joined(separator: " ")) stands there twice.")
        }
        templates.append(row)
      }
    }
    return templates
  }

  /// A row as it stands there, with the files that it names.
  private struct Row {
    var template: StoredTemplate
    let path: String
    var textFile: String?
    var htmlFile: String?
  }

  private static func rows(of file: String) throws(Failure) -> [StoredTemplate] {
    let bytes = try InputFiles.contents(of: file)
    let read: Result<[Row], Refusal> = bytes.withUnsafeBytes { text in
      Result { () throws(Refusal) in try JSONTape().read(text) { root throws(Refusal) in try self.rows(root) } }
    }
    let rows: [Row]
    do throws(Refusal) { rows = try read.get() } catch { throw .no("\(file): \(error)") }
    let folder = file.lastIndex(of: "/").map { String(file[...$0]) } ?? ""
    var templates: [StoredTemplate] = []
    for row in rows {
      var template = row.template
      if let name = row.textFile { template.source.text = try text(folder + name) }
      if let name = row.htmlFile { template.source.html = try text(folder + name) }
      do throws(Refusal) { _ = try template.check() } catch {
        throw .no("\(file): \(row.path).\(error)")
      }
      templates.append(template)
    }
    return templates
  }

  /// Without the last line's end, which editors put there.
  private static func text(_ file: String) throws(Failure) -> String {
    let bytes = try InputFiles.contents(of: file)
    guard var text = String(validating: bytes, as: UTF8.self) else { throw .no("\(file) is not UTF-8.") }
    if text.last?.isNewline ?? false { text.removeLast() }
    return text
  }

  private static func rows(_ root: JSONObject) throws(Refusal) -> [Row] {
    try root.refuseOthers("templates")
    var rows: [Row] = []
    for (index, object) in try root.objects("templates", atMost: 10_000).enumerated() {
      rows.append(try row(object, "templates[\(index)]"))
    }
    guard !rows.isEmpty else { throw Refusal("missing", at: "templates", "the field is required") }
    return rows
  }

  private static func row(_ object: JSONObject, _ path: String) throws(Refusal) -> Row {
    try object.refuseOthers(
      "name", "channel", "language", "subject", "text", "textFile", "html", "htmlFile", "providerTemplate", "signature")
    let text = try object.optionalText("text", 0...Template.longestSource)
    let html = try object.optionalText("html", 0...Template.longestSource)
    let textFile = try object.optionalText("textFile")
    let htmlFile = try object.optionalText("htmlFile")
    guard (text == nil) != (textFile == nil) else {
      throw Refusal("missing", at: object.path("text"), "either text or textFile is required")
    }
    guard html == nil || htmlFile == nil else {
      throw Refusal("contradiction", at: object.path("html"), "html and htmlFile exclude each other")
    }
    let source = MessageTemplate.Source(
      channel: try object.choice("channel"), language: try object.text("language", 1...35), text: text ?? "",
      subject: try object.optionalText("subject", 1...1000), html: html)
    let template = StoredTemplate(
      name: try object.text("name", 1...63), source: source,
      providerTemplate: try object.optionalText("providerTemplate", 1...100),
      signature: try object.optionalText("signature", 1...40))
    return Row(template: template, path: path, textFile: textFile, htmlFile: htmlFile)
  }
}
