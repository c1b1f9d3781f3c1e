import { problems } from "#api";
import { assertEquals } from "@std/assert";

function found(spec: Record<string, unknown>): string[] {
  const sync = {
    apiVersion: "gitops.functionmesh.io/v1alpha1",
    kind: "MeshSync",
    metadata: { name: "shop" },
    spec: { url: "https://git.example/shop.git", ...spec },
  };
  return problems(sync).map(({ path, message }) => `${path}: ${message}`);
}

Deno.test("a MeshSync may say who calls, who is told and what happens to a sick revision", () => {
  assertEquals(
    found({
      healthTimeout: "10m",
      onUnhealthy: "rollback",
      receiver: { type: "github", secretRef: { name: "hook" } },
      notify: [
        { type: "slack", secretRef: { name: "slack" }, events: ["Unhealthy"] },
        { type: "webhook", address: "https://example.org/a", template: "{{ sync }}: {{message}}" },
        { type: "gitlab", secretRef: { name: "lab" } },
      ],
    }),
    [],
  );
});

Deno.test("a notification needs a place to go to and credentials where the service wants some", () => {
  assertEquals(
    found({
      notify: [
        { type: "slack" },
        { type: "github" },
        { type: "webhook", address: "https://bot:secret@example.org/" },
        { type: "webhook", address: "ftp://example.org/" },
      ],
    }),
    [
      "spec.notify[0].address: is missing; give it, or a Secret that holds it as address",
      "spec.notify[1].secretRef: is missing; name a Secret with a token of github",
      "spec.notify[2].address: is no address to call; give https://… without user and password",
      "spec.notify[3].address: is no address to call; give https://… without user and password",
    ],
  );
});

Deno.test("a template names only fields that there are", () => {
  const template = "{{revison}} {{secret}} {{message}}";
  assertEquals(
    found({ notify: [{ type: "slack", address: "https://example.org", template }] }),
    [
      'spec.notify[0].template: "{{revison}}" names no field; did you mean {{revision}}?',
      'spec.notify[0].template: "{{secret}}" names no field; the fields are author, commit, event, ' +
      "message, namespace, path, reason, repository, revision, subject, sync",
    ],
  );
});

Deno.test("a health timeout is a duration, and unhealthy revisions are left or rolled back", () => {
  assertEquals(found({ healthTimeout: "10ms" }), [
    "spec.healthTimeout: 10ms is too short; give 1s or more",
  ]);
  assertEquals(found({ onUnhealthy: "delete" }).length, 1);
});
