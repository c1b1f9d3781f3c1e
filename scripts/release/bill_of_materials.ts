import { type LockedPackage, packageText } from "./locked_packages.ts";

/** What a bill of materials tells of. */
export interface BillOptions {
  readonly version: string;
  readonly commit: string;
  /** Of the commit, as `2026-11-28`: the same commit has the same bill. */
  readonly date: string;
  readonly licence: string;
  /** Of the Deno in the binaries. */
  readonly denoVersion: string;
  /** By `name@version`, of what the binaries are made of: what a package says its licence is. */
  readonly shipped: ReadonlyMap<string, string | undefined>;
}

const PROGRAM = "SPDXRef-meshwright";
const DENO = "SPDXRef-deno";

/** The bill of materials of a release, in SPDX 2.3: what deno.lock fixes, with hashes, and the Deno that runs it. */
export function billOfMaterials(packages: readonly LockedPackage[], options: BillOptions) {
  const { commit, date, denoVersion, licence, shipped, version } = options;
  const name = `meshwright-${version}`;
  return {
    spdxVersion: "SPDX-2.3",
    dataLicense: "CC0-1.0",
    SPDXID: "SPDXRef-DOCUMENT",
    name,
    documentNamespace: `https://spdx.org/spdxdocs/${name}-${encodeURIComponent(commit)}`,
    creationInfo: { created: `${date}T00:00:00Z`, creators: [`Tool: ${name}`] },
    packages: [
      plainPackage(PROGRAM, { name: "meshwright", version, licence }),
      plainPackage(DENO, { name: "deno", version: denoVersion, licence: "MIT" }),
      ...packages.map((one) => npmPackage(one, shipped.get(packageText(one)))),
    ],
    relationships: [
      relationship("SPDXRef-DOCUMENT", "DESCRIBES", PROGRAM),
      relationship(PROGRAM, "CONTAINS", DENO),
      ...packages.map((one) =>
        shipped.has(packageText(one))
          ? relationship(PROGRAM, "CONTAINS", packageId(packageText(one)))
          : relationship(packageId(packageText(one)), "DEV_DEPENDENCY_OF", PROGRAM)
      ),
      ...packages.flatMap((one) =>
        one.needs.map((need) =>
          relationship(packageId(packageText(one)), "DEPENDS_ON", packageId(need))
        )
      ),
    ],
  };
}

function plainPackage(
  id: string,
  { name, version, licence }: {
    readonly name: string;
    readonly version: string;
    readonly licence: string;
  },
) {
  return {
    SPDXID: id,
    name,
    versionInfo: version,
    downloadLocation: "NOASSERTION",
    filesAnalyzed: false,
    licenseConcluded: "NOASSERTION",
    licenseDeclared: licenceExpression(licence),
    copyrightText: "NOASSERTION",
  };
}

function npmPackage(one: LockedPackage, licence: string | undefined) {
  const { name, sha512, version } = one;
  const file = `${name.split("/").at(-1)}-${version}.tgz`;
  return {
    ...plainPackage(packageId(packageText(one)), { name, version, licence: licence ?? "" }),
    downloadLocation: `https://registry.npmjs.org/${name}/-/${file}`,
    ...(sha512 === undefined
      ? {}
      : { checksums: [{ algorithm: "SHA512", checksumValue: sha512 }] }),
    externalRefs: [{
      referenceCategory: "PACKAGE-MANAGER",
      referenceType: "purl",
      referenceLocator: `pkg:npm/${name.replace(/^@/, "%40")}@${encodeURIComponent(version)}`,
    }],
  };
}

/** What the format takes as a licence; words that are none are not passed on as one. */
function licenceExpression(licence: string): string {
  return /^\(?[A-Za-z0-9.+-]+( (AND|OR|WITH) [A-Za-z0-9.+-]+)*\)?$/.test(licence)
    ? licence
    : "NOASSERTION";
}

/** Letters, digits, dots and dashes are all that such a name may have. */
function packageId(text: string): string {
  return `SPDXRef-npm-${text.replaceAll(/[^A-Za-z0-9.-]/g, "-").replace(/^-/, "")}`;
}

function relationship(from: string, relationshipType: string, to: string) {
  return { spdxElementId: from, relationshipType, relatedSpdxElement: to };
}
