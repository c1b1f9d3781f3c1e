/**
 * A real API server refuses what holds values of a Secret, and quotes them: the loop and its one run to
 * convergence are looked through for them: status, events, log, metrics and report (H3).
 */
import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { syncOnce } from "#gitops";
import { testCluster } from "../support/control_plane.ts";
import { leaksIn, numberSpellings, spelledParts } from "../support/secret_spellings.ts";
import { configMapText, type SyncStory, syncStory } from "../support/sync_story.ts";

const cluster = testCluster();

const VALUE = 'MARKREAL"in<side>&x';
const NUMBER = 81_726_354;
const PARTS = [...spelledParts([VALUE]), "MARK", ...numberSpellings(NUMBER).values()];
const INLINE = "'${KEY}'";

/** What this server refuses, quoting the value, by what it is. */
const REFUSED: Readonly<Record<string, string>> = {
  "a label": `apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a, labels: {a: ${INLINE}}}\n`,
  "a type": `apiVersion: v1\nkind: Service\nmetadata: {name: a}\nspec: {type: ${INLINE}}\n`,
  "a number": "apiVersion: v1\nkind: Service\nmetadata: {name: a}\n" +
    "spec: {ports: [{port: ${NUMBER}}]}\n",
  "a member of another type":
    "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\ndata: {a: ${NUMBER}}\n",
  "a selector": `apiVersion: v1\nkind: Service\nmetadata: {name: a}\n` +
    `spec: {ports: [{port: 80}], externalName: ${INLINE}, clusterIP: ${INLINE}}\n`,
};

/** What the API server itself says to such an object, without the program in between. */
async function serverWords(text: string, namespace: string): Promise<string> {
  const object = text.replaceAll("${KEY}", VALUE.replaceAll("'", "''"))
    .replaceAll("${NUMBER}", String(NUMBER));
  try {
    await cluster.kubectl(
      ["apply", "--server-side", "--validate=false", "-n", namespace, "-f", "-"],
      { stdin: object },
    );
  } catch (error) {
    return String(error);
  }
  throw new Error(`the API server takes ${text}`);
}

async function plantedStory(): Promise<SyncStory> {
  const story = await syncStory(cluster);
  await cluster.apply({
    apiVersion: "v1",
    kind: "Secret",
    metadata: { name: "vars", namespace: story.namespace },
    stringData: { KEY: VALUE, NUMBER: String(NUMBER) },
  });
  return story;
}

/** All that comes out of a loop. */
async function outputsOf(story: SyncStory): Promise<string[]> {
  return [
    JSON.stringify(await story.status()),
    ...story.events.map((event) => JSON.stringify(event)),
    ...story.logs,
    (await story.metrics.exposition()).text,
  ];
}

Deno.test("no secret comes out of what a real API server refuses and quotes, from the loop or sync --once (H3)", async () => {
  await using story = await plantedStory();
  await story.sync({ variablesFrom: [{ kind: "Secret", name: "vars" }] });
  let quoting = 0;
  for (const [name, text] of Object.entries(REFUSED)) {
    const words = await serverWords(text, story.namespace);
    quoting += leaksIn([words], PARTS).length > 0 ? 1 : 0;
    await story.repository.commit({
      "meshes/a.yaml": text,
      "meshes/b.yaml": configMapText("b", name),
    });
    await story.pass();
    assertMatch(await story.ready(), /^False /, name);
    assertEquals(leaksIn(await outputsOf(story), PARTS), [], name);
    const report = await syncOnce(story.key, story.context(), { timeoutMs: 1_000 });
    assertEquals(report.exit, 1, name);
    assertStringIncludes(report.message, "a.yaml", name);
    assertEquals(leaksIn([JSON.stringify(report), ...await outputsOf(story)], PARTS), [], name);
  }
  assert(quoting >= 3, `refusals in which the server quotes a value: ${quoting}`);
});
