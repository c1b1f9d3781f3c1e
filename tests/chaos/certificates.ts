/** The webhook's authority, its certificate and its configuration, killed at every write of them. */
import { secretData } from "#base";
import { freePorts } from "../../scripts/control_plane/ports.ts";
import { userFunction } from "../support/controller_story.ts";
import { eventually } from "../support/eventually.ts";
import type { Content } from "./content.ts";
import type { Chapter } from "./guarantee.ts";
import { chapterOfLives, type Stage } from "./lives.ts";
import type { Place, Surroundings } from "./place.ts";

const CONTENT: Content = { configs: { a: "1" }, functions: {} };

const AUTHORITY = "meshwright-local-ca";
const SERVING = "meshwright-local-tls";

/** Looks at certificates are rare: a process that starts looks at once. */
const STAGES: readonly Stage[] = [
  {
    name: "processes/certificates",
    claim: "one authority, one certificate by it, and the API server asks and trusts it",
    isStartedAnew: true,
    act: async (place) => {
      for (const name of [AUTHORITY, SERVING]) await place.api.remove(secret(place, name));
      await place.api.remove(configuration(place));
    },
    check: isAtWork,
  },
  {
    name: "processes/certificates-lost",
    claim: "another authority is trusted before anything of it is served",
    isStartedAnew: true,
    act: async (place) => {
      for (const name of [AUTHORITY, SERVING]) await place.api.remove(secret(place, name));
    },
    check: isAtWork,
  },
  {
    name: "processes/certificates-damaged",
    claim: "another certificate by the same authority",
    isStartedAnew: true,
    act: (place) => place.api.patch(secret(place, SERVING), { data: { "tls.key": btoa("no") } }),
    check: isAtWork,
  },
];

function secret({ namespace }: Place, name: string) {
  return { kind: "Secret", name, namespace } as const;
}

function configuration({ namespace }: Place) {
  return {
    kind: "ValidatingWebhookConfiguration",
    name: `meshwright-local.${namespace}`,
  } as const;
}

/** The API server asks the webhook, whose certificate it trusts: else it would take what is wrong. */
async function isAtWork(place: Place): Promise<void> {
  const { api, namespace } = place;
  const wrong = userFunction("wrong", { output: { topic: "http://no" } }, { namespace });
  await eventually(async () => {
    const { status, text } = await api.tryToApply(wrong);
    return status === 422 && text.includes("spec.output.topic");
  }, { timeoutMs: 120_000, intervalMs: 250 });
  const [authority, serving, ...others] = (await api.list("Secret", namespace))
    .toSorted((a, b) => a.metadata.name < b.metadata.name ? -1 : 1);
  const keys = Object.keys(secretData(serving)).sort().join();
  const isAsMeant = authority?.metadata.name === AUTHORITY && others.length === 0 &&
    keys === "ca.crt,tls.crt,tls.key";
  if (!isAsMeant) throw new Error(`Secrets are not as meant: ${keys}, ${others.length} others`);
}

/** See the module. */
export const CERTIFICATES: Chapter = chapterOfLives({
  stages: STAGES,
  together: "again",
  begin: async (place) => {
    await place.commit(CONTENT);
    await place.sync();
  },
  isMeant: ({ path }) => /\/secrets|\/validatingwebhookconfigurations/.test(path),
  around: (place): Surroundings => {
    const [port] = freePorts(1);
    place.defer(() => place.api.remove(configuration(place)));
    return {
      flags: [
        "--enable-webhooks=true",
        `--webhook-addr=127.0.0.1:${port}`,
        `--webhook-url=https://127.0.0.1:${port}`,
      ],
    };
  },
});
