import { assertEquals, assertMatch } from "@std/assert";
import { Repository } from "../../scripts/demo/repository.ts";
import { temporaryFolder } from "../support/git_repository.ts";

Deno.test("a demo repository tells what each commit did", async () => {
  await using folder = await temporaryFolder();
  const { signal } = new AbortController();
  const repository = await Repository.create(`${folder.path}/repository`, signal);
  const first = await repository.commit("Add two", {
    "a.yaml": "x: 1\ny: 2\n",
    "b.yaml": "z: 3\n",
  });
  assertMatch(first.hash, /^[0-9a-f]{40}$/);
  assertEquals([first.subject, first.author], ["Add two", "Mona Mesh"]);
  assertEquals(first.files, [["A", "mesh/a.yaml"], ["A", "mesh/b.yaml"]]);
  assertEquals(first.changedLines, []);
  const second = await repository.commit("Change", {
    "a.yaml": "x: 5\ny: 2\n",
    "b.yaml": undefined,
  });
  assertEquals(second.files, [["M", "mesh/a.yaml"], ["D", "mesh/b.yaml"]]);
  assertEquals(second.changedLines, ["-x: 1", "+x: 5"]);
});
