/** Lets a history happen and says what was wrong with it. */
import type { MeshSync } from "#api";
import { GitError } from "#git";
import { conditionList, conditionOf, type KubeObject, sameJson } from "#base";
import type { StoreEvent } from "../support/fake_cluster_store.ts";
import type { Fault, FaultPlan } from "../support/fault_plan.ts";
import { Coverage } from "./coverage.ts";
import { FOREIGN, type Head, HistoryRules, RuleBroken } from "./history_rules.ts";
import { meshSyncId, REPOSITORY_URL, requestText, SyncWorld } from "../support/sync_world.ts";
import {
  type Action,
  type GitEdit,
  type History,
  type HistoryStep,
  historyText,
  OBJECTS,
  type StepFault,
  type SyncChoice,
  SYNCS,
} from "./history.ts";
import {
  CommitModel,
  isFunction,
  poolId,
  poolName,
  type TreeContent,
  treeFiles,
} from "./history_model.ts";
import { restFlaws } from "./history_rest.ts";

/** Longer than every wait, retry and timeout of the program. */
const REST_MS = 11 * 60_000;
/** Longer than the interval of a sync: everybody looked once. */
const QUIET_MS = 130_000;
/** A new process looks at once. */
const LOOK_MS = 10_000;
/** How long a Function takes to be looked at. */
const READY_MS = 3_000;

/** @throws {RuleBroken} with the story and what was wrong */
export async function runHistory(history: History, coverage = new Coverage()): Promise<void> {
  const run = new HistoryRun(history, coverage);
  await run.happen();
  if (run.flaws.length === 0) return;
  throw new RuleBroken(`${run.flaws.join("\n")}\n${historyText(history)}\n${run.trace()}`);
}

/** One history on its way. */
class HistoryRun {
  readonly world = new SyncWorld();
  readonly flaws: string[];
  readonly #history: History;
  readonly #coverage: Coverage;
  readonly #model = new CommitModel();
  readonly #rules: HistoryRules;
  /** The commits of the branch. */
  #branch: string[] = [];
  /** Whether the server forgot commits. */
  #isCollected = false;
  readonly #notes: { readonly atMs: number; readonly words: () => string }[] = [];
  readonly #startMs = this.world.clock.monotonicMs();

  constructor(history: History, coverage: Coverage) {
    this.#history = history;
    this.#coverage = coverage;
    this.#rules = new HistoryRules(this.world, this.#model);
    this.flaws = this.#rules.broken;
    this.world.passesAtOnce = history.passesAtOnce;
    this.#followFunctions();
    const asked = this.world.onRequest;
    this.world.onRequest = (request) => {
      asked?.(request);
      const { kind, verb } = request;
      if (request.isWrite && kind !== "MeshSync") coverage.count(`writes ${verb}`);
    };
  }

  async happen(): Promise<void> {
    const { isForgetful, steps, syncs } = this.#history;
    const { world } = this;
    const metadata = { namespace: FOREIGN.namespace, name: FOREIGN.name };
    world.applyNow(
      { apiVersion: "v1", kind: "ConfigMap", metadata, data: { value: "x" } },
      "other",
    );
    this.#commit([{ put: 0, into: 0, variant: 0 }]);
    syncs.forEach((choice, index) => this.#makeSync(index, choice));
    await world.advance(1_000);
    for (const [index, step] of steps.entries()) {
      world.revive();
      if (isForgetful) world.restart();
      this.#note(() => `step ${index + 1}`);
      await this.#step(step);
    }
    this.#note(() => "nothing fails any longer");
    await this.#rest();
  }

  /** Requests and changes, for who reads about a failure. */
  trace(): string {
    return this.#notes.map(({ atMs, words }) =>
      `${((atMs - this.#startMs) / 1_000).toFixed(1).padStart(8)}  ${words()}`
    ).join("\n");
  }

