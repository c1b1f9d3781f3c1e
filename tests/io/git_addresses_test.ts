import { assertEquals, assertMatch, assertRejects } from "@std/assert";
import { type AddressPolicy, errorText } from "#base";
import { GitError, gitSource, type GitSourceOptions, type Remote } from "#git";
import { temporaryFolder, testRepository } from "../support/git_repository.ts";
import { gitServer } from "../support/git_server.ts";
import { scriptedServer } from "../support/scripted_server.ts";

const POLICY: AddressPolicy = { apiServer: ["10.96.0.1"], allowLoopback: false };
const KEY = "-----BEGIN OPENSSH PRIVATE KEY-----\nAAAA\n-----END OPENSSH PRIVATE KEY-----\n";
const LOCAL: AddressPolicy = { ...POLICY, allowLoopback: true };

/** Names that mean these addresses, whatever the system knows. */
function names(known: Readonly<Record<string, string>>): NonNullable<GitSourceOptions["resolve"]> {
  return (host, _options, found) => {
    const address = known[host] ?? (/^[\d.:a-f]+$/.test(host) ? host : undefined);
    if (address === undefined) found(new Error(`no such name: ${host}`), []);
    else found(null, [{ address, family: address.includes(":") ? 6 : 4 }]);
  };
}

async function failure(
  remote: Remote,
  options: Pick<GitSourceOptions, "addresses" | "environment" | "resolve">,
) {
  await using folder = await temporaryFolder();
  const source = gitSource({ cacheDirectory: folder.path, ...options });
  const error = await assertRejects(() => source.resolveRef(remote, {}), GitError);
  return { kind: error.kind, text: errorText(error) };
}

Deno.test("M1: no repository is asked at an address of this machine, its network link or the API server, however it is written", async () => {
  let requests = 0;
  await using server = scriptedServer(() => {
    requests++;
    return new Response("INTERNAL-BODY-MARK");
  });
  const { port } = new URL(server.url);
  const resolve = names({
    "inside.example": "127.0.0.1",
    "cloud.example": "169.254.169.254",
    "api.example": "10.96.0.1",
    "six.example": "::ffff:127.0.0.1",
  });
  const credentials = { kind: "ssh", privateKey: KEY, knownHosts: "b" } as const;
  const remotes: readonly Remote[] = [
    ...["127.0.0.1", "localhost", "0x7f.1", "2130706433", "[::1]", "inside.example", "six.example"]
      .map((host) => ({ url: `http://${host}:${port}/a.git` })),
    { url: "https://169.254.169.254/a.git" },
    { url: "https://cloud.example/latest/meta-data?x=" },
    { url: "https://kubernetes.default.svc/a.git" },
    { url: "https://api.example/a.git" },
    { url: "ssh://git@localhost:22/a.git", credentials },
    { url: "git@inside.example:a.git", credentials },
  ];
  for (const remote of remotes) {
    const { kind, text } = await failure(remote, { addresses: POLICY, resolve });
    assertEquals(kind, "refused_address", `${remote.url}: ${text}`);
    assertMatch(text, /^Cannot ask .*: its address is .*, which is not asked$/);
  }
  assertEquals(requests, 0);
});

Deno.test("a repository that a flag of the program names may be anywhere", async () => {
  await using server = scriptedServer(() => new Response("", { status: 404 }));
  const remote = { url: `${server.url}/a.git`, fileAllowed: true };
  assertEquals((await failure(remote, { addresses: POLICY })).kind, "not_found");
});

Deno.test("M1: git connects to the address that was checked, whatever the name means to it", async () => {
  await using repository = await testRepository();
  const commit = await repository.commit({ "a.yaml": "a: 1\n" });
  await using server = gitServer({ folder: repository.directory.replace(/\/work$/, "") });
  await using folder = await temporaryFolder();
  const { port } = new URL(server.url);
  const source = gitSource({
    cacheDirectory: folder.path,
    addresses: LOCAL,
    // A name that nobody else knows.
    resolve: names({ "git.meshwright.test": "127.0.0.1" }),
  });
  const remote = { url: `http://git.meshwright.test:${port}/work/.git` };
  assertEquals((await source.resolveRef(remote, {})).commit, commit);
});

Deno.test("a name that nobody knows is a server that cannot be reached, and git is not asked to find it", async () => {
  const { kind, text } = await failure({ url: "https://gone.example/a.git" }, {
    addresses: POLICY,
    resolve: names({}),
  });
  assertEquals(kind, "unreachable");
  assertMatch(text, /the server cannot be reached: no such name/);
});

Deno.test("by a proxy the name alone is looked at: the proxy finds the host", async () => {
  await using proxy = scriptedServer(() => new Response("", { status: 404 }));
  const environment = { PATH: Deno.env.get("PATH") ?? "", http_proxy: proxy.url };
  const options = { addresses: POLICY, environment, resolve: names({}) };
  assertEquals((await failure({ url: "http://git.example/a.git" }, options)).kind, "not_found");
  const refused = await failure({ url: "http://localhost/a.git" }, options);
  assertEquals(refused.kind, "refused_address");
});
