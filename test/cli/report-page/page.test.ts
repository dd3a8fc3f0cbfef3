import { createHash } from 'node:crypto';
import { parse, type DefaultTreeAdapterTypes as Tree } from 'parse5';
import { describe, expect, it } from 'vitest';
import { reportPage } from '../../../src/cli/report-page/page.ts';
import { foldReport } from '../../../src/core/report.ts';
import { movedJournal } from '../sample.ts';
import { fullReport, hostileReport, rolledBackReport } from './sample-reports.ts';

type Element = Tree.Element;

/** The elements of a page, as a browser would make them of it; a text that the parser had to mend is refused. */
function elementsOf(html: string): readonly Element[] {
  const errors: string[] = [];
  const found: Element[] = [];
  const visit = (node: Tree.Node): void => {
    if ('tagName' in node) found.push(node);
    if ('childNodes' in node) node.childNodes.forEach(visit);
  };
  visit(parse(html, { onParseError: ({ code }) => errors.push(code) }));
  expect(errors).toEqual([]);
  return found;
}

function attributesOf({ attrs }: Element): Readonly<Record<string, string>> {
  return Object.fromEntries(attrs.map(({ name, value }) => [name, value]));
}

function textOf(node: Tree.Node): string {
  if ('value' in node) return node.value;
  return 'childNodes' in node ? node.childNodes.map(textOf).join('') : '';
}

function named(elements: readonly Element[], name: string): readonly Element[] {
  return elements.filter(({ tagName }) => tagName === name);
}

function childrenOf({ childNodes }: Element): readonly Element[] {
  return childNodes.filter((node): node is Element => 'tagName' in node);
}

function only<T>(found: T | undefined): T {
  if (found === undefined) throw new Error('the page has none');
  return found;
}

const PAGES: readonly (readonly [string, () => string])[] = [
  ['of a move', () => reportPage(fullReport())],
  ['of a move that was taken back', () => reportPage(rolledBackReport())],
  ['of a run that has only begun', () => reportPage(foldReport(movedJournal().slice(0, 1)))],
  ['of hostile machines', () => reportPage(hostileReport())],
];

