import type { ObjectKey } from "#base";
import { ApiError } from "./api_error.ts";
import { lackOf } from "./lack.ts";

/** What an object needs that is applied, watched and pruned. */
const WRITE_VERBS = "create,delete,get,list,patch,watch";

/** Who asked, and for what. */
export interface GrantOptions {
  /** The user whose rights were asked for, whoever sent the request. */
  readonly user: string;
  /** Whether the object is only to be read; else it is to be applied, watched and pruned. */
  readonly isRead?: boolean;
}

/**
 * The commands that would give an account the right that it lacks, from the words of an API server that refused it;
 * undefined for words of another kind (quotas, policies, namespaces on their way out refuse with the same code).
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { grantText } from "#kube";
 * const user = "system:serviceaccount:team:default";
 * const text = `secrets "db" is forbidden: User "${user}" cannot get resource "secrets" in API group "" in the namespace "team"`;
 * assertEquals(grantText(text, { user, isRead: true }), "kubectl create role default-get-secrets-db -n team --verb=get " +
 *   "--resource=secrets --resource-name=db && kubectl create rolebinding default-get-secrets-db -n team " +
 *   "--role=default-get-secrets-db --serviceaccount=team:default");
 * assertEquals(grantText('pods "a" is forbidden: exceeded quota', { user }), undefined);
 * ```
 */
export function grantText(
  text: string,
  { isRead = false, user }: GrantOptions,
): string | undefined {
  const lack = lackOf(text);
  const account = accountOf(user);
  if (lack === undefined || account === undefined) return undefined;
  // Who is refused is whoever asked in the name of the account: the right to do so is missing.
  if (lack.user !== user) return impersonationGrant(account, accountOf(lack.user));
  const { group, name, namespace, resource } = lack;
  const isNamed = isRead && name !== "";
  return commands({
    account,
    namespace,
    role: isNamed ? `${account.name}-get-${resource}-${name}` : `${account.name}-${resource}`,
    verbs: isNamed ? "get" : WRITE_VERBS,
    resource: group === "" ? resource : `${resource}.${group}`,
    name: isNamed ? name : "",
  });
}

function impersonationGrant(
  { name, namespace }: ObjectKey,
  program: ObjectKey | undefined,
): string | undefined {
  return program && commands({
    account: program,
    namespace,
    role: `act-as-${name}`,
    verbs: "impersonate",
    resource: "serviceaccounts",
    name,
  });
}

/** A role with one rule, and its binding. */
function commands(
  { account, name, namespace, resource, role, verbs }: {
    readonly account: ObjectKey;
    /** Empty for a role of the whole cluster. */
    readonly namespace: string;
    readonly role: string;
    readonly verbs: string;
    readonly resource: string;
    /** Of the only object; empty for all. */
    readonly name: string;
  },
): string | undefined {
  // They are to be copied into a shell: nothing but names.
  const words = [account.name, account.namespace, name, namespace, resource, role, verbs];
  if (!words.every(isPlain)) return undefined;
  const [kind, place] = namespace === "" ? ["clusterrole", ""] : ["role", ` -n ${namespace}`];
  const only = name === "" ? "" : ` --resource-name=${name}`;
  return `kubectl create ${kind} ${role}${place} --verb=${verbs} --resource=${resource}${only} && ` +
    `kubectl create ${kind}binding ${role}${place} --${kind}=${role} ` +
    `--serviceaccount=${account.namespace}:${account.name}`;
}

function accountOf(user: string): ObjectKey | undefined {
  const [system, type, namespace = "", name = "", ...rest] = user.split(":");
  const isAccount = system === "system" && type === "serviceaccount" && name !== "" &&
    rest.length === 0;
  return isAccount ? { namespace, name } : undefined;
}

/** The error of an API server that refused an account, with what to grant where that account lacks a right. */
export class RightsError extends ApiError {
  readonly #refusal: ApiError;
  readonly #user: string;

  constructor(refusal: ApiError, grant: string, user: string) {
    const { aboutKind, aboutName, ask, causes, reason, retryAfterMs, status } = refusal;
    const text = `${refusal.text}; allow it with: ${grant}`;
    const about = { aboutKind, aboutName, ask, causes, reason, retryAfterMs, status };
    super({ ...about, text });
    this.#refusal = refusal;
    this.#user = user;
  }

  /** The same for who only reads: less is to be granted. */
  forReading(): RightsError {
    const options = { user: this.#user, isRead: true };
    const grant = grantText(this.#refusal.text, options);
    return grant === undefined ? this : new RightsError(this.#refusal, grant, this.#user);
  }
}

/** An error, with what to grant where the user lacks a right. */
export function withGrant(error: unknown, user: string): unknown {
  if (!(error instanceof ApiError) || error.status !== 403) return error;
  const grant = grantText(error.text, { user });
  return grant === undefined ? error : new RightsError(error, grant, user);
}

/** An error of a reader. */
export function withReadGrant(error: unknown): unknown {
  return error instanceof RightsError ? error.forReading() : error;
}

function isPlain(word: string): boolean {
  return /^[A-Za-z0-9.,/-]*$/.test(word) && !word.startsWith("-");
}
