import { assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { fileURLToPath } from "node:url";
import { progressOnStderr } from "../../scripts/control_plane/progress.ts";
import { lastStage } from "../../scripts/image/dockerfile.ts";
import { dockerBuilt } from "../../scripts/kind/docker_build.ts";
import { ran } from "../support/programs.ts";

// That such an image serves and syncs is for `deno task e2e --cluster kind --docker-build` to see.
Deno.test("the image that docker build makes is of its commit, unchanged, and starts as the Dockerfile says", async () => {
  const { facts, path, reference } = await dockerBuilt({ progress: progressOnStderr });
  const top = fileURLToPath(new URL("../../", import.meta.url));
  const commit = await ran("git", ["-C", top, "rev-parse", "HEAD"]);
  assertEquals(facts.commit, commit);
  assertStringIncludes(facts.version, `commit ${commit.slice(0, 12)} `);
  assertEquals(facts.version.includes("+changes"), false, facts.version);
  const dockerfile = await ran("git", ["-C", top, "show", "HEAD:Dockerfile"]);
  const stage = lastStage(`${dockerfile}\n`, { COMMIT: commit });
  assertEquals(facts.config.User, stage.user);
  assertEquals(facts.config.Entrypoint, stage.entrypoint);
  assertEquals(facts.config.Cmd, stage.cmd);
  assertEquals(facts.config.Labels, stage.labels);
  const index = await ran("tar", ["-xOf", path, "manifest.json"]);
  assertMatch(index, new RegExp(`"RepoTags":\\["${reference}"\\]`));
});
