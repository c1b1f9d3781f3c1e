/** Hostile Git repositories: real ones, made by the `git` program from a seed. The same seed gives the same content. */
import { seeded } from "../support/seeded.ts";

/** What is wrong with a repository. */
export type RepositoryKind = keyof typeof FILES | "odd trees" | "refs";

interface PlantedFile {
  readonly path: string;
  readonly text: string;
  /** 100644 when left out. */
  readonly mode?: string;
}

type Chance = () => number;

const MAP = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\ndata:\n";
const COMMIT = "0123456789abcdef0123456789abcdef01234567";

const upTo = (chance: Chance, max: number) => 1 + Math.floor(chance() * max);
const many = <T>(count: number, one: (index: number) => T) =>
  Array.from({ length: count }, (_, index) => one(index));
const noise = (chance: Chance, length: number) =>
  many(Math.ceil(length / 8), () => chance().toString(36).slice(2, 10).padEnd(8, "x")).join("");
const link = (path: string, text: string): PlantedFile => ({ path, text, mode: "120000" });

/** Files that can be committed in order, by what is wrong with them. */
const FILES = {
  "many files": (chance: Chance) =>
    many(
      upTo(chance, 12_000),
      (index) => ({ path: `${index % 50}/${index}.yaml`, text: "a: 1\n" }),
    ),
  "deep folders": (chance: Chance) => [
    { path: `${"d/".repeat(upTo(chance, 1_900))}a.yaml`, text: MAP },
  ],
  "huge names": (chance: Chance) => [
    ...many(20, () => ({ path: `${noise(chance, upTo(chance, 4_200))}.yaml`, text: MAP })),
    { path: "a\nb\tc\u0001\u2028.yaml", text: MAP },
    { path: '"; rm -rf $HOME; ".yaml', text: MAP },
    { path: "--upload-pack=x.yaml", text: MAP },
  ],
  "links in circles": (chance: Chance) => {
    const count = upTo(chance, 200);
    return [
      ...many(count, (index) => link(`l${index}`, `l${(index + 1) % count}`)),
      ...many(12, (level) => [
        link(`f${level}/x`, `../f${level + 1}`),
        link(`f${level}/y`, `../f${level + 1}`),
        { path: `f${level}/a.yaml`, text: MAP },
      ]).flat(),
      ...[link("up", "../../../etc"), link("root", "/"), link("here", ".")],
    ];
  },
  "submodules": (chance: Chance) => [
    ...many(upTo(chance, 500), (index) => ({ path: `s${index}`, text: COMMIT, mode: "160000" })),
    {
      path: ".gitmodules",
      text: '[submodule "s0"]\n\tpath = s0\n\turl = -u./x\n\tupdate = !touch /tmp/x\n',
    },
  ],
  "huge contents": (chance: Chance) => [
    { path: "a.yaml", text: `a: ${"x".repeat(upTo(chance, 6) * 1_000_000)}` },
    ...many(
      upTo(chance, 4),
      (index) => ({ path: `${index}.yaml`, text: noise(chance, 1_000_000) }),
    ),
  ],
  "case clashes": (chance: Chance) =>
    many(upTo(chance, 200), (index) => ({
      path: [...index.toString(2).padStart(8, "0")].map((bit) => bit === "0" ? "a" : "A").join("") +
        "/A.yaml",
      text: MAP,
    })),
  "attributes": (_chance: Chance) => [
    { path: ".gitattributes", text: "* filter=lfs diff=lfs merge=lfs -text\n*.yaml filter=evil\n" },
    { path: ".lfsconfig", text: "[lfs]\n\turl = http://169.254.169.254/\n" },
    { path: "hooks/post-checkout", text: "#!/bin/sh\ntouch /tmp/x\n", mode: "100755" },
    {
      path: "a.yaml",
      text:
        `version https://git-lfs.github.com/spec/v1\noid sha256:${COMMIT}${COMMIT}\nsize 99999999999\n`,
    },
  ],
  "patterns": (chance: Chance) => [
    { path: ".meshignore", text: many(upTo(chance, 1_000), () => "*a*a*a*a*a*a*b").join("\n") },
    { path: `${"a".repeat(250)}.yaml`, text: MAP },
  ],
  "maps and lists": (chance: Chance) => [
    {
      path: "map.yaml",
      text: MAP + many(upTo(chance, 19_000), (key) => `  k${key}: x\n`).join(""),
    },
    { path: "list.yaml", text: `[${"1,".repeat(upTo(chance, 1_000_000))}1]` },
    { path: "variables.yaml", text: `${MAP}  a: '${"${a-".repeat(upTo(chance, 40_000))}'\n` },
    { path: "depth.yaml", text: "[".repeat(upTo(chance, 100_000)) },
    {
      path: "aliases.yaml",
      text: many(
        20,
        (level) =>
          `a${level}: &a${level} [${many(9, () => level === 0 ? "x" : `*a${level - 1}`)}]\n`,
      ).join(""),
    },
  ],
} satisfies Record<string, (chance: Chance) => readonly PlantedFile[]>;

