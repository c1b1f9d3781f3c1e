/**
 * Where words leave the program, and what masks them there (H3): a place that is not listed here is one around the mask.
 * What comes out of each is looked through by the tests that plant secrets, `tests/io/secret_markers_*` among them.
 */
import { assertEquals } from "@std/assert";
import { filesWith, SOURCES } from "../support/source_code.ts";

/** By exit: what it looks like, and in which files it is, each with the word of its mask there. */
const EXITS: Readonly<
  Record<string, { readonly pattern: RegExp; readonly files: Readonly<Record<string, RegExp>> }>
> = {
  "a line on a terminal": {
    pattern: /\bconsole\.|\bDeno\.std(out|err)\b/,
    files: {
      // What a verb answers was asked for; verbs that have read secrets mask them in it.
      "cli/output.ts": /note: .*redactedText\(/,
      "telemetry/log.ts": /\bredactedText\(/,
    },
  },
  "a log": { pattern: /(?<!function )\bcreateLogger\(/, files: { "parts.ts": /createLogger\(/ } },
  "the status of a resource": {
    pattern: /subresource: "status"/,
    files: {
      "gitops/write_sync.ts": /\bdiscreetStatus\(/,
      "reconcile/metrics_poll/metrics_poll.ts": /\bdiscreetly\(/,
      "reconcile/old_conditions.ts": /\bdiscreetly\(/,
      // Its surroundings are those of a pass, see below.
      "reconcile/record.ts": /\}: Effects,/,
      "reconcile/scaling/scaling_loop.ts": /\bdiscreetly\(/,
    },
  },
  "a notification": {
    pattern: /\bnotices\.tell\(/,
    files: {
      "gitops/discreet.ts": /tell\(sync, withoutValuesIn\(notice/,
      "gitops/emit.ts": /\bctx\.notices\.tell\(/,
    },
  },
  "an event about a MeshSync": {
    pattern: /\bevents\??\.record\(.*\bsync\b|\bevents\.record\(after\b/,
    files: {
      "gitops/apply/inventory.ts": /\bctx\.events\?\.record\(/,
      "gitops/emit.ts": /\bctx\.events\.record\(/,
      // Its causes are a code, or words of this program.
      "notify/notifier.ts": /\bredactedText\(/,
    },
  },
};

for (const [exit, { files, pattern }] of Object.entries(EXITS)) {
  Deno.test(`H3: ${exit} leaves the program where it is masked, and nowhere else`, () => {
    assertEquals(filesWith(pattern), Object.keys(files).sort());
    const unmasked = Object.entries(files)
      .filter(([path, mask]) => !mask.test(SOURCES.get(path) ?? ""));
    assertEquals(unmasked, []);
  });
}

Deno.test("H3: a pass over a MeshSync has surroundings that mask, whoever begins it", () => {
  assertEquals(filesWith(/\bdiscreetContext\(\{/), ["gitops/sync.ts"]);
  const [, pass = ""] = /function reconcileSync\([^]*?\{\n([^]*?)\n\}\n/.exec(
    SOURCES.get("gitops/sync.ts") ?? "",
  ) ?? [];
  const [before = "", after = ""] = pass.split(/const ctx = discreetContext\([^\n]*\n/);
  // Before, nothing is said; afterwards what does not mask has no name any more.
  assertEquals(/\b(log|events|notices)\b/.test(before), false);
  assertEquals([after === "", after.includes("surroundings")], [false, false]);
});

Deno.test("H3: a pass over a component or a mesh has surroundings that mask, whoever begins it", () => {
  const begun = filesWith(/\bdiscreetEffects\(given,/);
  assertEquals(begun, ["reconcile/component.ts", "reconcile/mesh.ts"]);
  for (const path of begun) {
    const rest = (SOURCES.get(path) ?? "").replace(/^.*\bdiscreetEffects\(given,.*$/m, "");
    // It is handed on to where that line is, and nothing else is done with it.
    assertEquals([path, /\bgiven\.|\{[^}]*\} = given\b/.test(rest)], [path, false]);
  }
});

Deno.test("H3: what an API server says of an object becomes an error in one room, and is told again without values", () => {
  const elsewhere = filesWith(/\bnew ApiError\(/).filter((path) => !path.startsWith("kube/"));
  assertEquals(elsewhere, []);
  assertEquals(filesWith(/\bwithoutRepeated\(/), [
    ...["gitops/sync.ts", "kube/written_secret.ts", "reconcile/discreet_cluster.ts"],
  ]);
});
