import { assertEquals, assertThrows } from "@std/assert";
import { baseNames, BUILD_BASE, offlineDockerfile } from "../../scripts/kind/dockerfile_variant.ts";

const DOCKERFILE = await Deno.readTextFile("Dockerfile");

Deno.test("without registries the Dockerfile differs in where its build begins and in what it compiles on", () => {
  const lines = offlineDockerfile(DOCKERFILE).split("\n");
  const before = DOCKERFILE.split("\n");
  const changed = lines.filter((line, index) => line !== before[index]);
  assertEquals(lines.length, before.length);
  assertEquals(changed, [
    `FROM ${BUILD_BASE} AS build`,
    "RUN deno run --allow-all --frozen scripts/compile.ts --test-base --output /meshwright",
  ]);
});

Deno.test("baseNames() reads what the stages begin with, and refuses other stages", () => {
  const { debian, deno } = baseNames(DOCKERFILE);
  assertEquals([deno.split(":")[0], debian.split(":")[0]], ["denoland/deno", "debian"]);
  assertThrows(() => baseNames(DOCKERFILE.replace(" AS deno", " AS other")), Error, "stages");
  assertThrows(() => baseNames(`${DOCKERFILE}FROM scratch\n`), Error, "stages");
  assertThrows(
    () => offlineDockerfile(DOCKERFILE.replace("scripts/compile.ts", "compile.ts")),
    Error,
    "does not compile as this knows",
  );
});
