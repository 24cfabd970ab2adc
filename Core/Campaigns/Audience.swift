public import Postgres

/// Whom a campaign reaches, and why others not: the one SQL behind preview and launch.
///
/// For each person the first that holds is what becomes of them: `too-soon`, of an occasion; `unsuitable`; the first channel that has no
/// obstacle is theirs, and where none is left, the first channel's is the reason: `no-address`, a suppression's reason, `consent-refused`,
/// `no-consent`, `cap`, `no-manager`; then
/// `duplicate-address`, where somebody with a lower number is reached there already; `unknown-language`, where the template is in no
/// language of theirs; `missing-variable`; then the control group.
public struct Audience: Sendable {
  let definition: CampaignDefinition
  let scope: AudienceScope
  let seed: String
  let needs: [TemplateNeed]
  let names: CampaignNames
  let occasion: Occasion?

  /// - Parameters:
  ///   - scope: of the definition's branch.
  ///   - seed: of the campaign's row; it decides who is of which variant and who is held out.
  ///   - needs: of every template that the definition names, in every language that somebody may get it in.
  ///   - names: what its filters name, all of it known; none for a definition that names nothing.
  ///   - occasion: of one that comes again, whose day it is.
  public init(
    _ definition: CampaignDefinition, _ scope: AudienceScope, seed: String, needs: [TemplateNeed],
    names: CampaignNames = .none, occasion: Occasion? = nil
  ) {
    (self.definition, self.scope, self.seed, self.needs, self.names) = (definition, scope, seed, needs, names)
    self.occasion = occasion
  }

  /// The list whose columns templates can be told.
  var columns: CampaignNames.List? { definition.columnsOf.flatMap { names.lists[$0] } }

  /// The next people after a number, in order of it, none of them above the last number: fewer than the limit only where nobody is left.
  public func page(after: Int64, through last: Int64 = .max, limit: Int) -> Question<[Candidate]> {
    candidates(.after(after, through: last, limit: limit), definition.channels.indices)
  }

  /// The lowest and the highest number of those who may be of such an audience; nil where there is nobody.
  public static func numbers(of kind: CampaignDefinition.Kind) -> Question<ClosedRange<Int64>?> {
    func range(_ rows: Rows) -> ClosedRange<Int64>? {
      rows[0].optionalInteger(0).flatMap { lowest in rows[0].optionalInteger(1).map { lowest...$0 } }
    }
    return switch kind {
    case .customers: Question("select min(id), max(id) from customer", reading: range)
    case .leads: Question("select min(id), max(id) from lead", reading: range)
    }
  }

  /// Those of these people who belong to a campaign's audience by now and have no row in it, in order of their numbers. Whoever has an
  /// address that somebody of the campaign is or was reached at, or is left alone at for comparison, has it in vain.
  public func joining(_ subjects: [Int64], _ campaign: Int64) -> Question<[Candidate]> {
    guard !subjects.isEmpty else { return Question(known: []) }
    return candidates(.joining(subjects, campaign: campaign), definition.channels.indices)
  }

  /// People by their numbers as they are now, in order of it, for the channels after one that did not work: whatever the filter says
  /// of them, and though their address be somebody else's too. Whoever is gone is not among them.
  public func people(_ subjects: [Int64], after place: Int) -> Question<[Candidate]> {
    let rest = place + 1..<max(place + 1, definition.channels.count)
    guard !subjects.isEmpty, !rest.isEmpty else { return Question(known: []) }
    return candidates(.people(subjects), rest)
  }

  /// Lets this transaction count with all that the server has, as a lane's statements must not: in memory; by reading a table from its
  /// beginning to its end, which several processes can share; and by putting together who is alike as they come, because groups are few,
  /// whatever the planner believes, and sorting everybody is not. Asked before `counts`.
  public static var roomToCount: Question<Void> {
    Question(
      """
      select set_config('work_mem', '128MB', true), set_config('enable_seqscan', 'on', true), set_config('enable_sort', 'off', true),
        set_config('max_parallel_workers_per_gather', '4', true)
      """)
  }

  /// How many of whom, those who are excluded among them, in one reading.
  public func counts() -> Question<[AudienceCount]> {
    var building = AudienceSQL(audience: self, places: definition.channels.indices)
    building.appendCounted()
    return Question(building.sql) { $0.map(AudienceCount.init) }
  }

  /// Somebody of each variant, channel and language who gets a message, so many at most of each.
  public func samples(_ counts: [AudienceCount], most: Int = 3) -> Question<[Candidate]> {
    struct Kind: Hashable {
      let variant: Int
      let place: Int?
      let language: String?
    }
    let sent = Dictionary(grouping: counts.filter { $0.outcome == .send }) {
      Kind(variant: $0.variant, place: $0.place, language: $0.language)
    }
    let subjects = sent.values.flatMap { Set($0.flatMap { [$0.first, $0.last] }).sorted().prefix(most) }
    guard !subjects.isEmpty else { return Question(known: []) }
    return candidates(.people(subjects.sorted()), definition.channels.indices)
  }

  private func candidates(_ restriction: AudienceSQL.Restriction, _ places: Range<Int>) -> Question<[Candidate]> {
    var building = AudienceSQL(audience: self, places: places)
    building.sql.append("with page as materialized (")
    building.appendReachable(restriction)
    building.sql.append(")")
    let isAlone = if case .people = restriction { true } else { definition.audience == .leads }
    let joined = if case .joining(_, let campaign) = restriction { campaign } else { Int64?.none }
    if !isAlone, joined == nil {
      building.sql.append(", rivals as materialized (select x.subject, x.told_phone, x.told_email from (")
      building.appendReachable(.rivals)
      building.sql.append(" offset '0') x where x.place is not null)")
    }
    building.sql.append(Candidate.columns)
    building.appendJudged {
      $0.sql.append("select * from page")
    } _: {
      if isAlone {
        $0.sql.append("false")
      } else if let joined {
        $0.appendIsTaken(in: joined)
      } else {
        $0.sql.append(
          """
          x.place is not null and (exists (select from rivals r where r.told_phone = x.told_phone and r.subject < x.subject)
            or exists (select from rivals r where r.told_email = x.told_email and r.subject < x.subject))
          """)
      }
    }
    building.sql.append(
      ") x left join branch b on b.id = x.branch_id left join person m on m.id = x.manager_id order by x.subject")
    let constants = definition.variants.indices.map { definition.variables(of: $0) }
    return Question(building.sql) { [kind = definition.audience, columns = columns?.columns ?? []] in
      $0.map { Candidate($0, kind, constants, columns) }
    }
  }
}
