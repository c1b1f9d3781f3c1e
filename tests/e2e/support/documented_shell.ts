import type { Story } from "./story.ts";

const REPOSITORY = new URL("../../../", import.meta.url).pathname;

/** What a page calls its places, and what they are here. */
export type Places = Readonly<Record<string, string>>;

/** Runs commands as a page has them, in one folder. */
export interface DocumentedShell extends AsyncDisposable {
  /** Where the commands begin; made empty. */
  readonly folder: string;
  /**
   * Runs a block line by line, as a shell of its own each, and answers what it said. Lines of `pulsar-admin` next to
   * each other run side by side: each starts a JVM.
   *
   * @throws {Error} where a line ends with another code than 0
   */
  run(block: string): Promise<string>;
}

/**
 * The blocks of shell that stand under a heading of a page.
 *
 * @throws {Error} where there are none
 */
export function documentedBlocks(page: string, heading: string): readonly string[] {
  const [, section] = page.split(new RegExp(`^## ${heading}$`, "m"));
  const blocks = [...(section?.split(/^## /m)[0] ?? "").matchAll(/^```sh\n([^]*?)^```/gm)];
  if (blocks.length === 0) throw new Error(`Cannot find commands under ${heading}`);
  return blocks.map(([, text = ""]) => text);
}

/** A shell with this program, kubectl and, where a pod has it, pulsar-admin. */
export async function documentedShell(
  story: Story,
  { adminPod, places }: { readonly adminPod?: string; readonly places: Places },
): Promise<DocumentedShell> {
  const scratch = await Deno.makeTempDir({ prefix: "meshwright-documented-" });
  const folder = `${scratch}/work`;
  const programs = `${scratch}/bin`;
  for (const path of [folder, programs]) await Deno.mkdir(path);
  const { kubectlPath, kubeconfigPath } = story.setting;
  const main = [Deno.execPath(), "run", "-A", "--no-prompt", "--no-check"]
    .concat("--config", `${REPOSITORY}deno.json`, `${REPOSITORY}main.ts`);
  const inPod = (pod: string) =>
    [kubectlPath, "exec", "-n", story.namespace, pod, "--"].concat("bin/pulsar-admin");
  const shims = {
    kubectl: [kubectlPath],
    meshwright: main,
    ...(adminPod === undefined ? {} : { "pulsar-admin": inPod(adminPod) }),
  };
  for (const [name, words] of Object.entries(shims)) {
    await Deno.writeTextFile(`${programs}/${name}`, `#!/bin/sh\nexec ${words.join(" ")} "$@"\n`, {
      mode: 0o755,
    });
  }
  const env = {
    ...{ PATH: `${programs}:${Deno.env.get("PATH") ?? ""}`, KUBECONFIG: kubeconfigPath },
    ...{ GIT_AUTHOR_NAME: "Ada Author", GIT_AUTHOR_EMAIL: "ada@example.org" },
    ...{ GIT_COMMITTER_NAME: "Cleo Committer", GIT_COMMITTER_EMAIL: "cleo@example.org" },
    ...{ GIT_CONFIG_GLOBAL: "/dev/null", GIT_CONFIG_SYSTEM: "/dev/null" },
  };
  return {
    folder,
    async run(block) {
      const lines = block.replaceAll("\\\n", " ").split("\n").filter((line) => line !== "")
        .map((line) => placed(line, places));
      const isAdmin = lines.every((line) => line.startsWith("pulsar-admin "));
      const said: string[] = [];
      for (const group of isAdmin ? [lines] : lines.map((line) => [line])) {
        said.push(...await Promise.all(group.map((line) => ran(line, { cwd: folder, env }))));
      }
      return said.join("");
    },
    [Symbol.asyncDispose]: () => Deno.remove(scratch, { recursive: true }),
  };
}

function placed(line: string, places: Places): string {
  return Object.entries(places).reduce((text, [name, here]) => text.replaceAll(name, here), line);
}

async function ran(
  line: string,
  options: { readonly cwd: string; readonly env: Readonly<Record<string, string>> },
): Promise<string> {
  const { code, stdout, stderr } = await new Deno.Command("/bin/sh", {
    args: ["-c", line],
    ...options,
    stdin: "null",
  }).output();
  const [out, complaints] = [stdout, stderr].map((bytes) => new TextDecoder().decode(bytes));
  if (code === 0) return `${out}${complaints}`;
  throw new Error(`Cannot run ${line}: code ${code}: ${out}${complaints}`);
}
