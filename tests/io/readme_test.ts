import { assertEquals } from "@std/assert";
import { MANIFEST_BUDGETS } from "../../src/gitops/manifests/budgets.ts";
import { createMetrics } from "#telemetry";
import { meshwright } from "../support/cli.ts";

const README = await Deno.readTextFile("README.md");

Deno.test("README names every flag with its variable", async () => {
  const missing: string[] = [];
  for (const verb of ["run", "sync"]) {
    const { out } = await meshwright([verb, "--help"]);
    for (
      const [, flag, variable] of out.join("\n").matchAll(/--([a-z-]+)(?: [A-Z]+)? \[([A-Z_]+)\]/g)
    ) {
      if (!README.includes(`\`--${flag}\``) || !README.includes(`\`${variable}\``)) {
        missing.push(`${verb} --${flag}`);
      }
    }
  }
  assertEquals(missing, []);
});

Deno.test("README names every metric, and none that there is not", async () => {
  const { text } = await createMetrics().exposition();
  const real = [...text.matchAll(/^# TYPE (\S+) /gm)].map(([, name]) => name ?? "");
  const named = [...README.matchAll(/^\| `([a-z_]+)` /gm)].map(([, name]) => name ?? "")
    .filter((name) => /^(function_mesh|mesh|process)_/.test(name));
  assertEquals(named.sort(), [...real].sort());
});

Deno.test("README's two commands name the version that CI runs", async () => {
  const ci = await Deno.readTextFile(".ci/run");
  const [version] = /deno@\d+\.\d+\.\d+/.exec(ci) ?? [];
  for (const task of ["demo", "test"]) {
    assertEquals([task, README.includes(`npx -y ${version} task ${task}`)], [task, true]);
  }
});

Deno.test("README names the budgets of a revision", () => {
  const MIB = 1024 * 1024;
  const count = (value: number) => value.toLocaleString("en-US");
  const budgets = MANIFEST_BUDGETS;
  const named = [
    `${count(budgets.files)} files`,
    `${budgets.fileBytes / MIB} MiB a file`,
    `${budgets.revisionBytes / MIB} MiB in all`,
    `${count(budgets.documents)} documents`,
    `${count(budgets.nodes)} values a file`,
    `${count(budgets.documentNodes)} a document`,
    `${count(budgets.keys)} members`,
    `${budgets.depth} levels`,
    `${count(budgets.aliasedNodes)} values that aliases`,
    `${budgets.substitutedChars / MIB} MiB that variables`,
    `${count(budgets.objects)} objects`,
    `${count(budgets.patterns)} lines of patterns`,
  ];
  const text = README.replace(/\s+/g, " ");
  assertEquals(named.filter((one) => !text.includes(one)), []);
});
