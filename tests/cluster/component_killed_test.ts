import { assertEquals } from "@std/assert";
import type { KubeObject } from "#base";
import { eventually, testCluster } from "../support/control_plane.ts";
import {
  type Conditioned,
  kubectlIn,
  readyText,
  userFunction,
} from "../support/controller_story.ts";
import { type ProgramProcess, programProcess } from "../support/program_process.ts";

const cluster = testCluster();

const COUNT = 12;

Deno.test("a program that is killed at work goes on where it was, and changes nothing twice", async () => {
  await using space = await cluster.namespace();
  const story = kubectlIn(cluster, space.name);
  const names = Array.from({ length: COUNT }, (_, index) => `fn-${index}`);
  {
    await using first = startedProgram(space.name);
    // The definitions come from the program itself.
    await eventually(async () => (await cluster.tryKubectl(["get", "fn", "-A"])).code === 0);
    await story.apply(...names.map((name) => userFunction(name)));
    await eventually(async () => (await story.list("statefulsets")).length > 2);
    await first[Symbol.asyncDispose]();
  }
  {
    await using second = startedProgram(space.name);
    await eventually(async () => {
      const objects = await story.list<Conditioned>("functions");
      return objects.filter((object) => readyText(object).startsWith("True ")).length === COUNT;
    }, { intervalMs: 500 });
    await second[Symbol.asyncDispose]();
  }
  const before = await state();
  assertEquals(before.filter((line) => /^StatefulSet \S+ 1 /.test(line)).length, COUNT);
  await using third = startedProgram(space.name);
  await story.apply(userFunction("last"));
  await story.untilReady("function/last", /^True /);
  await third[Symbol.asyncDispose]();
  assertEquals((await state()).filter((line) => !line.includes(" last")), before);

  async function state(): Promise<string[]> {
    const objects = await story.list<KubeObject>("statefulsets,services,pods,functions");
    return objects.map(({ kind, metadata }) =>
      [kind, metadata.name, metadata.generation, metadata.uid, versionOf(kind, metadata)].join(" ")
    );
  }
});

/** Pods and their sets go through states of their own; what we write has a version that stays. */
function versionOf(kind: string, metadata: KubeObject["metadata"]): string {
  return kind === "Pod" ? "" : metadata.resourceVersion ?? "";
}

function startedProgram(namespace: string): ProgramProcess {
  return programProcess({ kubeconfig: cluster.kubeconfigPath, namespace });
}
