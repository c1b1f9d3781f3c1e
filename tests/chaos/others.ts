/** Somebody else's quota, policy or webhook refuses what the program writes, and later goes away. */
import type { KubeObject } from "#base";
import { eventually } from "../support/eventually.ts";
import type { ObjectName } from "./api.ts";
import { type Chaos, type Chapter, chapterOf, type Injected, type Trial } from "./guarantee.ts";
import type { Place } from "./place.ts";
import { labelled, mutatingServer, overwritten } from "./mutating.ts";
import { contentAfter, paused, requestRate, settled } from "./settled.ts";

/** Who refuses. */
interface Obstacle {
  readonly objects: (place: Place) => readonly KubeObject[];
  /** An object that is refused once the obstacle is at work. */
  readonly refused: (place: Place) => KubeObject;
  readonly what: string;
}

/** It has to be in the way for a while: until it was met more than once. */
const IN_THE_WAY_MS = 6_000;

function refusedBy(obstacle: Obstacle): Trial["run"] {
  return async ({ stage }: Chaos): Promise<Injected> => {
    await using at = await settled(stage);
    const { place, proxy } = at;
    const { api } = place;
    const objects = obstacle.objects(place);
    let times = 0;
    try {
      for (const object of objects) await api.apply(object);
      await eventually(
        async () => (await api.tryToApply(obstacle.refused(place))).status >= 400,
        { timeoutMs: 120_000, intervalMs: 250 },
      );
      proxy.meet = ({ method }) => ({
        after: (answer) => {
          if (method !== "GET" && answer.status >= 400) times++;
          return answer;
        },
      });
      await place.commit(contentAfter("1"));
      await place.look();
      await eventually(() => times > 0, { timeoutMs: 120_000 });
      await paused(IN_THE_WAY_MS);
      const { ready = "" } = await place.meshSync() ?? {};
      if (ready.startsWith("True ")) throw new Error(`MeshSync says ${ready}, and was refused`);
    } finally {
      for (const object of objects) await api.remove(nameOf(object));
    }
    await place.untilRest();
    return { what: `${obstacle.what}, and goes away later`, times };
  };
}

function nameOf({ kind, metadata }: KubeObject): ObjectName {
  const { name, namespace } = metadata;
  return {
    kind: kind as ObjectName["kind"],
    name,
    ...(namespace === undefined ? {} : { namespace }),
  };
}

function probe({ namespace }: Place): KubeObject {
  return {
    apiVersion: "v1",
    kind: "ConfigMap",
    metadata: { name: "probe", namespace },
    data: { value: "1" },
  } as KubeObject;
}

const ADMISSION = "admissionregistration.k8s.io/v1";

function inPlace({ namespace }: Place) {
  return { matchLabels: { "kubernetes.io/metadata.name": namespace } };
}

function rule(apiGroup: string, apiVersion: string, resource: string) {
  return {
    apiGroups: [apiGroup],
    apiVersions: [apiVersion],
    operations: ["CREATE", "UPDATE"],
    resources: [resource],
  };
}

/** As many ConfigMaps as there are: one less than will be wanted, as one is pruned only after the new one is there. */
const QUOTA: Obstacle = {
  what: "a quota has no room for a new ConfigMap",
  objects: ({ namespace }) => [{
    apiVersion: "v1",
    kind: "ResourceQuota",
    metadata: { name: "tight", namespace },
    spec: { hard: { "count/configmaps": "1" } },
  }],
  refused: probe,
};

const POLICY: Obstacle = {
  what: "a policy refuses StatefulSets",
  objects: (place) => [
    {
      apiVersion: ADMISSION,
      kind: "ValidatingAdmissionPolicy",
      metadata: { name: place.namespace },
      spec: {
        failurePolicy: "Fail",
        matchConstraints: {
          namespaceSelector: inPlace(place),
          resourceRules: [rule("apps", "v1", "statefulsets")],
        },
        validations: [{ expression: "false", message: "not today" }],
      },
    },
    {
      apiVersion: ADMISSION,
      kind: "ValidatingAdmissionPolicyBinding",
      metadata: { name: place.namespace },
      spec: { policyName: place.namespace, validationActions: ["Deny"] },
    },
  ],
  refused: ({ namespace }) => ({
    apiVersion: "apps/v1",
    kind: "StatefulSet",
    metadata: { name: "probe", namespace },
    spec: {
      serviceName: "probe",
      selector: { matchLabels: { app: "probe" } },
      template: {
        metadata: { labels: { app: "probe" } },
        spec: { containers: [{ name: "probe", image: "probe" }] },
      },
    },
  }),
};

