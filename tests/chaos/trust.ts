/** The API server shows other certificates: by nobody whom the program trusts, or by another authority of the cluster. */
import { ownCertificates } from "../support/certificates.ts";
import type { Chaos, Injected } from "./guarantee.ts";
import type { Place, Surroundings } from "./place.ts";
import { contentAfter, paused, settled } from "./settled.ts";
import { tlsFront } from "./tls_front.ts";

const HOSTS = ["127.0.0.1", "localhost"];

/** A kubeconfig of one server and one user. */
export function kubeconfigText(
  cluster: Readonly<Record<string, string>>,
  user: Readonly<Record<string, string>> = {},
): string {
  return JSON.stringify({
    apiVersion: "v1",
    kind: "Config",
    "current-context": "chaos",
    clusters: [{ name: "chaos", cluster }],
    users: [{ name: "chaos", user }],
    contexts: [{ name: "chaos", context: { cluster: "chaos", user: "chaos" } }],
  });
}

const UNKNOWN_MS = 6_000;

/** A commit is there, and no request of the program passes. @param passed how many have */
async function commitUnheard(place: Place, passed: () => number): Promise<void> {
  const before = passed();
  await place.commit(contentAfter("1"));
  await place.look();
  await paused(UNKNOWN_MS);
  const strange = passed() - before;
  if (strange > 0) throw new Error(`${strange} requests went to a server that nobody vouches for`);
}

/** The server shows a certificate that nobody vouches for, and later the right one again. */
export async function certificate({ stage }: Chaos): Promise<Injected> {
  const [first, stranger] = [await ownCertificates(HOSTS), await ownCertificates(HOSTS)];
  let change = async (_to: typeof first): Promise<void> => await Promise.resolve();
  let passed = () => 0;
  const around = (place: Place, proxy: { readonly url: string }): Surroundings => {
    const front = place.use(tlsFront(proxy.url, first));
    change = (to) => front.present(to);
    passed = () => front.requestCount;
    const data = btoa(first.authorities.join("\n"));
    return {
      kubeconfig: kubeconfigText({ server: front.url, "certificate-authority-data": data }),
    };
  };
  await using at = await settled(stage, { around });
  const { place } = at;
  await change(stranger);
  await commitUnheard(place, passed);
  await change(first);
  await place.untilRest();
  return { what: "a certificate that nobody vouches for, and the right one again", times: 1 };
}

/** The server gets another authority, and so does the file that names it, later: there as a kubeconfig, or as `ca.crt`. */
export async function authority({ stage }: Chaos, chance: () => number): Promise<Injected> {
  const [first, second] = [await ownCertificates(HOSTS), await ownCertificates(HOSTS)];
  const isFile = chance() < 0.5;
  let change = async (_to: typeof first): Promise<void> => await Promise.resolve();
  let passed = () => 0;
  let follow = async ({ authorities: _ }: typeof first): Promise<void> => await Promise.resolve();
  const around = async (place: Place, proxy: { readonly url: string }): Promise<Surroundings> => {
    const front = place.use(tlsFront(proxy.url, first));
    change = (to) => front.present(to);
    passed = () => front.requestCount;
    const path = `${place.folder}/ca.crt`;
    const kubeconfigOf = (pem: string) =>
      kubeconfigText({
        server: front.url,
        ...isFile ? { "certificate-authority": path } : { "certificate-authority-data": btoa(pem) },
      });
    follow = async ({ authorities }) => {
      const pem = authorities.join("\n");
      await (isFile ? Deno.writeTextFile(path, pem) : place.changeKubeconfig(kubeconfigOf(pem)));
    };
    if (isFile) await follow(first);
    return { kubeconfig: kubeconfigOf(first.authorities.join("\n")) };
  };
  await using at = await settled(stage, { around });
  const { place } = at;
  await change(second);
  await commitUnheard(place, passed);
  await follow(second);
  // The process is the same: it would not come to rest without.
  await place.untilRest();
  return { what: `another authority, and ${isFile ? "ca.crt" : "the kubeconfig"} later`, times: 1 };
}
