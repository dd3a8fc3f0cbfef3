/** What ssh's askpass hands over, as one line of JSON. */
export interface Question {
  /** Proves that it was started from our folder. */
  readonly token: string;
  /** `confirm` for yes or no, `none` for a notice that ssh takes down itself; else a text is wanted. */
  readonly kind: string;
  readonly prompt: string;
}

/** What it is told. */
export interface Answer {
  /** Null: nobody answers that. */
  readonly answer: string | null;
}
