import { assert, assertMatch } from "@std/assert";
import { testCluster } from "../support/control_plane.ts";
import { testAuthority } from "../support/certificates.ts";
import { filesHolding } from "../support/disk_search.ts";
import { temporaryFolder } from "../support/git_repository.ts";
import { gitServer } from "../support/git_server.ts";
import { configMapText, syncStory } from "../support/sync_story.ts";

const cluster = testCluster();
const TOKEN = "t0ken-for-the-bearer";
const PASSWORD = "p4ssw0rd-of-ada";

Deno.test("https with an authority of one's own takes a bearer token, or user and password, from the Secret", async () => {
  await using story = await syncStory(cluster);
  await using folder = await temporaryFolder();
  await story.repository.commit({ "meshes/a.yaml": configMapText("a", "1") });
  const { directory } = story.repository;
  const root = directory.slice(0, directory.lastIndexOf("/"));
  const tls = await testAuthority(folder.path, "ours");
  const tried = async (authorization: string, stringData: Record<string, string>) => {
    await using server = gitServer({ folder: root, tls, authorization });
    const metadata = { name: "git", namespace: story.namespace };
    // Made anew, as members that a former one had would stay.
    await cluster.kubectl(["delete", "secret", "git", "-n", story.namespace, "--ignore-not-found"]);
    await cluster.apply({ apiVersion: "v1", kind: "Secret", metadata, stringData });
    await story.sync({ url: `${server.url}/work/.git`, secretRef: { name: "git" } });
    await story.pass();
    return await story.ready();
  };
  const bearer = `Bearer ${TOKEN}`;
  const ca = { "ca.crt": tls.caPem };
  assertMatch(await tried(bearer, { bearerToken: TOKEN, ...ca }), /^True Healthy/);
  assertMatch(
    await tried(bearer, { bearerToken: TOKEN }),
    /^False RepositoryUnreachable: .*certificate is not trusted; put its authority as ca\.crt/,
  );
  const basic = `Basic ${btoa(`ada:${PASSWORD}`)}`;
  assertMatch(await tried(basic, { username: "ada", password: PASSWORD, ...ca }), /^True Healthy/);
  assertMatch(await tried(basic, { username: "bob", password: PASSWORD, ...ca }), /AccessDenied/);
  const secrets = [TOKEN, PASSWORD, btoa(`ada:${PASSWORD}`), btoa(`bob:${PASSWORD}`)];
  const told = [await story.status(), story.events, story.logs, await story.git.take()];
  assert(!secrets.some((secret) => JSON.stringify(told).includes(secret)));
  assert((await filesHolding(story.cacheDirectory, secrets)).length === 0);
});
