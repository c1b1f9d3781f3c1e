import { assertEquals } from "@std/assert";
import { fileSettings } from "../../src/cli/config_file.ts";

Deno.test("fileSettings() takes the pull policy by either of its names, whatever their case (W-60)", () => {
  const policy = (text: string) => fileSettings(text, "config.yaml").runnerImagePullPolicy;
  assertEquals(policy("runnerImagePullPolicy: Always"), "Always");
  assertEquals(policy("RunnerImagePullPolicy: Always"), "Always");
  assertEquals(policy("imagePullPolicy: Never"), "Never");
  assertEquals(policy("imagePullPolicy: Never\nrunnerImagePullPolicy: Always"), "Always");
  assertEquals(policy("runnerImages: {}"), undefined);
});
