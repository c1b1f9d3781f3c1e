import { assertEquals, assertMatch, assertNotEquals, assertRejects } from "@std/assert";
import settings from "../../deno.json" with { type: "json" };
import { anyBase } from "../../scripts/compile.ts";
import { layerOf } from "../../scripts/e2e/image_archive.ts";
import { isThere } from "../../scripts/e2e/stored.ts";
import { writeArchive } from "../../scripts/release/binary_archive.ts";
import {
  type CheckoutState,
  checkoutState,
  releaseProblems,
} from "../../scripts/release/checkout_state.ts";
import { changelogSection, releaseNotes } from "../../scripts/release/notes.ts";
import { makeRelease } from "../../scripts/release/release_folder.ts";
import { meshwright } from "../support/cli.ts";
import { ran } from "../support/programs.ts";
import { temporaryFolder } from "../support/git_repository.ts";

const CLEAN: CheckoutState = {
  commit: "0123456789ab",
  date: "2026-11-22",
  tagsHere: [],
  tags: ["v0.1.0"],
  commits: [{ id: "0123456789ab", subject: "Add more" }],
};

Deno.test("the changelog has a section of the version in deno.json", async () => {
  const section = changelogSection(await Deno.readTextFile("CHANGELOG.md"), settings.version);
  assertMatch(section ?? "", /^[^#]{40}/);
});

Deno.test("releaseNotes() takes the section of the version, or else the commits since the last one", () => {
  const changelog = "# Changelog\n\n## 0.2.0\n\n- More\n\n## 0.2.1\n";
  const { commits } = CLEAN;
  assertEquals(
    releaseNotes("0.2.0", { changelog, commits }),
    "# Meshwright 0.2.0\n\n- More\n",
  );
  assertEquals(
    releaseNotes("0.2", { changelog, commits }),
    "# Meshwright 0.2\n\n- Add more (0123456789ab)\n",
  );
});

Deno.test("releaseProblems() refuses changes, versions that there are, and tags of another version", () => {
  assertEquals(releaseProblems(CLEAN, "0.2.0"), []);
  assertEquals(releaseProblems({ ...CLEAN, tagsHere: ["v0.1.0"] }, "0.1.0"), []);
  assertEquals(releaseProblems({ ...CLEAN, commit: "0123456789ab+changes" }, "0.2.0"), [
    "the checkout differs from its commit: commit or remove the changes",
  ]);
  assertEquals(releaseProblems(CLEAN, "0.1.0"), [
    "v0.1.0 is another commit: raise the version in deno.json",
  ]);
  assertEquals(releaseProblems({ ...CLEAN, tagsHere: ["v0.1.0"] }, "0.2.0"), [
    "this commit is v0.1.0, and deno.json says 0.2.0",
  ]);
});

Deno.test("writeArchive() gives the same bytes for the same files, with their modes", async () => {
  await using folder = await temporaryFolder();
  const path = `${folder.path}/program`;
  await Deno.writeTextFile(path, "#!/bin/sh\necho it runs\n");
  const digests: string[] = [];
  for (const [name, mode] of [["one", 0o755], ["two", 0o755], ["three", 0o644]] as const) {
    await writeArchive(`${folder.path}/${name}.tar.gz`, [{ name: "in/program", path, mode }]);
    digests.push((await layerOf(`${folder.path}/${name}.tar.gz`)).digest);
  }
  assertEquals(digests[0], digests[1]);
  assertNotEquals(digests[0], digests[2]);
  await ran("tar", ["-xzf", `${folder.path}/one.tar.gz`, "-C", folder.path]);
  assertEquals(await ran(`${folder.path}/in/program`, []), "it runs");
});

Deno.test("makeRelease() makes what people get, with true checksums and a binary that tells its commit", async () => {
  await using folder = await temporaryFolder();
  const output = `${folder.path}/release`;
  await Deno.mkdir(output);
  await Deno.writeTextFile(`${output}/of-the-last-time`, "");
  const { target } = Deno.build;
  const { version } = settings;
  const state = await checkoutState();
  const image = "registry.example/meshwright:1";
  const names = await makeRelease({
    output,
    image,
    state,
    targets: [target],
    withImage: false,
    base: await anyBase(),
    progress: () => {},
  });
  const name = `meshwright-${version}-${target}`;
  const rest = ["LICENCES.md", "NOTES.md", "SHA256SUMS", "crds.yaml", "install.yaml"];
  assertEquals(names, [...rest, `${name}.tar.gz`, `meshwright-${version}.spdx.json`]);
  const checked = await ran("sha256sum", ["--check", "SHA256SUMS"], { cwd: output });
  assertEquals(
    checked.split("\n"),
    names.filter((one) => one !== "SHA256SUMS").map((one) => `${one}: OK`),
  );
  await ran("tar", ["-xzf", `${output}/${name}.tar.gz`, "-C", folder.path]);
  const binary = `${folder.path}/${name}/meshwright`;
  assertMatch(
    await ran(binary, ["--version"]),
    new RegExp(`^meshwright ${version} \\(commit ${state.commit.replace("+", "\\+")} of `),
  );
  const manifest = await Deno.readTextFile(`${output}/install.yaml`);
  assertEquals(await ran(binary, ["install", "--image", image]), manifest.trim());
  assertMatch(manifest, /image: '?registry\.example\/meshwright:1/);
  const { out } = await meshwright(["crds"]);
  assertEquals(await Deno.readTextFile(`${output}/crds.yaml`), `${out.join("\n")}\n`);
});

Deno.test("makeRelease() leaves nothing, and what was there, when a binary cannot be made", async () => {
  await using folder = await temporaryFolder();
  const output = `${folder.path}/release`;
  await Deno.mkdir(output);
  await Deno.writeTextFile(`${output}/of-the-last-time`, "");
  await assertRejects(
    () =>
      makeRelease({
        output,
        image: "meshwright:1",
        state: CLEAN,
        targets: ["vax-dec-ultrix"],
        withImage: false,
        progress: () => {},
      }),
    Error,
    "Cannot make a binary for vax-dec-ultrix here; name the targets that can be made with --only",
  );
  assertEquals(await isThere(`${output}/of-the-last-time`), true);
  assertEquals(await isThere(`${output}.unfinished`), false);
});
