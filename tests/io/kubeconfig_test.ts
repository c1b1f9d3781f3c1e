// What is wrong with a kubeconfig is said without its text: any line of it may hold a token.
import { StalledError, systemClock } from "#base";
import { assert, assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import { connect } from "../../src/kube/connect.ts";
import { ownCertificates } from "../support/certificates.ts";
import { temporaryFolder } from "../support/git_repository.ts";
import { kubeconfig, writtenKubeconfig as written } from "../support/kubeconfigs.ts";

const MARKER = "MARK-5e1f";
const LIST =
  "it is not a kubeconfig, whose members clusters, contexts and users are lists of named";

/** The error of a kubeconfig, in which the marker is nowhere: not in its causes either. */
async function refusalOf(path: string): Promise<string> {
  const error = await assertRejects(
    () => connect({ kubeconfig: path, env: () => undefined, clock: systemClock }),
    StalledError,
  );
  const shown = `${Deno.inspect(error, { depth: 20 })} ${error.stack}`;
  assert(!shown.includes(MARKER), shown);
  return error.message;
}

Deno.test("connect() says which kubeconfig is broken and where, and nothing of its text", async () => {
  const users = `users:\n- name: ada\n  user:\n    token: ${MARKER}\n`;
  const cases: readonly (readonly [string, string])[] = [
    [`${users}   password: "x"\n`, "it is not valid YAML, line 5"],
    [`${users}    token: ${MARKER}\n`, "it is not valid YAML, line 5"],
    [`users:\n- token: "${MARKER}\n`, "it is not valid YAML, line"],
    [`users:\n- token: !${MARKER} x\n`, "it is not valid YAML, line 2"],
    [`users:\n- token: *${MARKER}\n`, "it is not valid YAML: an alias of it leads nowhere"],
    [`users:\n- token: "\\q${MARKER}"\n`, "it is not valid YAML, line 2"],
    [`%${MARKER}\n---\n%\n`, "it is not valid YAML, line"],
    [`{"users": [{"name": "ada", "user": {"token": "${MARKER}"}}`, "it is not valid YAML, line"],
    [`{}\n---\ntoken: ${MARKER}\n`, "it is not"],
    [
      `clusters: [{name: c, cluster: {server: [${MARKER}]}}]\ncontexts: [{name: x, context: {cluster: c}}]\ncurrent-context: x`,
      "clusters[0].cluster.server: write text",
    ],
    [`clusters: []\ncontexts: []\nusers: [${MARKER}]`, "users[0].name is missing"],
    [`clusters: []\ncontexts: []\nusers: [{user: {token: ${MARKER}}}]`, "users[0].name is missing"],
    [`clusters: [{name: ${MARKER}}]`, "clusters[0].cluster is missing"],
    [MARKER, LIST],
    [`[${MARKER}]`, LIST],
    [`users: {token: ${MARKER}}`, LIST],
    [`current-context: [${MARKER}]`, "current-context is not text"],
    [`users: [{name: a}, {name: a, user: {token: ${MARKER}}}]`, "users[1].name is that of another"],
  ];
  await using folder = await temporaryFolder();
  const path = `${folder.path}/config`;
  for (const [text, flaw] of cases) {
    await Deno.writeTextFile(path, text);
    const message = await refusalOf(path);
    assert(message.startsWith(`Cannot use kubeconfig ${path}: ${flaw}`), `${text}\n${message}`);
  }
});

Deno.test("connect() takes a file that says nothing for an empty kubeconfig, as kubectl does", async () => {
  await using folder = await temporaryFolder();
  const path = `${folder.path}/config`;
  for (const text of ["", "# nothing\n", "---\n", "{}", `token: ${MARKER}`]) {
    await Deno.writeTextFile(path, text);
    assertEquals(
      await refusalOf(path),
      "Cannot use the kubeconfig: it has no current-context; name one with --context (it has none)",
    );
  }
});

Deno.test("connect() says that a kubeconfig cannot be read, and why", async () => {
  await using folder = await temporaryFolder();
  assertEquals(await refusalOf(folder.path), `Cannot read kubeconfig ${folder.path}`);
  const path = `${folder.path}/config`;
  await Deno.writeTextFile(
    path,
    JSON.stringify({
      clusters: [{ name: "c", cluster: { server: "https://127.0.0.1:1" } }],
      users: [{ name: "ada", user: { tokenFile: "not/there" } }],
      contexts: [{ name: "x", context: { cluster: "c", user: "ada" } }],
      "current-context": "x",
    }),
  );
  assertEquals(
    await refusalOf(path),
    `Cannot authenticate as user ada: cannot read users[0].user.tokenFile, ${folder.path}/not/there`,
  );
});

Deno.test("connect() does not repeat what a plugin said instead of a credential", async () => {
  await using folder = await temporaryFolder();
  const path = `${folder.path}/config`;
  const kubeconfig = (args: readonly string[]) => ({
    clusters: [{ name: "c", cluster: { server: "https://127.0.0.1:1" } }],
    users: [{ name: "ada", user: { exec: { command: "echo", args } } }],
    contexts: [{ name: "x", context: { cluster: "c", user: "ada" } }],
    "current-context": "x",
  });
  for (const said of [MARKER, `{"token": "${MARKER}`, `token ${MARKER}`]) {
    await Deno.writeTextFile(path, JSON.stringify(kubeconfig([said])));
    assertEquals(
      await refusalOf(path),
      "Cannot authenticate as user ada: its plugin or its token is not the JSON that it should be",
    );
  }
});

Deno.test("a client certificate that somebody renews is the one of the next request, and one that is gone is named", async () => {
  await using folder = await temporaryFolder();
  const { path: root } = folder;
  const pairs = [await ownCertificates(["a"]), await ownCertificates(["b"])];
  const write = async ({ certificate, privateKey }: (typeof pairs)[number]) => {
    await Deno.writeTextFile(`${root}/client.crt`, certificate);
    await Deno.writeTextFile(`${root}/client.key`, privateKey);
  };
  const [first, second] = pairs;
  if (first === undefined || second === undefined) throw new Error("There is no pair");
  await write(first);
  const user = { "client-certificate": "client.crt", "client-key": "client.key" };
  const path = await written(root, kubeconfig({ server: "https://127.0.0.1:1" }, user));
  const { endpoint } = await connect({
    kubeconfig: path,
    env: () => undefined,
    clock: systemClock,
  });
  assertEquals((await endpoint.credentials()).clientCertificate, first.certificate);
  await write(second);
  assertEquals(await endpoint.credentials(), {
    clientCertificate: second.certificate,
    clientKey: second.privateKey,
  });
  await Deno.remove(`${root}/client.key`);
  const error = await assertRejects(() => endpoint.credentials(), StalledError);
  assertStringIncludes(error.message, `users[0].user.client-key, ${root}/client.key`);
});
