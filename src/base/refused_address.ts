/** Which addresses a program may call that it did not choose itself. */
export interface AddressPolicy {
  /** Hosts of the API server: its rights are the program's. */
  readonly apiServer: readonly string[];
  /** Whether addresses of this machine may be called: in set-ups for tests. */
  readonly allowLoopback: boolean;
}

/**
 * Why the program does not call a host that somebody else chose, in words that follow "it is"; undefined when it may.
 * A name may lead anywhere: what it resolves to has to be asked about as well.
 *
 * The program sits where its users do not: what answers only to this machine, to its network link (where clouds give
 * away credentials) or to the API server's own network must not be reached through it.
 *
 * @param host a name or an address, IPv6 with or without brackets
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { refusedAddress } from "#base";
 * const policy = { apiServer: ["10.96.0.1"], allowLoopback: false };
 * const reasons = ["example.org", "0x7f.1", "169.254.169.254"].map((host) => refusedAddress(host, policy));
 * assertEquals(reasons, [undefined, "an address of the program's own machine", "a link-local address"]);
 * ```
 */
export function refusedAddress(host: string, policy: AddressPolicy): string | undefined {
  const name = canonicalHost(host);
  if (name === undefined) return "no host";
  const kind = isThisMachine(name) ? "loopback" : kindOf(name);
  if (kind === "loopback") {
    return policy.allowLoopback ? undefined : "an address of the program's own machine";
  }
  if (kind === "link-local") return "a link-local address";
  if (kind === "metadata") return "the address of a cloud's metadata service";
  if (kind === "nobody") return "no address of a single host";
  const isApiServer = API_SERVER_NAMES.test(name) ||
    policy.apiServer.some((server) => canonicalHost(server) === name);
  return isApiServer ? "the API server" : undefined;
}

type Kind = "loopback" | "link-local" | "metadata" | "nobody";

const API_SERVER_NAMES = /^kubernetes(?:\.default(?:\.svc(?:\.[a-z0-9.-]+)?)?)?$/;
const HOST_LENGTH_MAX = 255;

/** The host as browsers write it: other spellings of numbers are undone, names are in lower case, without last dots. */
function canonicalHost(host: string): string | undefined {
  if (host.length > HOST_LENGTH_MAX) return undefined;
  const [bare = ""] = host.replace(/^\[/, "").replace(/\]$/, "").split("%");
  const url = URL.parse(bare.includes(":") ? `http://[${bare}]/` : `http://${bare}/`);
  // What holds more than a host is none.
  if (url === null || url.host !== url.hostname || url.href !== `http://${url.host}/`) {
    return undefined;
  }
  const name = url.hostname.replace(/\.$/, "");
  return name === "" ? undefined : name;
}

function isThisMachine(name: string): boolean {
  return /^(?:localhost|ip6-localhost|ip6-loopback|localhost\.localdomain)$/.test(name) ||
    name.endsWith(".localhost");
}

function kindOf(name: string): Kind | undefined {
  if (name.startsWith("[")) return kindOfV6(groupsOf(name.slice(1, -1)));
  const parts = name.split(".").map(Number);
  return parts.length === 4 && parts.every((part) => Number.isInteger(part))
    ? kindOfV4(parts)
    : undefined;
}

const METADATA_V4 = ["100.100.100.200", "168.63.129.16", "192.0.0.192"];

function kindOfV4(parts: readonly number[]): Kind | undefined {
  const [a = 0, b = 0] = parts;
  if (a === 0 || a === 127) return "loopback";
  if (a === 169 && b === 254) return "link-local";
  if (a >= 224) return "nobody";
  return METADATA_V4.includes(parts.join(".")) ? "metadata" : undefined;
}

const METADATA_V6 = ["fd00:ec2:0:0:0:0:0:254", "fd20:ce:0:0:0:0:0:254"];

function kindOfV6(groups: readonly number[]): Kind | undefined {
  const [first = 0, second = 0, third = 0] = groups;
  const last = groups.slice(-2);
  const isZero = (part: readonly number[]) => part.every((group) => group === 0);
  if (isZero(groups.slice(0, 7)) && (last[1] ?? 0) <= 1) return "loopback";
  if ((first & 0xffc0) === 0xfe80) return "link-local";
  if ((first & 0xff00) === 0xff00) return "nobody";
  if (METADATA_V6.includes(groups.map((group) => group.toString(16)).join(":"))) return "metadata";
  // Addresses of IPv4 in other clothes: mapped, compatible, translated (NAT64) and 6to4.
  const isMapped = isZero(groups.slice(0, 4)) && [0, 0xffff].includes(groups[5] ?? 1) &&
    [0, 0xffff].includes(groups[4] ?? 1);
  if (isMapped || (first === 0x64 && second === 0xff9b)) return kindOfV4(bytesOf(last));
  return first === 0x2002 ? kindOfV4(bytesOf([second, third])) : undefined;
}

function bytesOf(groups: readonly number[]): number[] {
  return groups.flatMap((group) => [group >> 8, group & 0xff]);
}

/** The eight numbers of an IPv6 address that a URL holds. */
function groupsOf(text: string): number[] {
  const [head = "", tail] = text.split("::");
  const numbers = (part: string) =>
    part === "" ? [] : part.split(":").map((group) => Number.parseInt(group, 16));
  const [before, after] = [numbers(head), numbers(tail ?? "")];
  const missing = tail === undefined ? 0 : 8 - before.length - after.length;
  return [...before, ...Array<number>(missing).fill(0), ...after];
}
