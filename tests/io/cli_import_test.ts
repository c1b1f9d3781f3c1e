import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { folderWith, meshwright } from "../support/cli.ts";
import {
  type AdminAnswer,
  type FakeComponents,
  fakePulsarAdmin,
} from "../support/fake_pulsar_admin.ts";
import { classBytes, zipArchive } from "../support/java_archive.ts";
import { pulsarAnswers } from "../unit/import/pulsar_answers.ts";

const ORDERS = {
  ...{ tenant: "shop", namespace: "eu", name: "orders", className: "a.Own", runtime: "JAVA" },
  inputSpecs: { "persistent://shop/eu/in": { regexPattern: false } },
  output: "persistent://shop/eu/out",
};
const FUNCTION = "functions/shop/eu/orders";
const DOWNLOAD = `GET /admin/v3/${FUNCTION}/download`;
const PLACE = ["--tenant", "shop", "--namespace", "eu"];

async function jar(): Promise<Uint8Array<ArrayBuffer>> {
  const signature =
    "Ljava/lang/Object;Lorg/apache/pulsar/functions/api/Function<Ljava/lang/String;[B>;";
  return await zipArchive({ "a/Own.class": classBytes({ signature }) });
}

/** Runs an import of what a server answers, and reads what it wrote. */
async function imported(
  components: FakeComponents,
  { answers = {}, args = PLACE }: {
    readonly answers?: Readonly<Record<string, AdminAnswer>>;
    readonly args?: readonly string[];
  } = {},
) {
  await using admin = fakePulsarAdmin(components, answers);
  await using folder = await folderWith({});
  const out = `${folder.path}/out`;
  const result = await meshwright(["import", "--admin-url", admin.url, "--out", out, ...args]);
  const files = await filesOf(out);
  const valid = Object.keys(files).length === 0 ? undefined : await meshwright(["validate", out]);
  const beside = (await Array.fromAsync(Deno.readDir(folder.path))).map(({ name }) => name);
  const { authorizations, requests } = admin;
  return { ...result, files, valid, beside, requests, authorizations };
}

async function filesOf(folder: string): Promise<Record<string, string>> {
  try {
    const names = (await Array.fromAsync(Deno.readDir(folder))).map(({ name }) => name).sort();
    const texts = names.map(async (name) =>
      [name, await Deno.readTextFile(`${folder}/${name}`)] as const
    );
    return Object.fromEntries(await Promise.all(texts));
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return {};
    throw error;
  }
}

Deno.test("import writes manifests that pass validate, from real answers of Pulsar", async () => {
  const components = Object.fromEntries(
    pulsarAnswers().map((
      { answer, kind },
    ) => [`${kind.toLowerCase()}s/public/default/${answer.name}`, answer]),
  );
  const args = ["--tenant", "public", "--namespace", "default", "--broker-url", "pulsar://b:6650"];
  const { code, files, valid, beside } = await imported(components, { args });
  assertEquals([code, valid?.code, valid?.out], [0, 0, []]);
  assertEquals(Object.keys(files), [
    "IMPORT.md",
    ...["exclaim", "full", "py-exclaim", "retry", "window"].map((name) => `function-${name}.yaml`),
    ...["pulsar-config.yaml", "sink-print.yaml", "sink-printf.yaml", "source-gen.yaml"],
  ]);
  assertEquals(beside, ["out"]);
  const again = await imported(components, { args });
  const { "pulsar-config.yaml": _port, ...others } = again.files;
  assertEquals(
    others,
    Object.fromEntries(Object.entries(files).filter(([name]) => name in others)),
  );
});

Deno.test("import writes the admin URL that pods reach, where it came by another one", async () => {
  const broker = [...PLACE, "--broker-url", "pulsar://b:6650"];
  const { files } = await imported({}, {
    args: [...broker, "--web-service-url", "http://pulsar.svc:8080/"],
  });
  assertStringIncludes(
    files["pulsar-config.yaml"] ?? "",
    "webServiceURL: 'http://pulsar.svc:8080'",
  );
  const same = await imported({}, { args: broker });
  assertMatch(same.files["pulsar-config.yaml"] ?? "", /webServiceURL: 'http:\/\/127\.0\.0\.1:\d+'/);
});

