import { assertEquals } from "@std/assert";
import rooms from "../../../scripts/lint_rooms.ts";

/** What the plugin says about a file: message and position of the first character. */
function findings(path: string, source: string): string[] {
  return Deno.lint.runPlugin(rooms, `/code/${path}`, source)
    .filter(({ id }) => id === "rooms/imports")
    .map(({ message, range }) => `${range[0]}: ${message}`);
}

interface Row {
  readonly file: string;
  readonly source: string;
  /** The message, or undefined when the import is fine. */
  readonly says?: string;
}

function table(subject: string, rows: readonly Row[]): void {
  Deno.test(`rooms/imports ${subject}`, () => {
    assertEquals(
      rows.map(({ file, source }) => findings(file, source)),
      rows.map(({ says }) => says === undefined ? [] : [`0: ${says}`]),
    );
  });
}

table("lets a room import lower ranks of its tower, and base", [
  { file: "src/api/x.ts", source: 'import { keyOf } from "#base";' },
  { file: "src/plan/x.ts", source: 'import { names } from "#desired";' },
  { file: "src/kube/x.ts", source: 'import type { Sample } from "#telemetry";' },
  { file: "src/runtime/x.ts", source: 'export * from "#kube";' },
]);

table("refuses a room of higher or equal rank", [
  {
    file: "src/api/x.ts",
    source: 'import { plan } from "#plan";',
    says: "Room api (rank 1) imports #plan (rank 3)",
  },
  {
    file: "src/git/x.ts",
    source: 'import { get } from "#kube";',
    says: "Room git (rank 2) imports #kube (rank 2)",
  },
  {
    file: "src/base/x.ts",
    source: 'export { planned } from "#plan";',
    says: "Room base (rank 0) imports #plan (rank 3)",
  },
]);

table("keeps the towers apart, types included", [
  {
    file: "src/plan/x.ts",
    source: 'import type { Cluster } from "#kube";',
    says: "Room plan (tower a) imports #kube (tower b)",
  },
  {
    file: "src/runtime/x.ts",
    source: 'import { withDefaults } from "#api";',
    says: "Room runtime (tower b) imports #api (tower a)",
  },
  { file: "src/reconcile/x.ts", source: 'import "#kube"; import "#plan";' },
]);

table("keeps the two halves of the bridge apart", [
  {
    file: "src/gitops/x.ts",
    source: 'import { act } from "#reconcile";',
    says: "Room gitops (rank 5) imports #reconcile (rank 5)",
  },
  {
    file: "src/reconcile/x.ts",
    source: 'import { read } from "#gitops";',
    says: "Room reconcile (rank 5) imports #gitops (rank 5)",
  },
]);

table("lets relative paths stay in a room and sends the others to the door", [
  { file: "src/desired/pod/env.ts", source: 'import { tidy } from "../tidy.ts";' },
  {
    file: "src/desired/pod/env.ts",
    source: 'import { mesh } from "../../api/mesh.ts";',
    says: "../../api/mesh.ts goes past the door of room api",
  },
  {
    file: "src/app.ts",
    source: 'import { open } from "./kube/mod.ts";',
    says: "./kube/mod.ts goes past the door of room kube",
  },
  {
    file: "src/plan/x.ts",
    source: 'import { differs } from "#plan";',
    says: "Room plan imports its own door",
  },
  {
    file: "src/plan/x.ts",
    source: 'import { differs } from "#plans";',
    says: "#plans is no room",
  },
  {
    file: "src/plan/x.ts",
    source: 'import { version } from "../version.ts";',
    says: "Room plan imports src/version.ts, which stands above all rooms",
  },
  {
    file: "src/telemetry/x.ts",
    source: 'import deno from "../../deno.json" with { type: "json" };',
    says: "../../deno.json leaves src/",
  },
]);

table("lets the composition root and the command line see everything", [
  { file: "main.ts", source: 'import { main } from "./src/cli/mod.ts";' },
  { file: "src/app.ts", source: 'import "#gitops"; import "#reconcile"; import "#plan";' },
  { file: "src/version.ts", source: 'import deno from "../deno.json" with { type: "json" };' },
  { file: "src/cli/run.ts", source: 'import { open } from "../app.ts"; import "#gitops";' },
]);

