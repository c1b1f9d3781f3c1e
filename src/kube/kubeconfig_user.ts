import { isPlainObject } from "#base";
import type { Credentials } from "./endpoint.ts";
import {
  absolutePath,
  type ContextParts,
  dataField,
  fieldError,
  type Fields,
  fileText,
  type KubeconfigEntry,
  pathField,
  textField,
} from "./kubeconfig.ts";

/** The headers that say as whom a request acts, each once for a value. */
export type ActingHeaders = readonly (readonly [string, string])[];

/** Who asks, by what gives the credentials. */
export interface ClientUser {
  readonly fields: Fields;
  /** A file that somebody else renews. */
  readonly tokenPath?: string;
  /** What the user says of an OpenID Connect provider. */
  readonly oidc?: KubeconfigEntry;
}

/**
 * A user whose paths are absolute, with data before files; in the form that client-node takes where it runs a plugin, which
 * is told in its environment what it has to know.
 *
 * @param info what its plugin is told of the server, if it asks
 * @throws {StalledError} where something of it cannot be used
 */
export function clientUser(
  { context, user }: ContextParts,
  info: object,
): ClientUser {
  if (user === undefined) return { fields: {} };
  const tokenPath = pathField(user, "tokenFile");
  const token = textField(user, "token");
  const texts = ["username", "password"].map((name) => [name, textField(user, name)]);
  const exec = execOf(user, { context, info });
  const provider = providerOf(user, context);
  const fields = {
    ...pemMember(user, "client-certificate"),
    ...pemMember(user, "client-key"),
    ...Object.fromEntries(texts.filter(([, value]) => value !== undefined)),
    ...(tokenPath !== undefined || token === undefined ? {} : { token }),
    ...(exec === undefined ? {} : { exec }),
  };
  return {
    fields,
    ...(tokenPath === undefined ? {} : { tokenPath }),
    ...(provider === undefined ? {} : { oidc: provider }),
  };
}

/** As whom this user wants to act. */
export function actingHeaders(user: KubeconfigEntry | undefined): ActingHeaders {
  if (user === undefined) return [];
  const [as, uid] = [textField(user, "as"), textField(user, "as-uid")];
  const groups = textList(user, "as-groups", user.fields["as-groups"]);
  const extra = user.fields["as-user-extra"] ?? {};
  if (!isPlainObject(extra)) throw fieldError(user, "as-user-extra", "write names with lists");
  const extras = Object.entries(extra).flatMap(([key, values]) =>
    textList(user, `as-user-extra.${key}`, values).map((value) =>
      [`Impersonate-Extra-${encodeURIComponent(key.toLowerCase())}`, value] as const
    )
  );
  const rest = [
    ...(uid === undefined ? [] : [["Impersonate-Uid", uid] as const]),
    ...groups.map((group) => ["Impersonate-Group", group] as const),
    ...extras,
  ];
  if (as === undefined && rest.length > 0) {
    throw fieldError(
      user,
      "as",
      "name the user to whom as-uid, as-groups and as-user-extra belong",
    );
  }
  return as === undefined ? [] : [["Impersonate-User", as], ...rest];
}

/**
 * The credentials that a kubeconfig holds itself, or in files beside it that somebody may renew; a token goes before a name
 * with a password.
 *
 * @param fields as {@linkcode clientUser} has them
 * @throws {StalledError} where a file cannot be read
 */
export async function ownCredentials(
  user: KubeconfigEntry & { readonly name: string },
  fields: Fields,
): Promise<Credentials> {
  const { password = "", token, username } = fields;
  const [clientCertificate, clientKey] = [
    await pemText(user, fields, "client-certificate"),
    await pemText(user, fields, "client-key"),
  ];
  const basic = username === undefined ? undefined : `Basic ${basicText(username, password)}`;
  const authorization = token === undefined ? basic : `Bearer ${token}`;
  return {
    ...(authorization === undefined ? {} : { authorization }),
    ...(clientCertificate === undefined ? {} : { clientCertificate }),
    ...(clientKey === undefined ? {} : { clientKey }),
  };
}

