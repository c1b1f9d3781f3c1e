import { assert, assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import { createHash } from "node:crypto";
import { findBinaries, findNodeBinaries } from "../../scripts/control_plane/binaries.ts";
import { cacheFolder, withFolderLock } from "../../scripts/control_plane/cache.ts";
import { downloadPrograms } from "../../scripts/control_plane/download.ts";
import { PROGRAMS, type Release } from "../../scripts/control_plane/versions.ts";
import { eventually } from "../support/eventually.ts";
import { commandLinesWith } from "../support/processes.ts";

Deno.test("findBinaries() takes a complete KUBEBUILDER_ASSETS folder as it is", async () => {
  await using folder = await temporaryFolder();
  for (const name of PROGRAMS) await writeProgram(`${folder.path}/${name}`, "exit 1");
  const binaries = await findBinaries({ env: environment(folder.path, folder.path) });
  assertEquals(Object.values(binaries), PROGRAMS.map((name) => `${folder.path}/${name}`));
});

Deno.test("findBinaries() takes from a partial folder what fits, and the rest from the cache", async () => {
  await using assets = await temporaryFolder();
  await using cache = await temporaryFolder();
  await writeProgram(`${assets.path}/kube-apiserver`, "echo Kubernetes v1.36.9");
  await writeProgram(`${assets.path}/etcd`, "exit 1");
  const env = environment(assets.path, cache.path);
  const cached = cacheFolder(env);
  await Deno.mkdir(cached, { recursive: true });
  for (const name of PROGRAMS) await writeProgram(`${cached}/${name}`, "exit 1");
  const binaries = await findBinaries({ env });
  assertEquals(binaries["kube-apiserver"], `${assets.path}/kube-apiserver`);
  assertEquals(binaries.etcd, `${assets.path}/etcd`);
  assertEquals(binaries.kwok, `${cached}/kwok`);

  await writeProgram(`${assets.path}/kube-apiserver`, "echo Kubernetes v1.31.0");
  const lines: string[] = [];
  const others = await findBinaries({ env, progress: (line) => lines.push(line) });
  assertEquals(others["kube-apiserver"], `${cached}/kube-apiserver`);
  assertStringIncludes(lines[0] ?? "", 'its kube-apiserver is "Kubernetes v1.31.0"');
});

Deno.test("findNodeBinaries() gets what a node takes, and nothing else", async () => {
  await using assets = await temporaryFolder();
  await using cache = await temporaryFolder();
  await writeProgram(`${assets.path}/kubelet`, "exit 1");
  await using archive = await programArchive();
  await using server = releaseServer({ "/all.tar.gz": archive.bytes });
  const members = { "kube-proxy": "bin/kwok", kubectl: "bin/kubectl" };
  const nodes = await findNodeBinaries({
    env: environment(assets.path, cache.path),
    releases: [server.release("/all.tar.gz", members)],
  });
  assertEquals(nodes.kubelet, `${assets.path}/kubelet`);
  assertEquals(await Deno.readTextFile(nodes["kube-proxy"]), "program kwok");
  const folder = cacheFolder(environment(assets.path, cache.path));
  const names = await Array.fromAsync(Deno.readDir(folder), ({ name }) => name);
  assertEquals(names, ["kube-proxy"]);
});

Deno.test("findBinaries() does not take a file that is not executable", async () => {
  await using assets = await temporaryFolder();
  await using cache = await temporaryFolder();
  for (const name of PROGRAMS) await writeProgram(`${assets.path}/${name}`, "echo v1.36.1");
  await Deno.chmod(`${assets.path}/kwok`, 0o644);
  await using server = releaseServer({ "/kwok": new TextEncoder().encode("another kwok") });
  const binaries = await findBinaries({
    env: environment(assets.path, cache.path),
    releases: [server.release("/kwok", { kwok: "." })],
  });
  assertEquals(binaries.etcd, `${assets.path}/etcd`);
  assertEquals(await Deno.readTextFile(binaries.kwok), "another kwok");
});

Deno.test("findBinaries() shares one download among parallel callers", async () => {
  await using folder = await temporaryFolder();
  await using archive = await programArchive();
  await using server = releaseServer({ "/all.tar.gz": archive.bytes });
  const members = Object.fromEntries(PROGRAMS.map((name) => [name, `bin/${name}`]));
  const releases = [server.release("/all.tar.gz", members)];
  const lines: string[] = [];
  const options = {
    env: environment("", folder.path),
    releases,
    progress: (line: string) => lines.push(line),
  };
  const [one, two, three] = await Promise.all([
    findBinaries(options),
    findBinaries(options),
    findBinaries(options),
  ]);
  assertEquals(one, two);
  assertEquals(one, three);
  assertEquals(server.paths, ["/all.tar.gz"]);
  assertEquals(lines.filter((line) => line.startsWith("waiting for another")).length, 2);
  assertEquals(await Deno.readTextFile(one.kwok), "program kwok");
  assertEquals(await unfinished(folder.path), []);
});

Deno.test("downloadPrograms() refuses a file with another checksum and leaves nothing of it", async () => {
  await using folder = await temporaryFolder();
  await using server = releaseServer({ "/kwok": new TextEncoder().encode("changed") });
  const release = { ...server.release("/kwok", { kwok: "." }), checksum: "0".repeat(64) };
  const lines: string[] = [];
  await download([release], { folder: folder.path, lines });
  assertStringIncludes(lines.at(-1) ?? "", "not possible: refused: its sha256 is ");
  await assertRejects(() => Deno.stat(`${folder.path}/kwok`), Deno.errors.NotFound);
});

Deno.test("downloadPrograms() says why a release cannot be had, and goes on with the next", async () => {
  await using folder = await temporaryFolder();
  await using server = releaseServer({ "/etcd": new TextEncoder().encode("etcd!") });
  const gone = server.release("/gone", { kwok: "." });
  const lines: string[] = [];
  await download([gone, server.release("/etcd", { etcd: "." })], { folder: folder.path, lines });
  assertStringIncludes(lines[1] ?? "", "download 1/2");
  assertStringIncludes(lines[1] ?? "", "not possible: the server answered 404");
  assertEquals(await Deno.readTextFile(`${folder.path}/etcd`), "etcd!");
});

Deno.test("downloadPrograms() gives up on a host that takes connections and says nothing", async () => {
  await using folder = await temporaryFolder();
  using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const accepted = listener.accept();
  const url = `http://127.0.0.1:${listener.addr.port}/kwok`;
  const lines: string[] = [];
  await download([{ url, algorithm: "sha256", checksum: "", members: { kwok: "." } }], {
    folder: folder.path,
    lines,
  });
  (await accepted).close();
  assertStringIncludes(lines.at(-1) ?? "", "no answer within 5 s");
});

Deno.test("findBinaries() says what to install where it can neither download nor build", async () => {
  await using folder = await temporaryFolder();
  const script = `
    import { findBinaries, findNodeBinaries } from "./scripts/control_plane/binaries.ts";
    await findBinaries({ releases: [] });`;
  const { code, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["eval", script],
    clearEnv: true,
    env: { HOME: folder.path, PATH: folder.path, DENO_DIR: denoFolder(), NO_COLOR: "1" },
  }).output();
  const text = new TextDecoder().decode(stderr);
  assertEquals(code, 1);
  for (
    const part of ["Cannot prepare etcd, kube-apiserver", "Go 1.26 or newer", "KUBEBUILDER_ASSETS"]
  ) {
    assertStringIncludes(text, part);
  }
});

