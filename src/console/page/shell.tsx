import type { ComponentChildren } from "preact";
import { useNow } from "./browser.ts";
import { Mark, StateIcon } from "./icons.tsx";
import type { Connection, Live } from "./live.ts";
import type { Model } from "./model.ts";
import type { Route } from "./route.ts";
import { type Go, Link } from "./router.tsx";
import { lineText } from "./text.ts";
import { ThemeSwitch } from "./theme.tsx";
import { isNotWell, plural, spanText, timeOfDay } from "./words.ts";

/** What stands above every page, and the page. */
export function Shell(
  { children, connection, go, live, model, route }: {
    readonly route: Route;
    readonly go: Go;
    readonly live: Live;
    readonly connection: Connection;
    readonly model: Model | undefined;
    readonly children: ComponentChildren;
  },
) {
  const isSyncs = route.page === "syncs" || route.page === "sync";
  const isOld = connection.phase === "lost" && model !== undefined;
  return (
    <div class={isOld ? "shell is-old" : "shell"}>
      <a class="skip" href="#main">Skip to content</a>
      <header class="top">
        <Link class="brand" to={{ page: "graph" }} go={go} label="Meshwright, all components">
          <Mark />
          <span class="brand-name">Meshwright</span>
        </Link>
        <nav class="tabs" aria-label="Pages">
          <Link to={{ page: "graph" }} go={go} isCurrent={route.page === "graph"}>Mesh</Link>
          <Link to={{ page: "syncs" }} go={go} isCurrent={isSyncs}>
            Syncs
            <UnwellSyncs model={model} />
          </Link>
        </nav>
        <span class="top-room" />
        <ConnectionState connection={connection} model={model} />
        <ThemeSwitch />
      </header>
      {connection.phase === "lost" ? <LostBar connection={connection} live={live} /> : null}
      <main id="main" tabIndex={-1} class="main">{children}</main>
    </div>
  );
}

function UnwellSyncs({ model }: { readonly model: Model | undefined }) {
  const count = [...model?.syncs.values() ?? []].filter(({ state }) => isNotWell(state)).length;
  return count === 0
    ? null
    : (
      <span class="count is-failing" title={`${plural(count, "sync")} not well`}>
        {count}
        <span class="unseen">not well</span>
      </span>
    );
}

function ConnectionState(
  { connection, model }: { readonly connection: Connection; readonly model: Model | undefined },
) {
  const words: Readonly<Record<Connection["phase"], string>> = {
    connecting: "Connecting",
    live: "Live",
    lost: "Disconnected",
    token: "Signed out",
    forbidden: "Forbidden",
  };
  const server = model === undefined ? "" : programText(model.program);
  return (
    <span class={`connection is-${connection.phase}`} title={server} role="status">
      <span class="connection-dot" aria-hidden="true" />
      <span class="connection-word">{words[connection.phase]}</span>
    </span>
  );
}

/** Which program tells this, and what it works on where others do as well. */
function programText({ server, shards, version }: Model["program"]): string {
  const who = `Meshwright ${lineText(version, 40)}, ${lineText(server, 120)}`;
  if (shards === undefined) return who;
  const own = shards.own.length === 0 ? "none" : shards.own.join(", ");
  return `${who}; this replica leads of ${shards.count} shards: ${own}`;
}

function LostBar(
  { connection, live }: {
    readonly connection: Extract<Connection, { readonly phase: "lost" }>;
    readonly live: Live;
  },
) {
  const now = useNow(1_000);
  const { retryAtMs, sinceMs, words } = connection;
  return (
    <aside class="lost" aria-label="Connection">
      <StateIcon state="failing" />
      <span role="alert">
        <strong>Disconnected since {timeOfDay(sinceMs)}.</strong>{" "}
        {words}. What you see is from then.
      </span>
      <span class="lost-next">
        {retryAtMs > now ? `Trying again in ${spanText(retryAtMs - now)}` : "Trying again …"}
      </span>
      <button type="button" class="button" onClick={() => live.hurry()}>Try now</button>
    </aside>
  );
}
