extension Settings {
  /// What `--help` prints about settings: grouped, aligned, wrapped to `columns`.
  public static func help(for groups: [SettingGroup], columns: Int = 80) -> String {
    let entries = groups.flatMap { $0.settings.flatMap(\.help) }
    // A few very long names must not squeeze the text of all others into a narrow column.
    let width = entries.map(\.name.count).filter { $0 <= 26 }.max() ?? 0
    var lines: [String] = []
    for group in groups {
      if !lines.isEmpty { lines.append("") }
      lines.append(group.title)
      for entry in group.settings.flatMap(\.help) {
        let indent = String(repeating: " ", count: width + 4)
        let text = wrap(entry.text, to: max(columns - indent.count, 20))
        if entry.name.count > width {
          lines.append("  \(entry.name)")
          lines += text.map { indent + $0 }
        } else {
          let name = entry.name + String(repeating: " ", count: width - entry.name.count)
          lines.append("  \(name)  \(text.first ?? "")")
          lines += text.dropFirst().map { indent + $0 }
        }
      }
    }
    return lines.joined(separator: "\n") + "\n"
  }
}

private func wrap(_ text: String, to width: Int) -> [String] {
  var lines: [String] = []
  var line = ""
  for word in text.split(separator: " ") {
    if line.isEmpty {
      line = String(word)
    } else if line.count + 1 + word.count <= width {
      line += " \(word)"
    } else {
      lines.append(line)
      line = String(word)
    }
  }
  return line.isEmpty ? lines : lines + [line]
}