describe.each(PAGES)('the page %s', (_, page) => {
  const elements = elementsOf(page());

  it('lets nothing run and nothing be loaded, and takes the one style sheet that it brings', () => {
    const [policy] = named(elements, 'meta').filter(
      (meta) => attributesOf(meta)['http-equiv'] === 'Content-Security-Policy',
    );
    const [style, ...more] = named(elements, 'style');
    const hash = createHash('sha256')
      .update(style ? textOf(style) : '')
      .digest('base64');
    const { content } = policy ? attributesOf(policy) : { content: '' };
    expect(content).toBe(`default-src 'none'; style-src 'sha256-${hash}'; base-uri 'none'; form-action 'none'`);
    expect(more).toEqual([]);
    expect(textOf(only(style))).not.toMatch(/url\(|@import|expression/i);
  });

  it('is made of harmless elements only, which refer to nothing outside of it', () => {
    const harmless =
      'html head meta title style body header main footer nav section h1 h2 h3 p dl dt dd div ul li a table caption thead tbody tr th td code pre strong small span br time details summary svg rect';
    const strange = elements.map(({ tagName }) => tagName).filter((name) => !harmless.split(' ').includes(name));
    expect(strange).toEqual([]);
    const attributes = new Set(elements.flatMap(({ attrs }) => attrs.map(({ name }) => name)));
    const known =
      'lang charset http-equiv content name class id href scope colspan aria-labelledby aria-label aria-hidden focusable datetime viewbox viewBox preserveAspectRatio x y width height';
    expect([...attributes].filter((name) => !known.split(' ').includes(name))).toEqual([]);
    for (const link of named(elements, 'a')) expect(attributesOf(link)['href']).toMatch(/^#[a-z-]+$/);
  });

  it('has headings in order, landmarks, names for its parts, and heads for its tables', () => {
    const names = elements.map(({ tagName }) => tagName);
    for (const landmark of ['header', 'nav', 'main', 'footer', 'h1', 'title'])
      expect([landmark, names.filter((name) => name === landmark).length]).toEqual([landmark, 1]);
    const ids = elements.flatMap((element) => attributesOf(element)['id'] ?? []);
    expect(new Set(ids).size).toBe(ids.length);
    for (const section of named(elements, 'section')) expect(ids).toContain(attributesOf(section)['aria-labelledby']);
    for (const link of named(elements, 'a')) expect(ids).toContain(attributesOf(link)['href']?.slice(1));
    for (const table of named(elements, 'table'))
      expect(textOf(only(named(childrenOf(table), 'caption')[0]))).not.toBe('');
    for (const head of named(elements, 'th')) {
      expect(attributesOf(head)['scope']).toMatch(/^(?:col|row|rowgroup)$/);
      expect(textOf(head).trim()).not.toBe('');
    }
    for (const picture of named(elements, 'svg')) expect(attributesOf(picture)['aria-hidden']).toBe('true');
  });
});

describe('the page of a report', () => {
  it('shows what hostile machines say, and obeys none of it', () => {
    const html = reportPage(hostileReport());
    const elements = elementsOf(html);
    const text = textOf(only(named(elements, 'body')[0]));
    expect(text).toContain('<script>alert(1)</script> "><img src=x onerror=alert(1)> \' onmouseover=');
    expect(text).toContain('safe\\u{202e}txt.exe');
    expect(text).toContain('&lt;b&gt; &#60;i&#62;');
    expect(html.replaceAll('\n', '')).not.toMatch(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/u);
  });

  it('draws the steps in time, and the stretch without a gateway apart', () => {
    const elements = elementsOf(reportPage(fullReport()));
    const down = elements.filter((element) => attributesOf(element)['class'] === 'isdown');
    expect(down).toHaveLength(1);
    const rows = childrenOf(only(down[0])).map(textOf);
    expect(rows[0]).toContain('No gateway served: 5.0 s, from 2026-11-22 14:00:09 UTC');
    expect(rows.slice(1).map((row) => row.replace(/\d\d:.*/, ''))).toEqual([
      'Stop the old gateway',
      'Keep the old gateway from coming back',
      'Copy what changed since',
      'Compare the copy with the old machine',
      'Set modes and rewrite the old paths',
      'Put the copy in its place',
      "Run the product's doctor",
      'Commit',
      'Start the new gateway',
    ]);
  });

  it('draws every bar inside its picture', () => {
    for (const make of [fullReport, rolledBackReport]) {
      for (const picture of named(elementsOf(reportPage(make())), 'svg')) {
        const [, , width = 0] = (attributesOf(picture)['viewBox'] ?? '').split(' ').map(Number);
        for (const bar of childrenOf(picture)) {
          const { x, width: wide } = attributesOf(bar);
          expect(Number(wide)).toBeGreaterThan(0);
          expect(Number(x)).toBeGreaterThanOrEqual(0);
          expect(Number(x) + Number(wide)).toBeLessThanOrEqual(width + 0.2);
        }
      }
    }
  });

  it('tells each step of a move by hand, and what was done in its place', () => {
    const text = reportPage(fullReport());
    const order = [
      'Stop the old',
      'Pack it',
      'Carry it',
      'Unpack it',
      'Set the owner',
      'doctor',
      'Start it',
      'Check it',
    ];
    const places = order.map((words, at) => text.search(new RegExp(`>${at + 1}\\. [^<]*${words}`)));
    expect(places.every((place, at) => place > (places[at - 1] ?? 0))).toBe(true);
    expect(text).toContain('tar -czf neo.tgz /home/olga/.smart-agent-neo /srv/ws');
    expect(text).toContain('2 of 2 checks passed');
    expect(reportPage(rolledBackReport())).toContain('Done, and taken back again.');
  });

  it('tells what is left for a person: by hand, variables, credentials, and what lies on the old machine', () => {
    const text = reportPage(fullReport());
    for (const words of ['Packages of /w/a', 'and 1 more', 'ANTHROPIC_API_KEY', '3 credentials', 'rm -r -- '])
      expect(text).toContain(words);
    expect(reportPage(rolledBackReport())).not.toContain('What is left for you');
  });

  it('says in red where something is missing', () => {
    const report = fullReport();
    const { old } = report.inventory;
    if (!old) throw new Error('the sample has an inventory');
    const less = { ...report, inventory: { ...report.inventory, new: { ...old, session: old.session - 1 } } };
    expect(reportPage(less)).toContain('<span class="bad">1 fewer</span>');
    expect(reportPage(less)).toContain('NOT all there');
  });
});
