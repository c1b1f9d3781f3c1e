/** What judges health rules as Argo CD and Flux do, with their interpreters: built once and kept outside the checkout. */
import { reported } from "../control_plane/progress.ts";
import { runGuarded } from "../e2e/guarded_run.ts";
import { requiredProgram } from "../e2e/required_program.ts";
import { type Making, stored } from "../e2e/stored.ts";

const MODULE = new URL("./health_module/", import.meta.url);

/**
 * Finds or builds the judge; `health_module/go.sum` pins the content of every module.
 *
 * @returns its path
 * @throws {Error} with the last words of the compiler, or that Go is missing
 */
export async function healthProgram(making: Making): Promise<string> {
  const files = await Promise.all(["go.mod", "go.sum", "main.go"].map(async (name) => ({
    name,
    text: await Deno.readTextFile(new URL(name, MODULE)),
  })));
  const folder = await stored({
    ...making,
    name: "health-judge",
    inputs: files,
    async make(folder) {
      const go = { ...making, debianPackage: "golang-go", purpose: "builds what judges health" };
      const program = await requiredProgram("go", go);
      for (const { name, text } of files) await Deno.writeTextFile(`${folder}/${name}`, text);
      await reported(
        "building the judge of health rules, once a machine",
        () =>
          runGuarded("build the judge of health rules", {
            program,
            args: [
              ...["build", "-mod=readonly", "-trimpath", "-ldflags", "-s -w"],
              ...["-o", `${folder}/judge`, "."],
            ],
            cwd: folder,
            env: { CGO_ENABLED: "0", GOFLAGS: "-buildvcs=false", GOWORK: "off" },
            logPath: `${folder}/build.log`,
            signal: making.signal,
          }),
        making.progress,
      );
    },
  });
  return `${folder}/judge`;
}
