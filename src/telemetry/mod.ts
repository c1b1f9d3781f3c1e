/**
 * What the program says about itself: JSON log lines ({@linkcode createLogger}), metrics ({@linkcode createMetrics})
 * and the servers that show metrics and health ({@linkcode startServer}, {@linkcode TlsServer}). Secrets never pass: see
 * `redact.ts`.
 *
 * @module
 */
export * from "./bodies.ts";
export * from "./discreet_log.ts";
export * from "./http.ts";
export * from "./listener.ts";
export * from "./log.ts";
export * from "./metrics.ts";
export * from "./redact.ts";
export * from "./tls_server.ts";
