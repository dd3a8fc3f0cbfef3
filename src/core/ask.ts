/** Questions to the person at the terminal. Where there is none, callers hold `null` instead and refuse with `confirmation-needed`. */
export interface Ask {
  /** Asks for a password or passphrase; nothing is echoed. Rejects with `interrupted` on Ctrl-C. */
  secret(question: string): Promise<string>;
  /** Asks for something that may be seen while it is typed. Rejects with `interrupted` on Ctrl-C. */
  text(question: string): Promise<string>;
  /** Asks yes or no, no being the default. */
  confirm(question: string): Promise<boolean>;
}
