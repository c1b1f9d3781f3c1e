import { VERBS } from "../../src/cli/mod.ts";
import { FOLDERS } from "#install";

/** For which system, and what beyond the usual. */
export interface PermissionOptions {
  readonly system: "linux" | "darwin";
  /**
   * Login plugins that kubeconfigs name; the program starts no others. They get the whole environment, which they need
   * (`AWS_PROFILE`) and which starting them takes the permission for.
   */
  readonly plugins?: readonly string[];
  /** Further folders where `--cache-dir` may be. */
  readonly cacheFolders?: readonly string[];
}

/** What the program reads besides the variables of its flags. */
const VARIABLES = [
  // Where the API server and the user's kubeconfig are.
  "HOME",
  "KUBERNETES_SERVICE_HOST",
  "KUBERNETES_SERVICE_PORT",
  "USERPROFILE",
  // Where the folder for repositories is without --cache-dir.
  "TMPDIR",
  // What git gets of them.
  "ALL_PROXY",
  "HTTPS_PROXY",
  "NO_PROXY",
  "PATH",
  "all_proxy",
  "http_proxy",
  "https_proxy",
  "no_proxy",
];

/** Temporary folders of the systems. */
const TEMPORARY = { darwin: ["/private/var/folders", "/tmp", "/var/folders"], linux: ["/tmp"] };

/**
 * Permissions of the compiled program, as arguments of `deno`.
 *
 * Reading and the network are open, because flags, kubeconfigs and MeshSyncs say what is read and who is called; nothing
 * but repositories is written, and nothing is run but `git`, `gpg` (for signatures) and `sh`, which looks at the memory of these
 * and ends what they started. There is no `--allow-ffi` and no
 * `--allow-import`.
 */
export function permissionArguments(options: PermissionOptions): string[] {
  const { system, plugins = [], cacheFolders = [] } = options;
  const folders = [...TEMPORARY[system], FOLDERS.cache, ...cacheFolders];
  return [
    plugins.length === 0 ? `--allow-env=${environmentVariables().join()}` : "--allow-env",
    "--allow-net",
    "--allow-read",
    `--allow-run=${sorted(["git", "gpg", "sh", ...plugins])}`,
    // The second is for git, which lets the program go first.
    "--allow-sys=hostname,setPriority",
    `--allow-write=${sorted(folders)}`,
  ];
}

/** Names of all variables that the program may see. */
export function environmentVariables(): string[] {
  return sorted([...VARIABLES, ...VERBS.flatMap(({ flags }) => flags.map(({ env }) => env))]);
}

function sorted(names: readonly string[]): string[] {
  return [...new Set(names)].sort();
}
