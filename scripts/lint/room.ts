// The rooms of `src/` and the imports that each may have: what `rooms/imports` goes by.

/**
 * Where a room stands. `a` is pure, `b` has effects, `bridge` sees both; `base` serves all and `cli` stands above. `browser`
 * runs elsewhere: it shares types with the program, and nothing else.
 */
export interface Room {
  readonly tower: "base" | "a" | "b" | "bridge" | "cli" | "browser";
  /** A room imports only rooms of a lower rank. */
  readonly rank: number;
}

/** The folder that is bundled for browsers. */
const PAGE = "console/page";
/** What it shares with the program: types, and nothing that runs. */
const PAGE_TYPES = "console/view.ts";

/** What its bundle is made of besides. */
const PAGE_PACKAGES: readonly string[] = ["@dagrejs/dagre", "preact", "uplot"];

/** Every room of `src/`. */
export const ROOMS: Readonly<Record<string, Room>> = {
  base: { tower: "base", rank: 0 },
  api: { tower: "a", rank: 1 },
  desired: { tower: "a", rank: 2 },
  plan: { tower: "a", rank: 3 },
  install: { tower: "a", rank: 3 },
  import: { tower: "a", rank: 3 },
  topology: { tower: "a", rank: 4 },
  telemetry: { tower: "b", rank: 1 },
  kube: { tower: "b", rank: 2 },
  git: { tower: "b", rank: 2 },
  outbound: { tower: "b", rank: 2 },
  pulsar_admin: { tower: "b", rank: 2 },
  runtime: { tower: "b", rank: 3 },
  reconcile: { tower: "bridge", rank: 5 },
  manifests: { tower: "bridge", rank: 4 },
  gitops: { tower: "bridge", rank: 5 },
  notify: { tower: "bridge", rank: 5 },
  receiver: { tower: "bridge", rank: 5 },
  admission: { tower: "bridge", rank: 5 },
  console: { tower: "bridge", rank: 6 },
  [PAGE]: { tower: "browser", rank: 7 },
  cli: { tower: "cli", rank: 7 },
};

/**
 * Which packages pure rooms may run: computation only (`yaml` asks the environment for debug switches, `@std/yaml` does
 * not). Types may come from any package, except in `base`.
 */
const PURE_PACKAGES: Readonly<Record<string, readonly string[]>> = {
  "@sinclair/typebox": ["api"],
  "@std/text": ["api", "desired", "plan"],
  "@std/yaml": ["api", "desired", "plan"],
  "node:crypto": ["base"],
};

/** The 70 MB of memory that client-node costs are paid only where a login plugin of a kubeconfig is run. */
const CLIENT_NODE = "@kubernetes/client-node";
const CONNECT = "kube/connect.ts";

/** What is wrong and what to do instead. */
export interface Finding {
  readonly message: string;
  readonly hint: string;
}

/** A file below `src/`: its room (`""` for `src/app.ts` and the like) and its path within `src/`. */
export interface Place {
  readonly room: string;
  readonly path: string;
}

/** One import or re-export. */
export interface Import {
  readonly specifier: string;
  readonly typeOnly: boolean;
}

/**
 * Where a file stands, or undefined when the rule does not care about it (tests, scripts).
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { placeOf } from "./room.ts";
 * assertEquals(placeOf("/code/src/kube/watch.ts"), { room: "kube", path: "kube/watch.ts" });
 * assertEquals(placeOf("/usr/src/code/tests/io/watch_test.ts"), undefined);
 * ```
 */
export function placeOf(filename: string): Place | undefined {
  const path = filename.replaceAll("\\", "/");
  // The last of these folders: the checkout itself may stand below a folder of the same name.
  const [, top, rest = ""] = /^(?:.*\/)?(src|tests|scripts)\/(.+)$/.exec(path) ?? [];
  const room = roomOf(rest);
  if (/(^|\/)main\.ts$/.test(path) && ROOMS[room] === undefined) {
    return { room: "", path: "main.ts" };
  }
  return top === "src" ? { room, path: rest } : undefined;
}

/** Why a file may not have an import, or undefined when it may. */
export function importFinding(place: Place, { specifier, typeOnly }: Import): Finding | undefined {
  if (place.room !== "" && ROOMS[place.room] === undefined) {
    return {
      message: `Room ${place.room} has no rank`,
      hint: "Give it a tower and a rank in ROOMS of scripts/lint_rooms.ts",
    };
  }
  if (specifier.startsWith("#")) return doorFinding(place, specifier.slice(1));
  if (/^(\.|\/|file:)/.test(specifier)) return relativeFinding(place, { specifier, typeOnly });
  return packageFinding(place, { specifier, typeOnly });
}

function pageFinding(specifier: string): Finding {
  return {
    message: `The page imports ${specifier}, which no browser has`,
    hint: `Import types of src/${PAGE_TYPES}, or ${
      PAGE_PACKAGES.join(", ")
    }; what is to run in a browser stands in src/${PAGE}`,
  };
}

