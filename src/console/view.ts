/**
 * What the console's server tells its page. Types only, and nothing imported: the page is bundled with them.
 *
 * Every text is foreign (names, messages, exceptions, commits): masked and bounded here, and shown as text there.
 */

/** Everything that one viewer may see, as `GET /api/stream` tells it first. */
export interface View {
  /** RFC 3339: when the caches were looked at. */
  readonly at: string;
  readonly program: {
    readonly version: string;
    /** Address of the API server. */
    readonly server: string;
    /** What this replica works on, of how many shards; absent where replicas do not share the work. */
    readonly shards?: { readonly own: readonly number[]; readonly count: number };
  };
  /** By `Kind/namespace/name`. */
  readonly components: Readonly<Record<string, ComponentView>>;
  /** By an id that says nothing. */
  readonly topics: Readonly<Record<string, TopicView>>;
  /** By an id that is the same as long as the component says the same of the topic. */
  readonly flows: Readonly<Record<string, FlowView>>;
  /** By `namespace/name`. */
  readonly syncs: Readonly<Record<string, SyncView>>;
  readonly findings: readonly FindingView[];
  /** Whether there is more than this viewer may see. Of what, nothing is told. */
  readonly someHidden: boolean;
}

/**
 * What became different since the last event. A key with `null` is gone; a part that is absent is as it was.
 */
export interface ViewChange {
  /** RFC 3339. */
  readonly at: string;
  readonly program?: View["program"];
  readonly components?: Changed<ComponentView>;
  readonly topics?: Changed<TopicView>;
  readonly flows?: Changed<FlowView>;
  readonly syncs?: Changed<SyncView>;
  /** All of them, where one is different. */
  readonly findings?: readonly FindingView[];
  readonly someHidden?: boolean;
}

/** New values by key; `null`: it is gone. */
export type Changed<T> = Readonly<Record<string, T | null>>;

/** How something is, in one word. `unknown`: no controller has looked at it since it was changed. */
export type StateView = "ok" | "progressing" | "failing" | "suspended" | "unknown";

/** A Function, Source or Sink. What is not known is absent: a number that is not there is not 0. */
export interface ComponentView {
  readonly kind: "Function" | "Source" | "Sink";
  readonly namespace: string;
  readonly name: string;
  /** Name of its FunctionMesh, in the same namespace. */
  readonly mesh?: string;
  /** MeshSync that applied it or its mesh: a key of `syncs`, where the viewer may see that. */
  readonly sync?: string;
  readonly state: StateView;
  /** Of the condition Ready, in one word. */
  readonly reason?: string;
  readonly message?: string;
  /** RFC 3339: since when it is so. */
  readonly since?: string;
  readonly replicas: { readonly ready: number; readonly wanted: number };
  readonly image?: string;
  readonly language?: "java" | "python" | "go" | "generic";
  /** Messages processed since the instances began. */
  readonly processed?: number;
  readonly perSecond?: number;
  /** Messages that wait to be read. */
  readonly backlog?: number;
  /** Exceptions since the instances began. */
  readonly exceptions?: number;
  /** The newest one. */
  readonly lastException?: { readonly text: string; readonly at?: string };
  /** How many replicas the backlog needs, and why. */
  readonly scaling?: string;
  readonly instances: readonly InstanceView[];
}

/** A pod of a component. */
export interface InstanceView {
  readonly pod: string;
  readonly ready: boolean;
  /** What it is doing, or why it is not ready. */
  readonly text?: string;
  readonly restarts?: number;
}

/** A topic, or a pattern of topics. */
export interface TopicView {
  readonly label: string;
  /** Absent: a topic. */
  readonly kind?: "pattern";
}

