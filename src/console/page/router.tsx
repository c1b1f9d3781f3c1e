import type { ComponentChildren } from "preact";
import { addressOf, type Route } from "./route.ts";

/** Goes to a route: `push` leaves a step in the browser's history, `replace` leaves none. */
export type Go = (route: Route, how?: "push" | "replace") => void;

/** A link to a route: a click stays in the page, other ways to follow it work as ever. */
export function Link(
  { children, class: look, go, isCurrent, label, to }: {
    readonly to: Route;
    readonly go: Go;
    readonly class?: string;
    readonly isCurrent?: boolean;
    readonly label?: string;
    readonly children: ComponentChildren;
  },
) {
  return (
    <a
      href={addressOf(to)}
      {...(look === undefined ? {} : { class: look })}
      {...(label === undefined ? {} : { "aria-label": label })}
      {...(isCurrent ? { "aria-current": "page" as const } : {})}
      onClick={(event) => {
        if (event.ctrlKey || event.metaKey || event.shiftKey || event.altKey) return;
        event.preventDefault();
        go(to);
      }}
    >
      {children}
    </a>
  );
}
