/**
 * HTTP calls to addresses that users of the cluster choose: {@linkcode OutboundClient}. What such a call may reach is
 * decided where the connection is made, not by the name alone.
 *
 * @module
 */
export * from "./client.ts";
