/**
 * The page of `--console-addr`: everything that a browser runs starts here. It draws what `src/console` tells over one event
 * stream, writes nothing, and asks nobody else.
 *
 * @module
 */
import { render } from "preact";
import { useEffect, useErrorBoundary } from "preact/hooks";
import { useLive, useRoute } from "./browser.ts";
import { StateIcon } from "./icons.tsx";
import { Live } from "./live.ts";
import { MeshPage } from "./mesh.tsx";
import type { Route } from "./route.ts";
import type { Go } from "./router.tsx";
import { Shell } from "./shell.tsx";
import { Forbidden, Loading, NotHere, Notice, TokenForm } from "./states.tsx";
import { Sync } from "./sync.tsx";
import { Syncs } from "./syncs.tsx";
import { lineText } from "./text.ts";
import "./styles/page.css";

function Page({ live }: { readonly live: Live }) {
  const state = useLive(live);
  const [route, go] = useRoute();
  useEffect(() => {
    document.title = titleOf(route);
  }, [route]);
  return (
    <Shell {...{ route, go, live }} connection={state.connection} model={state.model}>
      <Guarded {...{ route, go, live }} />
    </Shell>
  );
}

/** What cannot be drawn says so, and leaves the rest of the page as it is. */
function Guarded(props: { readonly live: Live; readonly route: Route; readonly go: Go }) {
  const [error, tryAgain] = useErrorBoundary();
  if (error === undefined) return <Content {...props} />;
  return (
    <Notice title="This cannot be drawn" sign={<StateIcon state="failing" size={40} />}>
      <p class="foreign">{lineText(error instanceof Error ? error.message : error)}</p>
      <button type="button" class="button is-main" onClick={tryAgain}>Try again</button>
    </Notice>
  );
}

function Content(
  { go, live, route }: { readonly live: Live; readonly route: Route; readonly go: Go },
) {
  const { connection, model } = live.state;
  if (connection.phase === "token") {
    return <TokenForm live={live} isRefused={connection.isRefused} words={connection.words} />;
  }
  if (connection.phase === "forbidden") return <Forbidden live={live} words={connection.words} />;
  if (model === undefined) return <Loading />;
  switch (route.page) {
    case "graph":
      return <MeshPage {...{ model, live, route, go }} />;
    case "syncs":
      return <Syncs {...{ model, go }} />;
    case "sync":
      return <Sync id={route.sync ?? ""} {...{ model, go }} />;
    case "unknown":
      return <NotHere what="There is no such page" go={go} />;
    default:
      return route.page satisfies never;
  }
}

function titleOf({ component, mesh, page, sync }: Route): string {
  const subject = component ?? mesh ?? sync ?? (page === "syncs" ? "Syncs" : undefined);
  return subject === undefined ? "Meshwright" : `${lineText(subject, 120)} · Meshwright`;
}

const place = document.getElementById("page");
if (place !== null) {
  const live = new Live();
  addEventListener("online", () => live.hurry());
  document.addEventListener("visibilitychange", () => {
    if (document.visibilityState === "visible") live.hurry();
  });
  render(<Page live={live} />, place);
  live.connect();
}
