/** How a kind is addressed over REST. */
export interface ResourceType {
  /** `group/version`, or `v1` for the core group. */
  readonly apiVersion: string;
  readonly kind: string;
  readonly plural: string;
  readonly namespaced: boolean;
}

/** The path of a kind, of its objects in a namespace, of one object, or of a subresource. */
export function resourcePath(
  type: ResourceType,
  at: {
    readonly namespace?: string | undefined;
    readonly name?: string;
    readonly subresource?: string;
  } = {},
): string {
  const root = type.apiVersion.includes("/") ? "/apis" : "/api";
  const { namespace = "", name, subresource } = at;
  const scope = type.namespaced && namespace !== ""
    ? `/namespaces/${encodeURIComponent(namespace)}`
    : "";
  const object = name === undefined ? "" : `/${encodeURIComponent(name)}`;
  const part = subresource === undefined ? "" : `/${subresource}`;
  return `${root}/${type.apiVersion}${scope}/${type.plural}${object}${part}`;
}
