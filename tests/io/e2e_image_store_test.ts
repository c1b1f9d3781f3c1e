import { assertEquals } from "@std/assert";
import { copyStore, largeImages } from "../../scripts/e2e/image_store.ts";

Deno.test("copyStore() links files of images and copies what containerd writes to", async () => {
  const folder = await Deno.makeTempDir();
  try {
    const [store, copy] = [`${folder}/store`, `${folder}/copy`];
    await Deno.mkdir(`${store}/snapshotter/snapshots/1/fs`, { recursive: true });
    const [database, file] = ["snapshotter/metadata.db", "snapshotter/snapshots/1/fs/own.db"];
    await Deno.writeTextFile(`${store}/${database}`, "one");
    await Deno.writeTextFile(`${store}/${file}`, "of an image", { mode: 0o640 });
    await copyStore(store, copy);
    const inodes = (path: string) =>
      Promise.all([store, copy].map(async (root) => (await Deno.stat(`${root}/${path}`)).ino));
    assertEquals(new Set(await inodes(file)).size, 1);
    assertEquals(new Set(await inodes(database)).size, 2);
    await Deno.writeTextFile(`${copy}/${database}`, "two");
    assertEquals(await Deno.readTextFile(`${store}/${database}`), "one");
    const names = await Array.fromAsync(Deno.readDir(`${copy}/snapshotter`), ({ name }) => name);
    assertEquals(names.sort(), ["metadata.db", "snapshots"]);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

Deno.test("largeImages() are those of half a gigabyte and more", async () => {
  const path = await Deno.makeTempFile();
  const archives = [{ reference: "localhost/x:1", path }];
  try {
    await Deno.truncate(path, (512 << 20) - 1);
    assertEquals(await largeImages(archives), []);
    await Deno.truncate(path, 512 << 20);
    assertEquals(await largeImages(archives), archives);
  } finally {
    await Deno.remove(path);
  }
});
