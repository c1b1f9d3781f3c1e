/**
 * `deno task image`: the image of the program as an OCI archive, without Docker. See `HELP`.
 *
 * @module
 */
import { parseArgs } from "node:util";
import { testBase } from "./compile/test_base.ts";
import { Interruption } from "./control_plane/interruption.ts";
import { progressOnStderr } from "./control_plane/progress.ts";
import { exitWith } from "./exit.ts";
import { writeProgramImage } from "./image/program_image.ts";

const HELP = `Make the image of the program as an OCI archive, without Docker.

Usage: deno task image [FLAGS]

  --output FILE      where to put it (default: dist/meshwright.oci.tar)
  --reference NAME   name and tag of the image (default: meshwright:VERSION)
  --test-base        compile on an old Deno from PyPI, for tests where Deno's download host cannot
                     be reached

It follows the last stage of the Dockerfile: Debian packages by debootstrap, the binary by
scripts/compile.ts. It takes root on Linux, and Debian's package mirrors. Load it with one of
  skopeo copy oci-archive:FILE docker://registry.example/meshwright:0.1.0
  ctr --namespace k8s.io images import FILE
  podman load --input FILE
`;

async function main(args: readonly string[]): Promise<number> {
  const { values } = parseArgs({
    args: [...args],
    options: {
      output: { type: "string", default: "dist/meshwright.oci.tar" },
      reference: { type: "string" },
      "test-base": { type: "boolean" },
      help: { type: "boolean" },
    },
  });
  if (values.help) {
    await Deno.stdout.write(new TextEncoder().encode(HELP));
    return 0;
  }
  const { output, reference } = values;
  using interruption = new Interruption();
  const image = await writeProgramImage(output, {
    ...(reference === undefined ? {} : { reference }),
    ...(values["test-base"] ? { base: await testBase() } : {}),
    progress: progressOnStderr,
    signal: interruption.signal,
  });
  progressOnStderr(`made ${image.path}: ${image.reference}`);
  return 0;
}

if (import.meta.main) await exitWith(main);
