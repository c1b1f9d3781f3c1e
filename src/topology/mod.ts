/**
 * Components and the topics between them: one model of who reads and who writes what, from live objects or from files, and
 * what follows from it. Pure, and linear in the number of components.
 *
 * Start with {@linkcode topology}; {@linkcode findings} says what is wrong between components.
 *
 * @module
 */
export * from "./between_meshes.ts";
export * from "./changed_part.ts";
export * from "./clusters.ts";
export * from "./component_node.ts";
export * from "./diagram.ts";
export type { EdgeRole, SubscriptionType } from "./edges.ts";
export * from "./explanation.ts";
export * from "./finding.ts";
export { findings, findingsInTurns } from "./findings.ts";
export { downstream, type Flow, flowOf, readersOf } from "./flow.ts";
export { type PictureRow, topologyPicture } from "./picture.ts";
export { type PodCount, podsText } from "./pods_text.ts";
export { topicLabel, type TopicVariant } from "./topic_name.ts";
export { dot, mermaid } from "./graph_formats.ts";
export * from "./remedies.ts";
export type { Remedy } from "./remedy.ts";
export { svg } from "./svg.ts";
export { ownWarnings } from "./own_findings.ts";
export * from "./topology.ts";
export * from "./turns.ts";
