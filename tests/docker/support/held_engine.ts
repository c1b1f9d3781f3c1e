/**
 * A program that is interrupted: in a sandbox it starts a Docker engine with a container that runs a command, until it ends.
 *
 *     deno run -A held_engine.ts PLAN
 */
import { progressOnStderr } from "../../../scripts/control_plane/progress.ts";
import { Interruption } from "../../../scripts/control_plane/interruption.ts";
import { insideSandbox, sandboxFacts } from "../../../scripts/e2e/sandbox.ts";
import type { EnginePackages } from "../../../scripts/kind/engine_packages.ts";
import { type LayerImage, OwnEngine, siteInSandbox } from "../../../scripts/kind/own_engine.ts";

/** What to start. */
export interface HeldEngine {
  readonly packages: EnginePackages;
  readonly image: LayerImage;
  readonly command: readonly string[];
}

const SELF = import.meta.filename ?? "";

async function outside(plan: string): Promise<number> {
  using interruption = new Interruption();
  const again = [Deno.execPath(), "run", "-A", SELF, plan];
  await insideSandbox(again, { network: "loopback", signal: interruption.signal });
  return interruption.exitCode;
}

async function inside({ packages, image, command }: HeldEngine): Promise<void> {
  const { site } = siteInSandbox({ hasNetworks: true });
  await using engine = await OwnEngine.start(site, { packages });
  await engine.take(image, { progress: progressOnStderr });
  await engine.docker(["run", "--privileged", image.reference, ...command]);
}

if (import.meta.main) {
  const [plan = ""] = Deno.args;
  if (sandboxFacts() === undefined) Deno.exit(await outside(plan));
  await inside(JSON.parse(plan));
}
