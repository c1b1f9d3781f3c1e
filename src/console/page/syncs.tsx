import type { SyncView } from "../view.ts";
import { Commit } from "./commits.tsx";
import { When } from "./foreign.tsx";
import { StateIcon } from "./icons.tsx";
import type { Model } from "./model.ts";
import { type Go, Link } from "./router.tsx";
import { Notice } from "./states.tsx";
import { lineText } from "./text.ts";
import { byState } from "./words.ts";

/** All MeshSyncs, the worst first. */
export function Syncs({ go, model }: { readonly model: Model; readonly go: Go }) {
  const syncs = [...model.syncs].sort(([, a], [, b]) => byState(a.state, b.state));
  if (syncs.length === 0) {
    return (
      <Notice title="Nothing comes from Git yet" sign={<StateIcon state="suspended" size={40} />}>
        <p>
          A MeshSync names a folder in a Git repository, and this page shows what became of each
          commit.
        </p>
        <pre class="command"><code>kubectl get msync -A</code></pre>
      </Notice>
    );
  }
  return (
    <section class="syncs">
      <h1>Syncs</h1>
      <ul class="sync-list">
        {syncs.map(([key, sync]) => <SyncRow key={key} id={key} sync={sync} go={go} />)}
      </ul>
    </section>
  );
}

function SyncRow(
  { go, id, sync }: { readonly id: string; readonly sync: SyncView; readonly go: Go },
) {
  const { message = "", name, namespace, path, reason = "", revision, state, url } = sync;
  return (
    <li class={`sync-row is-${state}`}>
      <h2>
        <StateIcon state={state} size={16} />
        <Link to={{ page: "sync", sync: id }} go={go}>{lineText(name, 120)}</Link>
        <span class="quiet">{lineText(namespace, 100)}</span>
        <span class="state">{state}</span>
        <Chips sync={sync} />
      </h2>
      <p class="quiet foreign">
        {lineText(url, 200)}
        {path === "" ? "" : ` · ${lineText(path, 120)}`}
      </p>
      {revision === undefined ? <p class="quiet">Nothing is applied yet.</p> : (
        <p>
          <Commit commit={revision} />
        </p>
      )}
      {state === "ok" ? null : (
        <p class="foreign sync-why">
          {[reason, message].filter((one) => one !== "").map((one) => lineText(one, 300)).join(
            ": ",
          )}
        </p>
      )}
      <p class="quiet sync-next">
        {sync.nextLook === undefined ? "" : (
          <>
            Looks again <When at={sync.nextLook} />
          </>
        )}
      </p>
    </li>
  );
}

/** What holds a sync back, in a word each. */
export function Chips({ sync }: { readonly sync: SyncView }) {
  const words = [
    ...(sync.suspended ? ["suspended"] : []),
    ...(sync.quarantine === undefined ? [] : ["quarantine"]),
    ...(sync.held === undefined ? [] : ["held"]),
  ];
  return <>{words.map((word) => <span key={word} class="chip is-warning">{word}</span>)}</>;
}
