import { useCallback, useEffect, useLayoutEffect, useMemo, useRef, useState } from "preact/hooks";
import type { Model } from "../model.ts";
import { groupsOf, isFound, type Shown } from "../selection.ts";
import { plural } from "../words.ts";
import { Drawing } from "./drawing.tsx";
import { useGestures, useSize } from "./gestures.ts";
import type { Layout, Size } from "./layout.ts";
import { structureOf } from "./structure.ts";
import { type CurrentLayout, useLayout } from "./use_layout.ts";
import {
  centred,
  type Direction,
  firstSight,
  fitted,
  neighbour,
  showing,
  type Viewport,
  zoomed,
} from "./viewport.ts";

/** What the graph shows and whom it tells. */
export interface GraphProps {
  readonly model: Model;
  readonly shown: readonly Shown[];
  /** What somebody chose to see, apart from the search: another one is another picture. */
  readonly scope: string;
  readonly search: string;
  /** Key of the component that is open. */
  readonly open: string | undefined;
  readonly onOpen: (key: string) => void;
}

const ARROWS: Readonly<Record<string, Direction>> = {
  ArrowLeft: "left",
  ArrowRight: "right",
  ArrowUp: "up",
  ArrowDown: "down",
};
const ZOOM_STEP = 1.3;
/** Below this scale cards show their state only. */
const FAR_SCALE = 0.42;

/** Components and the topics between them, to be moved, zoomed, and walked through with arrow keys. */
export function Graph(props: GraphProps) {
  const { model, onOpen, open, scope, search, shown } = props;
  const svg = useRef<SVGSVGElement>(null);
  const size = useSize(svg);
  const [isPointedAt, setPointedAt] = useState(false);
  const structure = useMemo(() => structureOf(model, shown), [model, shown]);
  const current = useLayout(structure, { isPointedAt, scope });
  const { layout } = current;
  const view = useViewport({ layout, size, scope, open });
  const gestures = useGestures(svg, view.change);
  const walk = useWalk(svg, { layout, open, show: view.show });
  const found = useMemo(
    () =>
      search === ""
        ? undefined
        : new Set(shown.filter((one) => isFound(one, search)).map(({ key }) => `c:${key}`)),
    [shown, search],
  );
  const openBox = useCallback((id: string) => id.startsWith("c:") && onOpen(id.slice(2)), [onOpen]);
  const onKeyDown = (event: KeyboardEvent) => {
    if (event.ctrlKey || event.altKey || event.metaKey) return;
    if (!pressed(event.key, { openBox, view, walk, size, layout })) return;
    event.preventDefault();
  };
  return (
    <div
      class="graph"
      onPointerEnter={({ pointerType }) => setPointedAt(pointerType === "mouse")}
      onPointerLeave={() => setPointedAt(false)}
    >
      <svg
        ref={svg}
        class="graph-canvas"
        role="group"
        aria-label={`Graph of ${
          plural(shown.length, "component")
        }. Arrow keys go from one to the next, Enter opens it, plus and minus zoom, 0 shows all.`}
        onKeyDown={onKeyDown}
        onFocusIn={({ target }) => walk.enter((target as Element).getAttribute("data-id"))}
        onClick={({ target }) => {
          const id = (target as Element).closest("[data-id]")?.getAttribute("data-id");
          if (id && !gestures.wasDragged()) openBox(id);
        }}
      >
        <Drawing
          {...{ model, layout, size, open, found }}
          groups={useMemo(() => groupsOf(shown), [shown])}
          viewport={view.viewport}
          entry={walk.entry}
          isFar={view.viewport.scale < FAR_SCALE}
        />
      </svg>
      <Controls {...{ current, view, size }} />
    </div>
  );
}

interface View {
  readonly viewport: Viewport;
  readonly change: (next: (viewport: Viewport) => Viewport) => void;
  readonly fit: () => void;
  readonly show: (id: string) => void;
}

