import { assertEquals, assertMatch, assertStringIncludes, assertThrows } from "@std/assert";
import settings from "../../deno.json" with { type: "json" };
import { MEMORY_ENV, V8_FLAGS } from "../../scripts/compile.ts";
import { permissionArguments } from "../../scripts/compile/permissions.ts";
import { lastStage } from "../../scripts/image/dockerfile.ts";
import { configOf } from "../../scripts/image/program_image.ts";
import { operatorFiles } from "../../scripts/operator.ts";

// Looks at the text only: where there is no Docker, nothing builds it.
const DOCKERFILE = await Deno.readTextFile("Dockerfile");

/** Instructions with their arguments, continued lines joined and comments left out. */
const INSTRUCTIONS = DOCKERFILE.replaceAll(/^\s*#.*\n/gm, "").replaceAll(/\\\n\s*/g, "")
  .split("\n").filter((line) => line !== "").map((line) => {
    const [, name = "", rest = ""] = /^(\S+)\s+(.*)$/.exec(line) ?? [];
    return { name, rest };
  });

function argumentsOf(name: string): string[] {
  return INSTRUCTIONS.filter((one) => one.name === name).map(({ rest }) => rest);
}

/** What is in the image: all after the last FROM. */
const FINAL = INSTRUCTIONS.slice(INSTRUCTIONS.findLastIndex(({ name }) => name === "FROM"));

Deno.test("L6: the Dockerfile pins what it builds on, and Deno as CI has it", async () => {
  for (const image of argumentsOf("FROM")) {
    assertMatch(image, /^[\w./-]+:[\w-]*\d+\.\d+[\w.-]*(@sha256:[0-9a-f]{64})?( AS \w+)?$/);
  }
  assertEquals(/^#\s*syntax\s*=/im.test(DOCKERFILE), false, "no parser comes from a registry (L6)");
  const [, version] = /deno@(\d+\.\d+\.\d+)/.exec(await Deno.readTextFile(".ci/run")) ?? [];
  assertStringIncludes(argumentsOf("FROM").join("\n"), `denoland/deno:bin-${version} AS deno`);
  assertStringIncludes(argumentsOf("ARG").join("\n"), `VERSION=${settings.version}`);
});

Deno.test("the build gets all that Git tracks, or its binary would say that it differs from its commit", async () => {
  const { success, stdout } = await new Deno.Command("git", {
    args: ["ls-files", "--cached", "--ignored", "--exclude-from=.dockerignore"],
  }).output();
  assertEquals([success, new TextDecoder().decode(stdout)], [true, ""]);
});

Deno.test("the image gives the binary the memory that is measured", () => {
  const [variables = ""] = FINAL.filter(({ name }) => name === "ENV").map(({ rest }) => rest);
  for (const [name, value] of Object.entries(MEMORY_ENV)) {
    assertStringIncludes(variables, `${name}=${value}`);
  }
});

Deno.test("tasks that run with flags of V8 run with those of the binary", () => {
  const commands = Object.values(settings.tasks).map(({ command }) => command);
  const flags = commands.flatMap((command) => /--v8-flags=\S+/.exec(command) ?? []);
  assertEquals(new Set(flags), new Set([V8_FLAGS]));
});

Deno.test("the image runs as the Deployment says: its user, its folder, its ports", () => {
  const program = operatorFiles().get("operator/base/program.yaml") ?? "";
  const [, user = ""] = /runAsUser: (\d+)/.exec(program) ?? [];
  assertEquals(FINAL.filter(({ name }) => name === "USER").map(({ rest }) => rest), [
    `${user}:${user}`,
  ]);
  assertEquals(user === "0" || user === "", false);
  const [, cache = ""] = /--cache-dir=([\w/]+)/.exec(program) ?? [];
  assertStringIncludes(FINAL.map(({ rest }) => rest).join("\n"), `--mode=0700 ${cache}`);
  const ports = [...program.matchAll(/containerPort: (\d+)/g)].map(([, port]) => port);
  assertEquals(argumentsOf("EXPOSE").join(" ").split(" ").sort(), ports.sort());
});

Deno.test("the image holds the programs that the binary may run, and ssh for git", () => {
  const text = FINAL.map(({ rest }) => rest).join("\n");
  const [, list = ""] = /--allow-run=(\S+)/.exec(
    permissionArguments({ system: "linux" }).join("\n"),
  ) ?? [];
  // Every Debian has the shell.
  const programs = list.split(",").filter((program) => program !== "sh");
  for (const program of [...programs, "openssh-client", "ca-certificates"]) {
    assertMatch(text, new RegExp(`--no-install-recommends [^&]*\\b${program}\\b`));
  }
});

Deno.test("the image starts without a shell, and leaves probes to Kubernetes", () => {
  assertEquals(argumentsOf("HEALTHCHECK"), []);
  assertEquals(argumentsOf("ENTRYPOINT"), ['["/usr/local/bin/meshwright"]']);
  assertEquals(argumentsOf("CMD"), ['["run"]']);
  for (const label of ["title", "licenses", "revision", "version"]) {
    assertStringIncludes(argumentsOf("LABEL").join("\n"), `org.opencontainers.image.${label}=`);
  }
});

Deno.test("the image that is made without Docker starts as the Dockerfile says", () => {
  const stage = lastStage(DOCKERFILE, { COMMIT: "0123456789ab" });
  assertEquals(configOf(stage), {
    env: { HOME: "/var/cache/meshwright", ...MEMORY_ENV },
    labels: {
      "org.opencontainers.image.description":
        "Pulsar functions and connectors on Kubernetes, straight from Git",
      "org.opencontainers.image.licenses": settings.license,
      "org.opencontainers.image.revision": "0123456789ab",
      "org.opencontainers.image.title": "Meshwright",
      "org.opencontainers.image.version": settings.version,
    },
    user: "65532:65532",
    exposedPorts: ["8080/tcp", "8000/tcp", "9443/tcp"],
    entrypoint: ["/usr/local/bin/meshwright"],
    cmd: ["run"],
  });
  assertEquals(stage.copies, [
    { stage: "build", source: "/meshwright", target: "/usr/local/bin/meshwright" },
    { source: "LICENSE", target: "/usr/share/doc/meshwright/LICENSE" },
  ]);
  assertMatch(stage.from, /^debian:13\./);
  assertMatch(
    stage.script,
    /^apt-get update && apt-get install .*&& install --directory --owner=65532/,
  );
});

Deno.test("lastStage() refuses what it would have to leave out", () => {
  const told = (line: string) => () => lastStage(`FROM debian:13.2-slim\n${line}\n`, {});
  assertThrows(told("VOLUME /data"), Error, "Cannot follow VOLUME");
  assertThrows(told("COPY --chown=1:1 a b"), Error, "Cannot follow COPY --chown=1:1 a b");
  assertThrows(told('LABEL version="${V}"'), Error, "no argument V");
  assertThrows(told("CMD run"), SyntaxError);
});
