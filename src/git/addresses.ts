import { lookup as lookUp, type LookupAddress, type LookupAllOptions } from "node:dns";
import { type AddressPolicy, errorText, gitAddress, isProxied, refusedAddress } from "#base";
import { GitError } from "./git_error.ts";

/** How names are resolved. */
export type Resolve = (
  host: string,
  options: LookupAllOptions,
  found: (error: Error | null, addresses: LookupAddress[]) => void,
) => void;

/** Which addresses may be asked that somebody else chose. */
export interface AddressCheck {
  readonly policy: AddressPolicy;
  /** What git sees of the environment: with a proxy in it, that resolves. */
  readonly env: (name: string) => string | undefined;
  /** As the system does it when left out. */
  readonly resolve?: Resolve;
}

/**
 * Settings for git that keep it to the addresses which were checked: a name that means something else a moment later gains
 * nothing.
 *
 * @param action what is tried, for messages
 * @throws {GitError} `refused_address` where a host is or resolves to an address that is not asked, `unreachable` where its
 * name is not known
 */
export async function checkedAddresses(
  url: string,
  { action, check: { env, policy, resolve } }: {
    readonly action: string;
    readonly check: AddressCheck;
  },
): Promise<readonly (readonly [string, string])[]> {
  const address = gitAddress(url);
  if (address === undefined || address.transport === "file") return [];
  const { host, port, transport } = address;
  const refuse = (host: string) => {
    const reason = refusedAddress(host, policy);
    if (reason === undefined) return;
    const message = `${action}: its address is ${reason}, which is not asked`;
    throw new GitError("refused_address", message);
  };
  refuse(host);
  const isHttp = transport === "http" || transport === "https";
  const parsed = URL.parse(url);
  if (isHttp && parsed !== null && isProxied(parsed, env)) return [];
  const addresses = await addressesOf(host.replace(/^\[|\]$/g, ""), { action, resolve });
  addresses.forEach(refuse);
  if (!isHttp || host.startsWith("[")) return [];
  const usual = transport === "http" ? "80" : "443";
  return [["http.curloptResolve", `${host}:${port || usual}:${addresses.join()}`]];
}

async function addressesOf(
  host: string,
  { action, resolve: lookUpAll = lookUp }: {
    readonly action: string;
    readonly resolve: Resolve | undefined;
  },
): Promise<string[]> {
  const { promise, resolve, reject } = Promise.withResolvers<string[]>();
  lookUpAll(host, { all: true }, (error, found) => {
    if (error === null && found.length > 0) return resolve(found.map(({ address }) => address));
    const cause = new Error(error === null ? "the name has no address" : errorText(error));
    reject(new GitError("unreachable", `${action}: the server cannot be reached`, { cause }));
  });
  return await promise;
}
