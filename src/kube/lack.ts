/** Who lacks a right to what, as an API server says it. */
export interface Lack {
  /** `system:serviceaccount:NAMESPACE:NAME` */
  readonly user: string;
  readonly verb: string;
  readonly resource: string;
  readonly group: string;
  /** Empty for the whole cluster. */
  readonly namespace: string;
  /** Of the object; empty where all are meant. */
  readonly name: string;
}

/** `secrets "db" is forbidden: User "u" cannot get resource "secrets" in API group "" in the namespace "team"` */
export function lackOf(text: string): Lack | undefined {
  const at = text.indexOf(' is forbidden: User "');
  if (at < 0) return undefined;
  const about = text.slice(0, at);
  const words = text.slice(at);
  const user = between(words, 'User "', '" cannot ');
  const verb = between(words, '" cannot ', ' resource "');
  const resource = between(words, ' resource "', '" in API group "');
  const group = between(words, '" in API group "', '"');
  if (user === undefined || verb === undefined || resource === undefined || group === undefined) {
    return undefined;
  }
  const namespace = between(words, ' in the namespace "', '"') ?? "";
  return { user, verb, resource, group, namespace, name: between(about, ' "', '"') ?? "" };
}

/** The words of a server for what is lacking, and nothing else that it may have said; undefined where it names no names. */
export function lackText(lack: Lack): string | undefined {
  const { group, name, namespace, resource, user, verb } = lack;
  if (!Object.values(lack).every((word) => /^[\w.:@/+-]{0,253}$/.test(word))) return undefined;
  const about = name === "" ? resource : `${resource} "${name}"`;
  const place = namespace === "" ? "at the cluster scope" : `in the namespace "${namespace}"`;
  return `${about} is forbidden: User "${user}" cannot ${verb} resource "${resource}" in API group ` +
    `"${group}" ${place}`;
}

function between(text: string, start: string, end: string): string | undefined {
  const from = text.indexOf(start);
  if (from < 0) return undefined;
  const to = text.indexOf(end, from + start.length);
  return to < 0 ? undefined : text.slice(from + start.length, to);
}
