import { useEffect, useRef, useState } from "preact/hooks";
import { breather } from "../clock.ts";
import { EMPTY_LAYOUT, type Layout, Layouts } from "./layout.ts";
import type { Structure } from "./structure.ts";

/** Where things are, and whether that is where they belong by now. */
export interface CurrentLayout {
  readonly layout: Layout;
  /** Nothing was laid out yet, or it is under way. */
  readonly isBusy: boolean;
  /** What is shown changed, and waits until nobody points at the graph. */
  readonly isHeld: boolean;
  /** Lays out what waits, now. */
  readonly release: () => void;
}

/**
 * The layout of a structure. It changes only when the structure does, and while somebody points at the graph not even then,
 * so that nothing moves away from under a pointer.
 *
 * @param scope what somebody chose to see: another one is laid out at once
 */
export function useLayout(
  structure: Structure,
  { isPointedAt, scope }: { readonly isPointedAt: boolean; readonly scope: string },
): CurrentLayout {
  const layouts = useRef(new Layouts());
  const [laidOut, setLaidOut] = useState<{ readonly layout: Layout; readonly scope: string }>({
    layout: EMPTY_LAYOUT,
    scope: "",
  });
  const [released, setReleased] = useState("");
  const { signature } = structure;
  const isDue = laidOut.layout.signature !== signature || laidOut.scope !== scope;
  const isHeld = isDue && isPointedAt && laidOut.scope === scope && released !== signature;
  useEffect(() => {
    if (!isDue || isHeld) return;
    const ending = new AbortController();
    const { signal } = ending;
    void layouts.current.layOut(structure, { breathe: breather, signal }).then((layout) => {
      if (layout !== undefined && !signal.aborted) setLaidOut({ layout, scope });
    });
    return () => ending.abort();
  }, [signature, scope, isDue, isHeld]);
  return {
    // What is laid out for another choice has other places for the same things.
    layout: laidOut.scope === scope ? laidOut.layout : EMPTY_LAYOUT,
    isBusy: isDue && !isHeld,
    isHeld,
    release: () => setReleased(signature),
  };
}
