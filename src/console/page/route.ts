/** Which page is shown, of what, and what is left out of it. All of it stands in the address. */
export interface Route {
  readonly page: "graph" | "syncs" | "sync" | "unknown";
  /** Key of a component whose panel is open. */
  readonly component?: string;
  /** `namespace/name` of the mesh that is shown; all of them when absent. */
  readonly mesh?: string;
  /** `namespace/name` of the sync that is shown. */
  readonly sync?: string;
  readonly namespace?: string;
  readonly search?: string;
  readonly isUnwellOnly?: boolean;
  /** How components are shown; what suits their number when absent. */
  readonly look?: Look;
}

/** Ways to show components. */
export type Look = "meshes" | "graph" | "list";

/** Stands in a path for the components of a namespace that are in no mesh. */
const NO_MESH = "-";

const LOOKS: readonly string[] = ["meshes", "graph", "list"] satisfies Look[];

/**
 * The route that an address names.
 *
 * @param address path and query
 */
export function routeOf(address: string): Route {
  const { pathname, searchParams } = new URL(address, "http://page.invalid");
  const parts = pathname.split("/").filter((part) => part !== "").map(decoded);
  const look = searchParams.get("look") ?? "";
  const [kind, ...names] = parts;
  const shown: Partial<Route> = {
    ...textOf("namespace", searchParams.get("namespace")),
    ...textOf("search", searchParams.get("search")),
    ...(searchParams.has("unwell") ? { isUnwellOnly: true } : {}),
    ...(LOOKS.includes(look) ? { look: look as Look } : {}),
  };
  if (kind === undefined) return { page: "graph", ...shown };
  if (kind === "mesh" && names.length === 2) {
    return {
      page: "graph",
      mesh: names.map((name) => name === NO_MESH ? "" : name).join("/"),
      ...shown,
    };
  }
  if (kind === "component" && names.length === 3) {
    const mesh = textOf("mesh", searchParams.get("mesh"));
    return { page: "graph", component: names.join("/"), ...mesh, ...shown };
  }
  if (kind === "syncs" && names.length === 0) return { page: "syncs" };
  if (kind === "sync" && names.length === 2) return { page: "sync", sync: names.join("/") };
  return { page: "unknown" };
}

/** The address of a route. */
export function addressOf(route: Route): string {
  if (route.page === "syncs") return "/syncs";
  if (route.page === "sync") return `/sync/${pathOf(route.sync ?? "")}`;
  const query = new URLSearchParams();
  if (route.component !== undefined && route.mesh !== undefined) query.set("mesh", route.mesh);
  if (route.namespace !== undefined) query.set("namespace", route.namespace);
  if (route.search !== undefined) query.set("search", route.search);
  if (route.isUnwellOnly === true) query.set("unwell", "");
  if (route.look !== undefined) query.set("look", route.look);
  const path = route.component !== undefined
    ? `/component/${pathOf(route.component)}`
    : route.mesh !== undefined
    ? `/mesh/${pathOf(route.mesh)}`
    : "/";
  const words = query.toString().replace(/=(?=&|$)/g, "");
  return words === "" ? path : `${path}?${words}`;
}

/** The server takes a path with a dot for a file: dots of names are written in another way. */
function pathOf(key: string): string {
  return key.split("/").map((part) =>
    part === "" ? NO_MESH : encodeURIComponent(part.toWellFormed()).replaceAll(".", "%2E")
  ).join("/");
}

function decoded(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}

function textOf<Name extends string>(name: Name, text: string | null): { [K in Name]?: string } {
  return text === null || text === "" ? {} : { [name]: text } as { [K in Name]: string };
}
