/** What the tokens of a ProxyCommand stand for. */
export interface ProxyPlace {
  /** As it is to be reached. */
  readonly host: string;
  readonly port: number;
  readonly user: string;
  /** As it was typed. */
  readonly typed: string;
}

/** Outside of quotes a shell would make something of these. */
const SHELL_WORK = /[|&;<>()$`*?[\]{}!#~\n]/;

/** Builtins and keywords, and what `exec` takes for an option. */
const ONLY_IN_A_SHELL =
  /^(?:-.*|[.:]|command|builtin|type|eval|exec|cd|source|if|while|until|for|case|time|test|trap|set|export|ulimit|umask)$/;

/**
 * The argv of a ProxyCommand, its tokens (`%h %p %r %n %%`) filled in after it was taken apart, so that no name can become a second word.
 * A leading `exec` is dropped. Null where only a shell could run it (pipes, variables, substitutions): then ssh itself has to. Pure.
 */
export function proxyArgv(command: string, place: ProxyPlace): string[] | null {
  const words = splitWords(command.trim());
  if (words === null) return null;
  const plain = words[0] === 'exec' ? words.slice(1) : words;
  if (ONLY_IN_A_SHELL.test(plain[0] ?? '-')) return null;
  const filled = plain.map((word) => fill(word, place)).filter((word) => word !== null);
  return filled.length === 0 || filled.length < plain.length ? null : filled;
}

function splitWords(text: string): string[] | null {
  const words: string[] = [];
  let word: string | null = null;
  for (let at = 0; at < text.length; at += 1) {
    const char = text[at] ?? '';
    if (char === "'" || char === '"') {
      const end = text.indexOf(char, at + 1);
      const inner = text.slice(at + 1, end);
      if (end < 0 || (char === '"' && /[$`\\]/.test(inner))) return null;
      word = (word ?? '') + inner;
      at = end;
    } else if (char === '\\') {
      word = (word ?? '') + (text[at + 1] ?? '');
      at += 1;
    } else if (/[ \t]/.test(char)) {
      if (word !== null) words.push(word);
      word = null;
    } else if (SHELL_WORK.test(char) || (char === '=' && words.length === 0)) return null;
    else word = (word ?? '') + char;
  }
  return word === null ? words : [...words, word];
}

function fill(word: string, { host, port, user, typed }: ProxyPlace): string | null {
  const tokens = new Map([...Object.entries({ h: host, p: String(port), r: user, n: typed }), ['%', '%']]);
  const used = [...word.matchAll(/%(.?)/g)].map(([, token = '']) => token);
  if (!used.every((token) => tokens.has(token))) return null;
  return word.replaceAll(/%(.)/g, (_whole, token: string) => tokens.get(token) ?? '');
}
