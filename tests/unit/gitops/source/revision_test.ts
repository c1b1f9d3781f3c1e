import { assertEquals } from "@std/assert";
import type { MeshSync, RefMove } from "#api";
import {
  branchMove,
  judgedMove,
  moveNotes,
  passedOverStatus,
  refMove,
  revisionParts,
  revisionText,
  sourceNotes,
} from "../../../../src/gitops/source/revision.ts";

const [ONE, TWO, THREE] = ["1", "2", "3"].map((digit) => digit.repeat(40)) as [
  string,
  string,
  string,
];

function sync(ref: MeshSync["spec"]["ref"], status: Record<string, unknown>): MeshSync {
  return {
    apiVersion: "gitops.functionmesh.io/v1alpha1",
    kind: "MeshSync",
    metadata: { name: "shop", namespace: "shop" },
    spec: { url: "https://git.example/a.git", ...(ref === undefined ? {} : { ref }) },
    status: { conditions: [], ...status },
  } as MeshSync;
}

Deno.test("revisionParts() is the inverse of revisionText()", () => {
  for (const name of ["main", "feature/x", "app@v1.2.0", "sha1:abc", "commit"]) {
    for (const commit of [ONE, "a".repeat(64)]) {
      assertEquals(revisionParts(revisionText({ name, commit })), { name, commit });
    }
  }
  for (const text of [undefined, "", "main", "main@", "main@sha1:xyz"]) {
    assertEquals(revisionParts(text), {});
  }
});

Deno.test("refMove() tells of a tag that another commit got, for as long as it has it", () => {
  const status = { lastAttemptedRevision: `v1@sha1:${ONE}` };
  const moved = refMove(sync({ tag: "v1" }, status), { name: "v1", commit: TWO });
  assertEquals(moved, { type: "tag", name: "v1", from: ONE, to: TWO });
  const after = { lastAttemptedRevision: `v1@sha1:${TWO}`, source: { moved } };
  assertEquals(refMove(sync({ tag: "v1" }, after), { name: "v1", commit: TWO }), moved);
  assertEquals(
    refMove(sync({ tag: "v1" }, after), { name: "v1", commit: THREE }),
    { type: "tag", name: "v1", from: TWO, to: THREE },
  );
  // Another version of a range is no move.
  const range = sync({ semver: "*" }, { lastAttemptedRevision: `v1@sha1:${ONE}` });
  assertEquals(refMove(range, { name: "v2", commit: TWO }), undefined);
});

Deno.test("branchMove() asks whether a branch was rewritten since what was applied, until that is found out", () => {
  const applied = { lastAppliedRevision: `main@sha1:${ONE}` };
  const move: RefMove = { type: "branch", name: "main", from: ONE, to: TWO };
  const main = { name: "main", commit: TWO };
  assertEquals(branchMove(sync(undefined, applied), main, undefined), move);
  const same = { name: "main", commit: ONE };
  assertEquals(branchMove(sync(undefined, applied), same, undefined), undefined);
  const next = { name: "next", commit: TWO };
  assertEquals(branchMove(sync({ branch: "next" }, applied), next, undefined), undefined);
  // Applied meanwhile, but nobody could say where it came from.
  const later = { lastAppliedRevision: `main@sha1:${TWO}` };
  assertEquals(branchMove(sync(undefined, later), main, move), move);
  // Of the next commit it is the same question with what is remembered and without: does it descend from what is applied?
  const newest = { name: "main", commit: THREE };
  for (const open of [move, undefined]) {
    const asked = { ...move, from: TWO, to: THREE };
    assertEquals(branchMove(sync(undefined, later), newest, open), asked);
  }
  const byCommit = { name: "commit", commit: TWO };
  assertEquals(branchMove(sync({ commit: TWO }, applied), byCommit, undefined), undefined);
});

Deno.test("refMove() keeps what is known of a rewritten branch until its next commit", () => {
  const moved = { type: "branch", name: "main", from: ONE, to: TWO, isRewritten: true } as const;
  const told = { lastAppliedRevision: `main@sha1:${TWO}`, source: { moved } };
  assertEquals(refMove(sync(undefined, told), { name: "main", commit: TWO }), moved);
  assertEquals(refMove(sync(undefined, told), { name: "main", commit: THREE }), undefined);
});

Deno.test("a branch that only went on is no news, one that was rewritten is", () => {
  const move: RefMove = { type: "branch", name: "main", from: ONE, to: TWO };
  assertEquals(moveNotes(move), []);
  assertEquals(judgedMove(move, true), undefined);
  assertEquals(judgedMove(move, undefined), undefined);
  const moved = judgedMove(move, false);
  assertEquals(moved === undefined ? [] : sourceNotes({ moved }), [
    "branch main was moved from 111111111111 to 222222222222, which does not descend from it",
  ]);
});

Deno.test("passedOverStatus() counts what it does not name", () => {
  assertEquals(passedOverStatus({ submodules: [], leftOut: 0, others: 0 }), undefined);
  const submodules = Array.from({ length: 12 }, (_, index) => `vendor/${index}`);
  const passedOver = passedOverStatus({ submodules, leftOut: 1, others: 2 });
  assertEquals(passedOver?.moreSubmodules, 2);
  const notes = passedOver === undefined ? [] : sourceNotes({ passedOver });
  assertEquals(notes.slice(-3), [
    "2 more submodules: not read",
    "1 file left out by patterns",
    "2 files passed over: not *.yaml, *.yml or *.json, or hidden",
  ]);
});
