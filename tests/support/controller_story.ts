/** A test of the controller: a namespace of its own on a real cluster, and a controller that looks at nothing else. */
import { conditionOf, type KubeObject } from "#base";
import { eventually, type TestCluster } from "./control_plane.ts";
import { functionObject } from "./objects.ts";
import {
  type ControllerChoices,
  type RunningController,
  runningController,
} from "./running_controller.ts";

/** What a test of the controller works with. Names are `kind/name`, as kubectl takes them. */
export interface ControllerStory {
  readonly namespace: string;
  readonly controller: RunningController;
  /** Stops the controller and starts another one, which remembers nothing. */
  restart(): Promise<void>;
  /** Runs kubectl in the namespace and answers its output. */
  kubectl(...args: readonly string[]): Promise<string>;
  /** Applies objects, as a user, into the namespace. */
  apply(...objects: readonly KubeObject[]): Promise<void>;
  /** An object, or undefined when it is not there. */
  find<T extends KubeObject = KubeObject>(name: string): Promise<T | undefined>;
  /** An object. @throws when it is not there */
  get<T extends KubeObject = KubeObject>(name: string): Promise<T>;
  /** All objects of a kind. */
  list<T extends KubeObject = KubeObject>(kind: string, ...args: string[]): Promise<T[]>;
  /** The Ready condition as `True Ready: 1/1 pods ready`, for the current generation only. */
  ready(name: string): Promise<string>;
  /** Resolves when {@linkcode ready} matches, with its text. */
  untilReady(name: string, pattern?: RegExp, timeoutMs?: number): Promise<string>;
  /** How a short `kubectl wait --for=condition=Ready` ends. */
  tryWait(name: string): Promise<{ readonly code: number }>;
  /** Resolves when kubectl's merge patch is through. */
  patch(name: string, patch: unknown, ...args: string[]): Promise<void>;
  /** Events about an object, as `Normal Created Created Service orders-function-headless, StatefulSet orders-function`, in order. */
  events(name: string): Promise<string[]>;
}

/** The status conditions of any object. */
export interface Conditioned extends KubeObject {
  readonly status?: { readonly conditions?: unknown };
}

/**
 * Registers a test that gets a story. When it fails, the end of the controller's log is in the message.
 */
export function controllerTest(
  name: string,
  setting: { readonly cluster: TestCluster } & ControllerChoices,
  test: (story: ControllerStory) => Promise<void>,
): void {
  Deno.test(name, async () => {
    const { cluster, ...choices } = setting;
    await using space = await cluster.namespace();
    const chosen = { watchedNamespace: space.name, ...choices };
    let controller = await runningController(cluster, chosen);
    try {
      await test({
        ...kubectlIn(cluster, space.name),
        get controller() {
          return controller;
        },
        async restart() {
          await controller[Symbol.asyncDispose]();
          controller = await runningController(cluster, chosen);
        },
      });
    } catch (error) {
      throw withLog(error, controller);
    } finally {
      await controller[Symbol.asyncDispose]();
    }
  });
}

/** A Function as a user would write it. */
export function userFunction(
  name: string,
  spec: Record<string, unknown> = {},
  metadata: Record<string, unknown> = {},
): KubeObject {
  const { uid: _uid, generation: _generation, namespace: _namespace, ...own } =
    functionObject(name).metadata;
  const object = functionObject(name, spec);
  return { ...object, metadata: { ...own, ...metadata } };
}

/** The kubectl part of a story, for tests that look into several namespaces. */
export function kubectlIn(
  cluster: TestCluster,
  namespace: string,
): Omit<ControllerStory, "controller" | "restart"> {
  const kubectl = (...args: readonly string[]) => cluster.kubectl(["-n", namespace, ...args]);
  const find = async <T extends KubeObject>(name: string): Promise<T | undefined> => {
    const text = await kubectl("get", name, "-o", "json", "--ignore-not-found");
    return text === "" ? undefined : JSON.parse(text);
  };
  const get = async <T extends KubeObject>(name: string): Promise<T> => {
    const found = await find<T>(name);
    if (found === undefined) throw new Error(`Cannot get ${name}: it is not there`);
    return found;
  };
  const list = async <T extends KubeObject>(kind: string, ...args: string[]): Promise<T[]> =>
    JSON.parse(await kubectl("get", kind, ...args, "-o", "json")).items;
  const ready = async (name: string) => readyText(await get<Conditioned>(name));
  return {
    namespace,
    kubectl,
    find,
    get,
    list,
    ready,
    apply: async (...objects) => {
      await cluster.apply(...objects.map((object) => ({
        ...object,
        metadata: { ...object.metadata, namespace },
      })));
    },
    untilReady: (name, pattern = /^True /, timeoutMs = 180_000) => {
      let last = "";
      return eventually(async () => {
        last = await ready(name);
        return pattern.test(last) && last;
      }, { timeoutMs, intervalMs: 100 }).catch((error) => {
        throw new Error(`${name} is not ${pattern}, but: ${last}`, { cause: error });
      });
    },
    tryWait: (name) =>
      cluster.tryKubectl(
        ["wait", "-n", namespace, "--for=condition=Ready", name, "--timeout=0s"],
      ),
    patch: async (name, patch, ...args) => {
      await kubectl("patch", name, "--type=merge", "-p", JSON.stringify(patch), ...args);
    },
    events: async (name) => {
      const [kind, object] = name.split("/");
      const found = await list<EventObject>("events");
      return found
        .filter(({ involvedObject }) =>
          involvedObject.kind.toLowerCase() === kind && involvedObject.name === object
        )
        .sort((a, b) => Number(a.metadata.resourceVersion) - Number(b.metadata.resourceVersion))
        .map(({ type, reason, message }) => `${type} ${reason} ${message}`);
    },
  };
}

interface EventObject extends KubeObject {
  readonly type: string;
  readonly reason: string;
  readonly message: string;
  readonly involvedObject: { readonly kind: string; readonly name: string };
}

/** The Ready condition in words; `-` while there is none for the current generation. */
export function readyText(object: Conditioned): string {
  const ready = conditionOf(object.status?.conditions, "Ready");
  if (ready === undefined || ready.observedGeneration !== object.metadata.generation) return "-";
  return `${ready.status} ${ready.reason}: ${ready.message}`;
}

function withLog(error: unknown, controller: RunningController): Error {
  const log = controller.logLines.slice(-40).join("\n");
  const message = error instanceof Error ? error.message : String(error);
  return new Error(`${message}\nlog of the controller:\n${log}`, { cause: error });
}
