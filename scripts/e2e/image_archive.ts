/**
 * Images without an image tool: an OCI image is a tar file of layers, which are tar files too, and some JSON that names
 * them by their SHA-256 (https://github.com/opencontainers/image-spec, layout and manifest of version 1).
 */
import { createHash } from "node:crypto";
import { removeTree } from "./stored.ts";
import { endBlocks, padding, tarHeader } from "./tar.ts";

/** An image as an OCI archive: a tar file with `oci-layout`, `index.json` and blobs. */
export interface ImageArchive {
  /** Its name with a tag, e.g. `localhost/meshwright:0.1.0`. */
  readonly reference: string;
  readonly path: string;
}

/** A layer: an uncompressed tar file. Images of this machine for this machine gain nothing by compression. */
export interface Layer {
  readonly path: string;
  /** `sha256:…` of the file. */
  readonly digest: string;
  readonly sizeBytes: number;
}

/** How a container of the image is started. */
export interface ImageConfig {
  readonly env?: Readonly<Record<string, string>>;
  /** `uid:gid` */
  readonly user?: string;
  readonly workingFolder?: string;
  readonly entrypoint?: readonly string[];
  readonly cmd?: readonly string[];
  readonly labels?: Readonly<Record<string, string>>;
  /** Such as `8080/tcp`. */
  readonly exposedPorts?: readonly string[];
  /** When it was made, RFC 3339: of the sources, not of the clock, so that same sources give same bytes. */
  readonly created?: string;
}

/** What an archive is made of. */
export interface ImageParts {
  readonly reference: string;
  readonly layers: readonly Layer[];
  readonly config: ImageConfig;
  readonly signal?: AbortSignal | undefined;
}

const MEDIA = "application/vnd.oci.image";

/** Processor architecture in the words of OCI. */
export function architecture(): "amd64" | "arm64" {
  return Deno.build.arch === "aarch64" ? "arm64" : "amd64";
}

/** Size and digest of a tar file. */
export async function layerOf(path: string): Promise<Layer> {
  using file = await Deno.open(path);
  const hash = createHash("sha256");
  let sizeBytes = 0;
  const chunk = new Uint8Array(1 << 20);
  for (let read = await file.read(chunk); read !== null; read = await file.read(chunk)) {
    hash.update(chunk.subarray(0, read));
    sizeBytes += read;
  }
  return { path, digest: `sha256:${hash.digest("hex")}`, sizeBytes };
}

/**
 * Writes an archive; the same parts give the same bytes. It appears at `path` whole or not at all.
 *
 * @throws {Deno.errors.NotFound} when a layer is gone
 */
export async function writeImageArchive(path: string, parts: ImageParts): Promise<ImageArchive> {
  const unfinished = `${path}.unfinished`;
  try {
    using file = await Deno.open(unfinished, { create: true, write: true, truncate: true });
    for (const blob of blobsOf(parts)) {
      await writeAll(file, tarHeader(blob.name, { sizeBytes: blob.bytes.length }));
      await writeAll(file, blob.bytes);
      await writeAll(file, padding(blob.bytes.length));
    }
    for (const layer of layersOnce(parts.layers)) {
      await writeAll(file, tarHeader(blobName(layer.digest), layer));
      await copyLayer(layer, file, parts.signal);
      await writeAll(file, padding(layer.sizeBytes));
    }
    await writeAll(file, endBlocks());
  } catch (error) {
    await removeTree(unfinished);
    throw error;
  }
  await Deno.rename(unfinished, path);
  return { reference: parts.reference, path };
}

interface Blob {
  readonly name: string;
  readonly bytes: Uint8Array;
}

