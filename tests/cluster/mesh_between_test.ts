import { assertEquals, assertStringIncludes } from "@std/assert";
import type { KubeObject } from "#base";
import { eventually, testCluster } from "../support/control_plane.ts";
import { controllerTest, userFunction } from "../support/controller_story.ts";

const cluster = testCluster();

interface Mesh extends KubeObject {
  readonly status?: {
    readonly findings?: readonly { readonly code: string; readonly message: string }[];
  };
}

/** A mesh of one Function that reads orders. */
function mesh(name: string, item: string, subscriptionName: string): KubeObject {
  const spec = {
    ...userFunction(item).spec as object,
    name: item,
    input: { topics: ["orders"] },
    subscriptionName,
  };
  const apiVersion = "compute.functionmesh.io/v1alpha1";
  return { apiVersion, kind: "FunctionMesh", metadata: { name }, spec: { functions: [spec] } };
}

controllerTest(
  "what two meshes should not both have stands in the status of each, until one of them is mended",
  { cluster },
  async (story) => {
    const found = async (name: string) => {
      const { status } = await story.get<Mesh>(`functionmesh/${name}`);
      return status?.findings?.map(({ code }) => code) ?? [];
    };
    const wanted = (codes: Readonly<Record<string, readonly string[]>>) =>
      eventually(async () => {
        for (const [name, some] of Object.entries(codes)) assertEquals(await found(name), some);
        return true;
      }, { timeoutMs: 180_000 });
    await story.apply(mesh("shop", "pay", "all"), mesh("stock", "count", "all"));
    await wanted({ shop: ["SharedSubscription"], stock: ["SharedSubscription"] });
    const { status } = await story.get<Mesh>("functionmesh/stock");
    const said = status?.findings?.[0]?.message ?? "";
    assertStringIncludes(said, `Function ${story.namespace}/shop-pay on orders: all`);
    // Its child has the name that a child of another mesh has already.
    await story.apply(mesh("shop", "pay-fast", "own"));
    await story.untilReady("functionmesh/shop");
    await story.apply(mesh("shop-pay", "fast", "another"));
    await wanted({ shop: [], stock: [], "shop-pay": ["ResourceNameCollision"] });
  },
);