  async #step({ action, faults, waitMs }: HistoryStep): Promise<void> {
    this.#coverage.count(`action ${action.do}`);
    this.#act(action);
    if (action.do === "replace") await this.world.replace();
    this.world.plan = this.#plan(faults);
    await this.world.advance(waitMs);
  }

  #plan(faults: readonly StepFault[]): FaultPlan {
    let count = 0;
    return (request) => {
      if (!this.#history.isGitFaulty && request.verb.startsWith("git")) {
        this.#note(() => `  ${requestText(request)}`);
        return undefined;
      }
      const index = count++;
      const found = faults.find(({ at }) => at === index);
      this.#note(() => `  ${requestText(request)}${found === undefined ? "" : " (fault)"}`);
      return found === undefined ? undefined : this.#fault(found.what);
    };
  }

  #fault(what: StepFault["what"]): Fault {
    this.#coverage.count(`fault ${faultName(what)}`);
    if ("fails" in what) return { fails: { when: what.when, how: what.fails } };
    if ("crash" in what) return { crash: what.crash };
    if ("lateMs" in what) return { lateMs: what.lateMs };
    return { meanwhile: () => this.#disturb(OBJECTS[what.object] ?? "", what.do) };
  }

  #act(action: Action): void {
    const { world } = this;
    switch (action.do) {
      case "commit":
        return this.#commit(action.edits);
      case "force-push":
        return this.#setBack(action);
      case "edit":
      case "delete":
        return this.#disturb(OBJECTS[action.object] ?? "", action.do);
      case "make":
        return this.#makeSync(action.sync, this.#history.syncs[action.sync]);
      case "remove":
        return this.#removeSync(SYNCS[action.sync] ?? "");
      case "suspend":
      case "resume":
        return this.#suspend(SYNCS[action.sync] ?? "", action.do === "suspend");
      case "lag":
        world.lag = action.events;
        return world.process.deliver();
      case "git away":
        world.repository.trouble = new GitError("unreachable", "Cannot look: it is away");
        return;
      case "git back":
        world.repository.trouble = undefined;
        return;
      case "crash":
        return world.restart();
      case "relist":
        return world.process.relist();
      case "nothing":
      case "replace":
        return;
      default:
        action satisfies never;
    }
  }

  #commit(edits: readonly GitEdit[]): void {
    const before = this.#model.tree(this.#branch.at(-1) ?? "");
    const after = new Map(before);
    for (const edit of edits) {
      if ("drop" in edit) after.delete(OBJECTS[edit.drop] ?? "");
      else {
        const at = { sync: SYNCS[edit.into] ?? "", variant: edit.variant };
        after.set(OBJECTS[edit.put] ?? "", at);
      }
    }
    const gone = Object.keys(treeFiles(before)).map((path) => [path, undefined]);
    const files = { ...Object.fromEntries(gone), ...treeFiles(after) };
    const commit = this.world.repository.commit(files);
    this.#branch.push(commit);
    this.#head(commit, after);
  }

  #setBack({ back, isCollected }: Extract<Action, { do: "force-push" }>): void {
    this.#branch = this.#branch.slice(0, Math.max(1, this.#branch.length - back));
    const commit = this.#branch.at(-1) ?? "";
    this.world.repository.reset(commit);
    if (isCollected) {
      this.#isCollected = true;
      this.world.repository.collectGarbage();
    }
    this.#head(commit, this.#model.tree(commit));
  }

  #head(commit: string, tree: TreeContent): void {
    this.#model.note(commit, tree);
    const head: Head = {
      commit,
      sinceMs: this.world.clock.now(),
    };
    this.#rules.head = head;
  }

  #disturb(name: string, how: "delete" | "edit"): void {
    const id = poolId(name);
    if (this.world.object(id) === undefined) return;
    if (how === "delete") return this.world.removeNow(id);
    const patch = isFunction(name)
      ? { spec: { image: "example/edited:1" } }
      : { data: { value: "edited" } };
    this.world.patchNow(id, patch);
  }

  #makeSync(index: number, choice: SyncChoice | undefined): void {
    const name = SYNCS[index];
    if (name === undefined || choice === undefined) return;
    const { policy, rollsBack, waitsForFirst } = choice;
    this.world.applyNow({
      apiVersion: "gitops.functionmesh.io/v1alpha1",
      kind: "MeshSync",
      metadata: { namespace: "shop", name },
      spec: {
        url: REPOSITORY_URL,
        path: name,
        interval: "2m",
        healthTimeout: "20s",
        settleTime: "0s",
        deletionPolicy: policy,
        ...(rollsBack ? { onUnhealthy: "rollback" } : {}),
        ...(waitsForFirst && index > 0 ? { dependsOn: [{ name: SYNCS[0] }] } : {}),
      },
    }, "user");
  }

  #removeSync(name: string): void {
    const sync = this.world.meshSync(name);
    if (sync === undefined) return;
    const isKept = sync.spec.deletionPolicy === "Orphan" || sync.spec.suspend === true;
    if (isKept) this.#rules.released.add(name);
    this.world.removeNow(meshSyncId(name));
  }

  #suspend(name: string, isSuspended: boolean): void {
    const sync = this.world.meshSync(name);
    if (sync === undefined) return;
    if (isSuspended && sync.metadata.deletionTimestamp !== undefined) {
      this.#rules.released.add(name);
    }
    this.world.patchNow(meshSyncId(name), { spec: { suspend: isSuspended } }, { manager: "user" });
  }

  /** What the controller of Functions says: ready after a while, unless the image is bad. */
  #followFunctions(): void {
    const { world } = this;
    const told = world.onEvent;
    world.onEvent = (event) => {
      told?.(event);
      const { after, before } = event;
      this.#note(() => eventWords(event));
      this.#countReason(event);
      const isNew = after !== undefined && poolName(after) !== undefined &&
        after.kind === "Function" && after.metadata.generation !== before?.metadata.generation;
      if (isNew) world.later(READY_MS, () => this.#lookAt(after));
    };
  }

  #countReason({ after, before }: StoreEvent): void {
    if (after?.kind !== "MeshSync") return;
    const [was, is] = [before, after].map((one) =>
      conditionOf((one?.status as MeshSync["status"])?.conditions, "Ready")?.reason
    );
    if (is !== undefined && is !== was) this.#coverage.count(`says ${is}`);
  }

  #lookAt({ metadata }: KubeObject): void {
    const id = poolId(metadata.name);
    const live = this.world.object(id);
    if (live === undefined || live.metadata.deletionTimestamp !== undefined) return;
    const { image = "" } = live.spec as { readonly image?: string };
    this.world.setReady(id, !image.includes("bad"));
  }

  async #rest(): Promise<void> {
    const { world } = this;
    world.plan = this.#plan([]);
    world.lag = 0;
    world.repository.trouble = undefined;
    world.revive();
    world.process.deliver();
    await this.#settle();
    this.#note(() => "rest");
    world.restart();
    this.#note(() => "rest of a new process");
    const writes = await this.#writesIn(LOOK_MS);
    // What was applied and is collected meanwhile, a new process cannot read: it says so.
    if (!this.#isCollected) this.#quiet("at rest, after a restart", writes);
    if (this.flaws.length === 0) this.flaws.push(...this.#restFlaws());
    const { metadata } = world.object(FOREIGN) ?? {};
    if (metadata === undefined) this.flaws.push("what nobody wants is gone");
  }

  /** Lets time go by until everything is as it should be and nobody writes, or until there is no excuse left. */
  async #settle(): Promise<void> {
    const endMs = this.world.clock.monotonicMs() + REST_MS;
    while (true) {
      const isLast = this.world.clock.monotonicMs() >= endMs;
      const writes = await this.#writesIn(QUIET_MS);
      const flaws = this.#restFlaws();
      if (flaws.length === 0 && writes.length === 0) return;
      if (!isLast) continue;
      this.#quiet("at rest", writes);
      this.flaws.push(...flaws);
      return;
    }
  }

  async #writesIn(timeMs: number): Promise<string[]> {
    this.world.requests.length = 0;
    await this.world.advance(timeMs);
    return this.world.requests.filter(({ isWrite }) => isWrite).map(requestText);
  }

  #quiet(when: string, writes: readonly string[]): void {
    if (writes.length > 0) this.flaws.push(`${when} it wrote: ${writes.slice(0, 6).join(", ")}`);
  }

  #restFlaws(): string[] {
    return restFlaws({
      world: this.world,
      model: this.#model,
      head: this.#branch.at(-1),
      released: this.#rules.released,
    });
  }

  /** Words are made when somebody reads them: nearly all histories end well. */
  #note(words: () => string): void {
    this.#notes.push({ atMs: this.world.clock.monotonicMs(), words });
  }
}

