import { assertEquals } from "@std/assert";
import type { KubeObject } from "#base";
import { eventually, testCluster } from "../support/control_plane.ts";
import { type ControllerStory, controllerTest, userFunction } from "../support/controller_story.ts";

const cluster = testCluster();

const STATEFUL_SET = "statefulset/orders-function";
const RECREATE = "compute.functionmesh.io/recreate";

interface StatefulSet extends KubeObject {
  readonly spec: {
    readonly volumeClaimTemplates: readonly {
      readonly spec: { readonly resources: { readonly requests: { readonly storage: string } } };
    }[];
  };
}

controllerTest(
  "fields that cannot be changed are, when asked, by a new StatefulSet that adopts the pods (W-58)",
  { cluster },
  async (story) => {
    await story.apply(userFunction("orders", { replicas: 2, volumeClaimTemplates: claims("1Gi") }));
    await story.untilReady("function/orders");
    const before = await story.get<StatefulSet>(STATEFUL_SET);
    const pods = await podUids(story);
    assertEquals(pods.length, 2);
    await story.patch("function/orders", { spec: { volumeClaimTemplates: claims("2Gi") } });
    await story.untilReady("function/orders", /cannot be changed: StatefulSet spec\.volumeClaim/);
    assertEquals(storageOf(await story.get<StatefulSet>(STATEFUL_SET)), "1Gi");
    await story.kubectl("annotate", "fn/orders", `${RECREATE}=1`);
    const after = await eventually(async () => {
      const found = await story.find<StatefulSet>(STATEFUL_SET);
      return found !== undefined && found.metadata.uid !== before.metadata.uid && found;
    });
    assertEquals(storageOf(after), "2Gi");
    await story.untilReady("function/orders", /^True Ready: 2\/2 pods ready$/);
    assertEquals(await podUids(story), pods, "no pod was restarted");
    await eventually(async () =>
      (await story.list("pods")).every(({ metadata }) =>
        metadata.ownerReferences?.[0]?.uid === after.metadata.uid
      )
    );
    // One wish is granted once: the next change waits for the next one.
    await story.patch("function/orders", { spec: { volumeClaimTemplates: claims("3Gi") } });
    await story.untilReady("function/orders", /cannot be changed/);
    assertEquals((await story.get(STATEFUL_SET)).metadata.uid, after.metadata.uid);
    const told = await story.events("function/orders");
    assertEquals(told.filter((line) => line.startsWith("Normal Recreating")).length, 1);
  },
);

controllerTest(
  "a wish to make a StatefulSet anew is nothing where all can be changed",
  { cluster },
  async (story) => {
    await story.apply(userFunction("orders"));
    await story.untilReady("function/orders");
    const { uid, generation } = (await story.get(STATEFUL_SET)).metadata;
    await story.kubectl("annotate", "fn/orders", `${RECREATE}=1`);
    const { metadata } = await eventually(async () => {
      const found = await story.get(STATEFUL_SET);
      return found.metadata.annotations?.[RECREATE] === "1" && found;
    });
    assertEquals([metadata.uid, metadata.generation], [uid, generation]);
  },
);

function claims(storage: string): unknown[] {
  return [{
    metadata: { name: "data" },
    spec: { accessModes: ["ReadWriteOnce"], resources: { requests: { storage } } },
  }];
}

function storageOf({ spec }: StatefulSet): string | undefined {
  return spec.volumeClaimTemplates[0]?.spec.resources.requests.storage;
}

async function podUids(story: ControllerStory): Promise<string[]> {
  return (await story.list("pods")).map(({ metadata }) => `${metadata.name} ${metadata.uid}`)
    .sort();
}