function basicText(username: unknown, password: unknown): string {
  return new TextEncoder().encode(`${username}:${password}`).toBase64();
}

async function pemText(
  user: KubeconfigEntry & { readonly name: string },
  fields: Fields,
  name: string,
): Promise<string | undefined> {
  const data = dataField({ ...user, fields }, `${name}-data`);
  const path = fields[name];
  if (data !== undefined || typeof path !== "string") return data;
  const message = `Cannot authenticate as user ${user.name}: cannot read ${user.path}.${name}`;
  return await fileText(path, { message });
}

function pemMember(user: KubeconfigEntry, name: string): Fields {
  if (dataField(user, `${name}-data`) !== undefined) {
    return { [`${name}-data`]: user.fields[`${name}-data`] };
  }
  const path = pathField(user, name);
  return path === undefined ? {} : { [name]: path };
}

function textList(user: KubeconfigEntry, name: string, value: unknown): readonly string[] {
  const list = value ?? [];
  if (Array.isArray(list) && list.every((one) => typeof one === "string")) return list;
  throw fieldError(user, name, "write a list of texts");
}

/** The plugins by which clouds replaced what kubectl itself took until 1.26. */
const REPLACED = new Map([["azure", "kubelogin"], ["gcp", "gke-gcloud-auth-plugin"]]);

function providerOf(user: KubeconfigEntry, context: string): KubeconfigEntry | undefined {
  const fields = user.fields["auth-provider"] ?? undefined;
  if (fields === undefined) return undefined;
  const name = isPlainObject(fields) ? String(fields["name"]) : "";
  if (isPlainObject(fields) && name === "oidc") {
    return { fields, file: user.file, path: `${user.path}.auth-provider` };
  }
  const plugin = REPLACED.get(name);
  const remedy = plugin === undefined ? "an exec plugin" : `the exec plugin ${plugin}`;
  throw fieldError(
    user,
    "auth-provider.name",
    `of these only oidc is known, as to kubectl, so that context ${context} needs ${remedy} instead`,
  );
}

const CREDENTIAL_VERSION = "client.authentication.k8s.io/v1";

function execOf(
  user: KubeconfigEntry,
  { context, info }: { readonly context: string; readonly info: object },
): Fields | undefined {
  const fields = user.fields["exec"] ?? undefined;
  if (fields === undefined) return undefined;
  if (!isPlainObject(fields)) throw fieldError(user, "exec", "write command, args and env");
  const exec = { fields, file: user.file, path: `${user.path}.exec` };
  const command = textField(exec, "command");
  if (command === undefined) throw fieldError(exec, "command", "name the plugin");
  const mode = textField(exec, "interactiveMode") ?? "IfAvailable";
  if (mode === "Always") {
    const remedy =
      `the plugin of context ${context} wants a terminal, which it is not given here; ` +
      "write IfAvailable and log in with the plugin before";
    throw fieldError(exec, "interactiveMode", remedy);
  }
  const told = {
    apiVersion: textField(exec, "apiVersion") ?? CREDENTIAL_VERSION,
    kind: "ExecCredential",
    spec: {
      interactive: false,
      ...(fields["provideClusterInfo"] === true ? { cluster: info } : {}),
    },
  };
  return {
    command: command.includes("/") ? absolutePath(exec, command) : command,
    args: textList(exec, "args", fields["args"]),
    env: [...environmentOf(exec), { name: "KUBERNETES_EXEC_INFO", value: JSON.stringify(told) }],
  };
}

function environmentOf(exec: KubeconfigEntry): readonly object[] {
  const list = exec.fields["env"] ?? [];
  const isWhole = Array.isArray(list) &&
    list.every((one: unknown) =>
      isPlainObject(one) && typeof one["name"] === "string" && typeof one["value"] === "string"
    );
  if (isWhole) return list;
  throw fieldError(exec, "env", "write a list of name and value, both texts");
}
