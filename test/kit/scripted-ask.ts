import type { Ask } from '../../src/core/ask.ts';

/** A person who answers as scripted, in order, and remembers what was asked; an unforeseen question is an error. */
export class ScriptedAsk implements Ask {
  readonly questions: string[] = [];
  /** Those of them whose answers may be seen. */
  readonly visible: string[] = [];
  readonly #answers: (string | boolean | Error)[];

  constructor(...answers: (string | boolean | Error)[]) {
    this.#answers = answers;
  }

  secret(question: string): Promise<string> {
    return this.#answer(question, 'string');
  }

  text(question: string): Promise<string> {
    this.visible.push(question);
    return this.#answer(question, 'string');
  }

  confirm(question: string): Promise<boolean> {
    return this.#answer(question, 'boolean');
  }

  #answer(question: string, kind: 'string'): Promise<string>;
  #answer(question: string, kind: 'boolean'): Promise<boolean>;
  #answer(question: string, kind: 'string' | 'boolean'): Promise<string | boolean> {
    this.questions.push(question);
    const answer = this.#answers.shift();
    if (answer instanceof Error) return Promise.reject(answer);
    if (typeof answer !== kind) return Promise.reject(new Error(`not foreseen: ${question}`));
    return Promise.resolve(answer as string | boolean);
  }
}
