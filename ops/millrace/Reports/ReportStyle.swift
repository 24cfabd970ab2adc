/// How pages of reports look, beside what all pages have.
enum ReportStyle {
  static let text = """
    :root { --two: #2f6db3; --three: #c9642b; --soft-bar: #1f6f5426; --track: #eef1f5; --join: #1f6f5418; }
    @media (prefers-color-scheme: dark) { :root { --two: #6ba6e8; --three: #e8935a; --soft-bar: #4fb98f33; --track: #232d37; --join: #4fb98f22; } }
    .sub { display: flex; flex-wrap: wrap; gap: 0 .5rem; } .sub > * + *::before { margin-right: .5rem; content: "·"; }
    .lead { margin: 0 0 .9rem; color: var(--soft); }
    .remarks { margin: 1rem 0 0; padding: .7rem 1rem; border-left: 3px solid var(--skip); background: var(--mark); border-radius: 0 .4rem .4rem 0; }
    .remarks p { margin: .15rem 0; }
    .goals { display: grid; grid-template-columns: repeat(auto-fit, minmax(11rem, 1fr)); gap: 1.1rem 1.8rem; }
    .goals b { font-size: 1.15rem; font-variant-numeric: tabular-nums; } .goals .of { color: var(--soft); font-size: .85rem; }
    .goals .bar { height: .5rem; margin-top: .4rem; border-radius: .25rem; } .goals .bar span { border-radius: .25rem; }
    .goals .short .bar span { background: var(--skip); }
    svg { display: block; width: 100%; height: auto; overflow: visible; } svg.narrow { display: none; }
    svg text { fill: var(--ink); font-size: 13px; font-variant-numeric: tabular-nums; }
    .why .bar span { background: var(--skip); } .why .number, .fresh .number { text-align: right; white-space: nowrap; width: 1%; font-variant-numeric: tabular-nums; }
    svg .strong { font-weight: 600; } svg .big { font-size: 17px; font-weight: 600; } svg .small { font-size: 11.5px; } svg .soft { fill: var(--soft); font-weight: 400; }
    .step { fill: var(--send); } svg .lead { fill: var(--send); } .step { fill-opacity: .82; }
    .step0 { fill: #5f7385; } .step1 { fill: #43788a; } .step2 { fill: #2b7a78; } .step3 { fill: #25816a; } .step4 { fill: #1f8a5c; } .step5 { fill: #1d9350; }
    .step0, .step1, .step2, .step3, .step4, .step5 { fill-opacity: 1; }
    svg .held { fill: var(--held); } .join { fill: var(--join); } .track { fill: var(--track); }
    .axis { stroke: var(--soft); stroke-width: 1; } .grid { stroke: var(--line); stroke-width: 1; }
    .bar-soft { fill: var(--send); fill-opacity: .28; }
    .line1, .line2, .line3, .line-held { fill: none; stroke-width: 2; stroke-linejoin: round; stroke-linecap: round; }
    .line1 { stroke: var(--send); } .line2 { stroke: var(--two); } .line3 { stroke: var(--three); } .line-held { stroke: var(--held); stroke-dasharray: 5 4; }
    .dot { stroke-width: 0; } .line1.dot { fill: var(--send); } .line2.dot { fill: var(--two); } .line3.dot { fill: var(--three); } .line-held.dot { fill: var(--held); }
    .zero { stroke: var(--ink); stroke-width: 1.5; stroke-dasharray: 3 3; } .interval { fill: var(--send); fill-opacity: .25; }
    .whisker { stroke: var(--send); stroke-width: 2; } .point { fill: var(--send); stroke: var(--paper); stroke-width: 2; }
    .data { font-size: .9rem; } .data th { white-space: normal; vertical-align: bottom; } .data th .zh { word-break: keep-all; } .data td.key:first-child { min-width: 9.5rem; }
    .data .number { text-align: right; font-variant-numeric: tabular-nums; white-space: nowrap; } .data th.number { white-space: normal; }
    .data td + td, .data th + th { padding-left: .8rem; }
    .nothing { color: var(--held); }
    h3 { margin: 1.4rem 0 .6rem; } h2 + h3 { margin-top: 0; }
    @media screen and (max-width: 640px) {
      main { padding: 1rem .6rem 3rem; } section { padding: .9rem .9rem 1rem; } h1 { font-size: 1.5rem; }
      svg.wide { display: none; } svg.narrow { display: block; }
      .figures { grid-template-columns: 1fr 1fr; } .figures b { white-space: normal; } .figures .first { grid-column: 1 / -1; }
      .data, .data tbody { display: block; } .data tr:first-child { display: none; }
      .data tr { display: grid; grid-template-columns: repeat(3, minmax(0, 1fr)); gap: .3rem .6rem; padding: .55rem 0; border-bottom: 1px solid var(--line); }
      .data tr:last-child { border-bottom: 0; }
      .data td, .data td + td { padding: 0; border: 0; } .data td.key:first-child { min-width: 0; } .data .key { grid-column: 1 / -1; font-weight: 600; } .data .key + .key { font-weight: 400; margin-top: -.3rem; }
      .data td.number { text-align: left; white-space: normal; overflow-wrap: anywhere; } .data .nothing { display: none; }
      .data td.number::before { display: block; color: var(--soft); font-size: .72rem; line-height: 1.25; content: attr(data-en); }
      #zh:target ~ main .data td.number::before { content: attr(data-zh); }
    }
    @media print { :root { --two: #2f6db3; --three: #c9642b; --track: #eef1f5; --join: #1f6f5418; }
      @page { size: A4; margin: 14mm 13mm; } h1 { font-size: 20px; } section { margin: .6rem 0; padding: .7rem .9rem; } .data { font-size: 10px; }
      .data tr { break-inside: avoid; } section.long { break-inside: auto; } svg { print-color-adjust: exact; } .remarks, .bar, .goals .bar span { print-color-adjust: exact; }
      .goals { grid-template-columns: repeat(4, 1fr); } .figures { grid-template-columns: repeat(4, 1fr); } h2 { break-after: avoid; } }
    """
}
