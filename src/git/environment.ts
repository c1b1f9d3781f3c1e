import { GIT_BUDGETS, gitAddress, type GitTransport } from "#base";
import { GitError } from "./git_error.ts";
import { TRACE_ENV } from "./http_answer.ts";
import { type GitCredentials, type Remote, remoteScheme } from "./remote.ts";
import { sshKeyFlaw } from "./ssh_key.ts";

/** Variables of this process that git may see: where programs are, and which proxy to use. */
const INHERITED = [
  "PATH",
  "http_proxy",
  "https_proxy",
  "HTTPS_PROXY",
  "all_proxy",
  "ALL_PROXY",
  "no_proxy",
  "NO_PROXY",
] as const;

const ACCESS_PREFIX = "access-";

/** What is younger may be in use by a program that ends as this one begins. */
const LEFT_AFTER_MS = 600_000;

/** Removes key files that a killed program left. */
export async function removeLeftAccess(home: string, nowMs: number): Promise<void> {
  for await (const { name } of Deno.readDir(home)) {
    if (!name.startsWith(ACCESS_PREFIX)) continue;
    try {
      const { mtime } = await Deno.stat(`${home}/${name}`);
      if ((mtime?.getTime() ?? 0) + LEFT_AFTER_MS > nowMs) continue;
      await Deno.remove(`${home}/${name}`, { recursive: true });
    } catch (error) {
      // Another one removed it first.
      if (!(error instanceof Deno.errors.NotFound)) throw error;
    }
  }
}

/** What a git command runs with. */
export interface LocalAccess {
  readonly env: Readonly<Record<string, string>>;
  readonly config: readonly (readonly [string, string])[];
  /** Texts that must not appear in messages. */
  readonly secrets: readonly string[];
}

/** What a git command for one remote runs with. Disposing of it removes the key files. */
export interface Access extends LocalAccess, AsyncDisposable {}

/** The variables of this process that git may see, as far as this process may read them. */
export function inheritedEnvironment(): Record<string, string> {
  const entries: [string, string][] = [];
  for (const name of INHERITED) {
    if (Deno.permissions.querySync({ name: "env", variable: name }).state !== "granted") continue;
    const value = Deno.env.get(name);
    if (value !== undefined) entries.push([name, value]);
  }
  return { PATH: "/usr/local/bin:/usr/bin:/bin", ...Object.fromEntries(entries) };
}

/** How access is opened. */
export interface AccessOptions {
  /** A folder that only this program uses. */
  readonly home: string;
  readonly inherited: Readonly<Record<string, string>>;
  /** After so long without a byte a transport gives up, even where nothing else ends it. */
  readonly silenceMs: number;
}

/**
 * Opens access to a remote: an environment that holds nothing of this machine's Git settings, and the credentials where
 * only the transport sees them (a header by environment; key files with mode 0600 in a private folder).
 *
 * @throws {RemoteUrlError} when the URL cannot be used
 * @throws {GitError} when the credentials do not fit the URL
 */
export async function openAccess(remote: Remote, options: AccessOptions): Promise<Access> {
  const scheme = remoteScheme(remote);
  await using undo = new AsyncDisposableStack();
  const files = await privateFiles(remote, scheme, options.home);
  undo.defer(() => files.remove());
  const local = localAccess(options);
  const access = {
    env: {
      ...local.env,
      ...(scheme === "file" ? { GIT_CONFIG_GLOBAL: `${options.home}/local.gitconfig` } : {}),
      ...(scheme === "http" || scheme === "https" ? TRACE_ENV : {}),
      ...files.env,
    },
    config: [
      ...local.config,
      ...transportSettings(scheme, options.silenceMs),
      ...files.config,
      ...header(remote, scheme),
    ],
    secrets: secretTexts(remote),
  };
  const kept = undo.move();
  return { ...access, [Symbol.asyncDispose]: () => kept.disposeAsync() };
}

/** What a git command runs with that talks to nobody. */
export function localAccess(
  { home, inherited }: Pick<AccessOptions, "home" | "inherited">,
): LocalAccess {
  return {
    env: {
      ...inherited,
      HOME: home,
      LC_ALL: "C",
      GIT_TERMINAL_PROMPT: "0",
      GIT_CONFIG_NOSYSTEM: "1",
      GIT_CONFIG_GLOBAL: "/dev/null",
      GIT_CEILING_DIRECTORIES: home,
      GIT_NO_LAZY_FETCH: "1",
      GIT_OPTIONAL_LOCKS: "0",
      // No larger piece of memory: an answer is read as a whole, however long it is.
      GIT_ALLOC_LIMIT: String(GIT_BUDGETS.commandPieceBytes),
      // A name that begins with `:` is the name of a folder, nothing else.
      GIT_LITERAL_PATHSPECS: "1",
    },
    config: [
      ["protocol.allow", "never"],
      ["core.hooksPath", "/dev/null"],
      ["core.fsmonitor", "false"],
      // Large contents go through in pieces, and packing takes little memory.
      ["core.bigFileThreshold", String(GIT_BUDGETS.bigFileBytes)],
      ["pack.threads", "1"],
      ["pack.windowMemory", String(GIT_BUDGETS.packWindowBytes)],
      ["gc.auto", "0"],
      ["maintenance.auto", "false"],
      ["fetch.unpackLimit", "1"],
      ["fetch.recurseSubmodules", "false"],
      ["fetch.writeCommitGraph", "false"],
    ],
    secrets: [],
  };
}

