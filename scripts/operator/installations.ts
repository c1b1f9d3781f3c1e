import { changingParts, type Installation, type InstallParts, installParts } from "#install";
import type { KubeObject } from "#base";
import { INSTALL_FLAGS, installationFrom } from "../../src/cli/install.ts";
import { parseArguments } from "../../src/cli/parse.ts";

/** The installation that flags of `install` ask for; variables of this process do not count. */
export function installationOf(words: readonly string[]): Installation {
  return installationFrom(parseArguments(words, { flags: INSTALL_FLAGS, env: {} }).flags);
}

/** The parts of that installation. */
export function partsOf(words: readonly string[]): InstallParts {
  return installParts(installationOf(words));
}

/** All but the definitions, which no flag changes. */
export function changingObjects(words: readonly string[]): readonly KubeObject[] {
  const { access, namespace, program } = changingParts(installationOf(words));
  return [...namespace, ...access, ...program];
}

/** What tells an object from all others of an installation. */
export function identity({ apiVersion, kind, metadata }: KubeObject): string {
  return [apiVersion, kind, metadata.namespace ?? "", metadata.name].join(" ");
}
