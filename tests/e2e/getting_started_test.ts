import { assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { documentedBlocks, documentedShell } from "./support/documented_shell.ts";
import { e2eTest, type Story } from "./support/story.ts";

const ROOT = new URL("../../", import.meta.url);
const PAGE = await Deno.readTextFile(new URL("docs/getting-started.md", ROOT));
const FOLDER = "gitops/getting-started";
/** Of the page, and what stands for it here. */
const IMAGE = "apachepulsar/pulsar:4.0.8";

// Docker and kind are tried where they are, by `--cluster kind` and `.ci/run`: here the program is installed already.
e2eTest(
  "first",
  "getting-started leads from a broker to a message through a function",
  async (story) => {
    const { namespace } = story;
    await using shell = await documentedShell(story, {
      places: { " -n shop": ` -n ${namespace}`, "namespace shop": `namespace ${namespace}-own` },
    });
    await Deno.mkdir(`${shell.folder}/${FOLDER}`, { recursive: true });
    for (const name of ["pulsar.yaml", "function.yaml"]) {
      const text = await Deno.readTextFile(new URL(`${FOLDER}/${name}`, ROOT));
      assertStringIncludes(text, IMAGE);
      // The image that has the same files as the public one, which a test may not have a registry for.
      const here = text.replaceAll(`image: ${IMAGE}`, `image: ${story.image}`);
      await Deno.writeTextFile(`${shell.folder}/${FOLDER}/${name}`, here);
    }
    const run = async (heading: string) => {
      const [block = "", ...more] = documentedBlocks(PAGE, heading);
      assertEquals(more, []);
      return await shell.run(block);
    };
    try {
      await run("A broker");
      if (story.setting.cluster === "local") await nameBroker(story);
      assertMatch(await run("A function"), /exclaim +True/);
      assertStringIncludes(await run("A message through it"), "content:hello!");
    } finally {
      await story.cluster.tryKubectl(["delete", "namespace", `${namespace}-own`, "--wait=false"]);
    }
  },
);

/** This cluster has no DNS: the broker gets its address in place of its name. */
async function nameBroker(story: Story): Promise<void> {
  const address = await story.cluster.serviceAddress(story.namespace, "pulsar");
  const data = {
    brokerServiceURL: `pulsar://${address}:6650`,
    webServiceURL: `http://${address}:8080`,
  };
  const patch = JSON.stringify({ data });
  await story.kubectl("patch", "configmap", "pulsar", "--type=merge", "-p", patch);
}