function eventWords({ after, before, by }: StoreEvent): string {
  const object = after ?? before;
  const verb = after === undefined ? "deleted" : before === undefined ? "created" : "changed";
  const words = object?.kind === "MeshSync" ? syncWords(before, after) : "";
  return `    ${by} ${verb} ${object?.kind} ${object?.metadata.name}${words}`;
}

function faultName(what: StepFault["what"]): string {
  if ("fails" in what) return `${what.fails} ${what.when}`;
  if ("crash" in what) return `crash ${what.crash}`;
  return "lateMs" in what ? "late" : `${what.do} just before`;
}

/** What changed in a status, for who reads. */
function syncWords(before: KubeObject | undefined, after: KubeObject | undefined): string {
  const [was, is] = [before, after].map((one) => (one?.status ?? {}) as Record<string, unknown>);
  const members = [...new Set([...Object.keys(was ?? {}), ...Object.keys(is ?? {})])]
    .filter((name) => !sameJson(was?.[name], is?.[name]));
  const told = conditionList(is?.["conditions"]).filter((one) =>
    !sameJson(one, conditionOf(was?.["conditions"], one.type))
  ).map(({ message, reason, status, type }) => `${type} ${status} ${reason}: ${message}`);
  return members.length === 0 ? "" : `: ${members.join(", ")}; ${told.join("; ")}`;
}
