/**
 * A real control plane for cluster tests: the one that `scripts/with_cluster.ts` started for the whole run
 * (`MESHWRIGHT_TEST_KUBECONFIG`), or one for this test file.
 */
import {
  type CommandResult,
  findBinaries,
  kubeconfigText,
  type KubectlOptions,
  runKubectl,
  startControlPlane,
} from "../../scripts/control_plane.ts";

export { eventually } from "./eventually.ts";
export { FAIL, FAIL_CONTAINER, FAIL_EXIT_CODE, FAIL_MESSAGE } from "../../scripts/control_plane.ts";

/** Where a server is, and who the administrator is. */
export interface ClusterAccess {
  readonly serverUrl: string;
  readonly caPem: string;
  readonly token: string;
}

/** A namespace of one test. Dispose it to delete it, without waiting for the end of that. */
export interface TestNamespace extends AsyncDisposable {
  readonly name: string;
}

/** The cluster of a test file, usable inside its tests. */
export interface TestCluster {
  /** The administrator's kubeconfig. */
  readonly kubeconfigPath: string;
  /** Runs kubectl and answers its standard output; fails with its standard error. */
  kubectl(args: readonly string[], options?: KubectlOptions): Promise<string>;
  /** Runs kubectl and answers what it said, whatever its exit code. */
  tryKubectl(args: readonly string[], options?: KubectlOptions): Promise<CommandResult>;
  /** Applies objects, server-side. */
  apply(...objects: readonly unknown[]): Promise<void>;
  /** An object or list as JSON, of the type that the test says: `get<Pod>(["pod", "a", "-n", name])`. */
  get<T>(args: readonly string[]): Promise<T>;
  /** A namespace with a name of its own, and its default ServiceAccount. */
  namespace(): Promise<TestNamespace>;
  /** Server and administrator, for clients that want no kubeconfig. */
  access(): Promise<ClusterAccess>;
  /** The text of a kubeconfig for a ServiceAccount, made if it is not there: as little rights as RBAC gives it. */
  serviceAccountKubeconfig(account: { namespace: string; name: string }): Promise<string>;
}

/**
 * Registers the start and the end of the cluster with the test file that calls it, at its top level.
 *
 * @param options.alone a cluster of this file's own in any case: for what counts the requests of a whole API server
 */
export function testCluster(options: { readonly alone?: boolean } = {}): TestCluster {
  let program: { path: string; kubeconfigPath: string } | undefined;
  let own: AsyncDisposable | undefined;
  Deno.test.beforeAll(async () => {
    const shared = Deno.env.get("MESHWRIGHT_TEST_KUBECONFIG");
    if (shared !== undefined && options.alone !== true) {
      program = { path: (await findBinaries()).kubectl, kubeconfigPath: shared };
      return;
    }
    const plane = await startControlPlane();
    own = plane;
    program = { path: plane.binaries.kubectl, kubeconfigPath: plane.kubeconfigPath };
  });
  Deno.test.afterAll(async () => {
    await own?.[Symbol.asyncDispose]();
  });
  return clusterOf(() => {
    if (program === undefined) throw new Error("Cannot use the cluster: no test is running yet");
    return program;
  });
}

/** The cluster that `scripts/with_cluster.ts` started around a program that is no test. */
export async function startedCluster(): Promise<TestCluster> {
  const kubeconfigPath = Deno.env.get("MESHWRIGHT_TEST_KUBECONFIG");
  if (kubeconfigPath === undefined) throw new Error("Cannot use the cluster: none was started");
  const program = { path: (await findBinaries()).kubectl, kubeconfigPath };
  return clusterOf(() => program);
}

function clusterOf(program: () => { path: string; kubeconfigPath: string }): TestCluster {
  const tryKubectl: TestCluster["tryKubectl"] = (args, options) =>
    runKubectl(program(), args, options);
  const kubectl: TestCluster["kubectl"] = async (args, options) => {
    const { code, stdout, stderr } = await tryKubectl(args, options);
    if (code === 0) return stdout;
    throw new Error(`Cannot run kubectl ${args.join(" ")}: code ${code}: ${stderr.trim()}`);
  };
  const access: TestCluster["access"] = async () => {
    const view = ["config", "view", "--raw", "--minify", "-o", "json"];
    const { clusters, users } = JSON.parse(await kubectl(view));
    return {
      serverUrl: clusters[0].cluster.server,
      caPem: atob(clusters[0].cluster["certificate-authority-data"]),
      token: users[0].user.token,
    };
  };
  return {
    get kubeconfigPath() {
      return program().kubeconfigPath;
    },
    kubectl,
    tryKubectl,
    async get<T>(args: readonly string[]): Promise<T> {
      return JSON.parse(await kubectl(["get", ...args, "-o", "json"]));
    },
    access,
    async apply(...objects) {
      const stdin = objects.map((object) => JSON.stringify(object)).join("\n---\n");
      await kubectl(["apply", "--server-side", "-f", "-"], { stdin });
    },
    async namespace() {
      const name = `test-${crypto.randomUUID().slice(0, 8)}`;
      await kubectl(["create", "namespace", name]);
      await kubectl(["wait", "--for=create", "serviceaccount/default", "-n", name]);
      return {
        name,
        async [Symbol.asyncDispose]() {
          await kubectl(["delete", "namespace", name, "--wait=false", "--ignore-not-found"]);
        },
      };
    },
    async serviceAccountKubeconfig({ namespace, name }) {
      const metadata = { namespace, name };
      const account = JSON.stringify({ apiVersion: "v1", kind: "ServiceAccount", metadata });
      await kubectl(["apply", "--server-side", "-f", "-"], { stdin: account });
      const token = (await kubectl(["create", "token", name, "-n", namespace])).trim();
      const { serverUrl, caPem } = await access();
      return kubeconfigText({ serverUrl, caPem, user: name, token, namespace });
    },
  };
}
