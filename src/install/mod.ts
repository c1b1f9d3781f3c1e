/**
 * Everything a cluster needs to run this program, as objects: `meshwright install` prints them, `gitops/operator/` holds
 * them. Start at `installObjects()`; what the program may do, and why, is in `rights.ts`.
 *
 * @module
 */
export { programArguments } from "./deployment.ts";
export * from "./installation.ts";
export * from "./objects.ts";
export * from "./removal.ts";
export { worthText } from "./worth.ts";
