/** A kubeconfig with one context, of a cluster and a user. */
export function kubeconfig(cluster: object, user: object = { token: "t0" }) {
  return {
    clusters: [{ name: "c", cluster }],
    users: [{ name: "u", user }],
    contexts: [{ name: "x", context: { cluster: "c", user: "u", namespace: "shop" } }],
    "current-context": "x",
  };
}

/** Writes a kubeconfig into a folder and answers its path. */
export async function writtenKubeconfig(
  folder: string,
  config: object,
  name = "config",
): Promise<string> {
  await Deno.writeTextFile(`${folder}/${name}`, JSON.stringify(config));
  return `${folder}/${name}`;
}
