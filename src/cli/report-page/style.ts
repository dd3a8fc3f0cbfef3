/** The one style sheet of the page: light and dark, screen and paper, from 320 pixels on. It refers to nothing. */
export const STYLE = `
:root {
  color-scheme: light dark;
  --ground: #f4f6f9; --card: #ffffff; --ink: #1b2430; --soft: #4d5a6b; --line: #d5dbe4; --shade: #eef1f6;
  --link: #1a56b0; --good: #176437; --warn: #7d4a00; --bad: #a8201a;
  --work: #3b7ddd; --after: #1f8a70; --down: #d4541c; --undone: #7f8b9b; --downwash: #fdeee5; --out: #98a3b3;
  --c0: #2f6fd0; --c1: #1f8a70; --c2: #8e5bc0; --c3: #b8860b; --c4: #c2477f; --c5: #4f7a1f;
}
@media screen and (prefers-color-scheme: dark) {
  :root {
    --ground: #10151d; --card: #18202b; --ink: #e7ecf3; --soft: #a9b5c5; --line: #2f3a49; --shade: #212b38;
    --link: #8cb8ff; --good: #7fd99a; --warn: #f2c36b; --bad: #ff9088;
    --work: #5b96ec; --after: #36b394; --down: #f0793f; --undone: #8793a5; --downwash: #332219; --out: #6d7a8c;
    --c0: #5b96ec; --c1: #36b394; --c2: #b088e0; --c3: #d5a72e; --c4: #e277a8; --c5: #86b54a;
  }
}
* { box-sizing: border-box; }
html { -webkit-text-size-adjust: 100%; }
body { margin: 0; background: var(--ground); color: var(--ink); font: 16px/1.5 system-ui, -apple-system, "Segoe UI", Roboto, "Noto Sans", "DejaVu Sans", sans-serif; }
header, main, footer, nav { max-width: 68rem; margin: 0 auto; padding: 0 1.25rem; }
header { padding-top: 2rem; }
footer { padding-bottom: 2rem; color: var(--soft); font-size: 0.875rem; }
a { color: var(--link); }
a:focus-visible, summary:focus-visible { outline: 3px solid var(--link); outline-offset: 2px; border-radius: 3px; }
h1 { font-size: 1.75rem; line-height: 1.25; margin: 0 0 0.25rem; text-wrap: balance; }
h2 { font-size: 1.25rem; line-height: 1.3; margin: 0 0 0.75rem; }
h3 { font-size: 1rem; margin: 1.25rem 0 0.5rem; }
p { margin: 0 0 0.75rem; max-width: 48rem; }
section { background: var(--card); border: 1px solid var(--line); border-radius: 10px; padding: 1.25rem; margin: 1rem 0; }
section > :last-child:last-child { margin-bottom: 0; }
code, pre { font-family: ui-monospace, SFMono-Regular, Menlo, Consolas, "DejaVu Sans Mono", monospace; font-size: 0.875em; }
code { unicode-bidi: isolate; direction: ltr; overflow-wrap: anywhere; background: var(--shade); border-radius: 4px; padding: 0.05em 0.3em; }
td pre, li pre { font-size: 0.8125rem; }
pre { background: var(--shade); border-radius: 6px; padding: 0.6rem 0.8rem; margin: 0.4rem 0 0.75rem; white-space: pre-wrap; overflow-wrap: anywhere; }
pre code { background: none; padding: 0; }
.verdict { display: inline-block; font-weight: 600; border: 1px solid currentColor; border-radius: 99px; padding: 0.1rem 0.7rem; margin-bottom: 0.75rem; font-size: 0.875rem; }
.good { color: var(--good); } .warn { color: var(--warn); } .bad { color: var(--bad); } .soft { color: var(--soft); }
.way { color: var(--soft); margin-bottom: 1rem; max-width: none; overflow-wrap: anywhere; }
dl.figures { display: grid; grid-template-columns: repeat(auto-fit, minmax(10rem, 1fr)); gap: 0.75rem; margin: 0; }
dl.figures > div { background: var(--card); border: 1px solid var(--line); border-radius: 10px; padding: 0.75rem 1rem; }
dl.figures dt { color: var(--soft); font-size: 0.875rem; }
dl.figures dd { margin: 0; font-size: 1.375rem; font-weight: 650; line-height: 1.3; }
dl.figures dd small { display: block; font-size: 0.8125rem; font-weight: 400; color: var(--soft); }
nav { padding-top: 1rem; font-size: 0.9375rem; }
nav ul { display: flex; flex-wrap: wrap; gap: 0.25rem 1rem; list-style: none; margin: 0; padding: 0; }
table { border-collapse: collapse; width: 100%; margin: 0 0 0.75rem; font-size: 0.9375rem; font-variant-numeric: tabular-nums; }
caption { text-align: left; color: var(--soft); font-size: 0.875rem; padding-bottom: 0.35rem; }
th, td { text-align: left; vertical-align: top; padding: 0.4rem 0.75rem 0.4rem 0; border-bottom: 1px solid var(--line); font-weight: 400; overflow-wrap: anywhere; }
th:last-child, td:last-child { padding-right: 0; }
thead th { color: var(--soft); font-weight: 600; font-size: 0.8125rem; overflow-wrap: normal; }
th.n, td.n { text-align: right; white-space: nowrap; overflow-wrap: normal; }
time { white-space: nowrap; }
td.s { min-width: 5em; }
li > :last-child, td > :last-child, ul.plain > li:last-child { margin-bottom: 0; }
td > pre { margin-top: 0; }
ul.plain { margin: 0 0 0.75rem; padding-left: 1.25rem; }
ul.plain > li { margin-bottom: 0.35rem; overflow-wrap: anywhere; }
ul.todo { list-style: none; margin: 0; padding: 0; }
ul.todo > li { position: relative; padding: 0.6rem 0 0.6rem 2rem; border-top: 1px solid var(--line); overflow-wrap: anywhere; }
ul.todo > li:first-child { border-top: 0; padding-top: 0; }
ul.todo > li::before { content: ""; position: absolute; left: 0.1rem; top: 0.95rem; width: 1rem; height: 1rem; border: 2px solid var(--soft); border-radius: 4px; }
ul.todo > li:first-child::before { top: 0.3rem; }
ul.todo strong { display: block; }
details { margin-bottom: 0.75rem; }
summary { cursor: pointer; color: var(--link); margin-bottom: 0.5rem; }
svg { display: block; }
.strip { width: 100%; height: 2rem; border-radius: 6px; overflow: hidden; margin-bottom: 0.5rem; }
.bar { width: 100%; height: 0.9rem; margin-top: 0.3rem; }
.swatch { display: inline-block; width: 0.8rem; height: 0.8rem; margin-right: 0.4rem; vertical-align: -0.05rem; }
.work { fill: var(--work); } .after { fill: var(--after); } .down { fill: var(--down); } .undone { fill: var(--undone); } .track { fill: var(--shade); } .out { fill: var(--out); }
.c0 { fill: var(--c0); } .c1 { fill: var(--c1); } .c2 { fill: var(--c2); } .c3 { fill: var(--c3); } .c4 { fill: var(--c4); } .c5 { fill: var(--c5); }
.legend { display: flex; flex-wrap: wrap; gap: 0.25rem 1.25rem; list-style: none; margin: 0 0 1rem; padding: 0; font-size: 0.9375rem; }
table.timeline td.when { width: 40%; min-width: 6rem; }
table.timeline tbody.isdown { background: var(--downwash); }
table.timeline tr.period th { font-weight: 650; padding-top: 0.8rem; }
table.timeline th, table.timeline td { padding-left: 0.5rem; padding-right: 0.5rem; }
@media (max-width: 36rem) {
  header, main, footer, nav { padding-left: 0.75rem; padding-right: 0.75rem; }
  section { padding: 0.9rem 0.75rem; }
  h1 { font-size: 1.4rem; }
  table { font-size: 0.875rem; }
  th, td { padding-right: 0.5rem; }
  dl.figures { grid-template-columns: 1fr 1fr; gap: 0.5rem; }
  dl.figures > div { padding: 0.6rem 0.7rem; }
  dl.figures dd { font-size: 1.15rem; }
  table.timeline .began { display: none; }
  table.timeline td.when { width: 30%; min-width: 4rem; }
}
@media print {
  @page { margin: 14mm; }
  :root { color-scheme: only light; }
  body { background: #ffffff; font-size: 10.5pt; }
  nav { display: none; }
  header, main, footer { max-width: none; padding: 0; }
  section { border: 0; border-top: 1px solid var(--line); border-radius: 0; padding: 0.75rem 0 0; }
  h2, tr.period { break-after: avoid; }
  tr, li, dl.figures > div { break-inside: avoid; }
  svg rect { print-color-adjust: exact; -webkit-print-color-adjust: exact; }
  details::details-content { content-visibility: visible; block-size: auto; }
  summary { color: var(--soft); }
}
`;
