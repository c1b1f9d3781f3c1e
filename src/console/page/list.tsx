import { useState } from "preact/hooks";
import { StateIcon } from "./icons.tsx";
import type { Route } from "./route.ts";
import { type Go, Link } from "./router.tsx";
import type { Shown } from "./selection.ts";
import { lineText } from "./text.ts";
import { byState, countText, plural, rateText } from "./words.ts";

/** More rows are shown when somebody asks for them. */
const ROWS = 200;

/** Components as rows, the worst first. */
export function List(
  { go, route, shown }: {
    readonly shown: readonly Shown[];
    readonly route: Route;
    readonly go: Go;
  },
) {
  const [rowsMax, setRowsMax] = useState(ROWS);
  const rows = [...shown].sort((a, b) => byState(a.component.state, b.component.state));
  const left = rows.length - rowsMax;
  return (
    <div class="list">
      <table class="table">
        <caption class="unseen">Components, the worst first</caption>
        <thead>
          <tr>
            <th scope="col">Component</th>
            <th scope="col">State</th>
            <th scope="col" class="is-number">Pods</th>
            <th scope="col" class="is-number">Throughput</th>
            <th scope="col" class="is-number">Waiting</th>
            <th scope="col" class="is-number">Exceptions</th>
          </tr>
        </thead>
        <tbody>
          {rows.slice(0, rowsMax).map((one) => <Row key={one.key} {...{ one, route, go }} />)}
        </tbody>
      </table>
      {left > 0
        ? (
          <button type="button" class="button" onClick={() => setRowsMax(rowsMax + ROWS)}>
            Show more, {plural(left, "component")} left
          </button>
        )
        : null}
    </div>
  );
}

function Row({ go, one: { component, key }, route }: {
  readonly one: Shown;
  readonly route: Route;
  readonly go: Go;
}) {
  const { backlog, exceptions, kind, mesh, message, name, namespace, perSecond } = component;
  const { reason, replicas, state } = component;
  const isOpen = route.component === key;
  return (
    <tr class={isOpen ? `is-${state} is-open` : `is-${state}`}>
      <th scope="row">
        <Link to={{ ...route, component: key }} go={go}>{lineText(name, 120)}</Link>
        <span class="row-place">
          {kind} · {lineText(namespace, 80)}
          {mesh === undefined ? "" : ` / ${lineText(mesh, 80)}`}
        </span>
      </th>
      <td>
        <span class="state">
          <StateIcon state={state} />
          {state}
        </span>
        {state === "ok" ? null : (
          <span class="row-reason">
            {[reason, message].filter((one) => one !== undefined).map((one) => lineText(one, 160))
              .join(": ")}
          </span>
        )}
      </td>
      <td
        class={replicas.ready < replicas.wanted ? "is-number is-short" : "is-number"}
        data-name="Pods"
      >
        {replicas.ready}/{replicas.wanted}
      </td>
      <td class="is-number" data-name="Throughput">
        {perSecond === undefined ? "–" : rateText(perSecond)}
      </td>
      <td class="is-number" data-name="Waiting">
        {backlog === undefined ? "–" : countText(backlog)}
      </td>
      <td class="is-number" data-name="Exceptions">
        {exceptions === undefined ? "–" : countText(exceptions)}
      </td>
    </tr>
  );
}
