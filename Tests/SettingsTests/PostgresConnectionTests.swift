import Testing

@testable import Settings

private let postgres = [SettingGroup("PostgreSQL", Setting.postgres)]

private func read(_ variables: [String: String], files: [String: String] = [:]) throws -> String {
  try Settings(reading: Environment(variables, files: files), declared: postgres)[.postgres].conninfo
}

@Suite struct PostgresConnectionTests {
  @Test("without DATABASE_URL libpq reads its own variables")
  func empty() throws {
    #expect(try read(["PGHOST": "db", "PGPASSWORD": "x"]) == "")
    #expect("\(PostgresConnection(""))" == "from PG… variables")
  }

  @Test("DATABASE_URL is handed on as it is, also from its file")
  func url() throws {
    #expect(try read(["DATABASE_URL": "postgres://u@h/d"]) == "postgres://u@h/d")
    #expect(try read(["DATABASE_URL_FILE": "/u"], files: ["/u": "host=h dbname=d\n"]) == "host=h dbname=d")
  }

  @Test("PGPASSWORD_FILE adds the password, escaped for either form")
  func passwordFile() throws {
    let files = ["/p": "it's \\ 100%&é\n"]
    #expect(try read(["PGPASSWORD_FILE": "/p"], files: files) == "password='it\\'s \\\\ 100%&é'")
    #expect(
      try read(["PGPASSWORD_FILE": "/p", "DATABASE_URL": "host=h"], files: files)
        == "host=h password='it\\'s \\\\ 100%&é'")
    #expect(
      try read(["PGPASSWORD_FILE": "/p", "DATABASE_URL": "postgresql://u@h/d?sslmode=require"], files: files)
        == "postgresql://u@h/d?sslmode=require&password=it%27s%20%5C%20100%25%26%C3%A9")
  }

  @Test("a password given twice and a wrong shape are sentences without the value")
  func wrong() {
    let files = ["/p": "x"]
    for url in ["postgres://u:pw@h/d", "postgres://h/d?password=pw", "host=h password='p w'"] {
      #expect(
        sentences(["DATABASE_URL": url, "PGPASSWORD_FILE": "/p"], files: files, postgres)
          == ["PGPASSWORD_FILE is set, but DATABASE_URL already has a password; give one of them."])
    }
    for url in ["mysql://u:hunter2@h/d", "hunter2"] {
      let told = sentences(["DATABASE_URL": url], postgres)
      #expect(told.count == 1)
      #expect(!told[0].contains("hunter2"))
    }
    #expect(
      sentences(["PGPASSWORD": "a", "PGPASSWORD_FILE": "/p"], files: files, postgres)
        == ["PGPASSWORD and PGPASSWORD_FILE are both set; give one of them."])
  }

  @Test(
    "printing masks every password",
    arguments: [
      ("postgresql://u:hunter2@h:5432/d", "postgresql://u:***@h:5432/d"),
      ("postgresql://u:hun@ter2@h/d", "postgresql://u:***@h/d"),
      ("postgresql://u:hun?ter2@h/d", "postgresql://u:***@h/d"),
      ("postgresql://u:hun/ter2@h/d", "postgresql://u:***@h/d"),
      ("postgres://h/d?sslmode=require&password=hunter2", "postgres://h/d?sslmode=require&password=***"),
      ("host=h password=hunter2 user=u", "host=h password=*** user=u"),
      ("password='hun\\'ter 2'host=h", "password=*** host=h"),
      ("host=h sslpassword = 'x'", "host=h sslpassword=***"),
    ])
  func masked(conninfo: String, shown: String) {
    #expect("\(PostgresConnection(conninfo))" == shown)
  }

  @Test("a parameter is added to either form")
  func adding() {
    #expect(
      PostgresConnection("").adding("application_name", "allocate-leads").conninfo
        == "application_name='allocate-leads'")
    #expect(
      PostgresConnection("postgres://h/d").adding("options", "-c a=b").conninfo
        == "postgres://h/d?options=-c%20a%3Db")
  }
}
