import { dirname } from "node:path";
import { testBase } from "../compile/test_base.ts";
import { cacheRoot } from "../control_plane/cache.ts";
import { debianLayer } from "../e2e/debian_root.ts";
import type { Layer } from "../e2e/image_archive.ts";
import { storedLayer } from "../e2e/layers.ts";
import { isThere, type Making } from "../e2e/stored.ts";
import { runProgram } from "../compile/program.ts";
import { type BaseNames, BUILD_BASE } from "./dockerfile_variant.ts";
import type { LayerImage } from "./own_engine.ts";

/** Where the certificates are that this machine trusts, in most distributions. */
const CERTIFICATES = "/etc/ssl/certs/ca-certificates.crt";
const CERTIFICATES_IN_BASE = "/etc/meshwright-certificates.pem";

/**
 * Makes what the Dockerfile builds on: Debian by debootstrap, this Deno, and for the build a Debian with the test base, that
 * trusts whom this machine trusts (between it and a registry there may be somebody who ends TLS).
 *
 * @throws {Error} where this Deno is not the one that the Dockerfile names, or a part cannot be had
 */
export async function baseImages(names: BaseNames, making: Making): Promise<LayerImage[]> {
  const { version } = Deno;
  if (!names.deno.endsWith(`-${version.deno}`)) {
    throw new Error(`Cannot make ${names.deno}: this is Deno ${version.deno}`);
  }
  const debian = await debianLayer({ ...making, suite: "trixie", packages: [] });
  const deno = await storedLayer({
    ...making,
    name: "docker-deno",
    inputs: { version: version.deno, architecture: Deno.build.arch },
    make: ({ root }) => Deno.copyFile(Deno.execPath(), `${root}/deno`),
  });
  const build = await buildLayer(debian, making);
  return [
    { reference: names.debian, layer: debian, changes: ['CMD ["bash"]'] },
    { reference: names.deno, layer: deno, changes: ['ENTRYPOINT ["/deno"]'] },
    { reference: BUILD_BASE, layer: build, changes: [`ENV DENO_CERT=${CERTIFICATES_IN_BASE}`] },
  ];
}

async function buildLayer(debian: Layer, making: Making): Promise<Layer> {
  const { deno, runtime = "" } = await testBase();
  const certificates = await isThere(CERTIFICATES) ? await Deno.readTextFile(CERTIFICATES) : "";
  return await storedLayer({
    ...making,
    name: "docker-build-base",
    inputs: { debian: debian.digest, deno, certificates },
    async make({ root }) {
      await runProgram("tar", ["-xf", debian.path, "--numeric-owner", "-C", root]);
      await Deno.writeTextFile(`${root}${CERTIFICATES_IN_BASE}`, certificates);
      // Where it is looked for by who has the root's home and no other settings.
      const folder = cacheRoot(Deno.env.toObject());
      for (const path of [deno, runtime]) {
        const to = `${root}/root/.cache/meshwright${path.slice(folder.length)}`;
        await Deno.mkdir(dirname(to), { recursive: true });
        await Deno.copyFile(path, to);
      }
    },
  });
}
