/**
 * The page that shows what runs: what the caches hold as a {@linkcode View}, told live to who may see it.
 *
 * Start at {@linkcode ViewBuilder} (objects become a view), then {@linkcode viewChange} (what is told of the next one) and
 * {@linkcode NumberHistory} (numbers of the last hour).
 *
 * @module
 */
export { viewChange } from "./change.ts";
export { NumberHistory } from "./numbers.ts";
export { pulsarConfigs } from "./pulsar_configs.ts";
export * from "./view.ts";
export { FULL_SIGHT, type Sight, ViewBuilder, type ViewFacts } from "./whole_view.ts";
