import { assertEquals, assertNotEquals, assertRejects, assertThrows } from "@std/assert";
import { createHash } from "node:crypto";
import {
  architecture,
  type ImageConfig,
  layerOf,
  writeImageArchive,
} from "../../scripts/e2e/image_archive.ts";
import { packed } from "../../scripts/e2e/layers.ts";
import { endBlocks, padding, tarHeader } from "../../scripts/e2e/tar.ts";
import { ran } from "../support/programs.ts";
import { temporaryFolder } from "../support/git_repository.ts";

const quiet = { progress: () => {} };

/** Two layers of one file each, packed now. */
async function layersIn(folder: string) {
  const layers = [];
  for (const name of ["base", "top"]) {
    await Deno.mkdir(`${folder}/${name}/etc`, { recursive: true });
    await Deno.writeTextFile(`${folder}/${name}/etc/${name}`, `from ${name}\n`);
    layers.push(await packed(`${folder}/${name}`, { ...quiet, output: `${folder}/${name}.tar` }));
  }
  return layers;
}

/** What is in an archive, as tar reads it. */
async function unpacked(path: string, folder: string): Promise<string> {
  await Deno.mkdir(folder);
  await ran("tar", ["-xf", path, "-C", folder]);
  return folder;
}

interface Descriptor {
  readonly digest: string;
  readonly size: number;
  readonly annotations?: Readonly<Record<string, string>>;
}

/** The text of a blob, after a look at whether its name and size are true. */
async function blob(folder: string, { digest, size }: Descriptor): Promise<string> {
  const bytes = await Deno.readFile(`${folder}/blobs/${digest.replace(":", "/")}`);
  assertEquals(bytes.length, size);
  assertEquals(`sha256:${createHash("sha256").update(bytes).digest("hex")}`, digest);
  return new TextDecoder().decode(bytes);
}

const CONFIG: ImageConfig = {
  env: { HOME: "/home", ANSWER: "42" },
  user: "65532:65532",
  workingFolder: "/home",
  entrypoint: ["/bin/program"],
  cmd: ["run"],
  labels: { title: "t" },
  exposedPorts: ["9443/tcp", "8080/tcp"],
  created: "2026-01-02T00:00:00Z",
};

Deno.test("writeImageArchive() names every blob by its digest, from index to layers", async () => {
  await using folder = await temporaryFolder();
  const layers = await layersIn(folder.path);
  const reference = "program:1";
  const path = `${folder.path}/image.tar`;
  assertEquals(await writeImageArchive(path, { reference, layers, config: CONFIG }), {
    reference,
    path,
  });
  const top = await unpacked(path, `${folder.path}/unpacked`);
  const index = JSON.parse(await Deno.readTextFile(`${top}/index.json`));
  assertEquals(index.manifests.length, 1);
  const described: Descriptor = index.manifests[0];
  assertEquals(described.annotations, {
    "io.containerd.image.name": "docker.io/library/program:1",
    "org.opencontainers.image.ref.name": reference,
  });
  const manifest = JSON.parse(await blob(top, described));
  const config = JSON.parse(await blob(top, manifest.config));
  assertEquals(
    manifest.layers.map(({ digest }: Descriptor) => digest),
    layers.map(({ digest }) => digest),
  );
  for (const layer of manifest.layers) await blob(top, layer);
  assertEquals(config, {
    created: "2026-01-02T00:00:00Z",
    architecture: architecture(),
    os: "linux",
    config: {
      User: "65532:65532",
      ExposedPorts: { "8080/tcp": {}, "9443/tcp": {} },
      Env: [
        "ANSWER=42",
        "HOME=/home",
        "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
      ],
      Entrypoint: ["/bin/program"],
      Cmd: ["run"],
      WorkingDir: "/home",
      Labels: { title: "t" },
    },
    rootfs: { type: "layers", diff_ids: layers.map(({ digest }) => digest) },
  });
});

Deno.test("writeImageArchive() and packed() give the same bytes for the same parts, whenever", async () => {
  await using folder = await temporaryFolder();
  const digests: string[] = [];
  for (const name of ["one", "two"]) {
    const layers = await layersIn(`${folder.path}/${name}`);
    const path = `${folder.path}/${name}.tar`;
    await writeImageArchive(path, { reference: "program:1", layers, config: CONFIG });
    digests.push((await layerOf(path)).digest);
    // Times of files differ now by more than what any file system rounds to.
    await new Promise((resolve) => setTimeout(resolve, 1_100));
  }
  assertEquals(digests[0], digests[1]);
  const before = await layerOf(`${folder.path}/two/top.tar`);
  await Deno.chmod(`${folder.path}/two/top/etc/top`, 0o755);
  const output = `${folder.path}/two/mode.tar`;
  const executable = await packed(`${folder.path}/two/top`, { ...quiet, output });
  assertNotEquals(executable.digest, before.digest);
});

Deno.test("writeImageArchive() leaves nothing where a layer is missing or has changed", async () => {
  await using folder = await temporaryFolder();
  const layers = await layersIn(folder.path);
  const parts = { reference: "program:1", layers, config: CONFIG };
  await Deno.writeTextFile(`${folder.path}/top.tar`, "cut short");
  await assertRejects(
    () => writeImageArchive(`${folder.path}/image.tar`, parts),
    Error,
    "it has 9 bytes instead of",
  );
  await Deno.remove(`${folder.path}/top.tar`);
  await assertRejects(
    () => writeImageArchive(`${folder.path}/image.tar`, parts),
    Deno.errors.NotFound,
  );
  const left = [];
  for await (const { name } of Deno.readDir(folder.path)) left.push(name);
  assertEquals(left.sort(), ["base", "base.tar", "top"]);
});

Deno.test("packed() leaves out devices and takes no time later than its newest", async () => {
  await using folder = await temporaryFolder();
  const root = `${folder.path}/root`;
  await Deno.mkdir(`${root}/dev`, { recursive: true });
  await Deno.writeTextFile(`${root}/dev/null`, "");
  await Deno.writeTextFile(`${root}/old`, "");
  await Deno.utime(`${root}/old`, 86_400, 86_400);
  await Deno.writeTextFile(`${root}/new`, "");
  const { path } = await packed(root, { ...quiet, output: `${folder.path}/layer.tar` });
  const listing = await ran("tar", ["--utc", "--numeric-owner", "-tvf", path]);
  assertEquals(
    listing.split("\n").map((line) => line.split(/\s+/).slice(3).join(" ")),
    [
      "2026-01-01 00:00 ./",
      "2026-01-01 00:00 ./dev/",
      "2026-01-01 00:00 ./new",
      "1970-01-02 00:00 ./old",
    ],
  );
});

Deno.test("tarHeader() is one that tar reads, and refuses what does not fit", async () => {
  await using folder = await temporaryFolder();
  const text = new TextEncoder().encode("twelve bytes");
  const file = new Blob([
    ...[tarHeader("a/b", { sizeBytes: text.length }), text, padding(text.length), endBlocks()]
      .map((part) => new Uint8Array(part)),
  ]);
  await Deno.writeFile(`${folder.path}/a.tar`, new Uint8Array(await file.arrayBuffer()));
  assertEquals(file.size % 512, 0);
  assertEquals(await ran("tar", ["-xOf", `${folder.path}/a.tar`, "a/b"]), "twelve bytes");
  assertThrows(() => tarHeader("n".repeat(101), { sizeBytes: 1 }), RangeError, "too long");
  assertThrows(() => tarHeader("big", { sizeBytes: 8 ** 11 }), RangeError, "too long");
});