/** All that is no layer, readers' entry points first. */
function blobsOf({ reference, layers, config }: ImageParts): Blob[] {
  const configBytes = jsonBytes(configJson(config, layers));
  const manifest = jsonBytes({
    schemaVersion: 2,
    mediaType: `${MEDIA}.manifest.v1+json`,
    config: described(configBytes, `${MEDIA}.config.v1+json`),
    layers: layers.map(({ digest, sizeBytes }) => ({
      mediaType: `${MEDIA}.layer.v1.tar`,
      digest,
      size: sizeBytes,
    })),
  });
  const index = jsonBytes({
    schemaVersion: 2,
    mediaType: `${MEDIA}.index.v1+json`,
    manifests: [{
      ...described(manifest, `${MEDIA}.manifest.v1+json`),
      platform: { architecture: architecture(), os: "linux" },
      // The first is what containerd names an image by, the second what other tools look for.
      annotations: {
        "io.containerd.image.name": fullReference(reference),
        "org.opencontainers.image.ref.name": reference,
      },
    }],
  });
  return [
    { name: "oci-layout", bytes: jsonBytes({ imageLayoutVersion: "1.0.0" }) },
    { name: "index.json", bytes: index },
    { name: blobName(digestOf(manifest)), bytes: manifest },
    { name: blobName(digestOf(configBytes)), bytes: configBytes },
  ];
}

/**
 * A reference as Kubernetes asks for it: without a registry it is one of Docker Hub's.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { fullReference } from "./image_archive.ts";
 * assertEquals(fullReference("meshwright:1"), "docker.io/library/meshwright:1");
 * assertEquals(fullReference("localhost/meshwright:1"), "localhost/meshwright:1");
 * assertEquals(fullReference("somebody/meshwright:1"), "docker.io/somebody/meshwright:1");
 * ```
 */
export function fullReference(reference: string): string {
  const [first = "", ...rest] = reference.split("/");
  if (rest.length === 0) return `docker.io/library/${reference}`;
  return first === "localhost" || /[.:]/.test(first) ? reference : `docker.io/${reference}`;
}

function configJson(config: ImageConfig, layers: readonly Layer[]): unknown {
  const { env = {}, user, workingFolder, entrypoint, cmd, labels, exposedPorts } = config;
  const path = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";
  const variables = Object.entries({ PATH: path, ...env });
  return {
    ...(config.created === undefined ? {} : { created: config.created }),
    architecture: architecture(),
    os: "linux",
    config: {
      ...(user === undefined ? {} : { User: user }),
      ...(exposedPorts === undefined
        ? {}
        : { ExposedPorts: Object.fromEntries([...exposedPorts].sort().map((port) => [port, {}])) }),
      Env: variables.map(([name, value]) => `${name}=${value}`).sort(),
      ...(entrypoint === undefined ? {} : { Entrypoint: entrypoint }),
      ...(cmd === undefined ? {} : { Cmd: cmd }),
      ...(workingFolder === undefined ? {} : { WorkingDir: workingFolder }),
      ...(labels === undefined
        ? {}
        : { Labels: Object.fromEntries(Object.entries(labels).sort()) }),
    },
    rootfs: { type: "layers", diff_ids: layers.map(({ digest }) => digest) },
  };
}

function described(bytes: Uint8Array, mediaType: string) {
  return { mediaType, digest: digestOf(bytes), size: bytes.length };
}

function digestOf(bytes: Uint8Array): string {
  return `sha256:${createHash("sha256").update(bytes).digest("hex")}`;
}

function blobName(digest: string): string {
  return `blobs/${digest.replace(":", "/")}`;
}

function jsonBytes(value: unknown): Uint8Array {
  return new TextEncoder().encode(JSON.stringify(value));
}

/** A layer that an image has twice is one blob. */
function layersOnce(layers: readonly Layer[]): Layer[] {
  return [...new Map(layers.map((layer) => [layer.digest, layer])).values()];
}

async function copyLayer(
  layer: Layer,
  to: Deno.FsFile,
  signal: AbortSignal | undefined,
): Promise<void> {
  using from = await Deno.open(layer.path);
  const chunk = new Uint8Array(1 << 20);
  let copied = 0;
  for (let read = await from.read(chunk); read !== null; read = await from.read(chunk)) {
    signal?.throwIfAborted();
    await writeAll(to, chunk.subarray(0, read));
    copied += read;
  }
  if (copied === layer.sizeBytes) return;
  throw new Error(
    `Cannot put layer ${layer.path} into an image: it has ${copied} bytes instead of ${layer.sizeBytes}`,
  );
}

async function writeAll(file: Deno.FsFile, bytes: Uint8Array): Promise<void> {
  for (let written = 0; written < bytes.length;) {
    written += await file.write(bytes.subarray(written));
  }
}
