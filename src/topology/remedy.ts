/** A cause and what ends it. */
export interface Remedy {
  readonly reason: string;
  /** Only where the message holds one of these words; entries with words come before the one without. */
  readonly words?: readonly string[];
  /** A word that the message has to hold besides. */
  readonly besides?: string;
  /** What it means, in one sentence. */
  readonly means: string;
  /** What to do, in one sentence. */
  readonly remedy: string;
}
