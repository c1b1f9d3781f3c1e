import { useEffect, useMemo, useRef } from "preact/hooks";
import { useNarrow } from "./browser.ts";
import { Filters, meshLabel } from "./filters.tsx";
import { Graph } from "./graph/graph.tsx";
import { StateIcon } from "./icons.tsx";
import { List } from "./list.tsx";
import type { Live } from "./live.ts";
import { Meshes } from "./meshes.tsx";
import type { Model } from "./model.ts";
import { Panel } from "./panel.tsx";
import { addressOf, type Look, type Route } from "./route.ts";
import type { Go } from "./router.tsx";
import { groupKeyOf, isFound, type Shown, shownComponents } from "./selection.ts";
import { Empty, Notice } from "./states.tsx";

/** More components than this are shown by mesh first. */
const GRAPH_MAX = 120;

/** The components, as somebody chose to see them, and the panel of one. */
export function MeshPage(
  { go, live, model, route: asked }: {
    readonly model: Model;
    readonly live: Live;
    readonly route: Route;
    readonly go: Go;
  },
) {
  const isNarrow = useNarrow();
  const route = withMesh(asked, model);
  const { component, isUnwellOnly = false, mesh = "", namespace = "", search = "" } = route;
  const shown = useMemo(() => shownComponents(model, route), [
    model.components,
    mesh,
    namespace,
    isUnwellOnly,
    // Where only what is not well is shown, what is open stays.
    isUnwellOnly ? component : "",
  ]);
  const found = useMemo(
    () => search === "" ? undefined : shown.filter((one) => isFound(one, search)),
    [shown, search],
  );
  const look = route.look ?? lookFor(shown, { isNarrow, isUnwellOnly });
  const { close, open } = usePanel(route, go);
  if (model.components.size === 0) return <Empty someHidden={model.someHidden} />;
  return (
    <div class={component === undefined ? "mesh" : "mesh has-panel"}>
      <Filters {...{ model, route, go, look, shown }} foundCount={found?.length} />
      <div class="mesh-view">
        <h1 class="unseen">{mesh === "" ? "All meshes" : `Mesh ${meshLabel(mesh)}`}</h1>
        {(look === "graph" ? shown : found ?? shown).length === 0
          ? <NoneShown isUnwellOnly={isUnwellOnly && search === ""} />
          : look === "graph"
          ? (
            <Graph
              {...{ model, shown, search }}
              scope={[mesh, namespace, isUnwellOnly].join(" ")}
              open={component}
              onOpen={open}
            />
          )
          : look === "list"
          ? <List shown={found ?? shown} {...{ route, go }} />
          : <Meshes shown={found ?? shown} {...{ route, go }} />}
      </div>
      {component === undefined
        ? null
        : <Panel id={component} {...{ model, live, route, go }} onClose={close} />}
    </div>
  );
}

function NoneShown({ isUnwellOnly }: { readonly isUnwellOnly: boolean }) {
  return isUnwellOnly
    ? (
      <Notice title="All is well" sign={<StateIcon state="ok" size={40} />}>
        <p>No component asks for your eyes.</p>
      </Notice>
    )
    : (
      <Notice title="Nothing fits" sign={<StateIcon state="unknown" size={40} />}>
        <p>Search for less, or show all meshes.</p>
      </Notice>
    );
}

/** Of very many components, a link to one shows its own mesh. */
function withMesh(route: Route, model: Model): Route {
  const { component, mesh, search } = route;
  const shown = component === undefined ? undefined : model.components.get(component);
  const isSmall = model.components.size <= GRAPH_MAX;
  if (shown === undefined || mesh !== undefined || search !== undefined || isSmall) return route;
  if (route.isUnwellOnly || (route.look !== undefined && route.look !== "graph")) return route;
  return { ...route, mesh: groupKeyOf(shown) };
}

function lookFor(
  shown: readonly Shown[],
  { isNarrow, isUnwellOnly }: { readonly isNarrow: boolean; readonly isUnwellOnly: boolean },
): Look {
  if (isNarrow || isUnwellOnly) return "list";
  const isOneMesh = new Set(shown.map(({ component }) => groupKeyOf(component))).size <= 1;
  return shown.length > GRAPH_MAX && !isOneMesh ? "meshes" : "graph";
}

/** Opens and closes the panel; Escape closes it, and the focus goes back to where it was opened. */
function usePanel(
  route: Route,
  go: Go,
): { readonly open: (key: string) => void; readonly close: () => void } {
  const current = useRef({ route, go });
  current.current = { route, go };
  const { close, open } = useMemo(() => ({
    open: (key: string) => {
      const { go, route } = current.current;
      if (route.component !== key) {
        go({ ...route, component: key }, route.component === undefined ? "push" : "replace");
      }
    },
    close: () => {
      const { component, ...rest } = current.current.route;
      if (component === undefined) return;
      const opener = openerOf(component);
      current.current.go(rest);
      opener?.focus({ preventScroll: true });
    },
  }), []);
  useEffect(() => {
    const onKey = (event: KeyboardEvent) => {
      if (event.key === "Escape" && !event.defaultPrevented) close();
    };
    addEventListener("keydown", onKey);
    return () => removeEventListener("keydown", onKey);
  }, []);
  return { open, close };
}

/** The card of a component, or a link to it. */
function openerOf(component: string): SVGElement | HTMLElement | null {
  const { pathname } = new URL(addressOf({ page: "graph", component }), location.origin);
  return document.querySelector<SVGElement | HTMLElement>(
    `[data-id="${CSS.escape(`c:${component}`)}"], .mesh-view a[href^="${CSS.escape(pathname)}"]`,
  );
}
