/** The Dockerfile as it can be built where nothing comes from a registry of images. No effects here. */

/** What an image is called that the build stage begins with in place of its Debian. */
export const BUILD_BASE = "localhost/meshwright-build-base:1";

/** What the Dockerfile begins its stages with. */
export interface BaseNames {
  /** The one with Deno. */
  readonly deno: string;
  /** The Debian of the build and of the image. */
  readonly debian: string;
}

/**
 * The images that a Dockerfile is built on.
 *
 * @throws {Error} where it has other stages than this knows
 */
export function baseNames(dockerfile: string): BaseNames {
  const deno = /^FROM (\S+) AS deno$/m.exec(dockerfile)?.[1];
  const debian = /^FROM (\S+) AS build$/m.exec(dockerfile)?.[1];
  const last = [...dockerfile.matchAll(/^FROM (\S+)$/gm)].map(([, name]) => name);
  if (deno === undefined || debian === undefined || last.length !== 1 || last[0] !== debian) {
    throw new Error("Cannot build the Dockerfile: its stages are not deno, build and the image");
  }
  return { deno, debian };
}

/**
 * The same Dockerfile with two differences, in its stage `build` alone: it begins with {@linkcode BUILD_BASE}, and what is
 * compiled is compiled on the test base.
 *
 * @throws {Error} where there is no such line
 */
export function offlineDockerfile(dockerfile: string): string {
  const { debian } = baseNames(dockerfile);
  const replaced = dockerfile
    .replace(`FROM ${debian} AS build`, `FROM ${BUILD_BASE} AS build`)
    .replace("scripts/compile.ts --output", "scripts/compile.ts --test-base --output");
  if (!replaced.includes("--test-base")) {
    throw new Error("Cannot build the Dockerfile: it does not compile as this knows");
  }
  return replaced;
}
