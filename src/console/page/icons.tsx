import type { StateView } from "../view.ts";

/** A step of which nobody can tell how it is. */
export function PlainIcon() {
  return (
    <svg class="icon is-plain" viewBox="0 0 16 16" width="14" height="14" aria-hidden="true">
      <circle class="icon-line" cx="8" cy="8" r="4.5" />
    </svg>
  );
}

/** A shape for each state, so that nobody needs its colour. */
export function StateIcon(
  { size = 14, state, x, y }: {
    readonly state: StateView;
    readonly size?: number;
    readonly x?: number;
    readonly y?: number;
  },
) {
  return (
    <svg
      class={`icon is-${state}`}
      viewBox="0 0 16 16"
      width={size}
      height={size}
      aria-hidden="true"
      {...(x === undefined ? {} : { x })}
      {...(y === undefined ? {} : { y })}
    >
      {SHAPES[state] ?? SHAPES.unknown}
    </svg>
  );
}

const SHAPES = {
  ok: (
    <>
      <circle class="icon-fill" cx="8" cy="8" r="7" />
      <path class="icon-sign" d="M4.7 8.3l2.3 2.3 4.4-4.9" />
    </>
  ),
  failing: (
    <>
      <path class="icon-fill" d="M8 .8L15.6 14.6H.4z" />
      <path class="icon-sign" d="M8 5.6v4M8 11.9v.3" />
    </>
  ),
  progressing: (
    <>
      <circle class="icon-line" cx="8" cy="8" r="6.2" stroke-dasharray="26 13" />
      <circle class="icon-fill" cx="8" cy="8" r="2.2" />
    </>
  ),
  suspended: (
    <>
      <rect class="icon-fill" x="1" y="1" width="14" height="14" rx="3" />
      <path class="icon-sign" d="M6 5v6M10 5v6" />
    </>
  ),
  unknown: (
    <>
      <path class="icon-line" d="M8 1.4L14.6 8 8 14.6 1.4 8z" />
      <path class="icon-line" d="M8 5.4v3.2M8 10.4v.3" />
    </>
  ),
} as const;

/** Three boxes that messages go through. */
export function Mark() {
  return (
    <svg class="mark" viewBox="0 0 32 32" width="24" height="24" aria-hidden="true">
      <rect class="mark-ground" width="32" height="32" rx="7" />
      <path class="mark-line" d="M9 10v12M9 10l7 7 7-7v12" />
      <circle class="mark-dot" cx="9" cy="10" r="2.8" />
      <circle class="mark-dot" cx="23" cy="10" r="2.8" />
      <circle class="mark-dot" cx="16" cy="17" r="2.8" />
    </svg>
  );
}
