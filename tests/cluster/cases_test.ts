import { customResourceDefinitions } from "#api";
import { type KubeObject, systemClock } from "#base";
import { installDefinitions } from "#kube";
import { assertEquals, assertMatch, assertNotMatch, assertStringIncludes } from "@std/assert";
import { parseAll } from "@std/yaml";
import { type CaseInput, caseInputs, type CaseName } from "../support/cases.ts";
import { eventually, testCluster } from "../support/control_plane.ts";
import { gitServer } from "../support/git_server.ts";
import { temporaryFolder } from "../support/git_repository.ts";
import { configMapText, isWrite, type SyncStory, syncStory } from "../support/sync_story.ts";
import { type RunningLoop, runningLoop } from "../support/running_loop.ts";
import { testClient } from "../support/transport.ts";

const cluster = testCluster();

/** Runs a test on each input of a case. */
async function caseTest(
  name: CaseName,
  expectation: string,
  test: (input: CaseInput) => Promise<void>,
): Promise<void> {
  for (const input of await caseInputs(name)) {
    Deno.test(`case ${name} (${input.origin}): ${expectation}`, () => test(input));
  }
}

/** Commits a text as the only manifest, and makes a pass. */
async function passWith(story: SyncStory, text: string): Promise<void> {
  await story.repository.commit({ "meshes/case.yaml": text });
  await story.pass();
}

/** A story that follows `meshes/` into its own namespace, whatever namespaces are written. */
async function startedStory(spec: Record<string, unknown> = {}): Promise<SyncStory> {
  const story = await syncStory(cluster);
  await story.sync({ targetNamespace: story.namespace, ...spec });
  return story;
}

/** The whole program on one manifest, with what it watches. */
async function startedLoop(text: string): Promise<RunningLoop> {
  const loop = await runningLoop(cluster);
  await loop.repository.commit({ "shop/case.yaml": text });
  await loop.sync("shop", { targetNamespace: loop.namespace });
  return loop;
}

/** Asks for another look at Git, and waits until it is over: what was about to be corrected is by then. */
async function lookedAgain(loop: RunningLoop): Promise<void> {
  await loop.look("shop");
  await eventually(async () => {
    const sync = await loop.read("shop");
    return sync?.status?.lastHandledReconcileAt ===
      sync?.metadata.annotations?.["reconcile.functionmesh.io/requestedAt"];
  });
}

async function get<T = KubeObject>(story: SyncStory, name: string): Promise<T> {
  return await cluster.get<T>([name, "-n", story.namespace]);
}

async function isThere(story: SyncStory, name: string): Promise<boolean> {
  const answer = await cluster.tryKubectl(["get", name, "-n", story.namespace]);
  return answer.code === 0;
}

/** Everything that people may see of a sync. */
async function shown(story: SyncStory): Promise<string> {
  return [JSON.stringify(await story.status()), JSON.stringify(story.events), ...story.logs]
    .join("\n");
}

/** The objects that passes without a change write: none. */
async function assertCalm(story: SyncStory): Promise<void> {
  story.requests();
  await story.pass();
  await story.pass();
  const writes = story.requests().filter((request) =>
    isWrite(request) && !request.endsWith("MeshSync")
  );
  assertEquals(writes, []);
}

function objectsIn(text: string): KubeObject[] {
  return (parseAll(text) as KubeObject[]).filter((object) => object !== null);
}

await caseTest(
  "02-secret-stringdata",
  "a key that leaves Git leaves the cluster",
  async (input) => {
    await using story = await startedStory();
    for (const file of ["v1.yaml", "v2.yaml"]) {
      await passWith(story, input.files[file] ?? "");
      const [object] = objectsIn(
        input.files[file] ?? "",
      ) as (KubeObject & Record<string, object>)[];
      const keys = Object.keys({ ...object?.["data"], ...object?.["stringData"] });
      const stored = await get<{ data: Record<string, string> }>(
        story,
        `secret/${object?.metadata.name}`,
      );
      assertEquals(Object.keys(stored.data).sort(), keys.sort(), await story.ready());
    }
    await assertCalm(story);
  },
);

