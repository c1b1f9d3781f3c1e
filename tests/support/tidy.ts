import { isRoot, type Repository } from "./repository.ts";

/** Looks at a repository and says `path:line: what is wrong, what to do instead`. */
export type TidyCheck = (repository: Repository) => string[];

/** Where what runs in a browser starts. */
const PAGE = "src/console/page/page.tsx";

/** Modules that no program, test or lint plugin reaches; below `src/`, those that neither `main.ts` nor the page reaches. */
export function deadModules({ files, imports }: Repository): string[] {
  const fromMain = reachable(["main.ts", PAGE], imports);
  const fromAnywhere = reachable([...files.keys()].filter(isRoot), imports);
  return [...files.keys()].filter((path) => /\.tsx?$/.test(path) && !path.endsWith(".d.ts"))
    .flatMap((path) => {
      if (path.startsWith("src/")) {
        return fromMain.has(path)
          ? []
          : [`${path}:1: not reachable from main.ts, import it or remove it`];
      }
      return fromAnywhere.has(path)
        ? []
        : [`${path}:1: imported by no program and no test, import it or remove it`];
    });
}

/** Imports of modules that are not there. */
export function missingModules({ files, imports }: Repository): string[] {
  return [...imports].flatMap(([path, targets]) =>
    [...new Set(targets)].filter((target) => !files.has(target))
      .map((target) => `${path}:1: imports ${target}, which is not there, write it or leave it out`)
  );
}

/** Modules of `src` that import one another in a circle, types included: none can be read, or moved, by itself. */
export function importCircles({ imports }: Repository): string[] {
  const own = (path: string) =>
    (imports.get(path) ?? []).filter((other) => other.startsWith("src/"));
  const found = new Set<string>();
  const done = new Set<string>();
  const visit = (path: string, trail: readonly string[]) => {
    const at = trail.indexOf(path);
    if (at >= 0) {
      const circle = trail.slice(at);
      const first = circle.indexOf([...circle].sort()[0] ?? "");
      found.add([...circle.slice(first), ...circle.slice(0, first)].join(" -> "));
      return;
    }
    if (done.has(path)) return;
    for (const other of own(path)) visit(other, [...trail, path]);
    done.add(path);
  };
  for (const path of [...imports.keys()].filter((path) => path.startsWith("src/")).sort()) {
    visit(path, []);
  }
  return [...found].sort().map((circle) => {
    const [first = ""] = circle.split(" -> ");
    return `${first}:1: imports in a circle: ${circle} -> ${first}, move what both need`;
  });
}

/** Scripts at the top of `scripts/` that no task, document, workflow or other file names. */
export function unusedScripts({ files }: Repository): string[] {
  return [...files.keys()].filter((path) => /^scripts\/[^/]+\.ts$/.test(path)).flatMap((path) => {
    const name = path.slice("scripts/".length);
    const isNamed = [...files].some(([other, text]) =>
      other !== path && (text.includes(path) || text.includes(`/${name}"`))
    );
    return isNamed ? [] : [`${path}:1: named nowhere, give it a task in deno.json or remove it`];
  });
}

/** Paths in documents and comments that are not there: prose about paths rots unless a test reads it. */
export function unknownPaths({ files }: Repository): string[] {
  const known = new Set([...files.keys()].flatMap(withFolders));
  const exists = (path: string) =>
    path.includes("*")
      ? [...known].some((other) => patternOf(path).test(other))
      : known.has(path.replace(/\/$/, ""));
  return [...files].filter(([path]) => /\.(md|tsx?)$/.test(path) && path !== "CHANGELOG.md")
    .flatMap(([path, text]) =>
      text.split("\n").flatMap((line, index) =>
        pathsIn(path.endsWith(".md") ? line : commentOf(line), folderOf(path)).filter((named) =>
          !exists(named)
        )
          .map((named) => `${path}:${index + 1}: ${named} is not there, name what is`)
      )
    );
}

