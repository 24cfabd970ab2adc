internal import Values

/// What the database's functions answer, as sentences that say what to do next.
enum CampaignAnswer {
  static func unknown(_ name: String, _ known: [String]) -> Failure {
    .no("there is no campaign \(shown(name))\(Misspelling.hint(name, known)) See `millrace campaign list`.")
  }

  /// Of `define_campaign`, where nothing was stored.
  static func notDefined(_ answer: String, _ name: String) -> Failure {
    switch answer {
    case "unknown-branch": .no("branch: there is no branch of that code.")
    case "unknown-owner": .no("owner: nobody who is active has that code.")
    case "unknown-hours": .no("hours: there is no calendar of that code. `millrace leads setup` loads calendars.")
    case "defined-by-another": .no("somebody else has just defined \(name): see `millrace campaign show \(name)`.")
    case "launched":
      .no(
        "\(name) was launched and no longer changes: `millrace campaign clone \(name) NEW-NAME` makes a new one of it.")
    case "expired": .no("expires: that is over already.")
    default: shared(answer, name)
    }
  }

  /// Of `step_campaign`, where nothing was done.
  /// - Parameter step: the command's word.
  static func notDone(_ answer: String, _ step: String, _ name: String, seen: Int64?) -> Failure {
    switch answer {
    case "unknown-campaign": .no("there is no campaign \(shown(name)). See `millrace campaign list`.")
    case "changed":
      .no(
        "\(name) is no longer at version \(seen ?? 0): read what it says now, `millrace campaign preview \(name)`, and "
          + "decide again.")
    case "your-own": .no("\(name) is your own: somebody else reviews it.")
    case "no-peer":
      .no(
        "a campaign is reviewed by a manager of a branch of its author's level, with its branch in their scope; you are "
          + "none.")
    case "no-preview":
      .no(
        "nobody has seen yet what this version of \(name) would do: `millrace campaign preview \(name)`, then \(step) it."
      )
    case "expired":
      .no(
        "\(name) has expired: \(step == "resume" ? "`millrace campaign extend \(name) --until TIME`" : "define it with a later end")."
      )
    case "no-reason": .no("say why: --note TEXT.")
    case "not-later": .no("--until has to be in the future, and after the present end.")
    case let answer where answer.hasPrefix("is-"):
      .no(wrongState(String(answer.dropFirst(3)), step, name))
    default: shared(answer, name)
    }
  }

  /// Of all functions that act for the login's person.
  static func shared(_ answer: String, _ name: String) -> Failure {
    switch answer {
    case "no-person":
      .no(
        "your database login belongs to no active person of the firm: `login` in `millrace leads setup` says whose it is."
      )
    case "not-your-branch":
      .no("\(name) is for a branch that is neither yours nor below yours.")
    default: .no("nothing was done; the database answers \(shown(answer)).")
    }
  }

  private static func wrongState(_ state: String, _ step: String, _ name: String) -> String {
    "\(name) \(isIn(state)), so that you cannot \(step) it. \(next(state, name))"
  }

  private static func isIn(_ state: String) -> String {
    switch state {
    case "draft": "is a draft"
    case "submitted": "waits for its review"
    case "scheduled": "is launched and waits for its start"
    case "closed": "has expired"
    default: "is \(state)"
    }
  }

  /// What can be done with a campaign in this state.
  static func next(_ state: String, _ name: String) -> String {
    switch state {
    case "draft":
      "Next: `millrace campaign preview \(name)` shows what it would do, `millrace campaign submit \(name)` asks for its review."
    case "submitted":
      "Next: a peer of its author reads `millrace campaign preview \(name)`, then approves or rejects it."
    case "approved": "Next: `millrace campaign launch \(name)`."
    case "rejected":
      "Next: `millrace campaign define` with a better definition, or `millrace campaign submit \(name)` once more."
    case "scheduled", "running":
      "Next: `millrace campaign status \(name) --watch` follows it; `pause`, `extend` and `cancel` are there."
    case "paused": "Next: `millrace campaign resume \(name)`, or `cancel`."
    case "closed": "What is under way still ends: `millrace campaign status \(name)`."
    default: "It is over; `millrace campaign clone \(name) NEW-NAME` makes a new one of it."
    }
  }
}
