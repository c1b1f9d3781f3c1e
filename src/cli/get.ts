import { type MeshSync, resourceOf } from "#api";
import { conditionOf, groupOf, shortText, systemClock } from "#base";
import {
  ALL_FLAG,
  namedSync,
  openSession,
  SELECTOR_FLAG,
  SESSION_FLAGS,
} from "./cluster_session.ts";
import { yamlStream } from "./crds.ts";
import { UsageError } from "./flag.ts";
import { outputFlag } from "./flags.ts";
import { ageText, shortRevision, table } from "./table.ts";
import type { Verb } from "./verb.ts";

/** `meshwright get syncs` */
export const getVerb: Verb = {
  name: "get",
  summary: "List MeshSyncs with their revision, health and cause",
  words: "syncs [NAME]",
  description: [
    "-o json prints the MeshSyncs themselves, one line each, -o yaml as a document each, -o name their names.",
  ],
  flags: [
    ALL_FLAG,
    SELECTOR_FLAG,
    ...SESSION_FLAGS,
    outputFlag(["text", "json", "yaml", "name"]),
  ],
  async run({ words, flags, output, signal }) {
    const [what = "", ...names] = words;
    if (!["sync", "syncs", "msync", "meshsync", "meshsyncs"].includes(what)) {
      throw new UsageError(`Cannot get "${what}": say get syncs [NAME]`);
    }
    await using session = await openSession({ flags, output });
    const { cluster, namespace } = session;
    const isAll = flags.boolean("all-namespaces");
    const labelSelector = flags.text("selector");
    if (names.length > 0 && (isAll || labelSelector !== "")) {
      throw new UsageError("Name a MeshSync, or say --all-namespaces or --selector: not both");
    }
    const scope = {
      ...(isAll ? {} : { namespace }),
      ...(labelSelector === "" ? {} : { labelSelector }),
      signal,
    };
    const syncs = names.length > 0
      ? [await namedSync(names, session, signal)]
      : await cluster.list(resourceOf("MeshSync"), scope) as MeshSync[];
    const format = flags.text("output");
    if (format !== "text") {
      syncs.forEach((sync) => output.out(formatted(sync, format)));
      return 0;
    }
    if (syncs.length === 0) {
      output.note(isAll ? "No MeshSyncs" : `No MeshSyncs in namespace ${namespace}`);
      return 0;
    }
    const nowMs = systemClock.now();
    const rows = syncs.map((sync) => rowOf(sync, nowMs));
    table(
      ["NAMESPACE", "NAME", "READY", "APPLIED", "HEALTHY", "SINCE", "MESSAGE"],
      rows,
    ).forEach((line) => output.out(line));
    return 0;
  },
};

/** One MeshSync for programs. */
function formatted(sync: MeshSync, format: string): string {
  if (format === "json") return JSON.stringify(sync);
  if (format === "yaml") return yamlStream([sync]);
  return `meshsync.${groupOf(resourceOf("MeshSync").apiVersion)}/${sync.metadata.name}`;
}

const MESSAGE_LENGTH_MAX = 120;

function rowOf({ metadata, status, spec }: MeshSync, nowMs: number): string[] {
  const ready = conditionOf(status?.conditions, "Ready");
  const message = ready?.message ?? "not looked at yet";
  return [
    metadata.namespace ?? "",
    metadata.name,
    spec.suspend === true ? "Suspended" : ready?.status === "True" ? "True" : ready?.reason ?? "",
    shortRevision(status?.lastAppliedRevision ?? ""),
    shortRevision(status?.lastHealthyRevision ?? ""),
    ageText(ready?.lastTransitionTime ?? "", nowMs),
    shortText(message, MESSAGE_LENGTH_MAX),
  ];
}
