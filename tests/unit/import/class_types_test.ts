import { type ClassTypes, classTypes, ZipArchive } from "#import";
import { assertEquals } from "@std/assert";
import { classBytes, zipArchive } from "../../support/java_archive.ts";

const FUNCTION = "org/apache/pulsar/functions/api/Function";
const { signal } = new AbortController();

type Classes = Readonly<Record<string, Parameters<typeof classBytes>[0]>>;

async function archiveOf(classes: Classes, isPacked = true): Promise<Uint8Array<ArrayBuffer>> {
  const files = Object.entries(classes).map(([name, head]) =>
    [`${name}.class`, classBytes(head)] as const
  );
  return await zipArchive(Object.fromEntries(files), { isPacked });
}

async function typesOf(
  classes: Classes,
  { isWindow = false, name = "a.Own" } = {},
): Promise<ClassTypes | undefined> {
  const archive = ZipArchive.of(await archiveOf(classes));
  return archive && await classTypes(archive, name, { isWindow, signal });
}

/** A class that gives a function these types. */
function giving(types: string): Classes {
  return { "a/Own": { signature: `Ljava/lang/Object;L${FUNCTION}<${types}>;` } };
}

Deno.test("classTypes() finds what a class gives Pulsar's interfaces", async () => {
  const string = "Ljava/lang/String;";
  const cases: Readonly<Record<string, ClassTypes>> = {
    [`${string}${string}`]: { input: "java.lang.String", output: "java.lang.String" },
    [`[B[${string}`]: { input: "[B", output: "[Ljava.lang.String;" },
    [`Ljava/util/Map<${string}[I>;La/Outer<TX;>.Inner;`]: {
      input: "java.util.Map",
      output: "a.Outer$Inner",
    },
    [`TT;*`]: { input: "java.lang.Object", output: "java.lang.Object" },
    [`${string}Lorg/apache/pulsar/functions/api/Record<[B>;`]: {
      input: "java.lang.String",
      output: "[B",
    },
    [`${string}Ljava/util/concurrent/CompletableFuture<+${string}>;`]: {
      input: "java.lang.String",
      output: "java.lang.String",
    },
  };
  for (const [types, expected] of Object.entries(cases)) {
    assertEquals([types, await typesOf(giving(types))], [types, expected]);
  }
});

Deno.test("classTypes() takes a window's type out of its collection, where it gets one", async () => {
  const collection = "Ljava/util/Collection<Ljava/lang/Integer;>;Ljava/lang/String;";
  const plain = {
    "a/Own": { signature: `Ljava/lang/Object;Ljava/util/function/Function<${collection}>;` },
  };
  const types = { input: "java.lang.Integer", output: "java.lang.String" };
  assertEquals(await typesOf(plain, { isWindow: true }), types);
  const window = "org/apache/pulsar/functions/api/WindowFunction";
  const own = {
    "a/Own": { signature: `Ljava/lang/Object;L${window}<Ljava/lang/Integer;Ljava/lang/String;>;` },
  };
  assertEquals(await typesOf(own, { isWindow: true }), types);
});

Deno.test("classTypes() follows superclasses, with what they are given", async () => {
  assertEquals(
    await typesOf({
      "a/Own": { superName: "a/Middle", signature: "La/Middle<Ljava/lang/Long;>;" },
      "a/Middle": { signature: `<T:Ljava/lang/Object;>La/Base<Ljava/lang/String;TT;>;` },
      "a/Base": {
        signature: `<A:Ljava/lang/Object;B::La/Any;>Ljava/lang/Object;L${FUNCTION}<TB;TA;>;`,
      },
    }),
    { input: "java.lang.Long", output: "java.lang.String" },
  );
});

Deno.test("classTypes() tells a source's output and a sink's input, also of bundled archives", async () => {
  const source = {
    "a/Own": { signature: "Ljava/lang/Object;Lorg/apache/pulsar/io/core/Source<[B>;" },
  };
  assertEquals(await typesOf(source), { output: "[B" });
  const sink = {
    "a/Own": { signature: "Ljava/lang/Object;Lorg/apache/pulsar/io/core/Sink<La/B;>;" },
  };
  const jar = await archiveOf(sink, false);
  const nar = ZipArchive.of(await zipArchive({ "META-INF/bundled-dependencies/x.jar": jar }));
  assertEquals(nar && await classTypes(nar, "a.Own", { isWindow: false, signal }), {
    input: "a.B",
  });
});

Deno.test("classTypes() has no answer for what is none, in a circle, or broken", async () => {
  assertEquals(await typesOf({}), undefined);
  assertEquals(await typesOf({ "a/Own": {} }), undefined);
  assertEquals(await typesOf({ "a/Own": { superName: "a/Own" } }), undefined);
  const broken = ["<", "L", "T", `L${FUNCTION}<`, "[".repeat(9_000), "<A", "Q", "La/B<".repeat(60)];
  for (const signature of broken) {
    assertEquals(await typesOf({ "a/Own": { signature } }), undefined);
  }
});

Deno.test("ZipArchive reads no further than its bytes, wherever they are cut or changed", async () => {
  const whole = await archiveOf(giving("[B[B"));
  for (let length = 0; length < whole.length; length++) {
    assertEquals(ZipArchive.of(whole.slice(0, length)), undefined);
  }
  for (let at = 0; at < whole.length; at++) {
    const changed = whole.slice();
    changed[at] = 0xff;
    const archive = ZipArchive.of(changed);
    // Any answer will do, as long as there is one.
    await (archive && classTypes(archive, "a.Own", { isWindow: false, signal }));
  }
});

Deno.test("ZipArchive unpacks no more than it is asked for", async () => {
  const archive = ZipArchive.of(
    await zipArchive({ big: new Uint8Array(100_000) }, { isPacked: true }),
  );
  assertEquals(await archive?.read("big", { bytesMax: 99_999, signal }), undefined);
  assertEquals((await archive?.read("big", { bytesMax: 100_000, signal }))?.length, 100_000);
});
