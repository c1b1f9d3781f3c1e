/**
 * How long texts of a MeshSync may be: patterns, templates and names come from whoever may write one, and are read by a
 * program that serves everybody.
 */

/** Names of objects, branches, tags, ranges of versions: what Kubernetes and Git take. */
export const NAME_LENGTH_MAX = 253;
/** Addresses. */
export const ADDRESS_LENGTH_MAX = 2048;
/** Paths, JSON pointers and patterns of paths. */
export const PATH_LENGTH_MAX = 1024;
/** Templates of notifications. */
export const TEMPLATE_LENGTH_MAX = 4096;
/** Texts for people. */
export const REASON_LENGTH_MAX = 1024;
/** Values of variables. */
export const VALUE_LENGTH_MAX = 65_536;
/** Expressions of health. */
export const EXPRESSION_LENGTH_MAX = 1024;
