internal import Glibc
internal import Postgres
internal import Printing
internal import Values

/// `leads setup`: the firm from files.
enum LeadsSetup {
  static let command = Command(
    name: "leads setup", summary: "load branches, people, calendars, sources, rules and policies",
    operands: "FILE|DIR", operandCount: 1...1,
    options: [CommandOption("--all", nil, "list every new row, not only their number"), .execute, .json],
    details: """
      A file holds one JSON object; of a directory all *.json and *.csv are read, in order of their names. A table is named
      after its section, people.csv or 10-people.csv, and its headings are the fields. Sections:

        calendars {"code": "CN", "name": "中国大陆", "knownUntil": "2027-12-31",
                   "hours": [{"weekdays": "1-5", "opens": "09:00", "closes": "17:30"}],
                   "days": [{"day": "2026-10-01", "until": "2026-10-07", "name": "国庆节"},
                            {"day": "2026-10-10", "asWeekday": 4}]}
        branches  {"code": "CN-GD", "name": "广东分公司", "level": "province", "parent": "HQ",
                   "timeZone": "Asia/Shanghai", "dayEnd": "24:00", "calendar": "CN", "method": "least-loaded",
                   "catchUp": 3, "heldReminder": 240}                  levels: head-office, province, city, team
        people    {"code": "P0001", "name": "王伟", "branch": "CN-GD", "active": true, "weight": 1, "capacity": 50,
                   "dailyCap": 10, "weeklyCap": 40, "calendar": "CN", "manager": true, "login": "wangwei",
                   "leaveFrom": "2026-02-01T00:00:00+08:00", "leaveUntil": "2026-02-08T00:00:00+08:00"}
        sources   {"code": "wechat", "kind": "channel"}, {"code": "bank", "kind": "institution", "branch": "CN-GD"},
                  {"code": "excel", "kind": "import", "keeps": "person"}       kinds: channel, import, institution,
                                                                               behaviour; keeps: nothing, branch, person
        rules     {"region": "CN-GD/Shenzhen", "source": "wechat", "product": "fund", "language": "zh",
                   "valueFrom": "500000", "valueBelow": "5000000", "currency": "CNY",
                   "validFrom": "2026-01-01T00:00:00+08:00", "validUntil": "2027-01-01T00:00:00+08:00",
                   "how": "steps", "branch": "CN-GD-SZ"}                       how: direct, steps
        policies  {"branch": "CN-GD", "product": "fund", "level": "gold", "days": 7, "workingDays": true, "extension": 5,
                   "maximum": 90, "reminders": "3,1", "lastMorning": "09:00", "reclaimTo": "pool"}       or allocate
        pools     {"branch": "CN-GD", "claimDelay": 60, "claimsADay": 10, "coolOff": 30, "unclaimed": 14,
                   "unclaimedTo": "up", "transferClock": "keep"}               or allocate; or restart
        steps     {"level": "province", "within": 480, "remind": 60, "then": "escalate"}
                                                                               or a branch's; then: escalate, allocate
        agents    {"code": "PJSIP/8001", "person": "P0001"}                    what the telephone system calls them
        queues    {"code": "sales", "branch": "CN-GD", "answerWithin": 20, "short": 5, "callBack": 30}
        firm      an object, not a list: {"phoneConverts": false, "convertedOwner": "manager"}       or owner

      What has a code is known by it; those that the files do not name stay as they are. Rules are read in order and
      replace all rules, as a new set; policies, pools, steps, agents and queues replace all of theirs. A section that
      is left out changes nothing. A field that is left out has its default: parent, calendar (always at work),
      timeZone (Asia/Shanghai), dayEnd (24:00), method (round-robin), catchUp (3), heldReminder (240; 0 is never),
      weight (1), capacity and caps (no bound; 0 takes none), login (none), keeps (nothing), how (direct), remind
      (never). What events tell of people too stays as it is where a row leaves it out: active, manager, leave (of
      somebody new: true, false, none; a leave that is over in the past ends one). In rules and policies what is left
      out matches everything. catchUp is in leads, heldReminder, within and remind are minutes of working time; hours
      are local time, weekdays ISO's: 1 is Monday. Of protection: days from the day a lead is given, extension (as
      days) those from a contact, maximum (none) those in all, reminders (3,1) days before the end, lastMorning (09:00,
      or never) the hour of a last one. Of queues: answerWithin (20) and short (5) in seconds, callBack (30) in minutes
      of working time. Of pools: claimDelay (0) in minutes, coolOff (30) and unclaimed (14, or never) in days,
      claimsADay (no bound).

      What cannot be right is refused with its place: unknown fields and codes, circles, overlaps, calendars that have
      ended, rules with the same conditions for different branches. What is seldom meant is warned of: rules that no
      lead can reach, with those that hide them; no rule for the rest; nobody to take a branch's leads or to pass them
      down; weights and bounds of zero; calendars that end within 30 days.
      """,
    examples: [
      ("millrace leads setup firm.json", "see what would change"),
      ("millrace leads setup firm.json --execute", "load it"),
    ],
    run: run)

