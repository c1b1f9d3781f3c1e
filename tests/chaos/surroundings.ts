/** What the process needs of its machine fails: memory, disk, clock, names, tokens and certificates. */
import { errorText } from "#base";
import { eventually } from "../support/eventually.ts";
import { needProgram } from "../support/programs.ts";
import {
  CannotTry,
  type Chaos,
  type Chapter,
  chapterOf,
  type Injected,
  type Trial,
  wholeNumber,
} from "./guarantee.ts";
import { MemoryGroup, SmallDisk, wantRoot } from "./machine.ts";
import type { Place, Surroundings } from "./place.ts";
import { contentAfter, paused, type Settled, settled } from "./settled.ts";
import { authority, certificate, kubeconfigText } from "./trust.ts";

const KILLS = 2;

async function memory({ stage }: Chaos, chance: () => number): Promise<Injected> {
  wantRoot();
  await using group = await MemoryGroup.open();
  const around = { wrapper: group.wrapper };
  await using at = await settled(stage, { around: () => around });
  const { place, proxy } = at;
  let { program } = at;
  for (let kill = 1; kill <= KILLS; kill++) {
    const nth = wholeNumber(chance, 1, 5);
    let count = 0;
    proxy.meet = ({ isWrite }) =>
      isWrite && ++count === nth
        ? { after: async (answer) => (await group.limitToUsage(), answer) }
        : undefined;
    await place.commit(contentAfter(String(kill)));
    await place.look();
    // What it takes more than it has ends it, sooner or later: another form of the MeshSync is something to keep.
    let isOver = false;
    program.ended.then(() => isOver = true);
    await eventually(async () => {
      if (!isOver) await place.look();
      return isOver;
    }, { timeoutMs: 180_000, intervalMs: 250 });
    const code = await program.ended;
    if (code !== 137) throw new Error(`It ended with ${code}\n${program.logTail()}`);
    proxy.meet = () => undefined;
    await group.unlimit();
    program = await place.start(proxy, around);
    await place.untilRest();
  }
  return { what: `ended by the kernel for its memory, ${KILLS} times a round`, times: KILLS };
}

const FULL = 2;

async function diskFull({ stage }: Chaos): Promise<Injected> {
  wantRoot();
  let disk: SmallDisk | undefined;
  const around = async (place: Place): Promise<Surroundings> => {
    disk = await SmallDisk.mount(`${place.folder}/small`, "8m");
    place.defer(() => disk?.unmount());
    return { cacheDirectory: `${disk.path}/cache` };
  };
  await using at = await settled(stage, { around, spec: { interval: "2s" } });
  const { place } = at;
  for (let round = 1; round <= FULL; round++) {
    await disk?.fill();
    await place.commit(contentAfter(String(round)));
    await place.untilReady(/^False (?!Healthy)/);
    // What is applied is looked after all the same.
    const { namespace } = place;
    const edited = { kind: "ConfigMap", name: "a", namespace } as const;
    await place.api.patch(edited, { data: { value: "edited" } });
    await eventually(async () => {
      const data = (await place.api.find(edited))?.["data"] as { readonly value?: string };
      return data.value !== "edited";
    }, { timeoutMs: 120_000, intervalMs: 250 });
    await disk?.free();
    await place.untilRest({ isEdited: true });
  }
  return { what: `no byte left for clones, ${FULL} times a round`, times: FULL };
}

/** Where Debian has it. */
const FAKETIME = `/usr/lib/${
  Deno.build.arch === "aarch64" ? "aarch64" : "x86_64"
}-linux-gnu/faketime/libfaketimeMT.so.1`;
const HOUR = 3_600;

/** @throws {CannotTry} where it is not there and cannot be installed */
async function wantFakeTime(): Promise<void> {
  try {
    await needProgram(FAKETIME, "libfaketime");
  } catch (cause) {
    throw new CannotTry(`as there is no libfaketime: ${errorText(cause)}`, { cause });
  }
}

async function clock({ stage }: Chaos): Promise<Injected> {
  await wantFakeTime();
  const file = (place: Place) => `${place.folder}/clock`;
  const set = (place: Place, seconds: number) =>
    Deno.writeTextFile(file(place), `${seconds < 0 ? "" : "+"}${seconds}\n`);
  const around = async (place: Place): Promise<Surroundings> => {
    await set(place, 0);
    return {
      flags: ["--enable-leader-election", `--leader-election-namespace=${place.namespace}`],
      env: {
        LD_PRELOAD: FAKETIME,
        FAKETIME_TIMESTAMP_FILE: file(place),
        FAKETIME_NO_CACHE: "1",
        FAKETIME_DONT_FAKE_MONOTONIC: "1",
      },
    };
  };
  await using at = await settled(stage, { around });
  const { place } = at;
  const steps = [HOUR, -HOUR, 0];
  for (const [index, seconds] of steps.entries()) {
    await set(place, seconds);
    await place.commit(contentAfter(String(index + 1)));
    await place.look();
    await place.untilRest();
    const offMs = lastLogMs(at) - Date.now();
    if (Math.abs(offMs - seconds * 1_000) > HOUR * 500) {
      throw new Error(`Its clock is ${offMs} ms off, not ${seconds} s: nothing was injected`);
    }
  }
  return { what: "its clock set an hour forward, two back and one forward", times: steps.length };
}

