/** What bounds git holds with the permissions that the binary is made with, too: not only for who may do everything. */
import { assertEquals } from "@std/assert";
import { permissionArguments } from "../../scripts/compile/permissions.ts";
import { eventually } from "../support/eventually.ts";
import type { LimitedEnds } from "../support/limited_programs.ts";
import { commandLinesWith } from "../support/processes.ts";

Deno.test("C2: with the binary's permissions git's memory is bounded, and what it started ends with it", async () => {
  const word = `sleep 6${Math.floor(Math.random() * 1e9)}`;
  const { stdout } = await new Deno.Command(Deno.execPath(), {
    args: [
      ...["run", "--no-prompt", "--unstable-worker-options"],
      ...permissionArguments({ system: "linux" }),
      new URL("../support/limited_programs.ts", import.meta.url).pathname,
      ...[Deno.env.get("PATH") ?? "", word],
    ],
    stdin: "null",
    stderr: "inherit",
  }).output();
  const ends = JSON.parse(new TextDecoder().decode(stdout)) as LimitedEnds;
  assertEquals(ends, ["succeeded", "of one", "failed"]);
  await eventually(async () => (await commandLinesWith(word)).length === 0);
});
