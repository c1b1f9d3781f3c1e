/**
 * What the program says about itself: JSON log lines ({@linkcode createLogger}), metrics ({@linkcode createMetrics})
 * and the server that shows metrics and health ({@linkcode startServer}). Secrets never pass: see `redact.ts`.
 *
 * @module
 */
export * from "./http.ts";
export * from "./log.ts";
export * from "./metrics.ts";
export * from "./redact.ts";
