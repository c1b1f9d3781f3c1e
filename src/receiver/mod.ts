/**
 * Git services that say that a repository changed. Start at {@linkcode startReceiver}; whether a call is genuine is in
 * `signature.ts`, what it says in `payload.ts`. A call can only cause a look.
 *
 * @module
 */
export { concerns, type Push, pushOf } from "./payload.ts";
export { RateLimit } from "./rate_limit.ts";
export { Recent } from "./recent.ts";
export { type ReceiverOptions, startReceiver } from "./server.ts";
export { type Delivery, isGenuine } from "./signature.ts";
