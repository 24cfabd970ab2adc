import Campaigns
import Contract
import Outreach
import Templates
import Topics
import Values

/// What whoever has a customer or a lead is to do, as it is made.
struct NewTask: Sendable {
  let recipient: Recipient.Key
  /// Of the campaign's channels, counted from 0.
  let place: Int
  /// The campaign's name and title.
  let campaign: String
  let title: String
  /// `customer` and the core system's id, or `lead` and its number: as events name it.
  let subject: (kind: String, name: String)
  let assignee: Int64
  let script: String
  let due: Timestamp
}

/// How somebody of a campaign is reached.
enum Approach: Sendable {
  case message(NewMessage)
  case task(NewTask)
}

extension LaunchedCampaign {
  /// - Parameter variables: in place of what is known of them.
  func task(
    about candidate: Candidate, by place: Int, telling variables: [String: TemplateValue]? = nil, _ now: Timestamp
  ) -> Result<NewTask, Unmade> {
    guard let task = plan.channels[place].task, let manager = candidate.manager else {
      return .failure(Unmade("no-manager"))
    }
    do throws(RenderRefusal) {
      let script = try scripts[candidate.variant].text(telling: variables ?? candidate.variables)
      return .success(
        NewTask(
          recipient: Recipient.Key(campaign: id, subject: candidate.subject), place: place, campaign: plan.name,
          title: plan.title,
          subject: candidate.lead == nil
            ? ("customer", candidate.code ?? "") : ("lead", String(candidate.subject)),
          assignee: manager.id, script: script, due: now.adding(seconds: task.due.components.seconds)))
    } catch {
      return .failure(Unmade(MessageIntake.word(error), error.description))
    }
  }
}

extension [Channel: MessageIntake] {
  /// A message that can be sent or a task, or why there is none.
  mutating func approach(
    _ candidate: Candidate, of campaign: LaunchedCampaign, by place: Int, _ request: MessageIntake.Request?,
    telling variables: [String: TemplateValue]? = nil, _ now: Timestamp
  ) -> Result<Approach, Unmade> {
    guard let channel = campaign.plan.channels[place].channel.message else {
      return campaign.task(about: candidate, by: place, telling: variables, now).map { .task($0) }
    }
    guard let request else { return .failure(.noAddress) }
    return compose(request, channel, now).map { .message($0) }
  }
}

extension Write {
  /// Tasks that nobody has been told of yet: `TendTasks` does that, once they are there for everybody.
  static func addingTasks(_ task: @escaping @Sendable (Change) -> NewTask?) -> Write {
    .each(
      task,
      """
      insert into task (campaign_id, subject, place, campaign, title, subject_kind, subject_name, assignee_id, assignee, branch_id,
        script, due_at)
      select a.campaign_id, a.subject, a.place, a.campaign, a.title, a.kind, a.name, a.assignee, p.code, p.branch_id, a.script, a.due
      from unnest($1::bigint[], $2::bigint[], $3::int[], $4::text[], $5::text[], $6::text[], $7::text[], $8::bigint[], $9::text[],
        $10::timestamptz[]) with ordinality a (campaign_id, subject, place, campaign, title, kind, name, assignee, script, due, n)
      join person p on p.id = a.assignee order by a.n
      """,
      .integer { $0.recipient.campaign }, .integer { $0.recipient.subject }, .small { Int32($0.place) },
      .text { $0.campaign }, .text { $0.title }, .text { $0.subject.kind }, .text { $0.subject.name },
      .integer { $0.assignee }, .text { $0.script }, .timestamp { $0.due })
  }
}
