/** GPG keys for tests, each in a folder of its own. */
import type { TestRepository } from "./git_repository.ts";
import { needProgram, ran } from "./programs.ts";

/** A key pair that signs. */
export interface GpgKey extends AsyncDisposable {
  readonly fingerprint: string;
  /** The public key as a block of text. */
  readonly publicKey: string;
  /** Lets a repository sign its commits from now on. */
  signCommits(repository: TestRepository): Promise<void>;
}

/** Makes a key without a passphrase for somebody. */
export async function gpgKey(userId: string): Promise<GpgKey> {
  await needProgram("/usr/bin/gpg", "gnupg");
  const folder = await Deno.makeTempDir({ prefix: "meshwright-gpg-" });
  const env = { GNUPGHOME: folder };
  const gpg = (...args: string[]) => ran("gpg", ["--batch", "--no-tty", ...args], { env });
  const noPhrase = ["--pinentry-mode", "loopback", "--passphrase", ""];
  await gpg(...noPhrase, "--quick-generate-key", userId, "ed25519", "sign", "never");
  const listed = await gpg("--with-colons", "--list-keys");
  const fingerprint = /^fpr:+([0-9A-F]+):/m.exec(listed)?.[1] ?? "";
  const wrapper = `${folder}/sign`;
  await Deno.writeTextFile(wrapper, `#!/bin/sh\nGNUPGHOME='${folder}' exec gpg "$@"\n`, {
    mode: 0o755,
  });
  return {
    fingerprint,
    publicKey: await gpg("--armor", "--export"),
    signCommits: async (repository) => {
      await repository.git("config", "gpg.program", wrapper);
      await repository.git("config", "user.signingKey", fingerprint);
      await repository.git("config", "commit.gpgSign", "true");
    },
    async [Symbol.asyncDispose]() {
      await ran("gpgconf", ["--kill", "all"], { env });
      await Deno.remove(folder, { recursive: true });
    },
  };
}
