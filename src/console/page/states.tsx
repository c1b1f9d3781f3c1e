import type { ComponentChildren } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";
import { StateIcon } from "./icons.tsx";
import type { Live } from "./live.ts";
import type { Route } from "./route.ts";
import { type Go, Link } from "./router.tsx";

/** A page that has one thing to say. */
export function Notice(
  { children, sign, title }: {
    readonly title: string;
    readonly sign?: ComponentChildren;
    readonly children: ComponentChildren;
  },
) {
  return (
    <section class="notice">
      {sign === undefined ? null : <div class="notice-sign">{sign}</div>}
      <h1>{title}</h1>
      {children}
    </section>
  );
}

/** Before the first event: boxes where the graph will be. */
export function Loading() {
  return (
    <section class="loading" aria-busy="true">
      <h1 class="unseen">Loading what is deployed</h1>
      {Array.from({ length: 8 }, (_, index) => <div key={index} class="loading-card" />)}
    </section>
  );
}

/** Nothing is deployed yet. */
export function Empty({ someHidden }: { readonly someHidden: boolean }) {
  return (
    <Notice title="Nothing is deployed yet" sign={<StateIcon state="suspended" size={40} />}>
      <p>
        A mesh appears here as soon as there is a Function, a Source or a Sink, by a commit or by
        hand:
      </p>
      <pre class="command"><code>kubectl apply -f gitops/mesh</code></pre>
      <p>From a Git repository:</p>
      <pre class="command"><code>{SYNC_COMMAND}</code></pre>
      {someHidden
        ? <p class="quiet">There is more in this cluster, which your token may not see.</p>
        : null}
    </Notice>
  );
}

const SYNC_COMMAND = `kubectl apply -f - <<EOF
apiVersion: gitops.functionmesh.io/v1alpha1
kind: MeshSync
metadata: { name: meshes, namespace: meshwright }
spec: { url: "https://git.example/meshes.git", path: meshes }
EOF`;

/** Who looks is to show a token. */
export function TokenForm(
  { isRefused, live, words }: {
    readonly live: Live;
    readonly isRefused: boolean;
    readonly words: string;
  },
) {
  const [token, setToken] = useState("");
  const field = useRef<HTMLInputElement>(null);
  useEffect(() => field.current?.focus(), []);
  return (
    <Notice title="Who is looking?" sign={<StateIcon state="unknown" size={40} />}>
      <p>
        This page shows what your own token may get. It stays in this tab's memory and is gone when
        you leave.
      </p>
      <form
        class="token"
        onSubmit={(event) => {
          event.preventDefault();
          if (token.trim() !== "") live.useToken(token.trim());
        }}
      >
        <label for="token">Bearer token of a ServiceAccount or a person</label>
        <input
          ref={field}
          id="token"
          type="password"
          autocomplete="off"
          spellcheck={false}
          aria-invalid={isRefused}
          aria-describedby="token-words"
          value={token}
          onInput={(event) => setToken(event.currentTarget.value)}
        />
        <p id="token-words" class={isRefused ? "token-refused" : "quiet"} role="status">
          {isRefused ? `The cluster refused that token${words === "" ? "." : `: ${words}`}` : ""}
        </p>
        <button type="submit" class="button is-main">Look</button>
      </form>
      <p>A token for an hour:</p>
      <pre class="command"><code>kubectl create token NAME -n NAMESPACE --duration 1h</code></pre>
    </Notice>
  );
}

/** Who looks may see nothing. */
export function Forbidden({ live, words }: { readonly live: Live; readonly words: string }) {
  return (
    <Notice title="You may not look here" sign={<StateIcon state="failing" size={40} />}>
      <p class="foreign">{words}</p>
      <p>Whoever runs the cluster can let you read the meshes of a namespace:</p>
      <pre class="command"><code>{RIGHTS_COMMAND}</code></pre>
      <p class="notice-actions">
        <button type="button" class="button is-main" onClick={() => live.connect()}>
          Try again
        </button>
        <button type="button" class="button" onClick={() => live.forgetToken()}>
          Another token
        </button>
      </p>
    </Notice>
  );
}

const RIGHTS_COMMAND = `kubectl create role console-viewer -n NAMESPACE --verb=get \\
  --resource=functions.compute.functionmesh.io,sources.compute.functionmesh.io \\
  --resource=sinks.compute.functionmesh.io,meshsyncs.gitops.functionmesh.io
kubectl create rolebinding console-viewer -n NAMESPACE --role=console-viewer --user=NAME`;

/** An address that leads nowhere. */
export function NotHere({ go, what }: { readonly go: Go; readonly what: string }) {
  const all: Route = { page: "graph" };
  return (
    <Notice title={what} sign={<StateIcon state="unknown" size={40} />}>
      <p>It was removed, or never was, or your token may not see it.</p>
      <p>
        <Link class="button is-main" to={all} go={go}>Show all components</Link>
      </p>
    </Notice>
  );
}
