/** Histories of MeshSyncs: what people, Git, others and fate do, as data that can be drawn, shrunk and read. */
import * as fc from "fast-check";
import type { Failure } from "../support/fault_plan.ts";

/** How a MeshSync of a history is set up. */
export interface SyncChoice {
  readonly rollsBack: boolean;
  readonly waitsForFirst: boolean;
  readonly policy: "MirrorPrune" | "Orphan";
}

/** A change of one object in Git. */
export type GitEdit =
  /** Writes it into the folder of a sync; out of that of another one, if it is there. */
  | { readonly put: number; readonly into: number; readonly variant: number }
  | { readonly drop: number };

/** Actions that say all by themselves. */
type PlainAction = "crash" | "git away" | "git back" | "nothing" | "relist" | "replace";
/** Actions on a sync. */
type SyncAction = "make" | "remove" | "resume" | "suspend";

/** What somebody does. */
export type Action =
  | { readonly do: "commit"; readonly edits: readonly GitEdit[] }
  | { readonly do: "force-push"; readonly back: number; readonly isCollected: boolean }
  | { readonly do: "edit" | "delete"; readonly object: number }
  | { readonly do: SyncAction; readonly sync: number }
  | { readonly do: PlainAction }
  | { readonly do: "lag"; readonly events: number };

/** What happens to a request, counted from the step's action. */
export interface StepFault {
  readonly at: number;
  readonly what:
    | { readonly fails: Failure; readonly when: "after" | "before" }
    | { readonly crash: "after" | "before" }
    | { readonly lateMs: number }
    | { readonly do: "delete" | "edit"; readonly object: number };
}

/** One step. */
export interface HistoryStep {
  readonly action: Action;
  readonly faults: readonly StepFault[];
  /** How much time goes by afterwards. */
  readonly waitMs: number;
}

/** A whole history. */
export interface History {
  readonly syncs: readonly SyncChoice[];
  readonly steps: readonly HistoryStep[];
  /** Whether all memory is thrown away before every step. */
  readonly isForgetful: boolean;
  /** Whether faults happen to what Git is asked, too. */
  readonly isGitFaulty: boolean;
  readonly passesAtOnce: number;
}

/** Objects of histories: ConfigMaps first, then Functions. */
export const OBJECTS: readonly string[] = ["c0", "c1", "c2", "f0", "f1"];

/** Names of syncs. */
export const SYNCS: readonly string[] = ["a", "b"];

const FAILURES: readonly Failure[] = ["404", "409", "422", "429", "500", "lost", "timeout"];
const WAITS_MS: readonly number[] = [0, 1_000, 8_000, 30_000, 70_000, 200_000];

const object = fc.nat({ max: OBJECTS.length - 1 });
const sync = fc.nat({ max: SYNCS.length - 1 });

const gitEdit: fc.Arbitrary<GitEdit> = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.record({ put: object, into: sync, variant: fc.nat({ max: 2 }) }),
  },
  { weight: 1, arbitrary: fc.record({ drop: object }) },
);

const plain = (word: PlainAction) => fc.constant<Action>({ do: word });
const onSync = (word: SyncAction): fc.Arbitrary<Action> =>
  fc.record({ do: fc.constant(word), sync });