Deno.test("import looks into a package for the types that no answer tells", async () => {
  const package_ = await jar();
  const { code, files } = await imported({ [FUNCTION]: ORDERS }, {
    answers: { [DOWNLOAD]: () => new Response(package_) },
  });
  assertEquals(code, 0);
  assertStringIncludes(files["function-orders.yaml"] ?? "", "typeClassName: java.lang.String");
  assertStringIncludes(files["function-orders.yaml"] ?? "", "typeClassName: '[B'");
  assertEquals(files["IMPORT.md"]?.includes("`typeClassName`"), false);
});

Deno.test("import moves packages into the package service, each once", async () => {
  const package_ = await jar();
  const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", package_)).toHex();
  const version = `import-${digest.slice(0, 12)}`;
  const place = `/admin/v3/packages/function/shop/eu/orders/${version}`;
  let sent: FormData | undefined;
  const answers: Record<string, AdminAnswer> = {
    [DOWNLOAD]: () => new Response(package_),
    [`POST ${place}`]: async (request) => {
      sent = await request.formData();
      return new Response(null, { status: 204 });
    },
  };
  const args = [...PLACE, "--upload-packages"];
  const first = await imported({ [FUNCTION]: ORDERS }, { answers, args });
  assertEquals([first.code, first.requests.filter((one) => one.startsWith("POST")).length], [0, 1]);
  const file = sent?.get("file");
  assertEquals(file instanceof File && await file.bytes(), package_);
  assertStringIncludes(
    first.files["function-orders.yaml"] ?? "",
    `jarLocation: 'function://shop/eu/orders@${version}'`,
  );
  const there = { ...answers, [`GET ${place}/metadata`]: () => Response.json({}) };
  const second = await imported({ [FUNCTION]: ORDERS }, { answers: there, args });
  assertEquals(second.requests.filter((one) => one.startsWith("POST")), []);
  assertEquals(second.files, first.files);
});

Deno.test("import says what is to be done where the worker hands out no package", async () => {
  for (const answer of [() => new Response(""), () => new Response("x", { status: 500 })]) {
    const { code, files } = await imported({ [FUNCTION]: ORDERS }, {
      answers: { [DOWNLOAD]: answer },
      args: [...PLACE, "--upload-packages"],
    });
    assertEquals(code, 0);
    assertMatch(
      files["IMPORT.md"] ?? "",
      /`package`: the code is on the worker only: .*build an image/,
    );
  }
});

Deno.test("import goes on beside a component that cannot be read, and ends with 1", async () => {
  const sick = "GET /admin/v3/functions/shop/eu/sick";
  const other = { ...ORDERS, name: "somebody" };
  const bad: Readonly<Record<string, AdminAnswer>> = {
    "refused with status 500: it broke": () =>
      Response.json({ reason: "it broke" }, { status: 500 }),
    "something that is no JSON": () => new Response("{"),
    "something that is no object": () => Response.json(["x"]),
    "the answer is about another name": () => Response.json(other),
    "more than 4194304 bytes": () => new Response("x".repeat(5_000_000)),
    "values more than 64 deep": () => new Response("[".repeat(90_000) + "]".repeat(90_000)),
    "sends on to another host (elsewhere.example)": () =>
      new Response(null, { status: 307, headers: { location: "http://elsewhere.example/x" } }),
  };
  for (const [words, answer] of Object.entries(bad)) {
    const { code, files, notes } = await imported(
      { [FUNCTION]: ORDERS, "functions/shop/eu/sick": other },
      { answers: { [sick]: answer } },
    );
    assertEquals([words, code, Object.keys(files)], [words, 1, [
      "IMPORT.md",
      "function-orders.yaml",
    ]]);
    assertStringIncludes(notes.join("\n"), words);
    assertStringIncludes(files["IMPORT.md"] ?? "", "Function shop/eu/sick");
  }
});

