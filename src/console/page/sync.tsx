import type { ComponentChildren } from "preact";
import type { SyncView } from "../view.ts";
import { Commit, CommitLine } from "./commits.tsx";
import { When } from "./foreign.tsx";
import { StateIcon } from "./icons.tsx";
import type { Model } from "./model.ts";
import { type Go, Link } from "./router.tsx";
import { stateCounts } from "./selection.ts";
import { NotHere } from "./states.tsx";
import { Chips } from "./syncs.tsx";
import { lineText } from "./text.ts";
import { plural, STATES } from "./words.ts";

/** One MeshSync: what is applied, what became of each commit, what holds it back. */
export function Sync(
  { go, id, model }: { readonly id: string; readonly model: Model; readonly go: Go },
) {
  const sync = model.syncs.get(id);
  if (sync === undefined) return <NotHere what={`There is no sync ${lineText(id, 200)}`} go={go} />;
  const { history, message = "", name, namespace, reason = "", since, state } = sync;
  return (
    <section class="sync">
      <p class="crumbs">
        <Link to={{ page: "syncs" }} go={go}>Syncs</Link> / {lineText(namespace, 100)}
      </p>
      <h1 class="foreign">
        <StateIcon state={state} size={22} />
        {lineText(name, 200)}
        <Chips sync={sync} />
      </h1>
      <p class="foreign sync-why">
        <strong>{state}</strong>
        {` ${
          [reason, message].filter((one) => one !== "").map((one) => lineText(one, 800)).join(": ")
        } `}
        <span class="quiet">
          <When at={since} />
        </span>
      </p>
      <Holds sync={sync} />
      <div class="sync-columns">
        <div>
          <h2>Commits</h2>
          {history.length === 0
            ? <p class="quiet">No commit was tried yet.</p>
            : <CommitLine history={history} applied={sync.revision?.id} />}
        </div>
        <div>
          <h2>Now</h2>
          <Now sync={sync}>
            <Made {...{ id, model }} />
          </Now>
          <Plan plan={sync.plan} />
        </div>
      </div>
    </section>
  );
}

/** What holds it back, and why. */
function Holds({ sync: { held, quarantine, suspended, window } }: { readonly sync: SyncView }) {
  const holds = [
    ...(suspended ? [["Suspended", "It looks at nothing until somebody resumes it."]] : []),
    ...(held === undefined ? [] : [["Held", held]]),
    ...(quarantine === undefined ? [] : [["Quarantine", quarantine]]),
    ...(window === undefined ? [] : [["Window", window]]),
  ];
  if (holds.length === 0) return null;
  return (
    <dl class="holds">
      {holds.map(([name = "", words = ""]) => (
        <div key={name} class={`hold is-${name.toLowerCase()}`}>
          <dt>{name}</dt>
          <dd class="foreign">{lineText(words, 800)}</dd>
        </div>
      ))}
    </dl>
  );
}

function Now(
  { children, sync }: { readonly sync: SyncView; readonly children: ComponentChildren },
) {
  const { attempted, counts, nextLook, path, revision, url } = sync;
  const objects = Object.entries(counts).filter(([, count]) => count > 0);
  return (
    <dl class="facts">
      <dt>Repository</dt>
      <dd class="foreign">{lineText(url, 300)}</dd>
      <dt>Folder</dt>
      <dd class="foreign">{path === "" ? "all of it" : lineText(path, 200)}</dd>
      <dt>Applied</dt>
      <dd>{revision === undefined ? "nothing yet" : <Commit commit={revision} />}</dd>
      {attempted === undefined ? null : (
        <>
          <dt>Tried last</dt>
          <dd>
            <Commit commit={attempted} />
          </dd>
        </>
      )}
      <dt>Objects</dt>
      <dd>
        {objects.length === 0
          ? "none"
          : objects.map(([what, count]) => `${count.toLocaleString("en-US")} ${lineText(what, 40)}`)
            .join(", ")}
      </dd>
      {children}
      <dt>Next look</dt>
      <dd>{nextLook === undefined ? "not planned" : <When at={nextLook} />}</dd>
    </dl>
  );
}

/** How the components are that it applied. */
function Made({ id, model }: { readonly id: string; readonly model: Model }) {
  const own = [...model.components.values()].filter(({ sync }) => sync === id);
  if (own.length === 0) return null;
  const counts = stateCounts(own);
  return (
    <>
      <dt>Components</dt>
      <dd>
        {STATES.filter((state) => counts.has(state)).map((state) => (
          <span key={state} class="state">
            <StateIcon state={state} /> {counts.get(state)} {state}
          </span>
        ))}
      </dd>
    </>
  );
}

function Plan({ plan = [] }: { readonly plan: readonly string[] | undefined }) {
  if (plan.length === 0) return null;
  return (
    <>
      <h2>
        Plan <span class="quiet">{plural(plan.length, "line")}</span>
      </h2>
      <ul class="plan">
        {plan.slice(0, 60).map((line, index) => (
          <li key={index} class="foreign">{lineText(line, 400)}</li>
        ))}
      </ul>
    </>
  );
}
