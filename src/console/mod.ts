/**
 * The page that shows what runs: what the caches hold as a {@linkcode View}, told live to who may see it.
 *
 * Start at {@linkcode ViewBuilder} (objects become a view), then {@linkcode viewChange} (what is told of the next one),
 * `viewers.ts` (who is told when) and {@linkcode ConsoleDoor} (who may ask). The page itself, in `page/`, is a program of its own.
 *
 * @module
 */
export { viewChange } from "./change.ts";
export { ConsoleDoor, type ConsoleOptions, isStream } from "./door.ts";
export { NewTokens } from "./new_tokens.ts";
export { NumberHistory } from "./numbers.ts";
export { isLoopbackHost } from "./origin.ts";
export type { PageFiles } from "./page_files.ts";
export { pulsarConfigs } from "./pulsar_configs.ts";
export type { ConsoleSource, ShownKind } from "./source.ts";
export * from "./view.ts";
export { FULL_SIGHT, type Sight, ViewBuilder, type ViewFacts } from "./whole_view.ts";
