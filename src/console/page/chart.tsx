import { useEffect, useRef } from "preact/hooks";
import uPlot from "uplot";
import "uplot/dist/uPlot.min.css";
import { THEME_CHANGE } from "./theme.tsx";

const HEIGHT = 76;

/** Numbers of the last hour. */
export interface ChartProps {
  readonly name: string;
  /** Seconds since 1970. */
  readonly at: readonly number[];
  /** As many; null: not known. */
  readonly values: readonly (number | null)[];
  readonly textOf: (value: number) => string;
}

/** A small line of numbers, told in words to whom does not see it. */
export function Chart({ at, name, textOf, values }: ChartProps) {
  const place = useRef<HTMLDivElement>(null);
  useEffect(() => {
    const element = place.current;
    if (element === null) return;
    let plot = drawn(element, { at, name, textOf, values });
    const redraw = () => {
      plot.destroy();
      plot = drawn(element, { at, name, textOf, values });
    };
    const system = matchMedia("(prefers-color-scheme: dark)");
    const observer = new ResizeObserver(() =>
      plot.setSize({ width: element.clientWidth, height: HEIGHT })
    );
    observer.observe(element);
    system.addEventListener("change", redraw);
    addEventListener(THEME_CHANGE, redraw);
    return () => {
      observer.disconnect();
      system.removeEventListener("change", redraw);
      removeEventListener(THEME_CHANGE, redraw);
      plot.destroy();
    };
  }, [at, values]);
  const known = values.filter((value) => value !== null);
  const last = known.at(-1);
  if (last === undefined) return null;
  const [least, most] = [Math.min(...known), Math.max(...known)].map(textOf);
  return (
    <figure class="chart">
      <figcaption>
        <span>{name}</span>
        <strong>{textOf(last)}</strong>
        <span class="quiet">{least === most ? "all the time" : `${least} – ${most}`}</span>
      </figcaption>
      <div
        ref={place}
        class="chart-place"
        role="img"
        aria-label={`${name} of the last hour: ${textOf(last)} now, between ${least} and ${most}`}
      />
    </figure>
  );
}

function drawn(element: HTMLElement, { at, name, textOf, values }: ChartProps): uPlot {
  const style = getComputedStyle(element);
  const [stroke, quiet] = [style.color, style.outlineColor];
  const axis = { stroke: quiet, font: "10px system-ui, sans-serif", ticks: { show: false } };
  return new uPlot(
    {
      width: element.clientWidth || 320,
      height: HEIGHT,
      legend: { show: false },
      cursor: { show: false },
      padding: [6, 16, 0, 0],
      scales: {
        // Zero is always seen: a small change shall look like one.
        y: { range: (_plot, _least, most) => [0, most > 0 ? most * 1.1 : 1] },
      },
      axes: [
        {
          ...axis,
          size: 18,
          grid: { show: false },
          space: 60,
          values: (_plot, ticks) => ticks.map(timeText),
        },
        {
          ...axis,
          size: 40,
          space: 26,
          grid: { stroke: style.borderTopColor, width: 1 },
          values: (_plot, ticks) => ticks.map(textOf),
        },
      ],
      series: [
        {},
        { label: name, stroke, width: 1.5, fill: style.backgroundColor, points: { show: false } },
      ],
    },
    [[...at], [...values]],
    element,
  );
}

function timeText(seconds: number): string {
  return new Date(seconds * 1000).toLocaleTimeString("en-GB", {
    hour: "2-digit",
    minute: "2-digit",
  });
}
