import { type Clock, systemClock } from "#base";
import { GitError } from "./git_error.ts";
import { remember } from "./remember.ts";
import { commandUrl, type Remote } from "./remote.ts";

/** How long a redirect is believed. */
const BELIEVED_MS = 600_000;
const HOPS_MAX = 5;
const ROUTES_MAX = 4_096;

interface Route {
  readonly url: string;
  readonly untilMs: number;
}

/**
 * Where remotes are: at their own address, or where their server redirects to on the same host.
 *
 * # Guarantees
 * A redirect to another host, or away from encryption, is not followed: the error names where it leads.
 */
export class Routes {
  readonly #routes = new Map<string, Route>();
  readonly #clock: Pick<Clock, "monotonicMs">;

  constructor(clock: Pick<Clock, "monotonicMs"> = systemClock) {
    this.#clock = clock;
  }

  /** Asks a remote, where it is now. */
  async ask<T>(remote: Remote, question: (url: string) => Promise<T>): Promise<T> {
    const own = commandUrl(remote);
    let url = this.#known(own);
    for (let hops = 0;; hops++) {
      try {
        return await question(url);
      } catch (error) {
        const to = error instanceof GitError ? error.redirect?.url : undefined;
        const isLost = url !== own && error instanceof GitError && error.kind === "not_found";
        if (isLost && hops === 0) {
          // It moved again, or back.
          this.#routes.delete(own);
          url = own;
        } else if (to !== undefined && to !== url && hops < HOPS_MAX) {
          url = to;
          this.#remember(own, to);
        } else throw error;
      }
    }
  }

  #known(own: string): string {
    const route = this.#routes.get(own);
    return route === undefined || route.untilMs <= this.#clock.monotonicMs() ? own : route.url;
  }

  #remember(own: string, url: string): void {
    const route = { url, untilMs: this.#clock.monotonicMs() + BELIEVED_MS };
    remember(this.#routes, [own, route], ROUTES_MAX);
  }
}
