import { assert, assertEquals } from "@std/assert";
import { installObjects, programArguments } from "#install";
import { INSTALLATION, namesOf, rulesOf } from "./installations_for_tests.ts";

Deno.test("installObjects() gives the console a Service, a port, and the rights to ask who looks", () => {
  const choices = { ...INSTALLATION, console: true };
  const objects = installObjects(choices);
  const before = new Set(namesOf(installObjects(INSTALLATION)));
  assertEquals(namesOf(objects).filter((name) => !before.has(name)), [
    "ClusterRole meshwright-console.mesh-system",
    "ClusterRoleBinding meshwright-console.mesh-system",
    "Service mesh-system/meshwright-console",
  ]);
  assert(programArguments(choices).includes("--console-addr=:8443"));
  const rules = rulesOf(objects, "Role").filter(({ resourceNames = [] }) =>
    resourceNames.includes("meshwright-console-tls")
  );
  assertEquals(rules.map(({ resources, verbs }) => [resources, verbs]), [
    [["secrets"], ["get", "patch"]],
  ]);
});
