extension Setting<String> {
  /// The schema that holds every table of ours.
  public static var databaseSchema: Setting {
    Setting("DATABASE_SCHEMA", .identifier, default: "millrace", "the schema that holds our tables")
  }

  /// The role that every session takes on (`set role`); the login must be a member of it.
  public static func databaseRole(default role: String) -> Setting {
    Setting(
      "DATABASE_ROLE", .identifier, default: role,
      "the role that every session takes on; none keeps the login's own rights")
  }
}

extension SettingKind<String> {
  /// A name of PostgreSQL's: 1 to 63 bytes (NAMEDATALEN - 1; longer ones would be cut without a word).
  static var identifier: SettingKind {
    text("a name of 1 to 63 bytes") { (1...63).contains($0.utf8.count) }
  }
}
