import { systemClock } from "#base";
import { GitError } from "./git_error.ts";
import { type GitCredentials, type Remote, remoteScheme, type Scheme } from "./remote.ts";
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

/** Seconds without a byte after which a transport gives up, even if nobody can kill it. */
const SILENCE_SECONDS = 30;

const ACCESS_PREFIX = "access-";

/** No command takes that long, so what is older was left by a program that was killed. */
const LEFT_AFTER_MS = 600_000;

/** Removes key files that a killed program left. */
export async function removeLeftAccess(home: string): Promise<void> {
  for await (const { name } of Deno.readDir(home)) {
    if (!name.startsWith(ACCESS_PREFIX)) continue;
    try {
      const { mtime } = await Deno.stat(`${home}/${name}`);
      if ((mtime?.getTime() ?? 0) + LEFT_AFTER_MS > systemClock.now()) continue;
      await Deno.remove(`${home}/${name}`, { recursive: true });
    } catch (error) {
      // Another one removed it first.
      if (!(error instanceof Deno.errors.NotFound)) throw error;
    }
  }
}

/** What a git command for one remote runs with. Disposing of it removes the key files. */
export interface Access extends AsyncDisposable {
  readonly env: Readonly<Record<string, string>>;
  readonly config: readonly (readonly [string, string])[];
  readonly secrets: readonly string[];
}

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

/**
 * Opens access to a remote: an environment that holds nothing of this machine's Git settings, and the credentials where
 * only the transport sees them (a header by environment; key files with mode 0600 in a private folder).
 *
 * @param home a folder that only this program uses
 * @throws {RemoteUrlError} when the URL cannot be used
 * @throws {GitError} when the credentials do not fit the URL
 */
export async function openAccess(
  remote: Remote,
  options: { readonly home: string; readonly inherited: Readonly<Record<string, string>> },
): Promise<Access> {
  const scheme = remoteScheme(remote);
  await using undo = new AsyncDisposableStack();
  const files = await privateFiles(remote, scheme, options.home);
  undo.defer(() => files.remove());
  const access = {
    env: { ...options.inherited, ...isolation(options.home, scheme), ...files.env },
    config: [...settings(scheme, remote), ...files.config, ...header(remote, scheme)],
    secrets: secretTexts(remote.credentials),
  };
  const kept = undo.move();
  return { ...access, [Symbol.asyncDispose]: () => kept.disposeAsync() };
}

function isolation(home: string, scheme: Scheme): Record<string, string> {
  return {
    HOME: home,
    LC_ALL: "C",
    GIT_TERMINAL_PROMPT: "0",
    GIT_CONFIG_NOSYSTEM: "1",
    // A repository on this disk may belong to somebody else: the flag that names it says that it is trusted, and
    // only a configuration file reaches the program that serves it.
    GIT_CONFIG_GLOBAL: scheme === "file" ? `${home}/local.gitconfig` : "/dev/null",
    GIT_CEILING_DIRECTORIES: home,
    GIT_NO_LAZY_FETCH: "1",
    GIT_OPTIONAL_LOCKS: "0",
  };
}

function settings(scheme: Scheme, remote: Remote): [string, string][] {
  return [
    ["protocol.version", "2"],
    ["protocol.allow", "never"],
    [`protocol.${scheme}.allow`, "always"],
    // A header must not follow a redirect to another host; without one, the first answer may redirect.
    ["http.followRedirects", remote.credentials === undefined ? "initial" : "false"],
    ["http.lowSpeedLimit", "1"],
    ["http.lowSpeedTime", String(SILENCE_SECONDS)],
    ["credential.helper", ""],
    ["core.hooksPath", "/dev/null"],
    ["core.fsmonitor", "false"],
    ["gc.auto", "0"],
    ["maintenance.auto", "false"],
    ["fetch.unpackLimit", "1"],
    ["fetch.recurseSubmodules", "false"],
    ["fetch.writeCommitGraph", "false"],
  ];
}

function header(remote: Remote, scheme: Scheme): [string, string][] {
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

function secretTexts(credentials: GitCredentials | undefined): string[] {
  if (credentials === undefined || credentials.kind === "ssh") return [];
  const encoded = authorization(credentials).replace(/^\w+ /, "");
  return credentials.kind === "basic" ? [credentials.password, encoded] : [encoded];
}

interface PrivateFiles {
  readonly env: Readonly<Record<string, string>>;
  readonly config: readonly (readonly [string, string])[];
  remove(): Promise<void>;
}

async function privateFiles(remote: Remote, scheme: Scheme, home: string): Promise<PrivateFiles> {
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
