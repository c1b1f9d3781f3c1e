import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { parse } from "@std/yaml";
import { operatorFiles, staleOperatorFiles } from "../../scripts/operator.ts";
import { meshwright } from "../support/cli.ts";

Deno.test("gitops/operator holds what install prints", async () => {
  assertEquals(await staleOperatorFiles(), [], "run `deno task operator`");
  const { out } = await meshwright(["install"]);
  const documents = (text: string) => text.replaceAll(/^#.*\n/gm, "").trim();
  const parts = ["namespace", "definitions", "access", "program"].map((part) =>
    operatorFiles().get(`operator/base/${part}.yaml`) ?? ""
  );
  assertEquals(documents(parts.join("")), documents(out.join("\n")));
});

Deno.test("install puts image, replicas and what comes from Git where they belong", async () => {
  const { code, out } = await meshwright([
    "install",
    "--namespace=mesh-system",
    "--image=registry.example/meshwright:2",
    "--replicas=2",
    "--git-url=https://git.example/a.git",
    "--git-prune=false",
  ]);
  assertEquals(code, 0);
  const objects = out.join("\n").split(/^---$/m).map((text) =>
    parse(text) as null | { kind: string; spec: unknown }
  );
  const { replicas, template } = objects.find((object) => object?.kind === "Deployment")
    ?.spec as {
      replicas: number;
      template: { spec: { containers: { image: string; args: string[] }[] } };
    };
  const [container] = template.spec.containers;
  assertEquals([replicas, container?.image], [2, "registry.example/meshwright:2"]);
  assertEquals(container?.args, [
    "run",
    "--cache-dir=/var/cache/meshwright",
    "--enable-leader-election",
    "--gitops-service-account=mesh-system/meshwright-gitops",
    "--gitops-rights=mesh-only",
    "--git-url=https://git.example/a.git",
    "--git-prune=false",
  ]);
});

Deno.test("install refuses what cannot work, with exit code 2", async () => {
  const refusals = [
    ["--replicas=0", "--replicas"],
    ["--shards=0", "--shards"],
    ["--shards=33", "--shards"],
    ["--namespace=Shop", "no name of a namespace"],
    ["--namespace=kube-system", "one of its own"],
    ["--watched-namespace=shop/a", "no name of a namespace"],
    ["--image=", "--image"],
    ["--gitops-rights=all", "--gitops-rights"],
  ] as const;
  for (const [flag, words] of refusals) {
    const { code, out, notes } = await meshwright(["install", flag]);
    assertEquals([flag, code, out], [flag, 2, []]);
    assertStringIncludes(notes.join("\n"), words);
  }
  const git = ["--watched-namespace=shop", "--git-url=https://git.example/a.git"];
  const { code, notes } = await meshwright(["install", ...git]);
  assertEquals(code, 2);
  assertStringIncludes(notes.join("\n"), "--watched-namespace leaves out");
});

Deno.test("uninstall prints commands that a shell can read, and says what stays", async () => {
  const { code, out } = await meshwright(["uninstall", "--namespace=mesh-system"]);
  assertEquals(code, 0);
  for (const line of out.join("\n").split("\n")) {
    assertMatch(line, /^(#.*|kubectl (get|delete) [\w.,/ -]+|)$/);
  }
  const shell = new Deno.Command("sh", { args: ["-n"], stdin: "piped" }).spawn();
  const writer = shell.stdin.getWriter();
  await writer.write(new TextEncoder().encode(out.join("\n")));
  await writer.close();
  assert((await shell.status).success);
  assertStringIncludes(out.join("\n"), "What stays after step 1: every Function");
});