Deno.test("import uses no name that is a path, and reports it", async () => {
  const names = ["../../etc", "a/b", "..", "a\u0007", "x\n# y", "", "orders"];
  const { code, files, requests } = await imported({ [FUNCTION]: ORDERS }, {
    answers: { "GET /admin/v3/functions/shop/eu": () => Response.json(names) },
  });
  assertEquals([code, Object.keys(files)], [1, ["IMPORT.md", "function-orders.yaml"]]);
  assertEquals(requests.filter((one) => /etc|\.\.|%/.test(one)), []);
  assertEquals(files["IMPORT.md"]?.match(/is no name in Pulsar/g)?.length, 6);
});

Deno.test("import writes nothing where it is not known what there is", async () => {
  const answers = { "GET /admin/v3/sinks/shop/eu": () => Response.json({}, { status: 401 }) };
  const { code, files, beside, notes } = await imported({ [FUNCTION]: ORDERS }, { answers });
  assertEquals([code, files, beside], [1, {}, []]);
  assertMatch(notes.join(), /sinks\/shop\/eu is refused with status 401 \(give a token/);
});

Deno.test("import --all reads every tenant and namespace", async () => {
  const answers = {
    "GET /admin/v2/tenants": () => Response.json(["shop", "../x"]),
    "GET /admin/v2/namespaces/shop": () => Response.json(["shop/eu", "shop/us"]),
  };
  const { code, files, requests } = await imported({ [FUNCTION]: ORDERS }, {
    answers,
    args: ["--all"],
  });
  assertEquals([code, Object.keys(files)], [1, ["IMPORT.md", "function-orders.yaml"]]);
  assert(requests.includes("GET /admin/v3/sources/shop/us"));
});

Deno.test("import logs in with a token, which goes to no other host and into no file", async () => {
  const token = "eyJhbGciOiJIUzI1NiJ9.s3cretpart.x";
  await using folder = await folderWith({ token: `token:${token}\n` });
  await using elsewhere = fakePulsarAdmin({});
  const args = [...PLACE, "--token-file", `${folder.path}/token`];
  const moved = () =>
    new Response(null, { status: 302, headers: { location: `${elsewhere.url}/x` } });
  const { authorizations, notes, files } = await imported(
    { [FUNCTION]: ORDERS, "functions/shop/eu/moved": ORDERS },
    { args, answers: { "GET /admin/v3/functions/shop/eu/moved": moved } },
  );
  assertEquals(new Set(authorizations), new Set([`Bearer ${token}`]));
  assertEquals(elsewhere.requests, []);
  assertEquals((JSON.stringify(files) + notes.join()).includes("s3cretpart"), false);
  assertMatch(notes.join("\n"), /the token goes over the network as it is/);
});

Deno.test("import logs in by OAuth2, once", async () => {
  let asked: string | undefined;
  let tokens = 0;
  await using issuer = fakePulsarAdmin({}, {
    "GET /.well-known/openid-configuration": (request) =>
      Response.json({ token_endpoint: new URL("/token", request.url).href }),
    "POST /token": async (request) => {
      asked = await request.text();
      return Response.json({ access_token: `t${++tokens}`, expires_in: 3600 });
    },
  });
  const key = JSON.stringify({ client_id: "me", client_secret: "s&c" });
  await using folder = await folderWith({ "key.json": key });
  const oauth2 = [
    "--oauth2-issuer-url",
    issuer.url,
    "--oauth2-key-file",
    `${folder.path}/key.json`,
  ];
  const args = [...PLACE, ...oauth2, "--oauth2-audience", "urn:a"];
  const { code, authorizations } = await imported({ [FUNCTION]: ORDERS }, { args });
  assertEquals([code, new Set(authorizations)], [0, new Set(["Bearer t1"])]);
  const form = new URLSearchParams(asked);
  assertEquals([form.get("client_secret"), form.get("audience")], ["s&c", "urn:a"]);
});

Deno.test("import hands a client's secret to no token_endpoint of another host without TLS", async () => {
  await using elsewhere = fakePulsarAdmin({});
  await using issuer = fakePulsarAdmin({}, {
    "GET /.well-known/openid-configuration": () =>
      Response.json({ token_endpoint: `${elsewhere.url}/token` }),
  });
  const key = JSON.stringify({ client_id: "me", client_secret: "s3cret" });
  await using folder = await folderWith({ "key.json": key });
  const oauth2 = [
    "--oauth2-issuer-url",
    issuer.url,
    "--oauth2-key-file",
    `${folder.path}/key.json`,
  ];
  const { code, notes } = await imported({ [FUNCTION]: ORDERS }, { args: [...PLACE, ...oauth2] });
  assertEquals([code, elsewhere.requests], [1, []]);
  assertMatch(notes.join("\n"), /another host without TLS/);
});

Deno.test("import follows a redirect within its host, but not for ever", async () => {
  const to = (location: string) => () => new Response(null, { status: 307, headers: { location } });
  const place = "/admin/v3/functions/shop/eu";
  const good = { [`GET ${place}`]: to(`${place}/`), [`GET ${place}/`]: () => Response.json([]) };
  assertEquals((await imported({}, { answers: good })).code, 0);
  const { code, notes } = await imported({}, { answers: { [`GET ${place}`]: to(place) } });
  assertEquals(code, 1);
  assertMatch(notes.join(), /redirected again and again/);
});

Deno.test("import keeps what a folder holds, unless that is an earlier import", async () => {
  await using admin = fakePulsarAdmin({ [FUNCTION]: ORDERS });
  await using folder = await folderWith({
    "full/a.txt": "mine",
    "old/IMPORT.md": "",
    "old/b": "b",
  });
  const run = (out: string, ...more: readonly string[]) =>
    meshwright([
      "import",
      "--admin-url",
      admin.url,
      ...PLACE,
      "--out",
      `${folder.path}/${out}`,
      ...more,
    ]);
  assertEquals((await run("full")).code, 2);
  assertEquals((await run("full", "--overwrite")).code, 2);
  assertEquals((await run("old")).code, 2);
  assertEquals(admin.requests, []);
  const { code, notes } = await run("old", "--overwrite");
  assertEquals([code, notes], [0, [`${folder.path}/old/b is of no component any more`]]);
  assertEquals(Object.keys(await filesOf(`${folder.path}/old`)), [
    "IMPORT.md",
    "b",
    "function-orders.yaml",
  ]);
  assertEquals(await filesOf(`${folder.path}/full`), { "a.txt": "mine" });
  await Deno.mkdir(`${folder.path}/empty`);
  assertEquals((await run("empty/")).code, 0);
});

Deno.test("import refuses flags that contradict each other or lead nowhere", async () => {
  await using folder = await folderWith({ token: "two words", "key.json": "{}" });
  const url = ["--admin-url", "http://127.0.0.1:1"];
  const out = ["--out", `${folder.path}/out`];
  const cases: readonly (readonly string[])[] = [
    [...PLACE, ...out],
    ["--admin-url", "pulsar://b:6650", ...PLACE, ...out],
    ["--admin-url", "http://u:p@b", ...PLACE, ...out],
    [...url, ...PLACE],
    [...url, ...out],
    [...url, ...out, "--tenant", "shop"],
    [...url, ...out, ...PLACE, "--all"],
    [...url, ...out, "--tenant", "..", "--namespace", "eu"],
    [...url, ...out, ...PLACE, "--token-file", `${folder.path}/nowhere`],
    [...url, ...out, ...PLACE, "--token-file", `${folder.path}/token`],
    [...url, ...out, ...PLACE, "--oauth2-issuer-url", "http://i"],
    [
      ...url,
      ...out,
      ...PLACE,
      "--oauth2-issuer-url",
      "http://i",
      "--oauth2-key-file",
      `${folder.path}/key.json`,
    ],
    [...url, ...out, ...PLACE, "--tls-cert", `${folder.path}/token`],
    [...url, ...out, ...PLACE, "--broker-url", "http://b"],
    [...url, ...out, ...PLACE, "--web-service-url", "http://b"],
    [...url, ...out, ...PLACE, "--broker-url", "pulsar://b", "--web-service-url", "b:8080"],
  ];
  for (const args of cases) {
    const { code, notes } = await meshwright(["import", ...args]);
    assertEquals([args.join(" "), code, notes.length], [args.join(" "), 2, 1]);
  }
});
