import { assertEquals } from "@std/assert";
import { ANNOTATIONS } from "#api";
import { type KubeObject, ownerReference } from "#base";
import { withAuthorsReplicas, withDeclaredMinimum } from "#plan";
import { functionObject, statefulSetObject } from "../../support/objects.ts";

const owner = functionObject("pay");

function autoscaler(minReplicas: number, declared?: string): KubeObject {
  const annotations = declared === undefined ? {} : { [ANNOTATIONS.declaredMinimum]: declared };
  return {
    apiVersion: "autoscaling/v2",
    kind: "HorizontalPodAutoscaler",
    metadata: {
      name: "pay-function",
      namespace: "shop",
      annotations,
      ownerReferences: [ownerReference(owner)],
    },
    spec: { minReplicas, maxReplicas: 5 },
  };
}

function meant(spec: Record<string, unknown>, children: readonly KubeObject[]) {
  const { minReplicas, replicas } = withAuthorsReplicas(functionObject("pay", spec), children)
    .spec as { readonly minReplicas?: number; readonly replicas?: number };
  return { minReplicas, replicas };
}

Deno.test("withAuthorsReplicas() does not take what an autoscaler chose for the minimum", () => {
  const spec = { replicas: 4, maxReplicas: 5 };
  assertEquals(meant(spec, []), { minReplicas: undefined, replicas: 4 });
  assertEquals(meant(spec, [autoscaler(1, "1")]), { minReplicas: 1, replicas: 4 });
  // Somebody edited the autoscaler: the note counts. One of the reference operator has none.
  assertEquals(meant(spec, [autoscaler(3, "1")]).minReplicas, 1);
  assertEquals(meant(spec, [autoscaler(3)]).minReplicas, 3);
});

Deno.test("withAuthorsReplicas() remembers the minimum while the autoscaler is made again", () => {
  const statefulSet = statefulSetObject({ name: "pay-function", owner });
  const noted = {
    ...statefulSet,
    metadata: { ...statefulSet.metadata, annotations: { [ANNOTATIONS.declaredMinimum]: "2" } },
  };
  assertEquals(meant({ replicas: 4, maxReplicas: 5 }, [noted]), { minReplicas: 2, replicas: 4 });
});

Deno.test("withAuthorsReplicas() lets replicas follow bounds only where an autoscaler does", () => {
  const raised = { replicas: 1, minReplicas: 2, maxReplicas: 5 };
  assertEquals(meant(raised, []).replicas, 1);
  assertEquals(meant(raised, [autoscaler(1, "1")]), { minReplicas: 2, replicas: 2 });
  assertEquals(meant({ replicas: 5, maxReplicas: 3 }, [autoscaler(1, "1")]).replicas, 3);
});

Deno.test("withAuthorsReplicas() believes the author, and only children of this component", () => {
  const spec = { replicas: 4, minReplicas: 3, maxReplicas: 5 };
  assertEquals(meant(spec, [autoscaler(1, "1")]).minReplicas, 3);
  assertEquals(meant({ replicas: 4 }, [autoscaler(1, "1")]).minReplicas, undefined);
  const foreign = autoscaler(1, "1");
  const other = { ...foreign, metadata: { ...foreign.metadata, ownerReferences: [] } };
  assertEquals(meant({ replicas: 4, maxReplicas: 5 }, [other]).minReplicas, undefined);
});

Deno.test("withDeclaredMinimum() notes the minimum on autoscaler and StatefulSet, twice for one loss", () => {
  const service = { apiVersion: "v1", kind: "Service", metadata: { name: "pay" } };
  const children = [service, statefulSetObject({ name: "pay-function" }), autoscaler(2)];
  assertEquals(
    withDeclaredMinimum(children).map(({ metadata }) =>
      metadata.annotations?.[ANNOTATIONS.declaredMinimum]
    ),
    [undefined, "2", "2"],
  );
  assertEquals(withDeclaredMinimum(children.slice(0, 2)), children.slice(0, 2));
});