function transportSettings(scheme: GitTransport, silenceMs: number): [string, string][] {
  return [
    ["protocol.version", "2"],
    [`protocol.${scheme}.allow`, "always"],
    // Where an unencrypted server leads on its own host.
    ...(scheme === "http" ? [["protocol.https.allow", "always"] satisfies [string, string]] : []),
    // Followed by this program, where they may be: a header must not go to another host.
    ["http.followRedirects", "false"],
    ["http.lowSpeedLimit", "1"],
    ["http.lowSpeedTime", String(Math.ceil(silenceMs / 1000))],
    ["credential.helper", ""],
  ];
}

function header(remote: Remote, scheme: GitTransport): [string, string][] {
  const { credentials } = remote;
  if (credentials === undefined || credentials.kind === "ssh") return [];
  if (scheme !== "https" && scheme !== "http") {
    throw new GitError("no_access", `Cannot use a token for a ${scheme} url: give an ssh key`);
  }
  return [[`http.extraHeader`, `Authorization: ${authorization(credentials)}`]];
}

function authorization(credentials: Exclude<GitCredentials, { kind: "ssh" }>): string {
  if (credentials.kind === "bearer") return `Bearer ${credentials.token}`;
  const bytes = new TextEncoder().encode(`${credentials.username}:${credentials.password}`);
  return `Basic ${bytes.toBase64()}`;
}

function secretTexts({ credentials, url }: Remote): string[] {
  // Some services take a token for a name.
  const { transport, user = "" } = gitAddress(url) ?? {};
  const named = transport === "ssh" || user.length < TOKEN_LENGTH_MIN ? [] : [user];
  if (credentials === undefined || credentials.kind === "ssh") return named;
  const encoded = authorization(credentials).replace(/^\w+ /, "");
  return [...named, ...(credentials.kind === "basic" ? [credentials.password] : []), encoded];
}

/** Shorter names are names. */
const TOKEN_LENGTH_MIN = 16;

interface PrivateFiles {
  readonly env: Readonly<Record<string, string>>;
  readonly config: readonly (readonly [string, string])[];
  remove(): Promise<void>;
}

async function privateFiles(
  remote: Remote,
  scheme: GitTransport,
  home: string,
): Promise<PrivateFiles> {
  if (scheme === "file") await writeLocalConfig(home);
  const ssh = remote.credentials?.kind === "ssh" ? remote.credentials : undefined;
  if (scheme === "ssh" && ssh === undefined) {
    throw new GitError(
      "no_access",
      "Cannot use an ssh url without a key: put identity and known_hosts in the Secret named by secretRef",
    );
  }
  if (ssh === undefined && remote.caPem === undefined) {
    return { env: {}, config: [], remove: () => Promise.resolve() };
  }
  const folder = await Deno.makeTempDir({ dir: home, prefix: ACCESS_PREFIX });
  const remove = () => Deno.remove(folder, { recursive: true });
  try {
    const config: [string, string][] = [];
    if (remote.caPem !== undefined) {
      await writePrivate(`${folder}/ca.crt`, remote.caPem);
      config.push(["http.sslCAInfo", `${folder}/ca.crt`]);
    }
    return { env: ssh === undefined ? {} : await sshEnv(ssh, folder), config, remove };
  } catch (error) {
    await remove();
    throw error;
  }
}

async function sshEnv(
  ssh: Extract<GitCredentials, { kind: "ssh" }>,
  folder: string,
): Promise<Record<string, string>> {
  if (ssh.knownHosts.trim() === "") {
    throw new GitError(
      "host_unknown",
      "Cannot trust the ssh server: put its host key as known_hosts in the Secret named by secretRef",
    );
  }
  const flaw = sshKeyFlaw(ssh.privateKey);
  if (flaw !== undefined) throw new GitError("no_access", `Cannot use the ssh key: ${flaw}`);
  // ssh refuses a key whose last line has no end, and one with the line ends of Windows.
  await writePrivate(`${folder}/identity`, `${ssh.privateKey.replaceAll("\r", "").trimEnd()}\n`);
  await writePrivate(`${folder}/known_hosts`, `${ssh.knownHosts.trimEnd()}\n`);
  const options = [
    "BatchMode=yes",
    "ConnectTimeout=15",
    "ForwardAgent=no",
    "GlobalKnownHostsFile=/dev/null",
    "IdentitiesOnly=yes",
    "ServerAliveCountMax=3",
    "ServerAliveInterval=10",
    "StrictHostKeyChecking=yes",
    `UserKnownHostsFile="${folder}/known_hosts"`,
  ];
  // Git reads this variable as a shell does; every word in it is ours, and quoted.
  const words = ["-F", "/dev/null", "-i", `${folder}/identity`].concat(
    options.flatMap((option) => ["-o", option]),
  );
  return { GIT_SSH_COMMAND: ["ssh", ...words.map(quoted)].join(" "), GIT_SSH_VARIANT: "ssh" };
}

function quoted(word: string): string {
  return `'${word.replaceAll("'", `'\\''`)}'`;
}

async function writePrivate(path: string, text: string): Promise<void> {
  await Deno.writeTextFile(path, text, { mode: 0o600, createNew: true });
}

/** For `file:` only: lets git read a repository of another user, and serve it filtered like any other server. */
async function writeLocalConfig(home: string): Promise<void> {
  const path = `${home}/local.gitconfig`;
  const text =
    "[safe]\n\tdirectory = *\n[uploadpack]\n\tallowFilter = true\n\tallowAnySHA1InWant = true\n";
  const part = await Deno.makeTempFile({ dir: home, prefix: "gitconfig-" });
  await Deno.writeTextFile(part, text);
  await Deno.rename(part, path);
}
