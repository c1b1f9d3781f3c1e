/** Gives hostile inputs to what reads them, and counts what becomes of them and of the event loop meanwhile. */
import { templateParts } from "#api";
import { gitAddress, refusedAddress, systemClock, withoutValues } from "#base";
import { ManifestReader, selectedFiles } from "#manifests";
import { NoReviewError, reviewAnswer } from "../../src/admission/review.ts";
import { webhookAt } from "../../src/admission/webhook.ts";
import { pushOf } from "../../src/receiver/payload.ts";
import { closedUntilMs, windowProblems } from "../../src/gitops/source/schedule.ts";
import { treeNodes } from "../../src/git/tree.ts";
import { HostilePorts } from "./requests.ts";
import { HostileRepositories } from "./repositories_read.ts";
import { threadMs } from "./thread_time.ts";
import { type HostileInput, hostileInputs, type InputKind } from "./inputs.ts";

/** What became of a corpus. */
export interface CorpusReport {
  readonly inputs: number;
  /** By what was given: how many inputs, and what one took at most of this thread. */
  readonly kinds: ReadonlyMap<InputKind, { readonly count: number; readonly longestMs: number }>;
  /** How often everything else had a turn, and how long the thread worked at most between two of them. */
  readonly turns: number;
  readonly blockedMs: number;
  readonly rssBytesMax: number;
  /** Requests that a port could not answer, from its log. */
  readonly failures: readonly string[];
}

/** What reads inputs. */
interface Readers {
  readonly reader: ManifestReader;
  readonly ports: HostilePorts;
  readonly repositories: HostileRepositories;
}

const VARIABLES = new Map([["A", { value: "x".repeat(100), isSecret: true }]]);
const POLICY = { apiServer: ["10.96.0.1"], allowLoopback: false };
const PATHS = ["a.yaml", "a/b/c.yaml", `${"a".repeat(200)}.yaml`, "deep/".repeat(50) + "a.json"];

/** Reads so many inputs, all YAML in the thread. */
export async function readCorpus(seed: number, count: number): Promise<CorpusReport> {
  await using reader = new ManifestReader({
    clock: systemClock,
    limits: { readingInPlaceBytes: -1 },
  });
  await using ports = await HostilePorts.open();
  await using repositories = await HostileRepositories.open();
  const readers = { reader, ports, repositories };
  const kinds = new Map<InputKind, { count: number; longestMs: number }>();
  let [turns, blockedMs, rssBytesMax, isDone] = [0, 0, 0, false];
  const beat = async () => {
    while (!isDone) {
      const beforeMs = threadMs();
      await systemClock.sleep(0);
      turns++;
      blockedMs = Math.max(blockedMs, threadMs() - beforeMs);
      rssBytesMax = Math.max(rssBytesMax, Deno.memoryUsage().rss);
    }
  };
  const beating = beat();
  for (const input of hostileInputs(seed, count)) {
    const startMs = threadMs();
    await consume(input, readers);
    const known = kinds.get(input.kind) ?? { count: 0, longestMs: 0 };
    const longestMs = Math.max(known.longestMs, threadMs() - startMs);
    kinds.set(input.kind, { count: known.count + 1, longestMs });
    await systemClock.sleep(0);
  }
  isDone = true;
  await beating;
  return { inputs: count, kinds, turns, blockedMs, rssBytesMax, failures: ports.failures };
}

const PUSH_HEADERS = new Headers({ "x-github-event": "push", "x-gitlab-event": "Push Hook" });

function parsedJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}

function consumePush(text: string): void {
  for (const type of ["github", "gitlab", "generic"] as const) {
    try {
      pushOf(type, { headers: PUSH_HEADERS, text });
    } catch (error) {
      if (!(error instanceof SyntaxError)) throw error;
    }
  }
}

/** Reads one input: refusals are answers, errors of other kinds are not. */
async function consume({ kind, text }: HostileInput, readers: Readers): Promise<void> {
  switch (kind) {
    case "yaml":
      await readers.reader.read({ variables: VARIABLES }, [{ path: "a.yaml", text }]);
      break;
    case "glob": {
      const entries = PATHS.map((path) => ({ path, kind: "file" as const, blob: "" }));
      await selectedFiles({ root: "", entries, read: () => Promise.resolve([]) }, {
        exclude: [text],
      });
      break;
    }
    case "template":
      templateParts(text);
      break;
    case "window": {
      const windows = [{ kind: "deny" as const, schedule: text, duration: "1h" }];
      if (windowProblems(windows).length === 0) closedUntilMs(windows, 0);
      break;
    }
    case "tree":
      await treeNodes(new TextEncoder().encode(text));
      break;
    case "review": {
      const body = parsedJson(text);
      const webhook = webhookAt("/validate-gitops-functionmesh-io-v1alpha1-meshsync");
      if (body === undefined || webhook === undefined) break;
      try {
        reviewAnswer(body, webhook);
      } catch (error) {
        if (!(error instanceof NoReviewError)) throw error;
      }
      break;
    }
    case "push":
      consumePush(text);
      break;
    case "secret":
      withoutValues(text, ["hunter2", text.slice(0, 40)]);
      break;
    case "address":
      gitAddress(text);
      refusedAddress(text, POLICY);
      break;
    case "request":
      await readers.ports.say(text);
      break;
    case "repository":
      await readers.repositories.read(text, readers.reader);
      break;
    default:
      kind satisfies never;
  }
}
