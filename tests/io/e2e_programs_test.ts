import { assert, assertEquals, assertRejects } from "@std/assert";
import { createHash } from "node:crypto";
import { runGuarded } from "../../scripts/e2e/guarded_run.ts";
import { mavenFile } from "../../scripts/e2e/maven_artifact.ts";
import { programPath, requiredProgram } from "../../scripts/e2e/required_program.ts";
import { eventually } from "../support/eventually.ts";
import { temporaryFolder } from "../support/git_repository.ts";

Deno.test("runGuarded() tells the end of what a program said when it fails", async () => {
  await using folder = await temporaryFolder();
  const logPath = `${folder.path}/log`;
  const shell = (script: string) => ({ program: "/bin/sh", args: ["-c", script], logPath });
  await runGuarded("say something", shell("echo well done"));
  assertEquals(await Deno.readTextFile(logPath), "well done\n");
  await assertRejects(
    () => runGuarded("make a thing", shell("echo disk full >&2; exit 3")),
    Error,
    "Cannot make a thing: /bin/sh exited with code 3:\nwell done\ndisk full",
  );
});

Deno.test("runGuarded() ends a program when its signal aborts", async () => {
  await using folder = await temporaryFolder();
  const stop = new AbortController();
  const logPath = `${folder.path}/log`;
  const args = ["-c", "echo $$; exec sleep 600"];
  const run = runGuarded("wait", { program: "/bin/sh", args, logPath, signal: stop.signal });
  const pid = await eventually(async () => {
    const text = await Deno.readTextFile(logPath);
    assert(text !== "");
    return text.trim();
  });
  stop.abort(new Error("enough"));
  await assertRejects(() => run, Error, "enough");
  await assertRejects(() => Deno.stat(`/proc/${pid}`), Deno.errors.NotFound);
});

Deno.test("programPath() finds programs only, and requiredProgram() takes what is there", async () => {
  const sh = await programPath("sh");
  assert(sh?.endsWith("/sh"));
  assertEquals(await programPath("there-is-no-such-program"), undefined);
  const options = { debianPackage: "dash", purpose: "is for this test", progress: () => {} };
  assertEquals(await requiredProgram("sh", options), sh);
});

Deno.test("mavenFile() fetches a file once and refuses another one than was asked for", async () => {
  const asked: string[] = [];
  await using server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen() {} }, (request) => {
    asked.push(new URL(request.url).pathname);
    return new Response("a library");
  });
  const sha256 = createHash("sha256").update("a library").digest("hex");
  const artifact = { group: "org.example", name: "thing", version: "1", extension: "jar", sha256 };
  await using folder = await temporaryFolder();
  const repository = `http://127.0.0.1:${server.addr.port}/maven2`;
  const options = { cache: folder.path, repository, progress: () => {} };
  const path = await mavenFile(artifact, options);
  assertEquals(path.endsWith("/thing-1.jar"), true);
  assertEquals(await Deno.readTextFile(path), "a library");
  assertEquals(await mavenFile(artifact, options), path);
  assertEquals(asked, ["/maven2/org/example/thing/1/thing-1.jar"]);
  await assertRejects(
    () => mavenFile({ ...artifact, sha256: "0".repeat(64) }, options),
    Error,
    `Cannot use thing-1.jar: its digest is sha256:${sha256} instead of 000`,
  );
});
