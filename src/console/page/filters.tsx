import { useEffect, useRef } from "preact/hooks";
import { StateIcon } from "./icons.tsx";
import type { Model } from "./model.ts";
import type { Look, Route } from "./route.ts";
import type { Go } from "./router.tsx";
import { groupKeyOf, type Shown, stateCounts } from "./selection.ts";
import { lineText } from "./text.ts";
import { isNotWell, STATES } from "./words.ts";

const LOOK_NAMES: Readonly<Record<Look, string>> = {
  meshes: "Meshes",
  graph: "Graph",
  list: "List",
};

/** Chooses which components are shown, and how. */
export function Filters(
  { foundCount, go, look, model, route, shown }: {
    readonly model: Model;
    readonly route: Route;
    readonly go: Go;
    readonly look: Look;
    readonly shown: readonly Shown[];
    /** How many fit the search; undefined: nothing is searched for. */
    readonly foundCount: number | undefined;
  },
) {
  const components = [...model.components.values()];
  const namespaces = named(components.map(({ namespace }) => namespace), lineText);
  const unwell = components.filter(({ state }) => isNotWell(state)).length;
  const change = (part: Partial<Record<keyof Route, unknown>>) =>
    go(without({ ...route, ...part }));
  return (
    <div class="filters" role="search" aria-label="Which components">
      <Choice
        name="Mesh"
        all="All meshes"
        value={route.mesh ?? ""}
        options={named(components.map(groupKeyOf), meshLabel)}
        onChange={(mesh) => change({ mesh, component: undefined })}
      />
      <Choice
        name="Namespace"
        all="All namespaces"
        value={route.namespace ?? ""}
        options={namespaces}
        onChange={(namespace) => change({ namespace })}
      />
      <SearchField
        text={route.search ?? ""}
        foundCount={foundCount}
        onChange={(search) => go(without({ ...route, search }), "replace")}
      />
      <UnwellOnly
        count={unwell}
        isOn={route.isUnwellOnly === true}
        onChange={(isOn) => change({ isUnwellOnly: isOn || undefined })}
      />
      <Counts shown={shown} />
      <div class="button-group looks" role="group" aria-label="How">
        {(Object.keys(LOOK_NAMES) as Look[]).map((one) => (
          <button
            key={one}
            type="button"
            class="button"
            aria-pressed={one === look}
            onClick={() => change({ look: one })}
          >
            {LOOK_NAMES[one]}
          </button>
        ))}
      </div>
    </div>
  );
}

function UnwellOnly(
  { count, isOn, onChange }: {
    readonly count: number;
    readonly isOn: boolean;
    readonly onChange: (isOn: boolean) => void;
  },
) {
  return (
    <button type="button" class="button" aria-pressed={isOn} onClick={() => onChange(!isOn)}>
      Only what is not well
      <span class={count === 0 ? "count" : "count is-failing"}>{count}</span>
    </button>
  );
}

/** Each key once, sorted, with its name. */
function named(keys: readonly string[], nameOf: (key: string) => string): [string, string][] {
  return [...new Set(keys)].sort().map((key) => [key, nameOf(key)]);
}

/** A route without what is empty. */
function without(route: Partial<Record<keyof Route, unknown>>): Route {
  const kept = Object.entries(route).filter(([, value]) => value !== undefined && value !== "");
  return Object.fromEntries(kept) as unknown as Route;
}

/** The name of a group, as it is chosen. */
export function meshLabel(key: string): string {
  const [namespace = "", mesh = ""] = key.split("/");
  return lineText(mesh === "" ? `${namespace} · no mesh` : `${namespace} / ${mesh}`, 90);
}

function Choice(
  { all, name, onChange, options, value }: {
    readonly name: string;
    readonly all: string;
    readonly value: string;
    readonly options: readonly (readonly [string, string])[];
    readonly onChange: (value: string) => void;
  },
) {
  return (
    <select
      class="choice"
      aria-label={name}
      value={value}
      onChange={(event) => onChange(event.currentTarget.value)}
    >
      <option value="">{all}</option>
      {options.map(([key, label]) => <option key={key} value={key}>{label}</option>)}
    </select>
  );
}

/** The search: `/` comes here from anywhere. */
function SearchField(
  { foundCount, onChange, text }: {
    readonly text: string;
    readonly foundCount: number | undefined;
    readonly onChange: (text: string) => void;
  },
) {
  const field = useRef<HTMLInputElement>(null);
  useEffect(() => {
    const onKey = (event: KeyboardEvent) => {
      if (event.key !== "/" || event.ctrlKey || event.metaKey || event.altKey) return;
      if (event.target instanceof HTMLElement && event.target.matches("input, select, textarea")) {
        return;
      }
      event.preventDefault();
      field.current?.focus();
      field.current?.select();
    };
    addEventListener("keydown", onKey);
    return () => removeEventListener("keydown", onKey);
  }, []);
  return (
    <span class="search">
      <input
        ref={field}
        type="search"
        aria-label="Search by name, state, reason or image"
        aria-keyshortcuts="/"
        placeholder="Search  /"
        spellcheck={false}
        autocomplete="off"
        maxLength={200}
        value={text}
        onInput={(event) => onChange(event.currentTarget.value)}
        onKeyDown={(event) => {
          if (event.key !== "Escape" || text === "") return;
          event.stopPropagation();
          onChange("");
        }}
      />
      <span class="search-count" role="status">
        {foundCount === undefined ? "" : `${foundCount.toLocaleString("en-US")} found`}
      </span>
    </span>
  );
}

/** How many components are in each state. */
export function Counts({ shown }: { readonly shown: readonly Shown[] }) {
  const counts = stateCounts(shown.map(({ component }) => component));
  return (
    <ul class="counts" aria-label="Components by state">
      {STATES.filter((state) => counts.has(state)).map((state) => (
        <li key={state} title={state}>
          <StateIcon state={state} />
          <strong>{(counts.get(state) ?? 0).toLocaleString("en-US")}</strong>
          <span class="word">{state}</span>
        </li>
      ))}
    </ul>
  );
}
