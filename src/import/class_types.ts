import { classFile } from "./class_file.ts";
import { boundType, classSignature, type JavaType, OBJECT, typeName } from "./type_signature.ts";
import { ZipArchive } from "./zip.ts";

/** Classes of the messages that a component reads and writes. */
export interface ClassTypes {
  readonly input?: string;
  readonly output?: string;
}

const FUNCTION = "org/apache/pulsar/functions/api/Function";
const WINDOW_FUNCTION = "org/apache/pulsar/functions/api/WindowFunction";
const PLAIN_FUNCTION = "java/util/function/Function";
const SOURCES = ["org/apache/pulsar/io/core/Source", "org/apache/pulsar/io/core/BatchSource"];
const SINK = "org/apache/pulsar/io/core/Sink";
const TARGETS = [FUNCTION, WINDOW_FUNCTION, PLAIN_FUNCTION, SINK, ...SOURCES];
const RECORD = "org/apache/pulsar/functions/api/Record";
const FUTURE = "java/util/concurrent/CompletableFuture";
const BUNDLED = /^META-INF\/bundled-dependencies\/[^/]+\.jar$/;

/** Bytes of one class, of one bundled archive, and how far up a class is followed. */
const [CLASS_BYTES, ARCHIVE_BYTES, SUPERCLASSES_MAX] = [4 * 1024 ** 2, 256 * 1024 ** 2, 30];

/**
 * What a class of a package reads and writes, as the worker finds it out: by the types that it gives Pulsar's interfaces.
 * The worker's answers do not tell it. Undefined where the class is not there or says nothing.
 *
 * @param options.isWindow whether it gets collections of messages
 */
export async function classTypes(
  archive: ZipArchive,
  className: string,
  options: { readonly isWindow: boolean; readonly signal: AbortSignal },
): Promise<ClassTypes | undefined> {
  const name = className.replaceAll(".", "/");
  const home = await archiveWith(archive, `${name}.class`, options.signal);
  if (home === undefined) return undefined;
  const visit = { archive: home, signal: options.signal, left: { classes: SUPERCLASSES_MAX } };
  const found = await targetOf({ kind: "class", name, args: [] }, visit);
  if (found === undefined || found.kind !== "class") return undefined;
  const [first = OBJECT, second = OBJECT] = found.args;
  if (found.name === SINK) return { input: typeName(first) };
  if (SOURCES.includes(found.name)) return { output: typeName(first) };
  const isCollection = options.isWindow && found.name !== WINDOW_FUNCTION;
  return {
    input: typeName(isCollection ? argumentOf(first) : first),
    output: typeName(unwrapped(unwrapped(second, FUTURE), RECORD)),
  };
}

/** What a function answers later, or with properties around it. */
function unwrapped(type: JavaType, wrapper: string): JavaType {
  return type.kind === "class" && type.name === wrapper ? argumentOf(type) : type;
}

function argumentOf(type: JavaType): JavaType {
  return type.kind === "class" ? type.args[0] ?? OBJECT : OBJECT;
}

interface Visit {
  readonly archive: ZipArchive;
  readonly signal: AbortSignal;
  readonly left: { classes: number };
}

/** The type of Pulsar that a class is, with its arguments. */
async function targetOf(type: JavaType, visit: Visit): Promise<JavaType | undefined> {
  if (type.kind !== "class") return undefined;
  if (TARGETS.includes(type.name)) return type;
  if (visit.left.classes-- <= 0) return undefined;
  const bytes = await visit.archive.read(`${type.name}.class`, {
    bytesMax: CLASS_BYTES,
    signal: visit.signal,
  });
  const read = bytes === undefined ? undefined : classFile(bytes);
  if (read === undefined) return undefined;
  const signature = read.signature === undefined ? undefined : classSignature(read.signature);
  const bare = [read.superName ?? "", ...read.interfaceNames].map((name): JavaType => ({
    kind: "class",
    name,
    args: [],
  }));
  const bindings = new Map(
    (signature?.variables ?? []).map((name, index) => [name, type.args[index] ?? OBJECT] as const),
  );
  for (const supertype of signature?.supertypes ?? bare) {
    const found = await targetOf(boundType(supertype, bindings), visit);
    if (found !== undefined) return found;
  }
  return undefined;
}

/** The archive that holds a file: the package itself, or one that is bundled in it. */
async function archiveWith(
  archive: ZipArchive,
  file: string,
  signal: AbortSignal,
): Promise<ZipArchive | undefined> {
  if (archive.names.includes(file)) return archive;
  let bytesLeft = ARCHIVE_BYTES;
  for (const name of archive.names.filter((name) => BUNDLED.test(name))) {
    const bytes = await archive.read(name, { bytesMax: bytesLeft, signal });
    if (bytes === undefined) continue;
    bytesLeft -= bytes.length;
    const bundled = ZipArchive.of(bytes);
    if (bundled?.names.includes(file) === true) return bundled;
  }
  return undefined;
}
