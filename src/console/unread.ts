import type { MeshSync } from "#api";
import { errorText, shownText } from "#base";
import { componentNode, type ComponentSource } from "#topology";
import type { ComponentView, SyncView } from "./view.ts";

const TEXT_LENGTH_MAX = 300;

/** What is said of an object whose status is not as its definition has it. */
type Unread = Required<Pick<ComponentView, "message" | "reason" | "state">>;

/** A view of an object, or what is left to say where its status cannot be read. */
export function readable<T>(view: () => T, otherwise: (unread: Unread) => T): T {
  try {
    return view();
  } catch (error) {
    const message = shownText(
      `Its status is of another shape: ${errorText(error)}`,
      TEXT_LENGTH_MAX,
    );
    return otherwise({ state: "unknown", reason: "Unreadable", message });
  }
}

/** A component whose status cannot be read. */
export function unreadComponent({ component }: ComponentSource, unread: Unread): ComponentView {
  const { kind, name, namespace } = componentNode({ component: { ...component, status: {} } });
  return { kind, namespace, name, ...unread, replicas: { ready: 0, wanted: 0 }, instances: [] };
}

/** A MeshSync whose status cannot be read. */
export function unreadSync(
  { metadata: { name, namespace = "" } }: MeshSync,
  unread: Unread,
): SyncView {
  return {
    namespace,
    name,
    url: "",
    path: "",
    ...unread,
    history: [],
    suspended: false,
    counts: {},
  };
}
