/** Helm itself, which judges the chart in tests: built once from Go modules and kept outside the checkout. */
import { runGuarded } from "../e2e/guarded_run.ts";
import { requiredProgram } from "../e2e/required_program.ts";
import { reported } from "../control_plane/progress.ts";
import { type Making, stored } from "../e2e/stored.ts";

const MODULE = new URL("./helm_module/", import.meta.url);

/**
 * Finds or builds Helm; `helm_module/go.sum` pins the content of every module.
 *
 * @returns its path
 * @throws {Error} with the last words of the compiler, or that Go is missing
 */
export async function helmProgram(making: Making): Promise<string> {
  const files = await Promise.all(["go.mod", "go.sum"].map(async (name) => ({
    name,
    text: await Deno.readTextFile(new URL(name, MODULE)),
  })));
  const folder = await stored({
    ...making,
    name: "helm",
    inputs: files,
    async make(folder) {
      const { progress } = making;
      const go = { ...making, debianPackage: "golang-go", purpose: "builds Helm for tests" };
      const program = await requiredProgram("go", go);
      for (const { name, text } of files) await Deno.writeTextFile(`${folder}/${name}`, text);
      const build = () => buildHelm(program, folder, making.signal);
      await reported("building Helm: minutes the first time, once a machine", build, progress);
    },
  });
  return `${folder}/helm`;
}

async function buildHelm(program: string, folder: string, signal: AbortSignal | undefined) {
  await runGuarded("build Helm", {
    program,
    args: [
      ...["build", "-mod=readonly", "-trimpath", "-ldflags", "-s -w"],
      ...["-o", `${folder}/helm`, "helm.sh/helm/v4/cmd/helm"],
    ],
    cwd: folder,
    env: { CGO_ENABLED: "0", GOFLAGS: "-buildvcs=false", GOWORK: "off" },
    logPath: `${folder}/build.log`,
    signal,
  });
}