const action: fc.Arbitrary<Action> = fc.oneof(
  {
    weight: 8,
    arbitrary: fc.record({
      do: fc.constant("commit" as const),
      edits: fc.array(gitEdit, { minLength: 1, maxLength: 3 }),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      do: fc.constant("force-push" as const),
      back: fc.integer({ min: 1, max: 3 }),
      isCollected: fc.boolean(),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({ do: fc.constantFrom("edit" as const, "delete" as const), object }),
  },
  { weight: 1, arbitrary: onSync("suspend") },
  { weight: 1, arbitrary: onSync("resume") },
  { weight: 1, arbitrary: onSync("remove") },
  { weight: 1, arbitrary: onSync("make") },
  { weight: 1, arbitrary: plain("crash") },
  { weight: 1, arbitrary: plain("replace") },
  { weight: 1, arbitrary: plain("relist") },
  { weight: 1, arbitrary: plain("git away") },
  { weight: 1, arbitrary: plain("git back") },
  { weight: 2, arbitrary: plain("nothing") },
  {
    weight: 1,
    arbitrary: fc.record({ do: fc.constant("lag" as const), events: fc.nat({ max: 4 }) }),
  },
);

const fault: fc.Arbitrary<StepFault> = fc.record({
  at: fc.nat({ max: 14 }),
  what: fc.oneof<fc.Arbitrary<StepFault["what"]>[]>(
    fc.record({
      fails: fc.constantFrom(...FAILURES),
      when: fc.constantFrom("after" as const, "before" as const),
    }),
    fc.record({ crash: fc.constantFrom("after" as const, "before" as const) }),
    fc.record({ lateMs: fc.constantFrom(500, 5_000, 40_000) }),
    fc.record({ do: fc.constantFrom("delete" as const, "edit" as const), object }),
  ),
});

const step: fc.Arbitrary<HistoryStep> = fc.record({
  action,
  faults: fc.array(fault, { maxLength: 2 }),
  waitMs: fc.constantFrom(...WAITS_MS),
});

const choice: fc.Arbitrary<SyncChoice> = fc.record({
  rollsBack: fc.boolean(),
  waitsForFirst: fc.boolean(),
  policy: fc.constantFrom("MirrorPrune" as const, "MirrorPrune" as const, "Orphan" as const),
});

/** Any history. */
export const anyHistory: fc.Arbitrary<History> = fc.record({
  syncs: fc.array(choice, { minLength: 1, maxLength: SYNCS.length }),
  steps: fc.array(step, { minLength: 1, maxLength: 7 }),
  isForgetful: fc.boolean(),
  isGitFaulty: fc.boolean(),
  passesAtOnce: fc.constantFrom(1, 2),
});

/** What may happen in histories. */
export interface HistoryScope {
  /** Syncs whose revisions go back when they are not healthy. */
  readonly rollbacks: boolean;
  /** Processes that crash, are replaced or forget. */
  readonly restarts: boolean;
  /** Remotes that do not answer. */
  readonly gitFaults: boolean;
  /** Failures of requests to the API server. */
  readonly failures: readonly Failure[];
  /** Whether all memory is thrown away before every step: always, never, or now and then when left out. */
  readonly forgets?: boolean;
}

/** Everything that a history can hold. */
export const EVERYTHING: HistoryScope = {
  rollbacks: true,
  restarts: true,
  gitFaults: true,
  failures: FAILURES,
};

/** Histories in which only so much happens. */
export function historiesOf(scope: HistoryScope): fc.Arbitrary<History> {
  return scope === EVERYTHING ? anyHistory : anyHistory.map((history) => narrowed(history, scope));
}

const RESTARTS: readonly string[] = ["crash", "replace"];
const GIT_FAULTS: readonly string[] = ["git away", "git back"];

function narrowed(history: History, scope: HistoryScope): History {
  const { gitFaults, restarts, rollbacks } = scope;
  const { isForgetful, isGitFaulty, passesAtOnce, steps, syncs } = history;
  return {
    isForgetful: scope.forgets ?? (isForgetful && restarts),
    isGitFaulty: isGitFaulty && gitFaults,
    passesAtOnce,
    syncs: syncs.map((one) => ({ ...one, rollsBack: one.rollsBack && rollbacks })),
    steps: steps.map(({ action, faults, waitMs }) => {
      const isOut = (!restarts && RESTARTS.includes(action.do)) ||
        (!gitFaults && GIT_FAULTS.includes(action.do));
      return {
        action: isOut ? { do: "nothing" } : action,
        faults: faults.filter(({ what }) =>
          "fails" in what ? scope.failures.includes(what.fails) : "crash" in what ? restarts : true
        ),
        waitMs,
      };
    }),
  };
}

/** A history as a story. */
export function historyText(history: History): string {
  const { isForgetful, isGitFaulty, passesAtOnce, steps, syncs } = history;
  const made = syncs.map((choice, index) => {
    const words = [
      ...(choice.rollsBack ? ["rolls back"] : []),
      ...(choice.waitsForFirst && index > 0 ? ["depends on a"] : []),
      ...(choice.policy === "Orphan" ? ["leaves its objects behind"] : []),
    ];
    return `  MeshSync ${SYNCS[index]}${words.length === 0 ? "" : ` (${words.join(", ")})`}`;
  });
  const mode = [
    ...(isForgetful ? ["all memory is lost before every step"] : []),
    ...(isGitFaulty ? ["requests to Git count"] : []),
    ...(passesAtOnce > 1 ? [`${passesAtOnce} passes at once`] : []),
  ].join("; ");
  return [
    `Given${mode === "" ? "" : ` (${mode})`}`,
    ...made,
    ...steps.map((one, index) => `${index + 1}. ${stepText(one)}`),
  ].join("\n");
}

function stepText({ action, faults, waitMs }: HistoryStep): string {
  const faulty = faults.map(({ at, what }) => `     request ${at + 1}: ${faultText(what)}`);
  return [`${actionText(action)}, then ${waitMs / 1_000} s go by`, ...faulty].join("\n");
}

function actionText(action: Action): string {
  switch (action.do) {
    case "commit":
      return `commit: ${action.edits.map(editText).join(", ")}`;
    case "force-push":
      return `the branch is set back by ${action.back} commits${
        action.isCollected ? ", and what it held is collected" : ""
      }`;
    case "edit":
    case "delete":
      return `somebody ${action.do}s ${OBJECTS[action.object]}`;
    case "lag":
      return `caches lag by ${action.events} events`;
    case "make":
    case "remove":
    case "resume":
    case "suspend":
      return `${action.do} MeshSync ${SYNCS[action.sync]}`;
    default:
      return action.do;
  }
}

function editText(edit: GitEdit): string {
  if ("drop" in edit) return `drop ${OBJECTS[edit.drop]}`;
  const { into, put, variant } = edit;
  const isBad = (OBJECTS[put] ?? "").startsWith("f") && variant === 2;
  return `${SYNCS[into]}/${OBJECTS[put]} = ${isBad ? "bad" : variant}`;
}

function faultText(what: StepFault["what"]): string {
  if ("fails" in what) {
    return what.when === "before"
      ? `fails with ${what.fails}`
      : `takes effect, answers ${what.fails}`;
  }
  if ("crash" in what) return `the program crashes ${what.crash} it takes effect`;
  if ("lateMs" in what) return `answers ${what.lateMs} ms late`;
  return `somebody ${what.do}s ${OBJECTS[what.object]} just before`;
}