/** All there are. */
export const REPOSITORY_KINDS: readonly RepositoryKind[] = [
  ...Object.keys(FILES) as (keyof typeof FILES)[],
  ...["odd trees", "refs"] as const,
];

/** Makes a bare repository in a new folder, to be served over HTTP. */
export async function makeRepository(
  folder: string,
  { kind, seed }: { readonly kind: RepositoryKind; readonly seed: number },
): Promise<void> {
  const chance = seeded(seed);
  await git(["init", "--quiet", "--bare", "--initial-branch=main", folder]);
  await git(["-C", folder, "config", "uploadpack.allowFilter", "true"]);
  if (kind === "odd trees") return await commitOddTree(folder, chance);
  const files = kind === "refs" ? [{ path: "a.yaml", text: MAP }] : FILES[kind](chance);
  await git(["-C", folder, "fast-import", "--quiet"], fastImport(files));
  if (kind === "refs") await nameOften(folder, upTo(chance, 20_000));
}

function fastImport(files: readonly PlantedFile[]): string {
  const parts = [
    "commit refs/heads/main\ncommitter A <a@example.org> 1000000000 +0000\ndata 1\nx\n",
  ];
  for (const { mode = "100644", path, text } of files) {
    const name = JSON.stringify(path).replace("\\u0001", "\\001").replace("\\t", "\\011");
    if (mode === "160000") {
      parts.push(`M ${mode} ${text} ${name}\n`);
    } else {
      const length = new TextEncoder().encode(text).length;
      parts.push(`M ${mode} inline ${name}\ndata ${length}\n`, text, "\n");
    }
  }
  return parts.join("");
}

/** Names that git itself never writes into a tree: its own folder, ways up, twice the same, none. */
const ODD_NAMES = [
  ...[".git", ".GIT", "git~1", ".git ", "..", ".", "a/b.yaml", "a.yaml", "a.yaml", "A.yaml"],
  ...["\xff.yaml", "", ".gitmodules", "b.yaml\n", "con.yaml", "../up.yaml", "/root.yaml"],
];

async function commitOddTree(folder: string, chance: Chance): Promise<void> {
  const blob = await git(["-C", folder, "hash-object", "-w", "--stdin"], MAP);
  const hash = Uint8Array.fromHex(blob);
  const modes = ["100644", "100644", "120000", "40000", "777777", "0"];
  const entries = many(upTo(chance, 30), () => {
    const pick = <T>(all: readonly T[]) => all[Math.floor(chance() * all.length)] as T;
    const head = [...`${pick(modes)} ${pick(ODD_NAMES)}\0`].map((one) => one.charCodeAt(0));
    return [...head, ...hash];
  });
  const tree = await git(
    ["-C", folder, "hash-object", "-w", "-t", "tree", "--literally", "--stdin"],
    new Uint8Array(entries.flat()),
  );
  const head = `tree ${tree}\nauthor A <a@example.org> 1000000000 +0000\n`;
  const text = `${head}committer A <a@example.org> 1000000000 +0000\n\nx\n`;
  const commit = await git(["-C", folder, "hash-object", "-w", "-t", "commit", "--stdin"], text);
  await Deno.writeTextFile(`${folder}/refs/heads/main`, `${commit}\n`);
}

async function nameOften(folder: string, count: number): Promise<void> {
  const commit = await git(["-C", folder, "rev-parse", "main"]);
  const lines = many(count, (index) => `${commit} refs/tags/v${index}.0.0-${"x".repeat(200)}`);
  await Deno.writeTextFile(
    `${folder}/packed-refs`,
    `# pack-refs with: peeled fully-peeled\n${lines.sort().join("\n")}\n`,
  );
}

async function git(args: readonly string[], input: string | Uint8Array = ""): Promise<string> {
  const child = new Deno.Command("git", {
    args: [...args],
    env: { GIT_CONFIG_NOSYSTEM: "1", GIT_CONFIG_GLOBAL: "/dev/null" },
    stdin: "piped",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
  const writer = child.stdin.getWriter();
  const bytes = typeof input === "string" ? new TextEncoder().encode(input) : input;
  const written = writer.write(bytes).then(() => writer.close());
  const { stdout, stderr, success } = await child.output();
  await written;
  const decoder = new TextDecoder();
  if (!success) throw new Error(`git ${args.join(" ")}: ${decoder.decode(stderr)}`);
  return decoder.decode(stdout).trim();
}
