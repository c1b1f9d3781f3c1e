/** What reads hostile inputs: functions of the program, and what they are built from. */
import { templateParts } from "#api";
import { gitAddress, refusedAddress, withoutValues } from "#base";
import { GitError, type GitSource } from "#git";
import { type ManifestReader, selectedFiles } from "#manifests";
import { NoReviewError, reviewAnswer } from "../../src/admission/review.ts";
import { webhookAt } from "../../src/admission/webhook.ts";
import { pushOf } from "../../src/receiver/payload.ts";
import { closedUntilMs, windowProblems } from "../../src/gitops/source/schedule.ts";
import { treeNodes } from "../../src/git/tree.ts";
import type { HostileInput } from "./inputs.ts";

/** What reads inputs. */
export interface Readers {
  readonly reader: ManifestReader;
  readonly source: GitSource;
}

const VARIABLES = new Map([["A", { value: "x".repeat(100), isSecret: true }]]);
const POLICY = { apiServer: ["10.96.0.1"], allowLoopback: false };
const PATHS = ["a.yaml", "a/b/c.yaml", `${"a".repeat(200)}.yaml`, "deep/".repeat(50) + "a.json"];

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
export async function consume({ kind, text }: HostileInput, readers: Readers): Promise<void> {
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
      // Its callers are elsewhere, and the ports are open.
      break;
    case "repository":
      await readRepository(text, readers);
      break;
    default:
      kind satisfies never;
  }
}

/** Follows a repository as a MeshSync does. */
async function readRepository(url: string, { reader, source }: Readers): Promise<void> {
  const remote = { url };
  try {
    const resolved = await source.resolveRef(remote, { branch: "main" });
    const { tree = "" } = await source.fetchRevision(remote, resolved, { path: "" });
    const { files } = await selectedFiles({
      root: "",
      entries: await source.listTree(remote, tree),
      read: (entries) => source.readFiles(remote, { tree, entries }),
    }, {});
    await reader.read({}, files);
  } catch (error) {
    if (!(error instanceof GitError)) throw error;
  }
  await source.forget(remote);
}