/** The window on the graph: all of it at first, then as somebody moves it. */
function useViewport(
  { layout, open, scope, size }: {
    readonly layout: Layout;
    readonly size: Size;
    readonly scope: string;
    readonly open: string | undefined;
  },
): View {
  const [viewport, setViewport] = useState<Viewport>({ x: 0, y: 0, scale: 1 });
  const fittedTo = useRef("");
  const fit = () => setViewport(fitted(layout, size));
  const show = (id: string) => {
    const place = layout.places.get(id);
    if (place !== undefined) setViewport((before) => showing(before, place, size));
  };
  useLayoutEffect(() => {
    if (layout.width === 0 || size.width === 0 || fittedTo.current === scope) return;
    fittedTo.current = scope;
    const place = open === undefined ? undefined : layout.places.get(`c:${open}`);
    const whole = firstSight(layout, size);
    // A link to one component of many shows that one, large enough to be read.
    setViewport(place !== undefined && whole.scale < 0.5 ? centred(place, size, 0.8) : whole);
  }, [layout, size, scope]);
  useEffect(() => {
    if (open !== undefined && fittedTo.current === scope) show(`c:${open}`);
  }, [open, size.width]);
  return { viewport, change: setViewport, fit, show };
}

interface Walk {
  /** The box that the Tab key comes to. */
  readonly entry: string | undefined;
  readonly enter: (id: string | null) => void;
  readonly go: (id: string | undefined) => void;
}

/** One box at a time is reached with the Tab key; arrow keys go on from there. */
function useWalk(
  svg: { readonly current: SVGSVGElement | null },
  { layout, open, show }: {
    readonly layout: Layout;
    readonly open: string | undefined;
    readonly show: (id: string) => void;
  },
): Walk {
  const [chosen, setChosen] = useState<string>();
  const wanted = useRef<string | undefined>(undefined);
  const first = useMemo(
    () => [...layout.places.keys()].find((id) => id.startsWith("c:")),
    [layout],
  );
  const openBox = open === undefined ? undefined : `c:${open}`;
  const entry = [chosen, openBox, first].find((id) => id !== undefined && layout.places.has(id));
  // What is out of sight is not drawn: the focus follows when it is.
  useLayoutEffect(() => {
    const id = wanted.current;
    if (id === undefined) return;
    const box = svg.current?.querySelector<SVGGElement>(`[data-id="${CSS.escape(id)}"]`);
    if (!box) return;
    wanted.current = undefined;
    box.focus({ preventScroll: true });
  });
  const go = (id: string | undefined) => {
    if (id === undefined) return;
    wanted.current = id;
    setChosen(id);
    show(id);
  };
  const enter = (id: string | null) => {
    if (id !== null && id !== chosen) setChosen(id);
  };
  return { entry, enter, go };
}

/** Does what a key stands for. @returns whether it stands for something */
function pressed(
  key: string,
  { layout, openBox, size, view, walk }: {
    readonly layout: Layout;
    readonly openBox: (id: string) => void;
    readonly size: Size;
    readonly view: View;
    readonly walk: Walk;
  },
): boolean {
  const direction = ARROWS[key];
  const { entry } = walk;
  if (direction !== undefined && entry !== undefined) {
    walk.go(neighbour(layout, entry, direction));
    return true;
  }
  if ((key === "Enter" || key === " ") && entry !== undefined) {
    openBox(entry);
    return true;
  }
  if (key === "0") view.fit();
  else if (key === "+" || key === "=") zoom(view, size, ZOOM_STEP);
  else if (key === "-") zoom(view, size, 1 / ZOOM_STEP);
  else return false;
  return true;
}

function zoom(view: View, { height, width }: Size, factor: number): void {
  view.change((viewport) => zoomed(viewport, { factor, at: { x: width / 2, y: height / 2 } }));
}

function Controls(
  { current, size, view }: {
    readonly current: CurrentLayout;
    readonly size: Size;
    readonly view: View;
  },
) {
  return (
    <div class="graph-controls">
      {current.isHeld
        ? (
          <button type="button" class="button" onClick={current.release}>
            Something came or went: arrange anew
          </button>
        )
        : current.isBusy
        ? <span class="graph-busy" role="status">Arranging …</span>
        : null}
      <span class="button-group">
        <button
          type="button"
          class="button"
          aria-label="Zoom out"
          onClick={() => zoom(view, size, 1 / ZOOM_STEP)}
        >
          −
        </button>
        <span class="graph-scale" aria-hidden="true">{Math.round(view.viewport.scale * 100)}%</span>
        <button
          type="button"
          class="button"
          aria-label="Zoom in"
          onClick={() => zoom(view, size, ZOOM_STEP)}
        >
          +
        </button>
        <button type="button" class="button" onClick={view.fit}>Fit</button>
      </span>
    </div>
  );
}
