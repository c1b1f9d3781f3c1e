/** A webhook of somebody else that changes what is written, as sidecar injectors and defaulting controllers do. */
import { isPlainObject, type KubeObject } from "#base";
import { ownCertificates } from "../support/certificates.ts";

/** An operation of a JSON patch. */
type Operation = Readonly<Record<string, unknown>>;

/** Answers every review with operations of a JSON patch. */
export interface MutatingServer extends AsyncDisposable {
  /** How an API server is told to ask it. */
  readonly clientConfig: { readonly url: string; readonly caBundle: string };
  /** Reviews so far. */
  readonly count: number;
  /** What happens to an object from now on. */
  change: (object: KubeObject) => readonly Operation[];
}

/** Starts one that changes nothing yet. */
export async function mutatingServer(): Promise<MutatingServer> {
  const { authorities, certificate: cert, privateKey: key } = await ownCertificates(["127.0.0.1"]);
  let count = 0;
  const address = { hostname: "127.0.0.1", port: 0, cert, key, onListen() {} };
  const server = Deno.serve(address, async (request) => {
    const review: unknown = await request.json();
    const asked = isPlainObject(review) && isPlainObject(review["request"])
      ? review["request"]
      : {};
    count++;
    const operations = running.change(asked["object"] as KubeObject);
    return Response.json({
      apiVersion: "admission.k8s.io/v1",
      kind: "AdmissionReview",
      response: {
        uid: asked["uid"],
        allowed: true,
        ...(operations.length === 0
          ? {}
          : { patchType: "JSONPatch", patch: btoa(JSON.stringify(operations)) }),
      },
    });
  });
  const running: MutatingServer = {
    clientConfig: {
      url: `https://127.0.0.1:${server.addr.port}/`,
      caBundle: btoa(authorities.join("\n")),
    },
    get count() {
      return count;
    },
    change: () => [],
    [Symbol.asyncDispose]: () => server.shutdown(),
  };
  return running;
}

/** Puts a label of the injector on an object. */
export function labelled({ metadata }: KubeObject): readonly Operation[] {
  const labels = { ...metadata.labels, "chaos.example/injected": "true" };
  return [{ op: "add", path: "/metadata/labels", value: labels }];
}

/** Has it another way than Git: the value of a ConfigMap. */
export function overwritten({ kind }: KubeObject): readonly Operation[] {
  return kind === "ConfigMap" ? [{ op: "add", path: "/data/value", value: "mine" }] : [];
}
