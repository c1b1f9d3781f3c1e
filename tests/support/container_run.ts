/**
 * Commands of containers, really run by a shell: stand-ins of the programs write down what reaches them. Paths below
 * /pulsar are moved into a temporary folder; the kubelet's part, which reads a command before the shell, is done by
 * {@linkcode expanded}, a translation of Kubernetes' own rules.
 */
import { assertEquals } from "@std/assert";
import { at } from "../unit/desired/fixtures.ts";

/** The environment of a container. */
export const ENV = {
  POD_NAME: "orders-function-7",
  webServiceURL: "http://broker:8080",
  brokerServiceURL: "pulsar://broker:6650",
  clientAuthenticationPlugin: "from secret",
  clientAuthenticationParameters: `token:it's * $HOME`,
  tlsTrustCertsFilePath: "/certs with blanks/ca.pem",
};

/** `$(NAME)` and `$$` as Kubernetes reads them in a command (third_party/forked/golang/expansion). */
function expanded(text: string, env: Readonly<Record<string, string>>): string {
  let result = "";
  for (let index = 0; index < text.length; index++) {
    const next = text[index + 1];
    const close = text.indexOf(")", index + 2);
    if (text[index] !== "$" || next === undefined) result += text[index];
    else if (next === "$") result += text[index++];
    else if (next === "(" && close >= 0) {
      const name = text.slice(index + 2, close);
      result += Object.hasOwn(env, name) ? env[name] : `$(${name})`;
      index = close;
    } else result += `$${text[++index]}`;
  }
  return result;
}

/** One call of a stand-in: its name and its arguments. */
export type Call = readonly string[];

export interface Run {
  readonly calls: readonly Call[];
  readonly code: number;
  readonly errors: string;
  /** A file that the script wrote, by its path in the container. */
  readonly file: (path: string) => Promise<string>;
}

/** Runs the command of a container and answers what its programs were called with. */
export async function runContainer(
  container: unknown,
  check: (run: Run) => Promise<void> | void,
): Promise<void> {
  const folder = await Deno.makeTempDir();
  try {
    const programs = [
      "java",
      "python",
      "pulsarctl",
      "pulsar_rust_instance",
      "wget",
      "chmod",
      "pulsar/bin/pulsar-admin",
    ];
    await Deno.mkdir(`${folder}/pulsar/bin`, { recursive: true });
    await Deno.mkdir(`${folder}/pulsar/lib`);
    await Deno.mkdir(`${folder}/pulsar/instances/python-instance`, { recursive: true });
    await Deno.mkdir(`${folder}/work`);
    await Deno.writeTextFile(
      `${folder}/pulsar/instances/python-instance/log.py`,
      "  Log.setLevel(1)\n",
    );
    await Deno.writeTextFile(`${folder}/pulsar/lib/org.yaml-snakeyaml-2.0.jar`, "");
    for (const name of programs) await standIn(folder, name);
    await standIn(folder, "pulsar/go-func");
    // A script may end before it calls anything.
    await Deno.writeTextFile(`${folder}/calls`, "");
    const [shell, ...args] = at(container, "command") as string[];
    const moved = args.map((text) =>
      expanded(text, ENV).replaceAll(
        /\/pulsar\/(?=bin|lib|conf|instances|go-func)/g,
        `${folder}/pulsar/`,
      )
    );
    const output = await new Deno.Command(shell ?? "", {
      args: moved,
      cwd: `${folder}/work`,
      clearEnv: true,
      env: {
        ...ENV,
        CALLS: `${folder}/calls`,
        PATH: `${folder}:/usr/bin:/bin`,
        HOME: "/home/wrong",
      },
    }).output();
    const left: string[] = [];
    for await (const entry of Deno.readDir(`${folder}/work`)) left.push(entry.name);
    assertEquals(left.filter((name) => name !== "logs"), [], "a value was run as a command");
    await check({
      calls: await callsIn(`${folder}/calls`, folder),
      code: output.code,
      errors: new TextDecoder().decode(output.stderr),
      file: (path) => Deno.readTextFile(`${folder}${path}`),
    });
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

/** A program that writes its name and arguments down, each ended by a zero byte, and a record by one more. */
async function standIn(folder: string, name: string): Promise<void> {
  const script =
    `#!/bin/sh\nprintf '%s\\0' "\${0##*/}" "$@" >> "$CALLS"\nprintf '\\0' >> "$CALLS"\n`;
  await Deno.writeTextFile(`${folder}/${name}`, script, { mode: 0o755 });
}

async function callsIn(path: string, folder: string): Promise<Call[]> {
  const calls: string[][] = [];
  let call: string[] = [];
  // Arguments are never empty here, so an empty field ends a record.
  for (const field of (await Deno.readTextFile(path)).split("\0")) {
    if (field !== "") call.push(field.replaceAll(folder, ""));
    else if (call.length > 0) {
      calls.push(call);
      call = [];
    }
  }
  return calls;
}

/** The argument after an option. */
export function after(call: Call | undefined, option: string): string | undefined {
  const index = call?.indexOf(option) ?? -1;
  return index < 0 ? undefined : call?.[index + 1];
}