/** Rooms without a door, a paragraph about themselves or an alias. */
export function roomsWithoutDoor({ files }: Repository): string[] {
  const rooms = new Set(
    [...files.keys()].flatMap((path) => /^src\/([^/]+)\//.exec(path)?.[1] ?? []),
  );
  const settings = files.get("deno.json") ?? "";
  return [...rooms].flatMap((room) => {
    const door = `src/${room}/mod.ts`;
    const head = /^\/\*\*([\s\S]*?)\*\//.exec(files.get(door) ?? "")?.[1] ?? "";
    const words = head.replace(/@module[\s\S]*/, "").match(/\w+/g) ?? [];
    const hasAlias = room === "cli" || settings.includes(`"#${room}": "./${door}"`);
    return [
      ...(files.has(door) ? [] : [`${door}:1: missing, a room is entered by its mod.ts`]),
      ...(files.has(door) && (!head.includes("@module") || words.length < 5)
        ? [`${door}:1: no paragraph with @module, say what the room is for and where to start`]
        : []),
      ...(hasAlias ? [] : [`deno.json:1: no import alias #${room}, add "#${room}": "./${door}"`]),
    ];
  });
}

/** Tests of the same name, and names that do not say what happens. */
export function unclearTestNames({ files }: Repository): string[] {
  const first = new Map<string, string>();
  return testNames(files).flatMap(({ at, name }) => {
    const other = first.get(name);
    if (other !== undefined) return [`${at}: test name of ${other} too, say what differs`];
    first.set(name, at);
    return name.trim().split(/\s+/).length < 3
      ? [`${at}: test name "${name}" is too short, name the subject and what it does`]
      : [];
  });
}

/** Notes to oneself. */
export function unfinishedWork({ files }: Repository): string[] {
  const words = new RegExp(`\\b(${["TO" + "DO", "FIX" + "ME", "X" + "XX"].join("|")})\\b`);
  return [...files].flatMap(([path, text]) =>
    text.split("\n").flatMap((line, index) => {
      const word = words.exec(line)?.[1];
      return word === undefined
        ? []
        : [`${path}:${index + 1}: ${word}, do it or open an issue and name its number`];
    })
  );
}

const EMPTY_WORDS: readonly string[] = ["common", "helper", "manager", "misc", "util"];

/** File names that say nothing, or are not written like the others. */
export function poorFileNames({ files }: Repository): string[] {
  return [...files.keys()].flatMap((path) => {
    const name = path.slice(path.lastIndexOf("/") + 1);
    const word = path.toLowerCase().split(/[/_.-]/).find((part) =>
      EMPTY_WORDS.some((empty) => part === empty || part === `${empty}s`)
    );
    return [
      ...(word === undefined
        ? []
        : [`${path}:1: "${word}" says nothing, name it by what it holds`]),
      ...(/\.tsx?$/.test(name) && !/^[a-z0-9]+(_[a-z0-9]+)*\.tsx?$/.test(name)
        ? [`${path}:1: not in snake_case, rename it`]
        : []),
    ];
  });
}

/** Bytes that no text has. */
export function strangeBytes({ files }: Repository): string[] {
  const strange = [["\0", "NUL"], ["\r", "carriage return"], [
    "\uFEFF",
    "byte order mark",
  ]] as const;
  // Pictures are no text.
  return [...files].filter(([path]) => !path.endsWith(".png")).flatMap(([path, text]) =>
    strange.filter(([character]) => text.includes(character)).map(([character, name]) => {
      const line = text.slice(0, text.indexOf(character)).split("\n").length;
      return `${path}:${line}: ${name}, write plain UTF-8 text with line feeds`;
    })
  );
}

/** A licence that is missing or another than `deno.json` says. */
export function licenceProblems({ files }: Repository): string[] {
  const isApache = /Apache License\s+Version 2\.0/.test(files.get("LICENSE") ?? "");
  const isDeclared = /"license":\s*"Apache-2\.0"/.test(files.get("deno.json") ?? "");
  return [
    ...(isApache ? [] : ["LICENSE:1: not the Apache License 2.0, put its text there"]),
    ...(isDeclared ? [] : ['deno.json:1: licence not declared, add "license": "Apache-2.0"']),
  ];
}

/** Lint plugins that exist and are not plugged in. */
export function idleLintPlugins({ files }: Repository): string[] {
  const settings = files.get("deno.json") ?? "";
  return [...files.keys()].filter((path) => /^scripts\/lint_[^/]*\.ts$/.test(path))
    .filter((path) => !settings.includes(`"./${path}"`))
    .map((path) => `deno.json:1: ${path} is not in use, add "./${path}" to lint.plugins`);
}

/** All that keep a repository tidy, by what each is about. */
export const TIDY_CHECKS: Readonly<Record<string, TidyCheck>> = {
  "no module of src imports another one in a circle": importCircles,
  "has no dead modules": deadModules,
  "imports only modules that are there": missingModules,
  "has no unused scripts": unusedScripts,
  "names only paths that are there": unknownPaths,
  "has a door for every room": roomsWithoutDoor,
  "names every test once and clearly": unclearTestNames,
  "holds no unfinished work": unfinishedWork,
  "names files by what they hold": poorFileNames,
  "holds plain text only": strangeBytes,
  "is licensed as it says": licenceProblems,
  "uses its lint plugins": idleLintPlugins,
};

function reachable(
  roots: readonly string[],
  imports: ReadonlyMap<string, readonly string[]>,
): ReadonlySet<string> {
  const found = new Set(roots);
  // The set grows while it is walked, and the walk goes on until it does not.
  for (const path of found) imports.get(path)?.forEach((target) => found.add(target));
  return found;
}

/** A path and the folders that it lies in. */
function withFolders(path: string): string[] {
  const parts = path.split("/");
  return parts.map((_part, index) => parts.slice(0, index + 1).join("/"));
}

function patternOf(path: string): RegExp {
  const escaped = path.replace(/[.+?^${}()|[\]\\]/g, "\\$&");
  return new RegExp(
    `^${escaped.replaceAll("**", "\0").replaceAll("*", "[^/]*").replaceAll("\0", ".*")}$`,
  );
}

function folderOf(path: string): string {
  return path.slice(0, path.lastIndexOf("/") + 1);
}

/**
 * The paths of this repository that a line names: below a known folder, or the target of a link, which is relative to the
 * folder that the line's file is in.
 */
function pathsIn(text: string, folder: string): string[] {
  const below = /(?<![\w./~-])(?:src|tests|scripts|gitops|crds|\.ci)\/[\w./*-]*[\w/*]/g;
  const links = [...text.matchAll(/\]\((?!\w+:|#|\/)(?:\.\/)?([^)#\s]+)/g)].map(([, to = ""]) =>
    new URL(to, `file:///${folder}`).pathname.slice(1)
  );
  return [...new Set([...text.match(below) ?? [], ...links])];
}

function commentOf(line: string): string {
  return /^\s*(?:\/?\*\*?|\/\/)\s(.*)$/.exec(line)?.[1] ?? "";
}

interface TestName {
  /** `path:line` */
  readonly at: string;
  readonly name: string;
}

function testNames(files: ReadonlyMap<string, string>): TestName[] {
  return [...files].filter(([path]) => path.endsWith("_test.ts")).flatMap(([path, text]) =>
    [...text.matchAll(/^Deno\.test\(\s*(?:\{\s*name:\s*)?(["'`])(.*?)\1\s*[,})]/gm)]
      .filter(([, , name]) => name !== undefined && !name.includes("${"))
      .map((match) => ({
        at: `${path}:${text.slice(0, match.index).split("\n").length}`,
        name: match[2] ?? "",
      }))
  );
}
