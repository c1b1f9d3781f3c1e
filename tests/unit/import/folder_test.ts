import { type Component, problems, withDefaults } from "#api";
import { functionDetails } from "#desired";
import { type FoundComponent, importedFolder, type ImportOptions } from "#import";
import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { comparable, type Details, pulsarAnswer, pulsarAnswers } from "./pulsar_answers.ts";

const OPTIONS: ImportOptions = { pulsarConfig: "pulsar" };

/** A function as the worker answers it, with what a test wants to see. */
function aFunction(more: Readonly<Record<string, unknown>>, name = "orders"): FoundComponent {
  const config = {
    ...{ tenant: "shop", namespace: "eu", name, className: "a.Orders", runtime: "JAVA" },
    inputSpecs: { "persistent://shop/eu/in": {} },
    ...more,
  };
  const types = { input: "java.lang.String", output: "java.lang.String" };
  return { kind: "Function", tenant: "shop", namespace: "eu", name, config, package: { types } };
}

function imported(...found: readonly FoundComponent[]) {
  const { files, isSound } = importedFolder(found, [], OPTIONS);
  const objects = files.flatMap(({ content }) => typeof content === "string" ? [] : [content]);
  const report = String(files.at(-1)?.content);
  return { objects, report, isSound, spec: objects[0]?.spec as Component["spec"] & Spec };
}
type Spec = Readonly<Record<string, unknown>>;

Deno.test("importedFolder() makes manifests that tell an instance what the worker of Pulsar 4.0.8 told it", () => {
  for (const { answer, details, kind } of pulsarAnswers()) {
    if (details === null) continue;
    const { source, sink } = details;
    const types = { input: source.typeClassName ?? "", output: sink.typeClassName ?? "" };
    const id = { tenant: "public", namespace: "default", name: answer.name };
    const { objects } = imported({ kind, ...id, config: answer, package: { types } });
    const resource = objects[0] as Component;
    assertEquals([answer.name, problems(resource)], [answer.name, []]);
    const ours = comparable(JSON.parse(functionDetails(withDefaults(resource)))) as Details;
    const theirs = comparable(withWhatIsSaid(details)) as Details;
    assertEquals(withoutLost(ours), withoutLost(theirs), answer.name);
  }
});

/** The name of a subscription that nobody named is said in a manifest. */
function withWhatIsSaid(details: Details): Details {
  const { name, namespace, source, tenant } = details;
  if (details.componentType === "SOURCE") return details;
  const subscriptionName = source["subscriptionName"] ?? `${tenant}/${namespace}/${name}`;
  const type = details.runtime === "PYTHON" ? { typeClassName: "[B" } : {};
  return {
    ...details,
    source: { ...source, subscriptionName, ...type },
    sink: { ...details.sink, ...type },
  };
}

/** Without what the report tells instead: secrets, and what no answer of the worker holds. */
function withoutLost(details: Details): unknown {
  const { skipToLatest: _skip, inputSpecs = {}, builtin: _builtin, ...source } = details.source;
  const { configs: _sourceConfigs, ...read } = source;
  const { configs: _configs, ...sink } = details.sink;
  // Sources are told their configuration twice here, as by the reference operator.
  const { secretsMap: _secrets, userConfig, ...own } = details;
  const rest = details.componentType === "SOURCE" ? own : { ...own, userConfig };
  const specs = Object.entries(inputSpecs).map(([topic, spec]) => {
    const { consumerProperties: _properties, poolMessages: _pool, ...others } = spec;
    return [topic, others];
  });
  return { ...rest, source: { ...read, inputSpecs: Object.fromEntries(specs) }, sink };
}

Deno.test("importedFolder() reports what the manifests of those answers leave out", () => {
  const found = pulsarAnswers().map(({ answer, kind }): FoundComponent => ({
    kind,
    ...{ tenant: "public", namespace: "default", name: answer.name, config: answer, package: {} },
  }));
  const { report, objects } = imported(...found);
  for (
    const line of [
      "Function `public/default/full` `customRuntimeOptions`",
      "`resources.disk`: cannot be asked for: pods have the node's disk (`1000000000`)",
      "Sink `public/default/printf` `inputSpecs[persistent://public/default/people2].poolMessages`",
      "- `printf-secrets` with `A`",
      "- `gen-secrets` with `password`",
      "- `s` with `k`",
      "`public/default/exclaim` `package`: the code is on the worker only",
      "`public/default/exclaim` `typeClassName`",
    ]
  ) assertStringIncludes(report, line);
  const all = JSON.stringify(objects) + report;
  assertEquals(["s3cret-pass", "k-12345"].filter((secret) => all.includes(secret)), []);
});

Deno.test("importedFolder() gives the same files in whatever order components come", () => {
  const found = ["b", "a", "C"].map((name) => aFunction({ output: "out" }, name));
  const there = importedFolder(found, [], OPTIONS);
  assertEquals(importedFolder([...found].reverse(), [], OPTIONS), there);
  assertEquals(there.files.map(({ name }) => name), [
    "function-c.yaml",
    "function-a.yaml",
    "function-b.yaml",
    "IMPORT.md",
  ]);
});