table("lets connect.ts alone load client-node, and the composition root and cli alone open it", [
  { file: "src/kube/connect.ts", source: 'import { KubeConfig } from "@kubernetes/client-node";' },
  {
    file: "src/kube/watch.ts",
    source: 'import { Watch } from "npm:@kubernetes/client-node@2.0.1";',
    says: "@kubernetes/client-node is imported outside src/kube/connect.ts",
  },
  { file: "src/kube/pod.ts", source: 'import type { V1Pod } from "@kubernetes/client-node";' },
  { file: "src/kube/pod.ts", source: 'import { type V1Pod } from "@kubernetes/client-node";' },
  { file: "src/app.ts", source: 'import { connect } from "./kube/connect.ts";' },
  { file: "src/parts.ts", source: 'import { connect } from "./kube/connect.ts";' },
  { file: "src/cli/run.ts", source: 'import { connect } from "../kube/connect.ts";' },
  {
    file: "src/kube/mod.ts",
    source: 'export * from "./connect.ts";',
    says: "src/kube/connect.ts is imported below the composition root",
  },
  {
    file: "src/gitops/x.ts",
    source: 'import { connect } from "../kube/connect.ts";',
    says: "src/kube/connect.ts is imported below the composition root",
  },
]);

table("lets pure rooms run computing packages only", [
  { file: "src/api/x.ts", source: 'import { Type } from "@sinclair/typebox";' },
  { file: "src/api/x.ts", source: 'import { Value } from "@sinclair/typebox/value";' },
  { file: "src/base/x.ts", source: 'import { createHash } from "node:crypto";' },
  { file: "src/api/x.ts", source: 'import type { V1Affinity } from "@kubernetes/client-node";' },
  { file: "src/telemetry/x.ts", source: 'import { Registry } from "prom-client";' },
  {
    file: "src/plan/x.ts",
    source: 'import { Value } from "@sinclair/typebox/value";',
    says: "Pure room plan imports @sinclair/typebox",
  },
  {
    file: "src/desired/x.ts",
    source: 'import { createHash } from "node:crypto";',
    says: "Pure room desired imports node:crypto",
  },
  {
    file: "src/plan/x.ts",
    source: 'import { readFile } from "node:fs/promises";',
    says: "Pure room plan imports node:fs",
  },
  {
    file: "src/base/x.ts",
    source: 'import type { V1Pod } from "@kubernetes/client-node";',
    says: "Pure room base imports @kubernetes/client-node",
  },
]);

table("sees every form of import", [
  {
    file: "src/plan/x.ts",
    source: 'export * as kube from "#kube";',
    says: "Room plan (tower a) imports #kube (tower b)",
  },
  {
    file: "src/plan/x.ts",
    source: 'import("#kube");',
    says: "Room plan (tower a) imports #kube (tower b)",
  },
  { file: "src/plan/x.ts", source: "import(`#${room}`);", says: "A computed import" },
]);

Deno.test("rooms/imports sees the import inside a type, at its place", () => {
  assertEquals(findings("src/plan/x.ts", 'type Pod = import("#kube").Pod;'), [
    "11: Room plan (tower a) imports #kube (tower b)",
  ]);
});

Deno.test("rooms/imports asks for a rank before a new room is used", () => {
  assertEquals(findings("src/attic/x.ts", 'import { keyOf } from "#base";'), [
    "0: Room attic has no rank",
  ]);
});

Deno.test("rooms/imports leaves tests and scripts alone", () => {
  const source =
    'import { Watch } from "@kubernetes/client-node"; import "../../src/kube/watch.ts";';
  assertEquals(findings("tests/io/watch_test.ts", source), []);
  assertEquals(findings("scripts/release.ts", source), []);
});

Deno.test("rooms/imports says what to do instead", () => {
  const [finding] = Deno.lint.runPlugin(
    rooms,
    "/code/src/app.ts",
    'import { Cache } from "./kube/cache.ts";',
  );
  assertEquals(finding?.hint, 'Import "#kube"');
});

table("keeps the page to types of the view and its own packages, and everybody else out of it", [
  { file: "src/console/page/x.tsx", source: 'import { useState } from "preact/hooks";' },
  { file: "src/console/page/graph/x.ts", source: 'import { lineText } from "../text.ts";' },
  { file: "src/console/page/x.ts", source: 'import type { View } from "../view.ts";' },
  {
    file: "src/console/page/x.ts",
    source: 'import { change } from "../change.ts";',
    says: "The page imports ../change.ts, which no browser has",
  },
  {
    file: "src/console/page/x.ts",
    source: 'import { shortText } from "#base";',
    says: "The page imports #base, which no browser has",
  },
  {
    file: "src/console/page/x.ts",
    source: 'import { parse } from "yaml";',
    says: "The page imports yaml, which no browser has",
  },
  {
    file: "src/console/x.ts",
    source: 'import { lineText } from "./page/text.ts";',
    says: "./page/text.ts goes past the door of room console/page",
  },
]);
