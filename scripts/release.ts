/**
 * `deno task release`: everything that people get of a version, in one folder. See `HELP`.
 *
 * @module
 */
import { parseArgs } from "node:util";
import settings from "../deno.json" with { type: "json" };
import { audited, configuredRegistry, ownLock } from "./audit.ts";
import { anyBase, TARGETS } from "./compile.ts";
import { Interruption } from "./control_plane/interruption.ts";
import { progressOnStderr } from "./control_plane/progress.ts";
import { exitWith } from "./exit.ts";
import { checkoutState, releaseProblems } from "./release/checkout_state.ts";
import { makeRelease } from "./release/release_folder.ts";

const HELP =
  `Make everything that people get of a version: binaries, image, manifests, notes, bill of materials
(SPDX), licences, checksums. A package with a known vulnerability is not released; where the registry
does not tell, that is said (deno task audit).

Usage: deno task release [FLAGS]

  --output FOLDER   where to put it (default: dist/release)
  --image NAME      name of the image, also in install.yaml (default: meshwright:VERSION)
  --only TARGET     a binary for this system only; can be repeated
  --without-image   no image: it takes root on Linux and debootstrap
  --rehearsal       with changes in the checkout, for this system only, on the base for tests where
                    Deno's download host cannot be reached: to try it, not to give it to anybody

The version is that of deno.json; publishing what is made is left to you.
`;

const OPTIONS = {
  output: { type: "string", default: "dist/release" },
  image: { type: "string", default: `meshwright:${settings.version}` },
  only: { type: "string", multiple: true, default: [] as string[] },
  "without-image": { type: "boolean", default: false },
  rehearsal: { type: "boolean", default: false },
  help: { type: "boolean", default: false },
} as const;

async function main(args: readonly string[]): Promise<number> {
  const { values } = parseArgs({ args: [...args], options: OPTIONS });
  if (values.help) {
    await Deno.stdout.write(new TextEncoder().encode(HELP));
    return 0;
  }
  const { output, image, only, rehearsal } = values;
  const strange = only.find((name) => !TARGETS.some((known) => known === name));
  if (strange !== undefined) {
    progressOnStderr(`there is no target ${strange}; there are ${TARGETS.join(", ")}`);
    return 2;
  }
  const state = await checkoutState();
  const problems = releaseProblems(state, settings.version);
  for (const problem of problems) progressOnStderr(`${rehearsal ? "warning: " : ""}${problem}`);
  const audit = await audited(await ownLock(), configuredRegistry());
  for (const line of audit.lines) progressOnStderr(`audit: ${line}`);
  if ((problems.length > 0 || audit.outcome === "some") && !rehearsal) return 1;
  const all = rehearsal ? [Deno.build.target] : TARGETS;
  using interruption = new Interruption();
  const names = await makeRelease({
    output,
    image,
    targets: only.length > 0 ? only : all,
    withImage: !values["without-image"],
    state,
    ...(rehearsal ? { base: await anyBase() } : {}),
    progress: progressOnStderr,
    signal: interruption.signal,
  });
  progressOnStderr(`made ${output}: ${names.join(", ")}`);
  return 0;
}

if (import.meta.main) await exitWith(main);
