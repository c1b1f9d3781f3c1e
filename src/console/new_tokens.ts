import type { Clock } from "#base";
import type { AccessReviews } from "#kube";
import { RateLimit } from "#receiver";

/** New tokens of one sender, and then one each interval: who has a good one has it for hours. */
const NEW_TOKENS = { burst: 10, intervalMs: 1_000 };
/** Of all senders together. */
const ALL_NEW_TOKENS = { burst: 100, intervalMs: 100 };

/** Bounds how many tokens that nobody knows the API server is asked about: whoever makes tokens up has any number of them. */
export class NewTokens {
  readonly #reviews: Pick<AccessReviews, "isExpected">;
  readonly #ofSender: RateLimit;
  readonly #ofAll: RateLimit;

  constructor(
    { clock, reviews }: {
      readonly reviews: Pick<AccessReviews, "isExpected">;
      readonly clock: Pick<Clock, "monotonicMs">;
    },
  ) {
    this.#reviews = reviews;
    this.#ofSender = new RateLimit({ ...NEW_TOKENS, clock });
    this.#ofAll = new RateLimit({ ...ALL_NEW_TOKENS, clock });
  }

  /** Whether a token may be asked about. A sender that has none left costs the others nothing. */
  async mayAsk(token: string, sender: string): Promise<boolean> {
    if (await this.#reviews.isExpected(token)) return true;
    return this.#ofSender.take(sender) && this.#ofAll.take("");
  }
}