Deno.test("importedFolder() names the subscription and where it begins, also where Pulsar says neither", () => {
  const { spec } = imported(aFunction({}));
  assertEquals([spec["subscriptionName"], spec["subscriptionPosition"]], [
    "shop/eu/orders",
    "latest",
  ]);
  const named = imported(aFunction({ subName: "mine", subscriptionPosition: "Earliest" })).spec;
  assertEquals([named["subscriptionName"], named["subscriptionPosition"]], ["mine", "earliest"]);
});

Deno.test("importedFolder() has a line for each member that it does not know, and for each of a wrong type", () => {
  const { report } = imported(aFunction({
    ...{ brandNew: 7, timeoutMs: "soon", parallelism: 2 ** 40, inputs: "x", producerConfig: [] },
    inputSpecs: { "persistent://shop/eu/in": { priorityLevel: 3, receiverQueueSize: "many" } },
    windowConfig: { windowLengthCount: 3, eager: true },
  }));
  for (
    const line of [
      "`brandNew`: is a member that is not known here, left out (`7`)",
      '`timeoutMs`: is not a whole number of 32 bits, left out (`"soon"`)',
      "`parallelism`: is not a whole number of 32 bits, left out (`1099511627776`)",
      '`inputs`: is not a list of texts, left out (`"x"`)',
      "`producerConfig`: is not an object, left out (`[]`)",
      "`inputSpecs[persistent://shop/eu/in].priorityLevel`: is a member that is not known here",
      "`inputSpecs[persistent://shop/eu/in].receiverQueueSize`: is not a whole number",
      "`windowConfig.eager`: is a member that is not known here, left out (`true`)",
    ]
  ) assertStringIncludes(report, line);
});

Deno.test("importedFolder() never drops a member: each is in the manifest, in the report, or says nothing", () => {
  const nothing = ["tenant", "namespace", "name", "runtime", "inputSpecs"];
  for (const { answer, kind } of pulsarAnswers()) {
    for (const member of Object.keys(answer)) {
      if (nothing.includes(member)) continue;
      const wrong = { ...answer, [member]: [{ odd: 1 }] };
      const id = { tenant: "public", namespace: "default", name: answer.name };
      const { report } = imported({ kind, ...id, config: wrong, package: {} });
      assert(report.includes(`\`${member}\``), `${answer.name} ${member}\n${report}`);
    }
  }
});

Deno.test("importedFolder() writes no credential, wherever it stands", () => {
  const secret = "hunter2hunter2";
  const { objects, report } = imported(
    aFunction({
      userConfig: {
        dbPassword: secret,
        nested: { apiKey: secret },
        url: `jdbc:x://u:${secret}@h/`,
      },
      secrets: { KEY: secret, OTHER: { path: "vault/x", key: secret } },
      runtimeFlags: `-Xmx1g -Djavax.net.ssl.keyStorePassword=${secret}`,
      customRuntimeOptions: `{"password":"${secret}"}`,
      strange: { token: secret },
      inputSpecs: {
        "persistent://shop/eu/in": {
          consumerProperties: { "sasl.password": secret },
          cryptoConfig: { cryptoKeyReaderConfig: { privateKey: secret } },
        },
      },
      jar: `https://u:${secret}@h/a.jar`,
    }),
    {
      ...aFunction({ configs: { password: secret, list: [`token=${secret}`], ok: 1 } }, "gen"),
      kind: "Source",
    },
  );
  assertEquals((JSON.stringify(objects) + report).includes(secret), false);
  for (
    const path of [
      "userConfig.dbPassword",
      "userConfig.nested.apiKey",
      "userConfig.url",
      "runtimeFlags",
    ]
  ) {
    assertStringIncludes(report, `\`${path}\``);
  }
  assertEquals((objects[1]?.spec as Spec)["secretsMap"], {
    password: { path: "gen-secrets", key: "password" },
  });
});

