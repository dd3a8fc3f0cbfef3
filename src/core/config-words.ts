/** A part of a value that may be a path of its own, and what stands before it. Put together the parts are the value. */
export interface Word {
  readonly lead: string;
  readonly text: string;
}

/** Variables that are lists of paths by their name: PATH, NODE_PATH, XDG_DATA_DIRS. */
const LIST = /(?:PATHS?|DIRS)$/i;
const VARIABLE = /(?:^|\/)(?:env|environment)(?:\/vars)?\/([^/]+)$/i;
const COMMAND = /(?:^|\/)(?:args|argv|command|cmd|env|environment|[^/]*(?:Args|Command))(?:\/\d+)?$/;
const FLAG = /^(?:(-{1,2}[A-Za-z][\w.-]*|[A-Za-z_]\w*)=(?=.)|(-[A-Za-z])(?=\/))/;

/** Is this the key of a command, an argument or a variable, by its JSON pointer? Pure. */
export function isCommandKey(at: string): boolean {
  return COMMAND.test(at) || VARIABLE.test(at);
}

/**
 * The parts of a value that are paths of their own wherever they stand in it: of a command, an argument or a variable what stands behind
 * `--flag=`, `-I` or `NAME=`, and each place of a list such as PATH. Any other value, and one that could be read in another way, is one part. Pure.
 */
export function wordsOf(value: string, at: string): Word[] {
  const whole = [{ lead: '', text: value }];
  if (!/^-|[=:]/.test(value) || /[\n\r\0]/.test(value) || !isCommandKey(at)) return whole;
  const variable = VARIABLE.exec(at)?.[1] ?? '';
  if (LIST.test(variable) && isList(value)) return listed(value, '');
  const isOneWord = /\/\d+$/.test(at) || !/\s/.test(value);
  const [lead, name = ''] = (isOneWord && FLAG.exec(value)) || [];
  if (lead === undefined) return whole;
  const rest = value.slice(lead.length);
  return LIST.test(name) && !name.startsWith('-') && isList(rest) ? listed(rest, lead) : [{ lead, text: rest }];
}

/** The name of the flag or variable that a part stands behind; null where it stands alone. Pure. */
export function flagOf({ lead }: Word): string | null {
  return lead === '' || lead === ':' ? null : lead.replace(/=$/, '');
}

/** More than one place, and nothing that would be none: `host:container` has other keys. */
function isList(value: string): boolean {
  const places = value.split(':');
  return places.length > 1 && places.every((place) => /^(?:$|[/~]|\$\w|\$\{)/.test(place));
}

function listed(value: string, lead: string): Word[] {
  return value.split(':').map((text, at) => ({ lead: at === 0 ? lead : ':', text }));
}