/** Messages that go from one place to another. Places are keys: `c:` and one of `components`, `t:` and one of `topics`. */
export interface FlowView {
  readonly from: string;
  readonly to: string;
  /** `match`: a topic that a pattern fits; else what the component does with the topic. */
  readonly role: "input" | "output" | "deadLetter" | "log" | "lateData" | "match";
  /** Messages that wait, of an input. */
  readonly backlog?: number;
  /** Where it is known: of the only input, and of what a Source writes. */
  readonly perSecond?: number;
  readonly subscription?: string;
}

/** A MeshSync. */
export interface SyncView {
  readonly namespace: string;
  readonly name: string;
  /** Without credentials. */
  readonly url: string;
  readonly path: string;
  readonly state: StateView;
  /** Of the condition Ready, in one word. */
  readonly reason?: string;
  readonly message?: string;
  /** RFC 3339: since when it is so. */
  readonly since?: string;
  /** What is applied. */
  readonly revision?: CommitView;
  /** What was tried last, where that is something else. */
  readonly attempted?: CommitView;
  /** Newest first. */
  readonly history: readonly RevisionView[];
  /** Why nothing is applied now, in a sentence: a window, a dependency, a limit. */
  readonly held?: string;
  /** What went back, and why. */
  readonly quarantine?: string;
  /** The times in which revisions are applied, or not. */
  readonly window?: string;
  readonly suspended: boolean;
  /** Objects by what became of them: `created`, `unchanged` and the like. */
  readonly counts: Readonly<Record<string, number>>;
  /** RFC 3339: when it looks at its repository again. */
  readonly nextLook?: string;
  /** What the revision that was tried last changes: the first objects, a line each. */
  readonly plan?: readonly string[];
}

/** A commit. */
export interface CommitView {
  /** `main@sha1:…`, as statuses say it. */
  readonly id: string;
  readonly subject?: string;
  readonly author?: string;
  /** RFC 3339: when it was committed. */
  readonly at?: string;
}

/** A commit and what became of it. */
export interface RevisionView extends CommitView {
  /** `Applying`, `Applied`, `Healthy`, `Unhealthy`, `Quarantined` or the reason of a failure. */
  readonly outcome: string;
  /** RFC 3339: when it was tried first. */
  readonly triedAt?: string;
}

/** Something odd between components. */
export interface FindingView {
  readonly code: string;
  readonly severity: "warning" | "information";
  /** A key of `components`. */
  readonly component: string;
  readonly message: string;
  readonly remedy: string;
}

/** What `GET /api/explain` answers: what `explain -o json` prints, with events and numbers. */
export interface ExplainView {
  readonly object: string;
  /** Absent where nobody has looked yet, or cannot tell. */
  readonly isWell?: boolean;
  readonly reason: string;
  /** The first cause in one sentence, or how it is. */
  readonly message: string;
  /** RFC 3339. */
  readonly since?: string;
  /** From the commit to the container. */
  readonly chain: readonly {
    readonly what: string;
    readonly says: string;
    readonly isWell?: boolean;
  }[];
  /** Components that wait for what it writes, the nearest first. */
  readonly downstream: readonly string[];
  readonly backlog: readonly { readonly topic: string; readonly count: number }[];
  readonly remedy?: string;
  /** What could not be read, or what this viewer may not read, a line each. */
  readonly unread: readonly string[];
  /** Warnings, newest first. */
  readonly events: readonly EventView[];
  /** Of a component whose numbers are known. */
  readonly history?: HistoryView;
}

/** A warning event of Kubernetes. */
export interface EventView {
  readonly object: string;
  readonly reason: string;
  readonly message: string;
  /** RFC 3339: when it was seen last. */
  readonly at?: string;
}

/** Numbers of the last hour, a minute apart, as long as the others each. `null`: not known. */
export interface HistoryView {
  /** Seconds since 1970. */
  readonly at: readonly number[];
  readonly perSecond: readonly (number | null)[];
  readonly backlog: readonly (number | null)[];
  /** Exceptions since the instances began. */
  readonly exceptions: readonly (number | null)[];
}
