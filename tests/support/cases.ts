/**
 * Small inputs that failed once, a folder each. Ours lie in `tests/fixtures/cases`, with siblings of what was reported; the
 * reported ones may lie in `shared/cases` beside the checkout, or where `MESHWRIGHT_CASES` says, and are run as well.
 */

/** The files of one case, by name. */
export interface CaseInput {
  /** Whose it is: in the name of the test. */
  readonly origin: "ours" | "reported";
  readonly folder: string;
  readonly files: Readonly<Record<string, string>>;
}

/** Folder of our own cases. */
const OURS = new URL("../fixtures/cases/", import.meta.url);

/** The cases that a test of each stage runs, by the name of their folder. */
export const CASES = {
  io: [
    "01-cli-paths",
    "03-secret-number",
    "08-duplicate-env",
    "09-exported",
    "19-hidden-folder",
    "23-names",
  ],
  cluster: [
    "02-secret-stringdata",
    "03-secret-number",
    "06-job-ttl",
    "08-duplicate-env",
    "09-exported",
    "10-crd-version-dropped",
    "13-hpa-below-min",
    "15-connector-catalog",
    "17-keda-function",
    "18-sha256-repository",
    "19-hidden-folder",
    "25-git-refs",
    "26-symlinked-folder",
    "27-immutable",
  ],
} as const;

/** The name of a case. */
export type CaseName = typeof CASES[keyof typeof CASES][number];

/** What of a case there is to run: ours, and what was reported where its folder is at hand. */
export async function caseInputs(name: CaseName): Promise<CaseInput[]> {
  const reported = reportedFolder();
  const places = [
    { origin: "ours", folder: new URL(`${name}/`, OURS) } as const,
    ...(reported === undefined
      ? []
      : [{ origin: "reported", folder: new URL(`${name}/`, reported) } as const]),
  ];
  const inputs = places.map(async ({ origin, folder }): Promise<CaseInput> => ({
    origin,
    folder: folder.pathname.replace(/\/$/, ""),
    files: await filesIn(folder),
  }));
  return (await Promise.all(inputs)).filter(({ files }) => Object.keys(files).length > 0);
}

/** The first column of the table of the reported cases, and what each should do; empty where it is not at hand. */
export async function reportedExpectations(): Promise<ReadonlyMap<string, string>> {
  const folder = reportedFolder();
  if (folder === undefined) return new Map();
  const text = await Deno.readTextFile(new URL("README.md", folder));
  const rows = text.split("\n").filter((line) => /^\| \d\d-/.test(line));
  return new Map(rows.flatMap((row) => {
    const [, names = "", , should = ""] = row.split("|").map((cell) => cell.trim());
    return names.split(", ").map((name): [string, string] => [name, should]);
  }));
}

function reportedFolder(): URL | undefined {
  const named = Deno.env.get("MESHWRIGHT_CASES");
  const folder = named === undefined
    ? new URL("../../../shared/cases/", import.meta.url)
    : new URL(`file://${named.replace(/\/?$/, "/")}`);
  return isThere(folder) ? folder : undefined;
}

function isThere(folder: URL): boolean {
  try {
    return Deno.statSync(folder).isDirectory;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return false;
    throw error;
  }
}

async function filesIn(folder: URL): Promise<Record<string, string>> {
  if (!isThere(folder)) return {};
  const files: Record<string, string> = {};
  for await (const { name } of Deno.readDir(folder)) {
    if (name.endsWith(".yaml")) files[name] = await Deno.readTextFile(new URL(name, folder));
  }
  return files;
}
