import { isPlainObject, type KubeObject } from "#base";
import type { Encounter, ProxiedRequest } from "../support/recording_proxy.ts";

/**
 * Who wrote what while who held the lease, as proxies saw it. The lease has a new holder as soon as the server has said
 * so to whoever took it: what another one sends from then on is a violation.
 */
export class Writers {
  /** Who holds the lease; nobody when it was given back. */
  holder: string | undefined;
  /** Who gave it back, in order. */
  readonly releases: string[] = [];
  /** Writes of somebody who did not hold it. */
  readonly violations: string[] = [];

  /** Notes a request, and the answer where it is about the lease. */
  meet(who: string, request: ProxiedRequest): Encounter | undefined {
    if (request.isLease && request.method !== "GET") {
      return { after: (answer) => this.#leaseAnswer(who, answer) };
    }
    if (request.isWrite && this.holder !== who) {
      const holder = this.holder ?? "nobody";
      this.violations.push(`${who}: ${request.method} ${request.path} while ${holder} led`);
    }
    return undefined;
  }

  async #leaseAnswer(who: string, answer: Response): Promise<Response> {
    const text = await answer.text();
    if (answer.ok) {
      const { spec }: KubeObject = JSON.parse(text);
      const isHeld = isPlainObject(spec) && (spec["holderIdentity"] ?? "") !== "";
      if (isHeld) this.holder = who;
      else if (this.holder === who) {
        this.holder = undefined;
        this.releases.push(who);
      }
    }
    const headers = { "content-type": answer.headers.get("content-type") ?? "application/json" };
    return new Response(text, { status: answer.status, headers });
  }
}
