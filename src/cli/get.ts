import { resourceOf } from "#api";
import { closestString } from "@std/text";
import { groupOf, keyOf, keyText, type KubeObject, systemClock } from "#base";
import { Informer, type ObjectChange } from "#kube";
import {
  ALL_FLAG,
  type ClusterSession,
  openSession,
  SELECTOR_FLAG,
  SESSION_FLAGS,
} from "./cluster_session.ts";
import { yamlStream } from "./crds.ts";
import { type Flag, UsageError } from "./flag.ts";
import { outputFlag } from "./flags.ts";
import { isSameRuntime, type Listing, LISTINGS, type Seen } from "./get_rows.ts";
import { columnWidths, tableLine } from "./table.ts";
import type { Invocation, Verb } from "./verb.ts";

const WATCH_FLAG: Flag = {
  name: "watch",
  env: "MESHWRIGHT_WATCH",
  kind: "boolean",
  default: "false",
  short: "w",
  help: "Go on, with a line for each that changes, until interrupted",
};

const NAMES = LISTINGS.map(({ words: [name] }) => name);

/** `meshwright get syncs|components|functions|sources|sinks` */
export const getVerb: Verb = {
  name: "get",
  summary:
    "List MeshSyncs with revision, health and cause, or components with throughput and backlog",
  words: `${NAMES.join("|")} [NAME]`,
  description: [
    "Of components (functions, sources and sinks) it shows what kubectl cannot: messages",
    "processed (and a second, with --watch), what waits, exceptions and the last of them; - where that is not known.",
    "-o json prints the resources themselves, one line each, -o yaml as a document each, -o name their names.",
  ],
  flags: [
    ALL_FLAG,
    SELECTOR_FLAG,
    WATCH_FLAG,
    ...SESSION_FLAGS,
    outputFlag(["text", "json", "yaml", "name"]),
  ],
  async run(invocation) {
    const { flags, output, words } = invocation;
    const [what = "", name, ...more] = words;
    const listing = listingOf(what);
    if (more.length > 0) throw new UsageError(`Cannot make sense of "${more[0]}": name one`);
    const isAll = flags.boolean("all-namespaces");
    if (name !== undefined && (isAll || flags.text("selector") !== "")) {
      throw new UsageError("Name one, or say --all-namespaces or --selector: not both");
    }
    await using session = await openSession({ flags, output });
    const scope = scopeOf(invocation, session, name);
    const objects = await listed(listing, scope);
    const printer = new Printer(listing, invocation, scope.at.namespace);
    printer.all(objects);
    if (flags.boolean("watch")) await watched(listing, { objects, printer, scope });
    return 0;
  },
};

function listingOf(word: string): Listing {
  const found = LISTINGS.find(({ words }) => words.includes(word.toLowerCase()));
  if (found !== undefined) return found;
  const near = closestString(word, NAMES);
  throw new UsageError(`Cannot get "${word}": did you mean ${near}? There are ${NAMES.join(", ")}`);
}

/** What is listed, and for whom. */
interface Scope {
  readonly session: ClusterSession;
  readonly name: string | undefined;
  /** Of which namespace (of all when left out), with which labels. */
  readonly at: { readonly namespace?: string; readonly labelSelector?: string };
  readonly signal: AbortSignal;
}

function scopeOf(
  { flags, signal }: Invocation,
  session: ClusterSession,
  name: string | undefined,
): Scope {
  const labelSelector = flags.text("selector");
  const at = {
    ...(flags.boolean("all-namespaces") ? {} : { namespace: session.namespace }),
    ...(labelSelector === "" ? {} : { labelSelector }),
  };
  return { session, name, at, signal };
}

async function listed(
  { kinds }: Listing,
  { at, name, session: { cluster, namespace }, signal }: Scope,
): Promise<KubeObject[]> {
  const types = kinds.map(resourceOf);
  if (name === undefined) {
    return (await Promise.all(types.map((type) => cluster.list(type, { ...at, signal })))).flat();
  }
  const named = await Promise.all(
    types.map((type) => cluster.get(type, { namespace, name }, signal)),
  );
  const found = named.filter((object) => object !== undefined);
  if (found.length > 0) return found;
  throw new Error(`Cannot find ${kinds.join(" or ")} ${namespace}/${name}: it does not exist`);
}

/** Prints each that changes, until the signal aborts. */
async function watched(
  { kinds }: Listing,
  { objects, printer, scope }: {
    readonly objects: readonly KubeObject[];
    readonly printer: Printer;
    readonly scope: Scope;
  },
): Promise<void> {
  const { at, name, session: { transport }, signal } = scope;
  const shown = new Map(objects.map((one) => [one.metadata.uid, one.metadata.resourceVersion]));
  const onChange = ({ after, before }: ObjectChange) => {
    if (after === undefined) return before === undefined ? undefined : printer.gone(before);
    // What the table had is told again by the first list of the watch.
    if (shown.get(after.metadata.uid) === after.metadata.resourceVersion) return;
    printer.one(after);
  };
  await Promise.all(kinds.map((kind) =>
    new Informer({
      transport,
      type: resourceOf(kind),
      ...at,
      ...(name === undefined ? {} : { fieldSelector: `metadata.name=${name}` }),
      onChange,
      clock: systemClock,
      signal,
    }).run()
  ));
}

/** Prints resources as the flags say, and remembers of each what its instances said, for the next line about it. */
class Printer {
  readonly #listing: Listing;
  readonly #invocation: Invocation;
  readonly #before = new Map<string, NonNullable<Seen["before"]>>();
  readonly #namespace: string | undefined;
  #widths: readonly number[] = [];

  /** @param namespace of which all are; absent of all */
  constructor(listing: Listing, invocation: Invocation, namespace: string | undefined) {
    this.#listing = listing;
    this.#invocation = invocation;
    this.#namespace = namespace;
  }

  all(objects: readonly KubeObject[]): void {
    const { flags, output } = this.#invocation;
    const { headings, noun } = this.#listing;
    if (flags.text("output") !== "text") return objects.forEach((one) => this.one(one));
    const rows = objects.map((one) => this.#row(one));
    this.#widths = columnWidths([headings, ...rows]);
    if (rows.length === 0 && !flags.boolean("watch")) {
      const where = this.#namespace === undefined ? "" : ` in namespace ${this.#namespace}`;
      return output.note(`No ${noun}${where}`);
    }
    for (const row of [headings, ...rows]) output.out(tableLine(row, this.#widths));
  }

  one(object: KubeObject): void {
    const { flags, output } = this.#invocation;
    const format = flags.text("output");
    output.out(
      format === "text" ? tableLine(this.#row(object), this.#widths) : formatted(object, format),
    );
  }

  gone(object: KubeObject): void {
    this.#invocation.output.note(`${object.kind} ${keyText(keyOf(object))} was deleted`);
  }

  #row(object: KubeObject): string[] {
    const nowMs = systemClock.now();
    const key = `${object.kind} ${keyText(keyOf(object))}`;
    const before = this.#before.get(key);
    const row = this.#listing.row({ object, nowMs, before });
    const isNews = before === undefined || !isSameRuntime(before.object, object);
    if (isNews) this.#before.set(key, { object, nowMs });
    return row;
  }
}

/** One resource for programs. */
function formatted(object: KubeObject, format: string): string {
  if (format === "json") return JSON.stringify(object);
  if (format === "yaml") return yamlStream([object]);
  const { apiVersion, singular } = resourceOf(object.kind as "MeshSync");
  return `${singular}.${groupOf(apiVersion)}/${object.metadata.name}`;
}
