import { type Component, isComponent, newestException } from "#api";
import { conditionOf, type KubeObject, shownText } from "#base";
import { holderOf } from "#manifests";
import { type ComponentNode, componentNode, type ComponentSource } from "#topology";
import type { ComponentView, InstanceView, StateView } from "./view.ts";

const TEXT_LENGTH_MAX = 300;
const NAME_LENGTH_MAX = 253;
/** Exceptions of more are longer than a page shows. */
const EXCEPTION_LENGTH_MAX = 1_000;
/** Pods of one component that are told: as many as its status lists. */
const INSTANCES_MAX = 100;

/** Reasons of a component on its way: nothing is wrong yet. */
const ON_ITS_WAY: ReadonlySet<string> = new Set(["Progressing", "RollingOut", "Terminating"]);

/** The key of a component in a view: `Function/shop/enrich`. */
export function componentKey(
  { kind, namespace, name }: {
    readonly kind: string;
    readonly namespace: string;
    readonly name: string;
  },
): string {
  return `${kind}/${namespace}/${name}`;
}

/**
 * What a view says of a Function, Source or Sink: of its status, and of its spec no more than image and language. Pure.
 *
 * @param syncOf the MeshSync that applied an object, `namespace/name`
 */
export function componentView(
  source: ComponentSource,
  syncOf: (object: KubeObject) => string | undefined = syncKey,
): ComponentView {
  const { component } = source;
  const node = componentNode(source);
  const { backlog, exceptions, processed } = node.numbers ?? {};
  const last = isComponent(component) ? newestException(component.status?.runtime) : undefined;
  const { image, scaling } = detailsOf(component as Component);
  const [sync, language] = [syncOf(component), languageOf(component)];
  return {
    kind: node.kind,
    namespace: node.namespace,
    name: node.name,
    ...(node.mesh === undefined ? {} : { mesh: shownText(node.mesh, NAME_LENGTH_MAX) }),
    ...(sync === undefined ? {} : { sync }),
    state: stateOf(node, component),
    ...(node.reason === undefined ? {} : { reason: shownText(node.reason, TEXT_LENGTH_MAX) }),
    ...(node.message === undefined ? {} : { message: shownText(node.message, TEXT_LENGTH_MAX) }),
    ...(node.since === undefined ? {} : { since: shownText(node.since, TEXT_LENGTH_MAX) }),
    replicas: { ready: node.readyPods ?? 0, wanted: node.wantedPods },
    ...(image === undefined ? {} : { image: shownText(image, TEXT_LENGTH_MAX) }),
    ...(language === undefined ? {} : { language }),
    ...(processed === undefined ? {} : { processed }),
    ...(backlog === undefined ? {} : { backlog }),
    ...(exceptions === undefined ? {} : { exceptions }),
    ...(last === undefined ? {} : {
      lastException: {
        text: shownText(last.message, EXCEPTION_LENGTH_MAX),
        ...(last.time === undefined ? {} : { at: shownText(last.time, TEXT_LENGTH_MAX) }),
      },
    }),
    ...(scaling === undefined ? {} : { scaling: shownText(scaling, TEXT_LENGTH_MAX) }),
    instances: instancesOf(component as Component),
  };
}

/** The MeshSync that an object's labels name; undefined where there is none. */
export function syncKey(object: KubeObject): string | undefined {
  const { namespace, name } = holderOf(object);
  return namespace === "" || name === "" ? undefined : `${namespace}/${name}`;
}

function stateOf({ isReady, reason = "" }: ComponentNode, component: KubeObject): StateView {
  const ready = conditionOf((component as Component).status?.conditions, "Ready");
  const isOld = (ready?.observedGeneration ?? 0) < (component.metadata.generation ?? 0);
  if (component.metadata.deletionTimestamp !== undefined) return "progressing";
  if (ready === undefined || isOld || ready.status === "Unknown") return "unknown";
  if (isReady === true) return "ok";
  return ON_ITS_WAY.has(reason) ? "progressing" : "failing";
}

/** What authors may have written in any way: only texts count. */
function detailsOf({ spec, status }: Component): {
  readonly image: string | undefined;
  readonly scaling: string | undefined;
} {
  const text = (value: unknown) => typeof value === "string" && value !== "" ? value : undefined;
  return { image: text(spec?.image), scaling: text(status?.scaling?.reason) };
}

const LANGUAGES = ["java", "python", "golang", "genericRuntime"] as const;

function languageOf(component: KubeObject): ComponentView["language"] {
  const spec = (component.spec ?? {}) as Readonly<Record<string, unknown>>;
  const found = LANGUAGES.find((member) => spec[member] !== undefined);
  return found === "golang" ? "go" : found === "genericRuntime" ? "generic" : found;
}

function instancesOf({ status }: Component): InstanceView[] {
  const instances = Array.isArray(status?.instances) ? status.instances : [];
  return instances.slice(0, INSTANCES_MAX).map(
    ({ message, name, ready, reason, restarts, state }) => {
      const why = [reason, message].filter((part) => part !== undefined).join(": ");
      const text = why === "" ? state : why;
      return {
        pod: shownText(String(name), NAME_LENGTH_MAX),
        ready: ready === true,
        ...(text === undefined ? {} : { text: shownText(text, TEXT_LENGTH_MAX) }),
        ...(restarts === undefined ? {} : { restarts }),
      };
    },
  );
}
