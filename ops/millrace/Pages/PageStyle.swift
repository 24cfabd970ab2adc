/// How pages look: on screens, light and dark, on phones and on paper.
enum PageStyle {
  static let text = """
    :root { --ink: #16202b; --soft: #5b6876; --line: #dde3ea; --paper: #fff; --ground: #f3f5f8; --send: #1f6f54; --held: #8a94a6;
      --skip: #c9852b; --mark: #fff6e3; --bar: #1f6f5433; }
    @media (prefers-color-scheme: dark) { :root { --ink: #e4e9ee; --soft: #9aa7b4; --line: #2d3742; --paper: #182029; --ground: #0f151b;
      --send: #4fb98f; --held: #77839a; --skip: #d99a45; --mark: #33290f; --bar: #4fb98f44; } }
    * { box-sizing: border-box; }
    body { margin: 0; background: var(--ground); color: var(--ink); font: 15px/1.55 system-ui, "Segoe UI", Roboto, "PingFang SC",
      "Microsoft YaHei", "Noto Sans CJK SC", sans-serif; }
    main { max-width: 60rem; margin: 0 auto; padding: 1.5rem 1rem 4rem; }
    .zh { display: none; }
    #zh:target ~ main .zh { display: revert; }
    #zh:target ~ main .en { display: none; }
    nav { float: right; font-size: .85rem; }
    nav a { color: var(--soft); text-decoration: none; padding: .2rem .6rem; border: 1px solid var(--line); background: var(--paper); }
    nav a:first-child { border-radius: .4rem 0 0 .4rem; } nav a:last-child { border-radius: 0 .4rem .4rem 0; border-left: 0; }
    .to-en, #zh:target ~ main .to-zh { color: var(--ink); font-weight: 600; }
    #zh:target ~ main .to-en { color: var(--soft); font-weight: 400; }
    header { margin-bottom: 1.25rem; }
    .kind { margin: 0; color: var(--soft); font-size: .8rem; letter-spacing: .04em; }
    h1 { margin: .1rem 0 .4rem; font-size: 1.9rem; line-height: 1.2; }
    h2 { margin: 0 0 .8rem; font-size: 1.05rem; } h3 { margin: 0 0 .3rem; font-size: .85rem; color: var(--soft); font-weight: 600; }
    .sub { margin: 0; color: var(--soft); } .sub > * + *::before { content: "· "; }
    .state { color: var(--send); font-weight: 600; }
    section { margin: 1rem 0; padding: 1.1rem 1.25rem 1.2rem; background: var(--paper); border: 1px solid var(--line);
      border-radius: .6rem; }
    .figures { display: grid; grid-template-columns: repeat(auto-fit, minmax(11rem, 1fr)); gap: 1.1rem 1.5rem; }
    .figures div { color: var(--soft); font-size: .85rem; line-height: 1.35; }
    .figures b { display: block; color: var(--ink); font-size: 1.25rem; white-space: nowrap; font-variant-numeric: tabular-nums; line-height: 1.4; }
    .figures .first b { color: var(--send); font-size: 1.9rem; line-height: 1.05; }
    table { width: 100%; border-collapse: collapse; }
    td, th { padding: .32rem 0; border-bottom: 1px solid var(--line); vertical-align: top; text-align: left; }
    td + td, th + th { padding-left: 1rem; }
    tr:last-child td { border-bottom: 0; }
    th { color: var(--soft); font-size: .8rem; font-weight: 600; white-space: nowrap; }
    .sum td { font-weight: 600; border-top: 1px solid var(--soft); }
    .bars code, small { color: var(--soft); font-size: .78rem; }
    .bar { height: .3rem; margin-top: .2rem; background: var(--line); border-radius: .15rem; overflow: hidden; }
    .bar span { display: block; height: 100%; background: var(--send); }
    .columns { display: grid; grid-template-columns: repeat(auto-fit, minmax(17rem, 1fr)); gap: 1.2rem 2.2rem; }
    .note { margin: .7rem 0 0; color: var(--soft); font-size: .85rem; }
    dl { display: grid; grid-template-columns: minmax(6rem, max-content) 1fr; gap: .35rem 1.2rem; margin: 0; }
    dt { color: var(--soft); } dd { margin: 0; min-width: 0; overflow-wrap: anywhere; }
    code, pre { font-family: ui-monospace, "SF Mono", Menlo, Consolas, "Noto Sans Mono CJK SC", monospace; font-size: .85em; }
    pre { margin: .6rem 0 0; padding: .8rem 1rem; overflow-x: auto; background: var(--ground); border-radius: .4rem; white-space: pre-wrap;
      overflow-wrap: anywhere; }
    details { margin-top: .9rem; } summary { cursor: pointer; color: var(--soft); }
    @media print {
      :root { --ink: #16202b; --soft: #5b6876; --line: #dde3ea; --paper: #fff; --ground: #f3f5f8; --send: #1f6f54; --held: #8a94a6;
        --skip: #c9852b; --mark: #fff6e3; --bar: #1f6f5433; }
      body { background: none; font-size: 11px; } main { max-width: none; padding: 0; } nav, details { display: none; }
      section { break-inside: avoid; border-radius: 0; } .bar span { print-color-adjust: exact; } }
    """
}
