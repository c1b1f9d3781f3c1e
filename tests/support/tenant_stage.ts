/**
 * A cluster as two tenants share it: the program with exactly the rights that `install` prints, and a user who may do in one
 * namespace what an ordinary team may.
 */
import { type MeshSync, resourceOf } from "#api";
import { conditionOf, type KubeObject } from "#base";
import { type Installation, programArguments } from "#install";
import { eventually, type TestCluster } from "./control_plane.ts";
import { temporaryFolder, type TestRepository, testRepository } from "./git_repository.ts";
import { type GitServer, gitServer } from "./git_server.ts";
import { install, installation, type RunningProgram, startProgram } from "./installed_program.ts";

/** Two tenants and a platform. */
export interface TenantStage extends AsyncDisposable {
  /** The program's namespace. */
  readonly home: string;
  /** Where the user has rights, as Role `tenant`. */
  readonly own: string;
  /** Somebody else's. */
  readonly other: string;
  readonly program: RunningProgram;
  readonly repository: TestRepository;
  readonly server: GitServer;
  /** `kubectl` with the user's token. */
  readonly user: (
    args: readonly string[],
    stdin?: string,
  ) => Promise<{ readonly code: number; readonly stdout: string; readonly stderr: string }>;
  /** Makes a MeshSync of the repository's folder of the same name: as the user where that is the user's namespace. */
  sync(namespace: string, name: string, spec?: Record<string, unknown>): Promise<void>;
  /** Waits until Ready reads so, as `False Reason: message`; answers it. */
  isReady(namespace: string, name: string, pattern: RegExp): Promise<string>;
  /** What an object is, as the administrator sees it; undefined when it is not there. */
  find(kind: string, namespace: string, name: string): Promise<KubeObject | undefined>;
  /** Gives an account of a namespace rights there, or everywhere. */
  grant(account: string, rights: Grant): Promise<void>;
}

/** Rights to resources of one group. */
export interface Grant {
  readonly namespace: string;
  readonly groups?: readonly string[];
  readonly resources: readonly string[];
  readonly verbs?: readonly string[];
}

const RBAC = "rbac.authorization.k8s.io";
const VERBS = ["create", "delete", "get", "list", "patch", "update", "watch"];

/** What the user may do, and nothing else: no Secret, no pod, no workload. */
const USER_RULES = [
  { apiGroups: ["gitops.functionmesh.io"], resources: ["meshsyncs"], verbs: VERBS },
  { apiGroups: ["compute.functionmesh.io"], resources: ["*"], verbs: VERBS },
  { apiGroups: [""], resources: ["configmaps", "events"], verbs: VERBS },
];

/** Installs, starts the program, and lets the user in. */
export async function tenantStage(
  cluster: TestCluster,
  choices: Partial<Installation> = {},
  flags: readonly string[] = [],
): Promise<TenantStage> {
  const stack = new AsyncDisposableStack();
  const chosen = installation({
    namespace: `platform-${crypto.randomUUID().slice(0, 8)}`,
    ...choices,
  });
  await install(cluster, chosen);
  const own = stack.use(await cluster.namespace()).name;
  const other = stack.use(await cluster.namespace()).name;
  const repository = stack.use(await testRepository());
  const server = stack.use(gitServer({ folder: repository.directory.replace(/\/work$/, "") }));
  const user = await userOf(cluster, own, stack);
  const program = stack.use(
    await startProgram(cluster, {
      namespace: chosen.namespace,
      flags: [...programArguments(chosen), "--webhook-addr=0", ...flags],
    }),
  );
  stack.defer(async () => {
    await cluster.tryKubectl(["delete", "msync", "--all", "-A", "--timeout=60s"]);
  });
  const find = async (kind: string, namespace: string, name: string) => {
    const place = namespace === "" ? [] : ["-n", namespace];
    const words = ["get", kind, name, ...place, "-o", "json", "--ignore-not-found"];
    const text = await cluster.kubectl(words);
    return text.trim() === "" ? undefined : JSON.parse(text) as KubeObject;
  };
  return {
    ...{ home: chosen.namespace, own, other, program, repository, server, user, find },
    sync: async (namespace, name, spec = {}) => {
      const { apiVersion, kind } = resourceOf("MeshSync");
      const url = `${server.url}/work/.git`;
      const full = { url, path: name, interval: "1s", timeout: "20s", ...spec };
      const object = { apiVersion, kind, metadata: { namespace, name }, spec: full };
      if (namespace !== own) return await cluster.apply(object);
      const { code, stderr } = await user(["apply", "-f", "-"], JSON.stringify(object));
      if (code !== 0) throw new Error(stderr);
    },
    isReady: async (namespace, name, pattern) => {
      let text = "";
      await eventually(async () => {
        const sync = await find("msync", namespace, name) as MeshSync | undefined;
        const ready = conditionOf(sync?.status?.conditions, "Ready");
        text = `${ready?.status} ${ready?.reason}: ${ready?.message}`;
        if (!pattern.test(text)) throw new Error(`${text}\n${program.log().slice(-3_000)}`);
        return true;
      }, { intervalMs: 200 });
      return text;
    },
    grant: (account, rights) => grant(cluster, account, rights),
    [Symbol.asyncDispose]: () => stack.disposeAsync(),
  };
}

async function userOf(
  cluster: TestCluster,
  namespace: string,
  stack: AsyncDisposableStack,
): Promise<TenantStage["user"]> {
  const folder = stack.use(await temporaryFolder());
  const path = `${folder.path}/kubeconfig`;
  await Deno.writeTextFile(
    path,
    await cluster.serviceAccountKubeconfig({ namespace, name: "ada" }),
  );
  const metadata = { name: "tenant", namespace };
  await cluster.apply(
    { apiVersion: `${RBAC}/v1`, kind: "Role", metadata, rules: USER_RULES },
    binding(namespace, "tenant", "ada"),
  );
  return (args, stdin) =>
    cluster.tryKubectl([...args, `--kubeconfig=${path}`], stdin === undefined ? {} : { stdin });
}

async function grant(
  cluster: TestCluster,
  account: string,
  { groups = [""], namespace, resources, verbs = VERBS }: Grant,
): Promise<void> {
  const name = `${account}-${crypto.randomUUID().slice(0, 8)}`;
  const rules = [{ apiGroups: groups, resources, verbs }];
  await cluster.apply(
    { apiVersion: `${RBAC}/v1`, kind: "Role", metadata: { name, namespace }, rules },
    binding(namespace, name, account),
  );
}

function binding(namespace: string, role: string, account: string): KubeObject {
  return {
    apiVersion: `${RBAC}/v1`,
    kind: "RoleBinding",
    metadata: { name: role, namespace },
    roleRef: { apiGroup: RBAC, kind: "Role", name: role },
    subjects: [{ kind: "ServiceAccount", name: account, namespace }],
  };
}

/** Lets the program act as an account, with the commands that it printed for that. */
export async function runPrinted(cluster: TestCluster, message: string): Promise<void> {
  const at = message.indexOf("kubectl create ");
  if (at < 0) throw new Error(`Cannot find a command: ${message}`);
  const [line = ""] = message.slice(at).split(/[\n;]| \(403/);
  for (const command of line.split(" && ")) {
    await cluster.kubectl(command.trim().split(" ").slice(1));
  }
}