/** The time of the last line that the program wrote. */
function lastLogMs({ program }: Settled): number {
  const times = [...program.logTail().matchAll(/"time":"([^"]+)"/g)];
  return Date.parse(times.at(-1)?.[1] ?? "");
}

async function token({ stage }: Chaos): Promise<Injected> {
  const account = "meshwright-chaos";
  let tokenFile = "";
  let renew = async (): Promise<string> => await Promise.reject(new Error("not there yet"));
  const around = async (place: Place): Promise<Surroundings> => {
    const { api, namespace } = place;
    await api.apply(
      { apiVersion: "v1", kind: "ServiceAccount", metadata: { name: account, namespace } },
    );
    const grant = { kind: "ClusterRoleBinding", name: namespace } as const;
    await api.apply({
      apiVersion: "rbac.authorization.k8s.io/v1",
      kind: grant.kind,
      metadata: { name: namespace },
      roleRef: {
        apiGroup: "rbac.authorization.k8s.io",
        kind: "ClusterRole",
        name: "cluster-admin",
      },
      subjects: [{ kind: "ServiceAccount", name: account, namespace }],
    });
    place.defer(() => api.remove(grant));
    tokenFile = `${place.folder}/token`;
    renew = async () => {
      const { bound, token } = await api.boundToken(account, namespace);
      await Deno.writeTextFile(tokenFile, token);
      return bound;
    };
    await renew();
    const { caPem, serverUrl } = stage.access;
    return { kubeconfig: tokenKubeconfig({ caPem, serverUrl, tokenFile }) };
  };
  await using at = await settled(stage, { around });
  const { place } = at;
  const { api, namespace } = place;
  const old = await Deno.readTextFile(tokenFile);
  const secrets = await api.list("Secret", namespace);
  await renew();
  for (const { metadata } of secrets) {
    await api.remove({ kind: "Secret", name: metadata.name, namespace });
  }
  await eventually(() => api.isRefused(old), { timeoutMs: 120_000, intervalMs: 500 });
  // Also who listens hears nothing more under the old one.
  await place.commit(contentAfter("1"));
  await place.look();
  await place.untilRest();
  return { what: "its token exchanged in its file, and the old one refused", times: 1 };
}

function tokenKubeconfig(
  { caPem, serverUrl, tokenFile }: Readonly<Record<"caPem" | "serverUrl" | "tokenFile", string>>,
): string {
  return kubeconfigText({ server: serverUrl, "certificate-authority-data": btoa(caPem) }, {
    tokenFile,
  });
}

const GIT_NAME = "git.chaos.example";
const SERVER_NAME = "server.chaos.example";

async function names({ stage }: Chaos, chance: () => number): Promise<Injected> {
  wantRoot();
  let file = "";
  const known = () => Deno.writeTextFile(file, `127.0.0.1 localhost ${GIT_NAME} ${SERVER_NAME}\n`);
  const around = async (place: Place, proxy: { readonly url: string }): Promise<Surroundings> => {
    file = `${place.folder}/hosts`;
    const resolver = `${place.folder}/resolv.conf`;
    await known();
    // Nobody answers there.
    await Deno.writeTextFile(resolver, "nameserver 127.0.0.1\noptions timeout:1 attempts:1\n");
    const mounts = `mount --bind ${file} /etc/hosts && mount --bind ${resolver} /etc/resolv.conf`;
    await place.sync({ interval: "2s", url: `${place.git.url}/work/.git`.replace(IP, GIT_NAME) });
    return {
      wrapper: ["unshare", "--mount", "sh", "-c", `${mounts} && exec "$@"`, "sh"],
      kubeconfig: kubeconfigText({ server: proxy.url.replace(IP, SERVER_NAME) }),
    };
  };
  await using at = await settled(stage, { around });
  const { place, proxy } = at;
  for (let round = 1; round <= 2; round++) {
    await Deno.writeTextFile(file, "127.0.0.1 localhost\n");
    await place.commit(contentAfter(String(round)));
    await place.untilReady(/^False (?!Healthy)/);
    proxy.cutWatches();
    await paused(wholeNumber(chance, 0, 4_000));
    await known();
    await place.untilRest();
  }
  return { what: "no name of a remote or a server is resolved, 2 times a round", times: 2 };
}

const IP = "127.0.0.1";

const TRIALS: readonly Trial[] = [
  {
    name: "surroundings/memory",
    claim: "the next process ends what was begun, once",
    run: memory,
  },
  {
    name: "surroundings/disk-full",
    claim: "what is applied is looked after, the status says why, and it goes on",
    run: diskFull,
  },
  {
    name: "surroundings/clock",
    claim: "nothing waits for it, and nothing is done twice",
    run: clock,
  },
  { name: "surroundings/token", claim: "it goes on under the new one", run: token },
  {
    name: "surroundings/certificate",
    claim: "nothing is sent to a stranger, and it goes on",
    run: certificate,
  },
  {
    name: "surroundings/authority",
    claim:
      "nobody is trusted whom no authority vouches for, and it goes on once its file names another",
    run: authority,
  },
  {
    name: "surroundings/names",
    claim: "what is applied stays, the status says why, and it goes on",
    run: names,
  },
];

/** See the module. */
export const SURROUNDINGS: Chapter = chapterOf(TRIALS);
