import { idText, printableJson } from "#base";
import { manifestProblemText, manifestsOnce } from "#manifests";
import {
  clustersIn,
  componentSources,
  diagram,
  dot,
  type Finding,
  findings,
  findingText,
  mermaid,
  pictureRows,
  svg,
  type Topology,
  topology,
  topologyPicture,
} from "#topology";
import { ALL_FLAG, openSession, SELECTOR_FLAG, SESSION_FLAGS } from "./cluster_session.ts";
import { type Flag, UsageError } from "./flag.ts";
import { outputFlag, text } from "./flags.ts";
import { type LiveTopology, liveTopology } from "./live_topology.ts";
import { distinctFiles, emptyProblems, namedFiles } from "./named_files.ts";
import { table } from "./table.ts";
import type { Invocation, Verb } from "./verb.ts";

const LIVE_FLAG: Flag = {
  name: "live",
  env: "GRAPH_LIVE",
  kind: "boolean",
  default: "false",
  help: "Draw what is in the cluster, with status and numbers, in place of files",
};

/** A picture of more than this is a list in a terminal. */
const PICTURE_COMPONENTS_MAX = 50;

/** `meshwright graph` */
export const graphVerb: Verb = {
  name: "graph",
  summary: "Draw who reads and who writes which topic",
  words: "[PATH...]",
  description: [
    "Draws the components of files (as validate reads them) or of the cluster, with the topics between them.",
    `text is a picture for a terminal, beyond ${PICTURE_COMPONENTS_MAX} components a list; mermaid for Markdown, dot for`,
    "Graphviz, svg for browsers, json the model itself with all findings. Warnings about what is odd go to standard",
    "error. Reads components, and the ConfigMaps that say where their Pulsar is where you may. Exit code 1 when a",
    "file has something that cannot be read: the rest is drawn.",
  ],
  flags: [
    LIVE_FLAG,
    ALL_FLAG,
    SELECTOR_FLAG,
    text("mesh", "GRAPH_MESH", "", "NAME", "Only the components of this FunctionMesh"),
    ...SESSION_FLAGS,
    outputFlag(["text", "mermaid", "dot", "svg", "json"]),
  ],
  async run(invocation) {
    const { flags, output, words } = invocation;
    const isLive = flags.boolean("live");
    if (isLive !== (words.length === 0)) {
      throw new UsageError("Name what to draw: files and folders, or --live for the cluster");
    }
    if (!isLive && flags.text("selector") !== "") {
      throw new UsageError("--selector is for the cluster: say --live with it, and no files");
    }
    const seen = isLive ? await drawnLive(invocation) : await drawnFiles(invocation);
    seen.unread.forEach((line) => output.note(line));
    const found = findings(seen.topology);
    print(seen.topology, found, invocation);
    return seen.code;
  },
};

interface Drawn extends LiveTopology {
  readonly code: number;
}

async function drawnLive({ flags, output, signal }: Invocation): Promise<Drawn> {
  await using session = await openSession({ flags, output });
  const { cluster, namespace } = session;
  const [mesh, labelSelector] = [flags.text("mesh"), flags.text("selector")];
  const scope = {
    cluster,
    signal,
    ...(mesh === "" ? {} : { mesh }),
    ...(labelSelector === "" ? {} : { labelSelector }),
  };
  const live = flags.boolean("all-namespaces") ? scope : { ...scope, namespace };
  return { ...await liveTopology(live), code: 0 };
}

async function drawnFiles({ flags, words }: Invocation): Promise<Drawn> {
  const named = await namedFiles(words);
  const read = await manifestsOnce({}, distinctFiles(named));
  const mesh = flags.text("mesh");
  const sources = componentSources(read.documents)
    .filter((source) => mesh === "" || source.mesh === mesh);
  const clusters = clustersIn(read.documents.map(({ object }) => object));
  // What only a rule objects to can be drawn, and is for validate to tell.
  const unread = [
    ...named.flatMap((word) => word.problems),
    ...emptyProblems(named, read),
    ...read.problems.filter(({ kind }) => kind === undefined),
  ];
  return {
    topology: topology(sources, { clusters }),
    unread: unread.map(manifestProblemText),
    code: unread.length === 0 ? 0 : 1,
  };
}

function print(
  topology: Topology,
  found: readonly Finding[],
  { flags, output }: Invocation,
): void {
  const format = flags.text("output");
  if (format === "json") {
    const { components, edges, matches, topics } = topology;
    output.out(printableJson({ components, topics, edges, matches, findings: found }));
    return;
  }
  linesOf(topology, format).forEach((line) => output.out(line));
  found.filter(({ severity }) => severity === "warning")
    .forEach((finding) => output.note(`warning: ${placeText(finding)}: ${findingText(finding)}`));
  if (topology.components.length === 0) output.note("No Functions, Sources or Sinks");
}

function linesOf(topology: Topology, format: string): readonly string[] {
  switch (format) {
    case "mermaid":
      return mermaid(diagram(topology));
    case "dot":
      return dot(diagram(topology));
    case "svg":
      return svg(diagram(topology));
    default: {
      const rows = pictureRows(topology);
      if (rows.length <= PICTURE_COMPONENTS_MAX) return topologyPicture(rows);
      const cells = rows.map((
        { inputs, kind, name, notes = [], output = "" },
      ) => [kind, name, inputs.join(" "), output, notes.join(", ")]);
      return table(["KIND", "NAME", "READS", "WRITES", "NOTES"], cells);
    }
  }
}

function placeText(finding: Finding): string {
  const { file, line, object } = finding;
  const where = file === undefined ? "" : `${file}:${line}: `;
  const what = object === undefined ? idText(finding) : `${object.kind}/${object.name}`;
  return `${where}${what} ${finding.path}`;
}
