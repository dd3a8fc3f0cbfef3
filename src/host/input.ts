import { quoteWord } from './quote.ts';

/** An argv is there for every user of a machine to see, and has an end: what a script or program is to look at comes with its text. */
export interface ScriptInput {
  readonly script: string;
  readonly args: readonly string[];
}

/** What a program of ours reads on stdin, whose `process.argv[2]` the request becomes. */
export interface ProgramInput {
  readonly program: string;
  /** Base64, so that it means nothing to anyone on the way. */
  readonly request: string;
}

/** What `/bin/sh -s` is to read for a script to have these arguments. Pure. Throws a `TypeError` for what no shell could be given. */
export function scriptInput({ script, args }: ScriptInput): string {
  if (!args.every(canBeSaid)) throw new TypeError('a NUL or a lone surrogate cannot be passed on');
  return `set --${args.map((arg) => ` ${quoteWord(arg)}`).join('')}\n${script}`;
}

/** Reads what `scriptInput` has made; null for anything else. Nothing of it is evaluated. Pure. */
export function readScriptInput(text: string): ScriptInput | null {
  const word = / '([^']*(?:'\\''[^']*)*)'/y;
  const args: string[] = [];
  let at = 'set --'.length;
  for (;;) {
    word.lastIndex = at;
    const found = word.exec(text);
    if (!found) break;
    args.push((found[1] ?? '').replaceAll(`'\\''`, "'"));
    at += found[0].length;
  }
  const input = { script: text.slice(at + 1), args };
  return args.every(canBeSaid) && scriptInput(input) === text ? input : null;
}

function canBeSaid(arg: string): boolean {
  return !arg.includes('\0') && arg.isWellFormed();
}

/** What `node -` is to read for a program to have this request. Pure. */
export function programInput({ program, request }: ProgramInput): string {
  return `"use strict";process.argv.push("${request}");\n${program}`;
}

/** Reads what `programInput` has made; null for anything else. Pure. */
export function readProgramInput(text: string): ProgramInput | null {
  const [header, request] = /^"use strict";process\.argv\.push\("([A-Za-z0-9+/]*={0,2})"\);\n/.exec(text) ?? [];
  return header === undefined || request === undefined ? null : { program: text.slice(header.length), request };
}