Deno.test("importedFolder() keeps foreign texts from ending a line, a span or a table of the report", () => {
  const evil = "a`\n| b |\r\n# c\u2028\u202e";
  const { report } = imported(aFunction({ [evil]: evil, subName: evil }));
  const lines = report.split("\n");
  assertEquals(lines.filter((line) => /^# c|^\| b/.test(line)), []);
  assertEquals(/[\r\u2028\u202e]/.test(report), false);
});

Deno.test("importedFolder() gives Java the flags that the worker gave it, and instances the true parallelism", () => {
  const { spec } = imported(aFunction({ parallelism: 3, runtimeFlags: "-Xmx1g -Da=b" }));
  assertEquals([spec["replicas"], spec["showPreciseParallelism"]], [3, true]);
  assertEquals([spec["runtimeFlags"], spec.java?.javaOpts], ["-Xmx1g -Da=b", ["-Xmx1g -Da=b"]]);
  const optionsOf = (runtimeFlags: string) => {
    const { spec } = imported(aFunction({ runtimeFlags }));
    return spec.java?.javaOpts;
  };
  // Instances are told G1, and a JVM that is told two collectors does not start.
  const other = "-Da=b -XX:+UseSerialGC -Xmx1g";
  assertEquals(optionsOf(other), ["-XX:-UseG1GC", other]);
  for (const same of ["-XX:+UseG1GC", "-XX:-UseSerialGC", "-Da=-XX:+UseZGC"]) {
    assertEquals(optionsOf(same), [same]);
  }
});

Deno.test("importedFolder() uses a package that can be downloaded, and names one that cannot", () => {
  const url = imported(aFunction({ jar: "https://files.example/a.jar" })).spec;
  assertEquals(url.java?.jarLocation, "https://files.example/a.jar");
  const uploaded = aFunction({});
  const location = "function://shop/eu/orders@import-1";
  const moved = imported({ ...uploaded, package: { ...uploaded.package, location } });
  assertEquals([moved.spec.java?.jarLocation, moved.report.includes("package")], [location, false]);
  const { report } = imported(aFunction({ jar: "builtin://orders" }));
  assertStringIncludes(report, 'the code (`"builtin://orders"`) is on the worker only');
});

Deno.test("importedFolder() names a Python file after its module, and an archive as one", () => {
  const python = { runtime: "PYTHON", className: "shop.orders.Orders" };
  assertEquals((imported(aFunction(python)).spec.python as Spec)["py"], "/pulsar/tmp/shop.py");
  const zipped = { ...aFunction(python), package: { isArchive: true } };
  assertEquals((imported(zipped).spec.python as Spec)["py"], "/pulsar/tmp/shop.zip");
});

Deno.test("importedFolder() is not sound where a manifest does not pass, and says why", () => {
  const { isSound, report } = imported(aFunction({ inputSpecs: {} }));
  assertEquals(isSound, false);
  assertStringIncludes(report, "`spec.input`: names no topic");
});

Deno.test("importedFolder() makes valid names that differ, whatever the names in Pulsar", () => {
  const twice = aFunction({}, "orders");
  const elsewhere: FoundComponent = { ...twice, tenant: "b_2", config: {} };
  const odd = aFunction({}, "Orders");
  const long = aFunction({}, "x".repeat(60));
  const { objects } = imported(
    twice,
    elsewhere,
    odd,
    long,
    aFunction({}, "=:"),
    aFunction({}, "9a"),
  );
  const names = objects.map(({ metadata }) => metadata.name);
  assertEquals(new Set(names).size, names.length);
  for (const name of names) {
    assert(/^[a-z][a-z0-9-]{0,42}$/.test(name) && !name.endsWith("-"), name);
  }
  assert(names.includes("b-2-eu-orders"), names.join());
});

Deno.test("importedFolder() groups what shares topics into meshes, by any spelling of a topic", () => {
  const first = aFunction({ output: "mid" }, "first");
  const second = aFunction({ inputSpecs: { "persistent://public/default/mid": {} } }, "second");
  const alone = aFunction({ inputSpecs: { other: {} } }, "alone");
  const odd = aFunction({ inputSpecs: { mid: {} } }, "Odd_Name");
  const { files } = importedFolder([first, second, alone, odd], [], { ...OPTIONS, mesh: "shop" });
  assertEquals(files.map(({ name }) => name), [
    "mesh-shop.yaml",
    "function-odd-name.yaml",
    "function-alone.yaml",
    "IMPORT.md",
  ]);
  const mesh = files[0]?.content as { readonly spec: { readonly functions: readonly Spec[] } };
  assertEquals(mesh.spec.functions.map(({ name }) => name), ["first", "second"]);
  assertStringIncludes(String(files.at(-1)?.content), "stays out of the mesh");
});

Deno.test("importedFolder() takes the older members for inputs in the order in which Pulsar does", () => {
  const { spec } = imported(aFunction({
    inputs: ["a", "b"],
    topicsPattern: "persistent://shop/eu/p-.*",
    customSerdeInputs: { a: "my.Serde" },
    customSchemaInputs: { b: "AVRO" },
    inputSpecs: { c: { isRegexPattern: true }, d: { regexPattern: false, receiverQueueSize: 0 } },
  }));
  assertEquals(spec["input"] as unknown, {
    typeClassName: "java.lang.String",
    sourceSpecs: {
      a: { serdeClassname: "my.Serde" },
      b: { schemaType: "AVRO" },
      c: { isRegexPattern: true },
      d: { receiverQueueSize: 0 },
      "persistent://shop/eu/p-.*": { isRegexPattern: true },
    },
  });
});

Deno.test("importedFolder() says that what runs nowhere will run", () => {
  const { answer, kind } = pulsarAnswer("gen");
  const id = { tenant: "public", namespace: "default", name: "gen" };
  const { report } = imported({ kind, ...id, config: answer, package: {}, state: "stopped" });
  assertStringIncludes(report, "does not run in the worker now");
});
