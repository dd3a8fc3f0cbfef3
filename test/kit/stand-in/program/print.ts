import { trap } from './settings.ts';

const WIDTH = 76;

function wrap(line: string): string[] {
  const wrapped: string[] = [];
  for (let rest = line; rest !== '';) {
    const space = rest.length > WIDTH ? rest.lastIndexOf(' ', WIDTH) : rest.length;
    const cut = space > 4 ? space : WIDTH;
    wrapped.push(rest.slice(0, cut));
    rest = rest.slice(cut).replace(/^ /, '  ').trimEnd();
  }
  return wrapped;
}

/** Prints one titled box, as the product's doctor and notices look. */
export function box(title: string, lines: readonly string[]): void {
  const body = lines.flatMap(wrap);
  const width = Math.max(title.length + 2, ...body.map((line) => line.length)) + 4;
  const row = (line: string) => `│  ${line.padEnd(width - 2)}│`;
  const top = `◇  ${title} ${'─'.repeat(Math.max(width - title.length - 3, 1))}╮`;
  const framed = [top, row(''), ...body.map(row), row(''), `├${'─'.repeat(width)}╯`, '│'];
  process.stdout.write(`${framed.join('\n')}\n`);
}

/** Prints an answer that was asked for with `--json`. */
export function json(value: unknown): void {
  if (trap('notices-before-json'))
    box('Config warnings', ['- plugins.entries.extra: plugin not found: {"extra"}', '- a notice [1]']);
  process.stdout.write(`${JSON.stringify(value, null, 2)}\n`);
}

/** Never comes back. */
export function hang(): Promise<never> {
  setInterval(() => undefined, 60_000);
  return new Promise<never>(() => undefined);
}
