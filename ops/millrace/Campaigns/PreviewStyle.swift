/// How a preview's page looks, beside what all pages have.
enum PreviewStyle {
  static let text = """
    .old { margin: .8rem 0 0; padding: .6rem .9rem; background: var(--mark); border-left: 4px solid var(--skip); font-weight: 600; }
    .warnings { background: var(--mark); border-color: var(--skip); } .warnings ul { margin: 0; padding-left: 1.2rem; }
    .stack { display: flex; height: 1.1rem; margin-bottom: .8rem; border-radius: .3rem; overflow: hidden; background: var(--line); }
    .stack span { flex-basis: 0; }
    .send { background: var(--send); } .held { background: var(--held); } .skip { background: var(--skip); }
    td i { display: inline-block; width: .7rem; height: .7rem; margin-right: .5rem; border-radius: .15rem; }
    section > table:not(.steps) td:not(:first-child), .bars td:not(:first-child) { text-align: right; white-space: nowrap;
      font-variant-numeric: tabular-nums; width: 1%; }
    .why .bar span { background: var(--skip); }
    .cards { display: grid; grid-template-columns: repeat(auto-fill, minmax(17rem, 1fr)); gap: 1.1rem; align-items: start; }
    article { min-width: 0; } .facts { margin: 0 0 .35rem; color: var(--soft); font-size: .8rem; } .facts > span + span::before { content: " · "; }
    .message { padding: .7rem .9rem; border: 1px solid var(--line); border-radius: .4rem; background: var(--ground);
      overflow-wrap: anywhere; }
    .message p { margin: 0; white-space: pre-wrap; }
    .sms .message { border: 0; border-radius: 1rem 1rem 1rem .25rem; background: var(--bar); }
    .message .subject { margin: 0 0 .5rem; padding-bottom: .4rem; border-bottom: 1px solid var(--line); font-weight: 600; }
    .decision { border: 2px solid var(--send); } .decision p { margin: 0; }
    @media print { .send, .held, .skip { print-color-adjust: exact; } }
    """
}
