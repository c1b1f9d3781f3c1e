/**
 * The admin API of a Pulsar cluster, as whoever moves away from its functions worker needs it: what runs there, and the
 * packages. Answers are bounded and not believed, and no credential goes to another host than the one that was named.
 *
 * @module
 */
export * from "./admin_client.ts";
export * from "./login.ts";
