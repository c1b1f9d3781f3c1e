import { useEffect, useRef, useState } from "preact/hooks";
import type { RefObject } from "preact";
import type { Size } from "./layout.ts";
import { type Viewport, zoomed } from "./viewport.ts";

/** Where a press ends that moved less than this, it is a click. */
const CLICK_PIXELS = 5;

/** Size of an element, now and whenever it changes; 0 × 0 before it is known. */
export function useSize(element: RefObject<Element | null>): Size {
  const [size, setSize] = useState<Size>({ width: 0, height: 0 });
  useEffect(() => {
    if (element.current === null) return;
    const observer = new ResizeObserver(([entry]) => {
      if (entry === undefined) return;
      const { height, width } = entry.contentRect;
      setSize({ width, height });
    });
    observer.observe(element.current);
    return () => observer.disconnect();
  }, []);
  return size;
}

/** A hand on the graph: one pointer drags, two pinch, the wheel zooms where the pointer is. */
export function useGestures(
  element: RefObject<SVGSVGElement | null>,
  change: (next: (viewport: Viewport) => Viewport) => void,
): { readonly wasDragged: () => boolean } {
  const moved = useRef(0);
  useEffect(() => {
    const target = element.current;
    if (target === null) return;
    const ending = new AbortController();
    const { signal } = ending;
    const hand = new Hand(change);
    const place = (event: MouseEvent) => {
      const { left, top } = target.getBoundingClientRect();
      return { x: event.clientX - left, y: event.clientY - top };
    };
    target.addEventListener("wheel", (event) => {
      event.preventDefault();
      const lines = event.deltaMode === WheelEvent.DOM_DELTA_LINE ? 16 : 1;
      const factor = Math.exp(-event.deltaY * lines * (event.ctrlKey ? 0.01 : 0.0018));
      change((viewport) => zoomed(viewport, { factor, at: place(event) }));
    }, { passive: false, signal });
    target.addEventListener("pointerdown", (event) => {
      if (event.button !== 0) return;
      moved.current = 0;
      hand.press(event.pointerId, place(event));
    }, { signal });
    target.addEventListener("pointermove", (event) => {
      moved.current += hand.move(event.pointerId, place(event));
      // A click goes to what was pressed; a drag goes on outside of the graph.
      if (moved.current > CLICK_PIXELS && hand.holds(event.pointerId)) {
        target.setPointerCapture(event.pointerId);
      }
    }, { signal });
    for (const name of ["pointerup", "pointercancel"] as const) {
      target.addEventListener(name, (event) => hand.release(event.pointerId), { signal });
    }
    return () => ending.abort();
  }, []);
  return { wasDragged: () => moved.current > CLICK_PIXELS };
}

interface Spot {
  readonly x: number;
  readonly y: number;
}

class Hand {
  readonly #fingers = new Map<number, Spot>();
  readonly #change: (next: (viewport: Viewport) => Viewport) => void;

  constructor(change: (next: (viewport: Viewport) => Viewport) => void) {
    this.#change = change;
  }

  press(id: number, spot: Spot): void {
    this.#fingers.set(id, spot);
  }

  holds(id: number): boolean {
    return this.#fingers.has(id);
  }

  release(id: number): void {
    this.#fingers.delete(id);
  }

  /** @returns how far it moved, in pixels */
  move(id: number, spot: Spot): number {
    const before = this.#fingers.get(id);
    if (before === undefined) return 0;
    const other = [...this.#fingers].find(([finger]) => finger !== id)?.[1];
    this.#fingers.set(id, spot);
    if (other === undefined) {
      this.#change((viewport) => ({
        ...viewport,
        x: viewport.x + spot.x - before.x,
        y: viewport.y + spot.y - before.y,
      }));
    } else {
      const factor = distance(spot, other) / Math.max(1, distance(before, other));
      const at = { x: (spot.x + other.x) / 2, y: (spot.y + other.y) / 2 };
      this.#change((viewport) => zoomed(viewport, { factor, at }));
    }
    return distance(before, spot);
  }
}

function distance(a: Spot, b: Spot): number {
  return Math.hypot(a.x - b.x, a.y - b.y);
}