await caseTest(
  "03-secret-number",
  "what is no text is refused, and its value nowhere",
  async (input) => {
    for (const text of Object.values(input.files)) {
      await using story = await startedStory();
      await passWith(story, text);
      assertMatch(await story.ready(), /^False InvalidManifests: .*meshes\/case\.yaml:5: Secret\//);
      assertNotMatch(await shown(story), /hunter2|81726354|s3cretvalue|2718|92837465|l1st|n0t\*/);
    }
  },
);

await caseTest("06-job-ttl", "a Job that finished and was removed is done", async (input) => {
  await using loop = await startedLoop(input.files["job.yaml"] ?? "");
  const name = `job/${objectsIn(input.files["job.yaml"] ?? "")[0]?.metadata.name}`;
  const uid = async () => {
    const command = ["get", name, "-n", loop.namespace, "-o", "jsonpath={.metadata.uid}"];
    return (await cluster.tryKubectl(command)).stdout;
  };
  const first = await eventually(async () => await uid() || undefined);
  await eventually(async () => await uid() !== first);
  await lookedAgain(loop);
  assertEquals(await uid(), "", "it runs again");
});

await caseTest(
  "06-job-ttl",
  "a Job that changed says so, and is replaced on request",
  async (input) => {
    await using story = await startedStory();
    const text = input.files["migrate.yaml"] ?? "";
    await passWith(story, text);
    const changed = text.replace(/:1"/, ':2"');
    await passWith(story, changed);
    assertMatch(
      await story.ready(),
      /^False .*spec\.template.*immutable.*gitops\.functionmesh\.io\/replace/s,
    );
    const annotated = changed.replace(
      "metadata: {",
      'metadata: {annotations: {gitops.functionmesh.io/replace: "true"}, ',
    );
    await passWith(story, annotated);
    await story.pass();
    const name = `job/${objectsIn(text)[0]?.metadata.name}`;
    await eventually(async () => JSON.stringify(await get(story, name)).includes(':2"'));
  },
);

await caseTest("08-duplicate-env", "the API server refuses wrong types", async (input) => {
  await using client = testClient(await cluster.access());
  const options = { fieldManager: "meshwright", clock: systemClock };
  await installDefinitions(client.cluster, customResourceDefinitions(), options);
  for (const [file, text] of Object.entries(input.files)) {
    if (file === "deployment.yaml") continue;
    const command = ["create", "--dry-run=server", "-n", "default", "-f", "-"];
    const stdin = text.replaceAll("namespace: shop", "namespace: default");
    const { code, stderr } = await cluster.tryKubectl(command, { stdin });
    assertEquals(code, 1, file);
    assertMatch(stderr, /must be of type/);
  }
});

await caseTest(
  "08-duplicate-env",
  "a name given twice is refused with its field",
  async (input) => {
    await using story = await startedStory();
    const text = input.files["deployment.yaml"] ?? "";
    await passWith(story, text);
    const ready = await story.ready();
    assertMatch(ready, /^False ApplyFailed: /);
    assertStringIncludes(ready, ".env: duplicate entries for key");
    assertEquals(/marker|foo/.test(ready), false, "no value is said");
    const [{ kind, metadata } = { kind: "", metadata: { name: "" } }] = objectsIn(text);
    const command = ["get", kind, metadata.name, "-n", story.namespace];
    assertEquals((await cluster.tryKubectl(command)).code, 1);
  },
);

await caseTest(
  "09-exported",
  "an exported object is applied once, and then it is calm",
  async (input) => {
    const files = Object.entries(input.files).filter(([file]) => file !== "owned.yaml");
    const text = files.map(([, content]) => content).join("---\n");
    await using loop = await startedLoop(text);
    const applied = () =>
      Promise.all(
        objectsIn(text).map(async ({ kind, metadata }) => {
          const command = [kind, metadata.name, "-n", loop.namespace, "--show-managed-fields"];
          const live = await cluster.get<Managed>(command);
          const times = live.metadata.managedFields
            .filter(({ manager }) => manager.startsWith("meshwright-sync/"))
            .map(({ manager, time }) => `${manager} ${time}`);
          return [live.metadata.uid, ...times];
        }),
      );
    await eventually(applied);
    await lookedAgain(loop);
    const before = await applied();
    await lookedAgain(loop);
    assertEquals(await applied(), before);
  },
);

interface Managed {
  readonly metadata: {
    readonly uid: string;
    readonly managedFields: readonly { readonly manager: string; readonly time: string }[];
  };
}

await caseTest(
  "10-crd-version-dropped",
  "what leaves with its API version is deleted",
  async (input) => {
    await using story = await startedStory();
    const file = (name: string) => input.files[name] ?? "";
    await story.repository.commit({
      "meshes/crd.yaml": file("crd-v1beta1.yaml"),
      "meshes/objects.yaml": file("widgets.yaml"),
    });
    await story.pass();
    const plural = objectsIn(file("crd-v1.yaml"))[0]?.metadata.name ?? "";
    const names = async () =>
      (await cluster.get<{ items: KubeObject[] }>([plural, "-n", story.namespace])).items
        .map((object) => object.metadata.name);
    assertEquals(await names(), ["w1", "w2"], await story.ready());
    const [first = ""] = file("widgets.yaml").split("---\n");
    await story.repository.commit({
      "meshes/crd.yaml": file("crd-v1.yaml"),
      "meshes/objects.yaml": first.replace("/v1beta1", "/v1"),
    });
    await eventually(async () => {
      await story.pass();
      return (await names()).join() === "w1";
    });
    await cluster.kubectl(["delete", "crd", plural, "--wait=false"]);
  },
);

for (const name of ["13-hpa-below-min", "17-keda-function"] as const) {
  await caseTest(name, "the number of an autoscaler stays", async (input) => {
    const text = input.files["a.yaml"] ?? "";
    await using loop = await startedLoop(text);
    const targets = objectsIn(text).flatMap(({ spec }) => {
      const { scaleTargetRef, minReplicas } = spec as unknown as Autoscaler;
      return scaleTargetRef === undefined
        ? []
        : [{ name: `${scaleTargetRef.kind.toLowerCase()}/${scaleTargetRef.name}`, minReplicas }];
    });
    const read = async (name: string) => await cluster.get<Scaled>([name, "-n", loop.namespace]);
    for (const { name, minReplicas } of targets) {
      const isScaled = async () => (await read(name)).spec.replicas === minReplicas;
      await eventually(isScaled);
    }
    const before = await Promise.all(targets.map(({ name }) => read(name)));
    await lookedAgain(loop);
    const after = await Promise.all(targets.map(({ name }) => read(name)));
    const generations = (live: readonly Scaled[]) =>
      live.map(({ metadata }) => metadata.generation);
    assertEquals(generations(after), generations(before));
  });
}

interface Autoscaler {
  readonly scaleTargetRef?: { readonly kind: string; readonly name: string };
  readonly minReplicas: number;
}

interface Scaled {
  readonly metadata: { readonly generation: number };
  readonly spec: { readonly replicas: number };
}

await caseTest(
  "15-connector-catalog",
  "a kind that nobody serves holds up only itself",
  async (input) => {
    await using story = await startedStory();
    const text = input.files["a.yaml"] ?? "";
    const [unserved, beside] = objectsIn(text);
    await story.repository.commit({ "meshes/case.yaml": text });
    await eventually(async () => {
      await story.pass();
      return await isThere(story, `${beside?.kind.toLowerCase()}/${beside?.metadata.name}`);
    });
    assertMatch(await shown(story), new RegExp(unserved?.kind ?? ""));
  },
);

await caseTest("18-sha256-repository", "a repository of SHA-256 is followed", async (input) => {
  await using story = await startedStory();
  await using folder = await temporaryFolder();
  const git = async (...args: string[]) => {
    const identity = ["-c", "user.name=Ada", "-c", "user.email=ada@example.org"];
    const command = new Deno.Command("git", { args: [...identity, ...args], cwd: folder.path });
    const { success, stderr } = await command.output();
    assertEquals(success, true, new TextDecoder().decode(stderr));
  };
  await git("init", "--quiet", "--initial-branch=main", "--object-format=sha256", "work");
  await Deno.mkdir(`${folder.path}/work/meshes`);
  await Deno.writeTextFile(`${folder.path}/work/meshes/cm.yaml`, input.files["cm.yaml"] ?? "");
  await git("-C", "work", "add", "--all");
  await git("-C", "work", "commit", "--quiet", "--message", "First");
  await using server = gitServer({ folder: folder.path });
  await story.sync({ targetNamespace: story.namespace, url: `${server.url}/work/.git` });
  await story.pass();
  assertMatch(await story.ready(), /^True /);
  assertEquals(await isThere(story, "configmap/from-sha256"), true);
});

await caseTest("19-hidden-folder", "a hidden folder that is named is read", async (input) => {
  await using story = await startedStory({ path: ".k8s" });
  await story.repository.commit({ ".k8s/cm.yaml": input.files["cm.yaml"] ?? "" });
  await story.pass();
  assertMatch(await story.ready(), /^True .*: 1 object/);
});

Deno.test("case 25-git-refs: ranges of versions and annotated tags are followed, and what was chosen is said", async () => {
  await using story = await syncStory(cluster);
  const tag = async (name: string, ...more: string[]) => {
    await story.repository.commit({ "meshes/a.yaml": configMapText("a", name) });
    await story.repository.git("tag", ...more, name);
  };
  await tag("v1.10.0");
  await tag("v2.0.0-rc.1");
  await tag("release/v1.0.0", "--annotate", "--message=First");
  const wanted: readonly (readonly [Record<string, string>, string])[] = [
    [{ semver: ">=0.0.0-0" }, "v2.0.0-rc.1"],
    [{ semver: ">=1.0.0, <2.0.0" }, "v1.10.0"],
    [{ semver: ">=1.0.0 !=1.10.0 <2.0.0-0 || 1.10.0" }, "v1.10.0"],
    [{ tag: "release/v1.0.0" }, "release/v1.0.0"],
  ];
  for (const [ref, chosen] of wanted) {
    await story.sync({ ref });
    await story.pass();
    const said = await story.ready();
    assertMatch(said, /^True /, JSON.stringify(ref));
    const { data } = await get<{ data: { value: string } }>(story, "configmap/a");
    assertEquals(data.value, chosen, JSON.stringify(ref));
    assertEquals((await shown(story)).includes(chosen), true, said);
  }
});

Deno.test("case 26-symlinked-folder: a linked folder inside the repository is read, one that leads out is not", async () => {
  await using story = await startedStory();
  const { directory } = story.repository;
  await story.repository.commit({
    "base/cm.yaml": configMapText("linked", "1"),
    "meshes/own.yaml": configMapText("own", "1"),
  });
  await Deno.symlink("../base", `${directory}/meshes/base`);
  await story.repository.commit({});
  await story.pass();
  assertMatch(await story.ready(), /^True .*: 2 objects/);
  await Deno.symlink("../../elsewhere", `${directory}/meshes/out`);
  await story.repository.commit({});
  await story.pass();
  assertMatch(await story.ready(), /^False .*meshes\/out/);
});

await caseTest(
  "27-immutable",
  "what cannot be changed is named with what to do, without values",
  async (input) => {
    await using story = await startedStory();
    const text = input.files["a.yaml"] ?? "";
    await passWith(story, text);
    const changed = text.replaceAll(/(serviceName|app): \w+/g, "$1: other")
      .replace('a: "1"', 'a: "2"').replace('a: "pl41n-pw"', 'a: "pl41n-pw2"')
      .replaceAll(/image: "(.*?):\d"/g, 'image: "$1:3"');
    await passWith(story, changed);
    const said = await story.ready();
    assertMatch(said, /^False .*immutable/s);
    assertMatch(said, /gitops\.functionmesh\.io\/replace/);
    assertNotMatch(await shown(story), /pl41n-pw/);
  },
);