  struct Outcome {
    let difference: FirmDifference
    let warnings: [FirmWarnings.Warning]
  }

  private static func run(_ invocation: Invocation) throws -> Exit {
    let firm = try FirmFiles.read(invocation.operands[0])
    let session = try invocation.database()
    let outcome: Outcome
    if invocation.isExecuting {
      outcome = try session.transaction {
        _ = try session.rows("select pg_advisory_xact_lock(hashtextextended('millrace leads setup', 0))")
        let outcome = try compare(firm, session, invocation.operands[0])
        try outcome.difference.write(session)
        if !outcome.difference.isEmpty {
          try OperatorAction.record(invocation, table(outcome.difference, all: true).json, session)
        }
        return outcome
      }
    } else {
      outcome = try compare(firm, session, invocation.operands[0])
    }
    show(outcome, invocation)
    return .done
  }

  static func compare(_ read: Firm, _ session: Connection, _ path: String) throws -> Outcome {
    let known = try FirmTables.read(session)
    let firm = read.completed(by: known)
    let now = try session.rows("select clock_timestamp()")[0].timestamp(0)
    let whole = firm.loaded(over: known)
    do throws(Refusal) { try firm.check(whole, now: now) } catch { throw Failure.no("\(error)") }
    if let zone = try FirmTables.unknownTimeZone((firm.branches ?? []).map(\.timeZone), session) {
      throw Failure.no("\(path): branches: PostgreSQL knows no time zone \(shown(zone)).")
    }
    return Outcome(
      difference: FirmDifference(from: known, to: firm), warnings: FirmWarnings(firm, whole, now: now).all)
  }

  private static func show(_ outcome: Outcome, _ invocation: Invocation) {
    let difference = outcome.difference
    let output = invocation.output
    var table = table(difference, all: invocation.flag("--all") || output.isJSON)
    if output.isJSON {
      for warning in outcome.warnings {
        table.add(.text("warning"), .text(warning.about), .text("warning"), .text(warning.sentence))
      }
    }
    output.show(table, nothing: "Nothing changes.")
    if !output.isJSON, !outcome.warnings.isEmpty {
      output.write("\n")
      for warning in outcome.warnings {
        output.write("Warning: \(printable("\(warning.about): \(warning.sentence)")).\n")
      }
      output.write("\n")
    }
    if !difference.isEmpty {
      output.note(invocation.isExecuting ? "Loaded." : "Nothing was done. To load it, add --execute.")
    }
  }

  /// More than 20 new rows of a kind are counted, unless all are wanted.
  private static func table(_ difference: FirmDifference, all: Bool) -> Table {
    var table = Table(.left("kind"), .left("key"), .left("change"), .left("details"))
    let many = Dictionary(grouping: difference.changes) { Group($0) }.mapValues(\.count)
    var counted: Set<Group> = []
    for change in difference.changes {
      let group = Group(change)
      if !all, change.what != "changed", let count = many[group], count > 20 {
        if counted.insert(group).inserted {
          table.add(.text(change.kind), .text("\(count) of them"), .text(change.what), .text("--all lists them"))
        }
      } else {
        table.add(.text(change.kind), .text(change.key), .text(change.what), .text(change.details))
      }
    }
    return table
  }

  private struct Group: Hashable {
    let kind: String
    let what: String

    init(_ change: FirmDifference.Change) {
      kind = change.kind
      what = change.what
    }
  }
}
