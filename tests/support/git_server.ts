/** The Git server of the demo, for tests. */
export { type GitServer, gitServer, type GitServerOptions } from "../../scripts/demo/git_server.ts";
