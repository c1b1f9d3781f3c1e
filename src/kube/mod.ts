/**
 * Talks to an API server; knows objects, not meshes. Raw JSON in and out over one HTTP/2 connection
 * ({@linkcode httpTransport}), requests in the words of Kubernetes ({@linkcode httpCluster}), caches that follow the
 * server ({@linkcode Informer}), events, leadership and definitions. How to reach the server is `connect.ts`, which
 * is not behind this door: it loads client-node where a login plugin has to be run, and only the composition root
 * needs it.
 *
 * @module
 */
export * from "./access_review.ts";
export * from "./acting_as.ts";
export * from "./api_error.ts";
export * from "./cache.ts";
export * from "./cluster.ts";
export * from "./container_log.ts";
export * from "./definitions.ts";
export { type Discovery, isUnanswered as isKindUnanswered, kindDiscovery } from "./discovery.ts";
export type { Credentials, Endpoint } from "./endpoint.ts";
export * from "./event_recorder.ts";
export { grantText, withReadGrant } from "./grant.ts";
export * from "./http_cluster.ts";
export * from "./http_transport.ts";
export * from "./informer.ts";
export * from "./leadership.ts";
export { runAsLeader } from "./lease.ts";
export type { LeaseOptions } from "./lease_holder.ts";
export { LEASE_TYPE } from "./leases.ts";
export * from "./resource_type.ts";
export * from "./resource_version.ts";
export { grownDelayMs, type Growth } from "./retry.ts";
export * from "./transport.ts";
export * from "./watch.ts";
export { leadShards, type ShardWork } from "./shard_leases.ts";
export { withoutRepeated } from "./written_secret.ts";
