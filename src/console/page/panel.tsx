import type { ComponentChildren } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";
import type { ComponentView, ExplainView } from "../view.ts";
import { every } from "./clock.ts";
import { Charts, Events, Exceptions, Facts, Findings, Instances, Steps } from "./panel_parts.tsx";
import { When } from "./foreign.tsx";
import { StateIcon } from "./icons.tsx";
import type { Live } from "./live.ts";
import type { Model } from "./model.ts";
import type { Route } from "./route.ts";
import { type Go, Link } from "./router.tsx";
import { lineText } from "./text.ts";

/** What is asked again while a panel is open. */
const ASK_INTERVAL_MS = 15_000;

/** What is known of a component. */
export interface PanelProps {
  readonly id: string;
  readonly model: Model;
  readonly live: Live;
  readonly route: Route;
  readonly go: Go;
  readonly onClose: () => void;
}

/** The side panel of a component. */
export function Panel({ go, id, live, model, onClose, route }: PanelProps) {
  const component = model.components.get(id);
  const answer = useExplained(id, live, component?.state);
  const title = useRef<HTMLHeadingElement>(null);
  useEffect(() => title.current?.focus({ preventScroll: true }), [id]);
  const [kind = "", namespace = "", name = ""] = id.split("/");
  return (
    <aside class="panel" aria-label={lineText(`${kind} ${name}`, 200)}>
      <header class="panel-head">
        <div class="panel-title">
          <p class="panel-kind">
            {lineText(kind, 40)} in {lineText(namespace, 100)}
          </p>
          <h1 ref={title} tabIndex={-1} class="foreign">{lineText(name, 260)}</h1>
        </div>
        <button
          type="button"
          class="button"
          aria-label="Close"
          title="Close (Escape)"
          onClick={onClose}
        >
          ✕
        </button>
      </header>
      <div class="panel-body">
        {component === undefined
          ? <p>It is not there any more, or your token may not see it.</p>
          : (
            <>
              <StateOf component={component} explained={answer.explained} />
              {answer.words === undefined ? null : (
                <p class="panel-unread" role="status">
                  What explains it cannot be read: {answer.words}
                </p>
              )}
              <Charts history={answer.explained?.history} />
              <Steps explained={answer.explained} />
              <Findings findings={model.findings.filter((one) => one.component === id)} />
              <Instances instances={component.instances} />
              <Exceptions component={component} />
              <Events events={answer.explained?.events ?? []} />
              <Facts component={component}>
                <Places {...{ component, model, go, route }} />
              </Facts>
            </>
          )}
      </div>
    </aside>
  );
}

function StateOf(
  { component: { message = "", reason = "", since, state }, explained }: {
    readonly component: ComponentView;
    readonly explained: ExplainView | undefined;
  },
) {
  const remedy = explained?.remedy;
  // What explain says goes further than the status: to the container's log.
  const words = state === "ok" ? message : explained?.message ?? message;
  return (
    <section class={`panel-state is-${state}`}>
      <p class="state">
        <StateIcon state={state} size={16} />
        <strong>{state}</strong>
        <span>{lineText(reason, 100)}</span>
        <span class="quiet">
          <When at={since} />
        </span>
      </p>
      {words === "" ? null : <p class="foreign">{lineText(words, 1_200)}</p>}
      {remedy === undefined ? null : (
        <p class="remedy">
          <strong>What to do:</strong> {lineText(remedy, 1_200)}
        </p>
      )}
    </section>
  );
}

function Places(
  { component, go, model, route }: {
    readonly component: ComponentView;
    readonly model: Model;
    readonly route: Route;
    readonly go: Go;
  },
): ComponentChildren {
  const { mesh, namespace, sync } = component;
  return (
    <>
      {mesh === undefined ? null : (
        <>
          <dt>Mesh</dt>
          <dd>
            <Link
              to={{ page: "graph", component: route.component ?? "", mesh: `${namespace}/${mesh}` }}
              go={go}
            >
              {lineText(mesh, 120)}
            </Link>
          </dd>
        </>
      )}
      {sync === undefined ? null : (
        <>
          <dt>Applied by</dt>
          <dd>
            {model.syncs.has(sync)
              ? <Link to={{ page: "sync", sync }} go={go}>{lineText(sync, 160)}</Link>
              : lineText(sync, 160)}
          </dd>
        </>
      )}
    </>
  );
}

interface Answer {
  readonly explained?: ExplainView;
  readonly words?: string;
}

/** What the program explains of a component: asked when its panel opens, when its state changes, and now and then. */
function useExplained(id: string, live: Live, state: string | undefined): Answer {
  const [answer, setAnswer] = useState<Answer & { readonly id: string }>({ id });
  useEffect(() => {
    if (state === undefined) return;
    const ending = new AbortController();
    const { signal } = ending;
    const ask = async () => {
      try {
        const explained = await live.ask<ExplainView>(explainPath(id), signal);
        if (!signal.aborted) setAnswer({ id, explained });
      } catch (error) {
        const words = lineText(error instanceof Error ? error.message : error);
        // What was told before stays: the connection's own state says what is wrong.
        if (!signal.aborted) {
          setAnswer((before) => ({ ...(before.id === id ? before : {}), id, words }));
        }
      }
    };
    void ask();
    const end = every(ASK_INTERVAL_MS, () => void ask());
    return () => {
      end();
      ending.abort();
    };
  }, [id, live, state]);
  return answer.id === id ? answer : {};
}

function explainPath(id: string): string {
  const [kind = "", namespace = "", name = ""] = id.split("/");
  return `/api/explain?${new URLSearchParams({ kind, namespace, name })}`;
}
