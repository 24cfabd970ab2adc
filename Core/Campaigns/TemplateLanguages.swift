internal import Postgres

/// Which of a template's languages somebody gets: the one that the definition names, else their own, else one that differs from it in
/// its region only, else the only one there is. As `TemplateBook` chooses for a message.
struct TemplateLanguages: Hashable {
  /// Those that anybody may get, sorted.
  let tags: [String]

  init(_ all: some Sequence<String>, wanted: String?) {
    let sorted = all.sorted()
    guard let wanted = wanted?.lowercased() else {
      tags = sorted
      return
    }
    let exact = sorted.first { $0.lowercased() == wanted }
    let near = sorted.first { TemplateLanguages.base($0) == TemplateLanguages.base(wanted) }
    tags = [exact ?? near].compactMap { $0 }
  }

  var isEmpty: Bool { tags.isEmpty }

  private static func base(_ tag: String) -> String { String(tag.lowercased().prefix { $0 != "-" }) }

  /// The tag, or NULL; the person's own language is `x.language`.
  func append(to sql: inout Composition) {
    // Also where the definition names it: then it is the only one.
    guard tags.count > 1 else {
      sql.append { [tags] in $0.text(tags.first) }
      return
    }
    sql.append("case lower(x.language)")
    for tag in tags {
      sql.append(" when ")
      sql.append { $0.text(tag.lowercased()) }
      sql.append(" then ")
      sql.append { $0.text(tag) }
    }
    sql.append(" else case split_part(lower(x.language), '-', 1)")
    var bases: Set<String> = []
    for tag in tags where bases.insert(TemplateLanguages.base(tag)).inserted {
      sql.append(" when ")
      sql.append { $0.text(TemplateLanguages.base(tag)) }
      sql.append(" then ")
      sql.append { $0.text(tag) }
    }
    sql.append(" end end")
  }
}