function roomOf(path: string): string {
  if (path.startsWith(`${PAGE}/`)) return PAGE;
  return path.includes("/") ? path.slice(0, path.indexOf("/")) : "";
}

/** Rules 1, 3 and 5: which rooms a room may know. */
function doorFinding(place: Place, door: string): Finding | undefined {
  const target = ROOMS[door];
  if (place.room === PAGE) return pageFinding(`#${door}`);
  if (target === undefined) {
    return { message: `#${door} is no room`, hint: `Rooms are ${Object.keys(ROOMS).join(", ")}` };
  }
  if (place.room === door) {
    return {
      message: `Room ${door} imports its own door`,
      hint: "Import the file by its relative path, so that the room's modules form no circle",
    };
  }
  const room = ROOMS[place.room];
  if (room === undefined || room.tower === "cli") return undefined;
  const towers = [room.tower, target.tower];
  if (towers.includes("a") && towers.includes("b")) {
    return {
      message: `Room ${place.room} (tower ${room.tower}) imports #${door} (tower ${target.tower})`,
      hint:
        "Pure rooms and rooms with effects meet only in reconcile, manifests and gitops: pass the value in",
    };
  }
  if (target.rank < room.rank) return undefined;
  return {
    message: `Room ${place.room} (rank ${room.rank}) imports #${door} (rank ${target.rank})`,
    hint: "Import lower ranks only: declare the interface that is needed here and let src/app.ts " +
      "supply it, or move what both need down",
  };
}

/** Rule 2: relative paths stay in the room, doors lead out of it. */
function relativeFinding(place: Place, { specifier, typeOnly }: Import): Finding | undefined {
  // Resolved below an invented root, where `main.ts` stands beside `src/`.
  const from = place.path === "main.ts" ? "main.ts" : `src/${place.path}`;
  const target = new URL(specifier, `file:///${from}`).pathname.slice(1);
  if (!target.startsWith("src/")) {
    return place.room === "" ? undefined : {
      message: `${specifier} leaves src/`,
      hint: "Let src/app.ts or a file beside it read it, and pass the value in",
    };
  }
  const path = target.slice("src/".length);
  const room = roomOf(path);
  if (room === place.room) return path === CONNECT && !typeOnly ? connectFinding() : undefined;
  if (place.room === PAGE) {
    return path === PAGE_TYPES && typeOnly ? undefined : pageFinding(specifier);
  }
  if (path === CONNECT) return mayConnect(place) ? undefined : connectFinding();
  if (room === "") {
    return place.room === "cli" ? undefined : {
      message: `Room ${place.room} imports src/${path}, which stands above all rooms`,
      hint: "Declare the interface that is needed here and let src/app.ts supply it",
    };
  }
  // The command line has no alias: only main.ts opens it.
  if (room === "cli" && place.room === "" && path === "cli/mod.ts") return undefined;
  return {
    message: `${specifier} goes past the door of room ${room}`,
    hint: room === "cli" ? "Import src/cli/mod.ts, from main.ts only" : `Import "#${room}"`,
  };
}

/** The composition root, `src/app.ts` and what lies beside it, and the command line. */
function mayConnect(place: Place): boolean {
  return place.room === "" || place.room === "cli";
}

function connectFinding(): Finding {
  return {
    message: `src/${CONNECT} is imported below the composition root`,
    hint: "Take a Transport as an argument: connect.ts loads client-node, 70 MB of memory",
  };
}

/** Rule 4: which packages a room may run. */
function packageFinding(place: Place, { specifier, typeOnly }: Import): Finding | undefined {
  const name = packageName(specifier);
  if (name === CLIENT_NODE && !typeOnly && place.path !== CONNECT) {
    return {
      message: `${CLIENT_NODE} is imported outside src/${CONNECT}`,
      hint: "Use `import type` for its types, and a Transport of #kube for requests",
    };
  }
  const tower = ROOMS[place.room]?.tower;
  if (tower === "browser") return PAGE_PACKAGES.includes(name) ? undefined : pageFinding(name);
  if (tower !== "a" && tower !== "base") return undefined;
  if (typeOnly && tower === "a") return undefined;
  if (PURE_PACKAGES[name]?.includes(place.room)) return undefined;
  return {
    message: `Pure room ${place.room} imports ${name}`,
    hint: tower === "base"
      ? "base imports nothing: move the file to a room that may"
      : "Compute with the language alone, take the value as an argument, or use `import type`",
  };
}

/** `npm:@a/b@1.2.3/c` is `@a/b`; `node:fs/promises` is `node:fs`. */
function packageName(specifier: string): string {
  const bare = specifier.replace(/^(npm|jsr):\/?/, "");
  const name = /^(@[^/]+\/[^/@]+|[^/@]+)/.exec(bare)?.[0];
  return name ?? bare;
}