/** Takes connections, and says nothing. */
function hangingWebhook(port: number): Obstacle {
  return {
    what: "a webhook that hangs has to be asked about ConfigMaps",
    objects: (place) => [{
      apiVersion: ADMISSION,
      kind: "ValidatingWebhookConfiguration",
      metadata: { name: place.namespace },
      webhooks: [{
        name: "hangs.example.org",
        admissionReviewVersions: ["v1"],
        sideEffects: "None",
        failurePolicy: "Fail",
        timeoutSeconds: 1,
        namespaceSelector: inPlace(place),
        rules: [rule("", "v1", "configmaps")],
        clientConfig: { url: `https://127.0.0.1:${port}/` },
      }],
    } as KubeObject],
    refused: probe,
  };
}

async function hanging(chaos: Chaos, chance: () => number): Promise<Injected> {
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const open: Deno.Conn[] = [];
  const taking = (async () => {
    for await (const connection of listener) open.push(connection);
  })();
  try {
    return await refusedBy(hangingWebhook(listener.addr.port))(chaos, chance);
  } finally {
    listener.close();
    for (const connection of open) connection.close();
    await taking;
  }
}

const CONTEST_MS = 10_000;

async function changing({ stage }: Chaos): Promise<Injected> {
  await using webhook = await mutatingServer();
  await using at = await settled(stage);
  const { place, proxy } = at;
  const { api, namespace } = place;
  const configuration = {
    apiVersion: ADMISSION,
    kind: "MutatingWebhookConfiguration",
    metadata: { name: namespace },
    webhooks: [{
      name: "changes.example.org",
      admissionReviewVersions: ["v1"],
      sideEffects: "None",
      failurePolicy: "Fail",
      namespaceSelector: inPlace(place),
      rules: [rule("", "v1", "configmaps"), rule("apps", "v1", "statefulsets")],
      clientConfig: webhook.clientConfig,
    }],
  } as KubeObject;
  try {
    // What it adds is nobody's but its own.
    webhook.change = labelled;
    await api.apply(configuration);
    const { count } = webhook;
    await eventually(async () => {
      await api.tryToApply(probe(place));
      return webhook.count > count;
    }, { timeoutMs: 120_000, intervalMs: 250 });
    await place.commit(contentAfter("1"));
    await place.look();
    await place.untilRest();
    // What Git says it has otherwise: that is what an apply comes to here, and no reason for a contest.
    webhook.change = overwritten;
    await place.commit(contentAfter("2"));
    await place.look();
    const rate = await requestRate(proxy, () => paused(CONTEST_MS));
    const what = `labels put on what is written, and a value changed, ${rate}`;
    await api.remove(nameOf(configuration));
    await place.commit(contentAfter("3"));
    await place.look();
    await place.untilRest({ isEdited: true });
    return { what, times: webhook.count };
  } finally {
    await api.remove(nameOf(configuration));
  }
}

const HELD_MS = 8_000;

async function namespaceHeld({ stage }: Chaos): Promise<Injected> {
  await using at = await settled(stage);
  const { place, proxy } = at;
  const { api, namespace } = place;
  const holder = { kind: "ConfigMap", name: "holder", namespace } as const;
  await api.apply({
    apiVersion: "v1",
    kind: holder.kind,
    metadata: { name: holder.name, namespace, finalizers: ["chaos.example/never"] },
  } as KubeObject);
  await api.remove({ kind: "Namespace", name: namespace });
  const rate = await requestRate(proxy, () => paused(HELD_MS));
  await place.commit(contentAfter("1"));
  await eventually(async () => await place.meshSync() === undefined, { timeoutMs: 180_000 });
  if (await api.find(holder) === undefined) throw new Error("Nothing held the namespace");
  await api.patch(holder, { metadata: { finalizers: null } });
  await eventually(
    async () => await api.find({ kind: "Namespace", name: namespace }) === undefined,
    {
      timeoutMs: 180_000,
    },
  );
  return { what: `a namespace that is held while it ends, ${rate}`, times: 1 };
}

const CLAIM = "the status says so, and it is tried again when nothing is in the way";

const TRIALS: readonly Trial[] = [
  { name: "others/quota", claim: CLAIM, run: refusedBy(QUOTA) },
  { name: "others/policy", claim: CLAIM, run: refusedBy(POLICY) },
  { name: "others/webhook", claim: CLAIM, run: hanging },
  {
    name: "others/changing-webhook",
    claim:
      "what it adds stays, what it overwrites is no contest, and without it all is as Git says",
    run: changing,
  },
  {
    name: "others/namespace",
    claim: "the MeshSync lets go, nobody asks without a pause, and it ends when it is let go",
    run: namespaceHeld,
  },
];

/** See the module. */
export const OTHERS: Chapter = chapterOf(TRIALS);
