import { RecordError } from '../core/records.ts';
import { decode, type Doing, type Line, recordCutter } from './record.ts';

/** Whom a Receiver hands on what it was told. */
export interface Listener {
  doing(doing: Doing): void;
  ready(): void;
  told(told: Extract<Line, { type: 'told' }>): void;
  gap(word: Extract<Line, { type: 'gap' }>['word']): void;
  cookie(id: string, isThere: boolean): void;
  failed(code: string, root: string): void;
}

/**
 * Judges what a watcher says as it comes in. It comes from a machine that is not trusted: each record must be one that the program
 * would have written, in order, about a root that it was given, and a cookie must have been asked for.
 */
export class Receiver {
  readonly #cutter = recordCutter();
  readonly #roots: ReadonlySet<string>;
  readonly #listener: Listener;
  readonly #asked = new Set<string>();
  #state: 'before' | 'starting' | 'watching' | 'over' = 'before';

  constructor(roots: readonly { readonly id: string }[], listener: Listener) {
    this.#roots = new Set(roots.map(({ id }) => id));
    this.#listener = listener;
  }

  /** From now on an answer about this cookie may come. */
  expect(cookie: string): void {
    this.#asked.add(cookie);
  }

  /** Takes what has arrived. Throws a `RecordError`. */
  take(chunk: Buffer): void {
    for (const record of this.#cutter.cut(chunk)) this.#hear(decode(record));
  }

  #hear(line: Line): void {
    if (this.#state === 'over' || (line.type === 'head') !== (this.#state === 'before'))
      throw new RecordError('words where none belong');
    switch (line.type) {
      case 'head':
        this.#state = 'starting';
        break;
      case 'ready':
      case 'beat':
        this.#hearDoing(line);
        break;
      case 'gap':
        this.#listener.gap(line.word);
        break;
      case 'told':
      case 'failed':
        this.#hearOfRoot(line);
        break;
      default:
        this.#insist(this.#asked.delete(line.id), 'a cookie that nobody asked for');
        this.#listener.cookie(line.id, line.type === 'cookie');
    }
  }

  #hearOfRoot(line: Extract<Line, { type: 'told' | 'failed' }>): void {
    this.#insist(this.#roots.has(line.root), 'a root that was not given');
    if (line.type === 'told') {
      this.#listener.told(line);
      return;
    }
    this.#state = 'over';
    this.#listener.failed(line.code, line.root);
  }

  #hearDoing({ type, ...doing }: Extract<Line, { type: 'ready' | 'beat' }>): void {
    this.#listener.doing(doing);
    if (type === 'beat') return;
    this.#insist(this.#state === 'starting', 'the same twice');
    this.#state = 'watching';
    this.#listener.ready();
  }

  #insist(isSo: boolean, otherwise: string): void {
    if (!isSo) throw new RecordError(otherwise);
  }
}
