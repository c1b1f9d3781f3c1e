import { useEffect, useState } from "preact/hooks";
import { every, nowMs } from "./clock.ts";
import type { Live, LiveState } from "./live.ts";
import { addressOf, type Route, routeOf } from "./route.ts";
import type { Go } from "./router.tsx";

/** What the program tells, and how it is heard. */
export function useLive(live: Live): LiveState {
  const [state, setState] = useState(live.state);
  useEffect(() => {
    const end = live.onChange(() => setState(live.state));
    setState(live.state);
    return end;
  }, [live]);
  return state;
}

/** The route that the address bar names. */
export function useRoute(): [Route, Go] {
  const [route, setRoute] = useState(here);
  useEffect(() => {
    const onMove = () => setRoute(here());
    addEventListener("popstate", onMove);
    return () => removeEventListener("popstate", onMove);
  }, []);
  const go: Go = (next, how = "push") => {
    const address = addressOf(next);
    if (how === "push") history.pushState(null, "", address);
    else history.replaceState(null, "", address);
    setRoute(next);
  };
  return [route, go];
}

/** Milliseconds since 1970, looked at every so often. */
export function useNow(intervalMs: number): number {
  const [now, setNow] = useState(nowMs);
  useEffect(() => every(intervalMs, () => setNow(nowMs())), [intervalMs]);
  return now;
}

/** Whether the window is as narrow as a phone's. */
export function useNarrow(): boolean {
  const [isNarrow, setNarrow] = useState(NARROW.matches);
  useEffect(() => {
    const onChange = () => setNarrow(NARROW.matches);
    NARROW.addEventListener("change", onChange);
    return () => NARROW.removeEventListener("change", onChange);
  }, []);
  return isNarrow;
}

/** As in the style sheet. */
const NARROW = matchMedia("(max-width: 720px)");

function here(): Route {
  return routeOf(location.pathname + location.search);
}