Deno.test("withFolderLock() is free again when its holder is killed", async () => {
  await using folder = await temporaryFolder();
  const script = `
    import { withFolderLock } from "./scripts/control_plane/cache.ts";
    await withFolderLock(Deno.args[0], () => {
      console.log("held");
      return new Promise((resolve) => setTimeout(resolve, 60_000));
    }, { progress: () => {} });`;
  const holder = new Deno.Command(Deno.execPath(), {
    args: ["eval", script, `${folder.path}/programs`],
    stdout: "piped",
  }).spawn();
  const reader = holder.stdout.getReader();
  assertEquals(new TextDecoder().decode((await reader.read()).value), "held\n");
  const lines: string[] = [];
  const next = withFolderLock(`${folder.path}/programs`, () => Promise.resolve("mine"), {
    progress: (line) => lines.push(line),
  });
  await eventually(() => lines.length > 0);
  assertStringIncludes(lines[0] ?? "", "waiting for another process");
  holder.kill("SIGKILL");
  assertEquals(await next, "mine");
  await holder.status;
  await reader.cancel();
});

Deno.test("an interrupted build leaves no program, no process, and does not hinder the next call", async () => {
  await using folder = await temporaryFolder();
  await Deno.mkdir(`${folder.path}/path`);
  // A Go that never ends, so that the interruption is sure to come in the middle.
  await writeProgram(`${folder.path}/path/go`, `[ "$1" = version ] && exit 0; sleep 600`);
  const script = `
    import { findBinaries, findNodeBinaries } from "./scripts/control_plane/binaries.ts";
    await findBinaries({ releases: [], progress: (line) => console.log(line) });`;
  const cache = `${folder.path}/cache`;
  const builder = new Deno.Command(Deno.execPath(), {
    args: ["eval", script],
    env: {
      MESHWRIGHT_CACHE: cache,
      KUBEBUILDER_ASSETS: "",
      PATH: `${folder.path}/path:${Deno.env.get("PATH")}`,
    },
    stdout: "null",
  }).spawn();
  const going = `${folder.path}/path/go build`;
  await eventually(async () => (await commandLinesWith(going)).length > 0);
  builder.kill("SIGKILL");
  await builder.status;
  await eventually(async () => (await commandLinesWith(going)).length === 0);

  await using archive = await programArchive();
  await using server = releaseServer({ "/all.tar.gz": archive.bytes });
  const members = Object.fromEntries(PROGRAMS.map((name) => [name, `bin/${name}`]));
  const releases = [server.release("/all.tar.gz", members)];
  const binaries = await findBinaries({ env: environment("", cache), releases });
  assertEquals(await Deno.readTextFile(binaries.etcd), "program etcd");
  assertEquals(await unfinished(cache), []);
});

