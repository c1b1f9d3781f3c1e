/** A real sshd on loopback that lets one key in, to the repositories of this machine. */
import { eventually } from "./eventually.ts";
import { needProgram, ran } from "./programs.ts";

/** A running sshd. */
export interface SshServer extends AsyncDisposable {
  /** `ssh://user@127.0.0.1:port`, to be followed by an absolute path. */
  readonly url: string;
  /** The private key that is let in. */
  readonly identity: string;
  /** The server's host key, as a line of known_hosts. */
  readonly knownHosts: string;
  /** The same key behind a passphrase. */
  readonly protectedIdentity: string;
}

/** What an {@linkcode sshServer} passes on. */
export interface SshServerOptions {
  /** The variable by which git asks for protocol 2; an sshd out of the box does not pass it on. */
  readonly passesProtocol?: boolean;
}

/** Starts an sshd with a host key and a user key of its own. */
export async function sshServer(options: SshServerOptions = {}): Promise<SshServer> {
  await needProgram("/usr/sbin/sshd", "openssh-server");
  await needProgram("/usr/bin/ssh", "openssh-client");
  const folder = await Deno.makeTempDir({ prefix: "meshwright-sshd-" });
  const host = await keyPair(`${folder}/host`);
  const user = await keyPair(`${folder}/user`);
  await Deno.copyFile(`${folder}/user`, `${folder}/protected`);
  await Deno.chmod(`${folder}/protected`, 0o600);
  await ran("ssh-keygen", [
    "-q",
    "-p",
    "-P",
    "",
    "-N",
    "s3cret-phrase",
    "-f",
    `${folder}/protected`,
  ]);
  await Deno.writeTextFile(`${folder}/authorized_keys`, `${user.publicKey}\n`);
  const port = freePort();
  await Deno.writeTextFile(`${folder}/config`, configText(folder, { port, ...options }));
  // Where sshd puts a process that has no rights yet; Debian makes it at boot.
  if (Deno.uid() === 0) await Deno.mkdir("/run/sshd", { recursive: true, mode: 0o755 });
  const server = new Deno.Command("/usr/sbin/sshd", {
    args: ["-D", "-e", "-f", `${folder}/config`],
    stdin: "null",
    stdout: "null",
    stderr: "null",
  }).spawn();
  await eventually(() => isListening(port));
  const [type = "", key = ""] = host.publicKey.split(" ");
  const name = await ran("id", ["-un"]);
  return {
    url: `ssh://${name}@127.0.0.1:${port}`,
    identity: user.privateKey,
    knownHosts: `[127.0.0.1]:${port} ${type} ${key}`,
    protectedIdentity: await Deno.readTextFile(`${folder}/protected`),
    async [Symbol.asyncDispose]() {
      server.kill("SIGTERM");
      await server.status;
      await Deno.remove(folder, { recursive: true });
    },
  };
}

/** Makes an ed25519 key without a passphrase. */
export async function keyPair(
  path: string,
): Promise<{ readonly privateKey: string; readonly publicKey: string }> {
  await ran("ssh-keygen", ["-q", "-t", "ed25519", "-N", "", "-C", "test", "-f", path]);
  return {
    privateKey: await Deno.readTextFile(path),
    publicKey: (await Deno.readTextFile(`${path}.pub`)).trim(),
  };
}

function configText(
  folder: string,
  { passesProtocol, port }: SshServerOptions & { readonly port: number },
): string {
  return [
    ...(passesProtocol === true ? ["AcceptEnv GIT_PROTOCOL"] : []),
    `ListenAddress 127.0.0.1:${port}`,
    `HostKey ${folder}/host`,
    `AuthorizedKeysFile ${folder}/authorized_keys`,
    "AuthenticationMethods publickey",
    "PasswordAuthentication no",
    "PermitRootLogin prohibit-password",
    "PidFile none",
    "StrictModes no",
    "UsePAM no",
    "",
  ].join("\n");
}

function freePort(): number {
  using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  return listener.addr.port;
}

async function isListening(port: number): Promise<boolean> {
  try {
    using _connection = await Deno.connect({ hostname: "127.0.0.1", port });
    return true;
  } catch (error) {
    if (error instanceof Deno.errors.ConnectionRefused) return false;
    throw error;
  }
}
