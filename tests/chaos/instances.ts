/** Instances of one Function, each of which says what a test has it say. */
import { isPlainObject } from "#base";
import { userFunction } from "../support/controller_story.ts";
import { eventually } from "../support/eventually.ts";
import {
  ANSWERS,
  grpcAnswer,
  HAS_LOOPBACK_NETWORK,
  instanceDouble,
} from "../support/instance_double.ts";
import { bounded } from "./bounded.ts";
import { CannotTry, type Chaos, type Injected, shuffled, wholeNumber } from "./guarantee.ts";
import { instanceLies } from "./hostile_answers.ts";
import { Place } from "./place.ts";
import { paused } from "./settled.ts";

const NAME = "many";
const GIVE_UP = { timeoutMs: 180_000, intervalMs: 250 };
const LYING_MS = 6_000;
/** What the instance of {@linkcode sound} received. */
const RECEIVED = 6;

type Answer = () => Response | Promise<Response>;

function sound(): Response {
  return grpcAnswer(ANSWERS.javaFunction);
}

/** A Function with so many pods, each at an address where what it answers can be changed. */
async function placeWith(
  place: Place,
  { addresses, answers }: {
    readonly addresses: readonly string[];
    readonly answers: readonly Answer[];
  },
): Promise<void> {
  const { api, namespace } = place;
  for (const [index, address] of addresses.entries()) {
    place.use(instanceDouble(address, () => answers[index]?.() ?? new Response()));
  }
  await api.apply(userFunction(NAME, { replicas: addresses.length }, { namespace }), "user");
  await Promise.all(addresses.map(async (ip, index) => {
    const pod = { kind: "Pod", name: `${NAME}-function-${index}`, namespace } as const;
    await eventually(async () => {
      const { status } = await api.find(pod) ?? {};
      return isPlainObject(status) && status["phase"] === "Running";
    }, GIVE_UP);
    await api.patchStatus(pod, { podIP: ip, podIPs: [{ ip }] });
  }));
}

/** Resolves when the status counts what the sound ones received, and says of the others what is wrong. */
async function untilSaid(
  { api, namespace }: Place,
  { received, says }: { readonly received: number; readonly says: readonly RegExp[] },
): Promise<void> {
  await eventually(async () => {
    const { status } = await api.find({ kind: "Function", name: NAME, namespace }) ?? {};
    const runtime = isPlainObject(status) ? status["runtime"] : undefined;
    const members = isPlainObject(runtime) ? runtime : {};
    const instances = [members["instances"] ?? []].flat();
    const problems = instances.map((one) => isPlainObject(one) ? String(one["problem"]) : "");
    const isSaid = says.every((pattern, index) => pattern.test(problems[index + 1] ?? ""));
    if (members["received"] === received && isSaid) return true;
    throw new Error(`${members["received"]} received, not ${received}: ${problems}`);
  }, GIVE_UP);
}

/** See the module. */
export async function lyingInstances(
  { stage }: Chaos,
  chance: () => number,
): Promise<Injected> {
  if (!HAS_LOOPBACK_NETWORK) throw new CannotTry("as it takes more addresses than 127.0.0.1");
  const stop = new AbortController();
  const lies = shuffled(chance, Object.entries(instanceLies(stop.signal)));
  const network = `127.${wholeNumber(chance, 20, 250)}.${wholeNumber(chance, 1, 250)}`;
  const addresses = Array.from(
    { length: lies.length + 1 },
    (_, index) => `${network}.${index + 1}`,
  );
  const answers: Answer[] = addresses.map(() => sound);
  await using place = await Place.open(stage);
  const proxy = place.proxy();
  const { pid } = await place.start(proxy, { flags: ["--instance-status-interval=1s"] });
  await placeWith(place, { addresses, answers });
  // Before the servers end, as they wait for what they answer.
  place.defer(() => stop.abort());
  const all = RECEIVED * addresses.length;
  await untilSaid(place, { received: all, says: [] });
  const rate = await bounded({ pid, proxy }, async () => {
    for (const [index, [, { answer }]] of lies.entries()) answers[index + 1] = answer;
    await untilSaid(place, { received: RECEIVED, says: lies.map(([, { says }]) => says) });
    await paused(LYING_MS);
  });
  answers.fill(sound);
  await untilSaid(place, { received: all, says: [] });
  return { what: `${lies.map(([what]) => what).sort().join(", ")}; ${rate}`, times: lies.length };
}