interface TemporaryFolder extends AsyncDisposable {
  readonly path: string;
}

async function temporaryFolder(): Promise<TemporaryFolder> {
  const path = await Deno.makeTempDir();
  return { path, [Symbol.asyncDispose]: () => Deno.remove(path, { recursive: true }) };
}

function environment(assets: string, cache: string): Record<string, string> {
  return { KUBEBUILDER_ASSETS: assets, MESHWRIGHT_CACHE: cache };
}

async function writeProgram(path: string, script: string): Promise<void> {
  await Deno.writeTextFile(path, `#!/bin/sh\n${script}\n`);
  await Deno.chmod(path, 0o755);
}

async function programArchive(): Promise<AsyncDisposable & { readonly bytes: Uint8Array }> {
  const folder = await temporaryFolder();
  await Deno.mkdir(`${folder.path}/bin`);
  for (const name of PROGRAMS) {
    await Deno.writeTextFile(`${folder.path}/bin/${name}`, `program ${name}`);
  }
  const archive = `${folder.path}/all.tar.gz`;
  const { success } = await new Deno.Command("tar", {
    args: ["-czf", archive, "-C", folder.path, "bin"],
  }).output();
  assert(success);
  const bytes = await Deno.readFile(archive);
  return { bytes, [Symbol.asyncDispose]: () => folder[Symbol.asyncDispose]() };
}

function releaseServer(files: Readonly<Record<string, Uint8Array>>) {
  const paths: string[] = [];
  const server = Deno.serve(
    { hostname: "127.0.0.1", port: 0, onListen: () => {} },
    (request) => {
      const { pathname } = new URL(request.url);
      paths.push(pathname);
      const bytes = files[pathname];
      if (bytes === undefined) return new Response("no such file", { status: 404 });
      return new Response(Uint8Array.from(bytes));
    },
  );
  return {
    paths,
    release(path: string, members: Release["members"]): Release {
      return {
        url: `http://127.0.0.1:${server.addr.port}${path}`,
        algorithm: "sha256",
        checksum: createHash("sha256").update(files[path] ?? new Uint8Array()).digest("hex"),
        members,
      };
    },
    [Symbol.asyncDispose]: () => server.shutdown(),
  };
}

async function download(
  releases: readonly Release[],
  options: { readonly folder: string; readonly lines: string[] },
): Promise<void> {
  const temporary = `${options.folder}/temporary`;
  await Deno.mkdir(temporary);
  await downloadPrograms(releases, {
    temporary,
    folder: options.folder,
    names: PROGRAMS,
    progress: (line) => options.lines.push(line),
  });
}

async function unfinished(cache: string): Promise<readonly string[]> {
  const names: string[] = [];
  const parent = cacheFolder(environment("", cache)).replace(/\/[^/]*$/, "");
  for await (const { name } of Deno.readDir(parent)) {
    if (name.endsWith(".unfinished")) names.push(name);
  }
  return names;
}

function denoFolder(): string {
  return Deno.env.get("DENO_DIR") ?? `${Deno.env.get("HOME")}/.cache/deno`;
}
