import type { CommitView, RevisionView, StateView } from "../view.ts";
import { When } from "./foreign.tsx";
import { StateIcon } from "./icons.tsx";
import { lineText } from "./text.ts";

/** Outcomes that are none of a failure. */
const OUTCOMES: Readonly<Record<string, readonly [StateView, string]>> = {
  Healthy: ["ok", "healthy"],
  Applied: ["progressing", "applied, has to prove itself"],
  Applying: ["progressing", "is being applied"],
  Superseded: ["suspended", "a newer commit came"],
  Quarantined: ["failing", "went back, in quarantine"],
  Unhealthy: ["failing", "not healthy"],
};

/** A commit in one line. */
export function Commit({ commit }: { readonly commit: CommitView }) {
  const { at, author, subject } = commit;
  return (
    <span class="commit">
      <code class="commit-id">{shortId(commit.id)}</code>
      <span class="foreign commit-subject">{lineText(subject ?? "", 220)}</span>
      <span class="quiet">
        {author === undefined ? null : <bdi>{lineText(author, 100)}</bdi>}
        {author === undefined || at === undefined ? null : ", "}
        <When at={at} />
      </span>
    </span>
  );
}

/** `main@sha1:0123…` as its branch and the first signs of its hash. */
export function shortId(id: string): string {
  const [, branch = "", hash = ""] = /^(.*)@sha(?:1|256):([0-9a-f]+)$/s.exec(id) ?? [];
  return hash === "" ? lineText(id, 60) : `${lineText(branch, 40)} ${hash.slice(0, 8)}`;
}

/** Commits as a line, newest first, with what became of each. */
export function CommitLine(
  { applied, history }: {
    readonly history: readonly RevisionView[];
    readonly applied: string | undefined;
  },
) {
  return (
    <ol class="line-of-commits">
      {history.map((revision, index) => {
        const [state, words] = outcomeOf(revision.outcome);
        return (
          <li key={`${index} ${revision.id}`} class={`is-${state}`}>
            <span class="line-dot">
              <StateIcon state={state} size={18} />
            </span>
            <Commit commit={revision} />
            <span class="line-outcome">
              {words}
              {revision.id === applied ? <span class="chip">applied now</span> : null}
              {revision.triedAt === undefined ? null : (
                <span class="quiet">
                  tried <When at={revision.triedAt} />
                </span>
              )}
            </span>
          </li>
        );
      })}
    </ol>
  );
}

function outcomeOf(outcome: string): readonly [StateView, string] {
  return Object.hasOwn(OUTCOMES, outcome)
    ? OUTCOMES[outcome] ?? ["unknown", outcome]
    : ["failing", lineText(outcome, 80)];
}
