/**
 * The page of `--console-addr`: everything that a browser runs starts here. It draws what `src/console` tells over one event
 * stream, writes nothing, and asks nobody else.
 *
 * @module
 */
import { render } from "preact";
import { useEffect } from "preact/hooks";
import { useLive, useRoute } from "./browser.ts";
import { Live } from "./live.ts";
import { MeshPage } from "./mesh.tsx";
import type { Route } from "./route.ts";
import type { Go } from "./router.tsx";
import { Shell } from "./shell.tsx";
import { Forbidden, Loading, NotHere, TokenForm } from "./states.tsx";
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
      <Content {...{ route, go, live }} />
    </Shell>
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
