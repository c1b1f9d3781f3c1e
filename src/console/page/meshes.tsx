import { StateIcon } from "./icons.tsx";
import { meshLabel } from "./filters.tsx";
import type { Route } from "./route.ts";
import { type Go, Link } from "./router.tsx";
import { type Group, groupsOf, type Shown, stateCounts, worstOf } from "./selection.ts";
import { lineText } from "./text.ts";
import { byState, countText, isNotWell, plural, rateText, STATES } from "./words.ts";

/** More cells of a mesh are told as a number. */
const CELLS_MAX = 240;
/** Components that are named in a tile. */
const NAMED_MAX = 3;

/** Every mesh as a tile, the worst first: where to look among very many components. */
export function Meshes(
  { go, route, shown }: {
    readonly shown: readonly Shown[];
    readonly route: Route;
    readonly go: Go;
  },
) {
  const groups = groupsOf(shown).sort((a, b) => byState(worstOf(a), worstOf(b)));
  return (
    <ul class="tiles">
      {groups.map((group) => <Tile key={group.key} {...{ group, route, go }} />)}
    </ul>
  );
}

function Tile(
  { go, group, route }: { readonly group: Group; readonly route: Route; readonly go: Go },
) {
  const { key, members } = group;
  const worst = worstOf(group);
  const counts = stateCounts(members.map(({ component }) => component));
  const { component: _closed, look: _look, ...rest } = route;
  return (
    <li class={`tile is-${worst}`}>
      <h2>
        <StateIcon state={worst} />
        <Link to={{ ...rest, mesh: key, look: "graph" }} go={go}>{meshLabel(key)}</Link>
      </h2>
      <p class="tile-counts">
        {plural(members.length, "component")}
        {STATES.filter((state) => state !== "ok" && counts.has(state)).map((state) =>
          ` · ${counts.get(state)} ${state}`
        )}
      </p>
      <Cells members={members} />
      <p class="tile-numbers">
        <span>{rateText(sumOf(members, "perSecond"))}</span>
        <span>{countText(sumOf(members, "backlog"))} waiting</span>
      </p>
      <Named {...{ members, go }} route={{ ...rest, mesh: key, look: "graph" }} />
    </li>
  );
}

function sumOf(members: readonly Shown[], what: "perSecond" | "backlog"): number {
  return members.reduce((sum, { component }) => sum + (component[what] ?? 0), 0);
}

/** A cell for each component, the worst first: how much of the mesh is not well, at a glance. */
function Cells({ members }: Pick<Group, "members">) {
  const states = members.map(({ component }) => component.state).sort(byState);
  return (
    <div class="cells" aria-hidden="true">
      {states.slice(0, CELLS_MAX).map((state, index) => (
        <span key={index} class={`cell is-${state}`} />
      ))}
    </div>
  );
}

/** The first components that are not well, one click away. */
function Named(
  { go, members, route }: {
    readonly members: readonly Shown[];
    readonly route: Route;
    readonly go: Go;
  },
) {
  const unwell = members.filter(({ component }) => isNotWell(component.state))
    .sort((a, b) => byState(a.component.state, b.component.state));
  if (unwell.length === 0) return null;
  const left = unwell.length - NAMED_MAX;
  return (
    <ul class="tile-named">
      {unwell.slice(0, NAMED_MAX).map(({ component: { name, reason = "", state }, key }) => (
        <li key={key}>
          <StateIcon state={state} size={12} />
          <Link to={{ ...route, component: key }} go={go}>{lineText(name, 90)}</Link>
          <span class="quiet">{lineText(reason, 60)}</span>
        </li>
      ))}
      {left > 0 ? <li class="quiet">and {left} more</li> : null}
    </ul>
  );
}
