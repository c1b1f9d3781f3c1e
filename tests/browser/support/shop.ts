import type {
  CommitView,
  ComponentView,
  ExplainView,
  SyncView,
  View,
} from "../../../src/console/view.ts";
import { ago, NOW_MS, seeded, ViewMaker } from "./made_up.ts";

/** A shop: two meshes and what stands beside them, all well but three. */
export function shop(): View {
  const maker = new ViewMaker();
  addOrders(maker);
  addPayments(maker);
  Object.assign(maker.syncs, shopSyncs());
  return {
    ...maker.view(),
    findings: [{
      code: "OutputUnread",
      severity: "information",
      component: "Function/shop/orders-audit",
      message: "writes to audit-trail, which nobody here reads",
      remedy: "Let a Sink read it, or leave the output out",
    }],
  };
}

const ORDERS = { mesh: "orders", sync: "meshwright/shop" } as const;

function addOrders(maker: ViewMaker): void {
  const numbers = { ...ORDERS, exceptions: 0, processed: 4_812_300 };
  const at = (name: string) => `Function/shop/orders-${name}`;
  maker.add("Source/shop/orders-web", { ...numbers, perSecond: 1240 }, { writes: ["orders-raw"] });
  maker.add("Source/shop/orders-pos", { ...numbers, perSecond: 310 }, { writes: ["orders-raw"] });
  maker.add(at("validate"), {
    ...numbers,
    replicas: { ready: 3, wanted: 3 },
    perSecond: 1548,
    backlog: 12,
    language: "go",
  }, {
    reads: ["orders-raw"],
    writes: ["orders-valid"],
    others: [["deadLetter", "orders-refused"]],
  });
  maker.add(at("enrich"), {
    ...numbers,
    state: "failing",
    reason: "CrashLoopBackOff",
    message:
      "1/4 pods ready: Pod orders-enrich-function-2: container pulsar-function ends again and again",
    since: ago(14),
    replicas: { ready: 1, wanted: 4 },
    perSecond: 212,
    backlog: 34_120,
    exceptions: 1_841,
    lastException: { text: EXCEPTION, at: ago(0.6) },
    language: "python",
    scaling: "4 replicas: 34,120 messages wait, and one replica does 212 a second",
    instances: [
      { pod: "orders-enrich-function-0", ready: true, text: "running" },
      { pod: "orders-enrich-function-1", ready: false, text: "CrashLoopBackOff", restarts: 7 },
      { pod: "orders-enrich-function-2", ready: false, text: "CrashLoopBackOff", restarts: 6 },
      { pod: "orders-enrich-function-3", ready: false, text: "ContainerCreating" },
    ],
  }, { reads: ["orders-valid", "customers"], writes: ["orders-rich"] });
  maker.add(at("price"), {
    ...numbers,
    perSecond: 208,
    backlog: 3,
    replicas: { ready: 2, wanted: 2 },
  }, {
    reads: ["orders-rich"],
    writes: ["orders-priced"],
  });
  maker.add(at("audit"), { ...numbers, perSecond: 205, backlog: 0, language: "go" }, {
    reads: ["orders-priced"],
    writes: ["audit-trail"],
  });
  maker.add("Sink/shop/orders-warehouse", { ...numbers, perSecond: 205, backlog: 41 }, {
    reads: ["orders-priced"],
  });
  maker.add("Sink/shop/orders-refusals", { ...numbers, perSecond: 0.3, backlog: 0 }, {
    reads: ["orders-refused"],
  });
}

function addPayments(maker: ViewMaker): void {
  const numbers = { mesh: "payments", sync: "meshwright/shop", exceptions: 0, processed: 912_440 };
  maker.add("Source/shop/payments-bank", { ...numbers, perSecond: 96 }, { writes: ["bank-lines"] });
  maker.add("Function/shop/payments-match", {
    ...numbers,
    state: "progressing",
    message: "2/3 pods ready: Pod payments-match-function-2 starts",
    since: ago(1),
    replicas: { ready: 2, wanted: 3 },
    perSecond: 95,
    backlog: 410,
  }, { reads: ["bank-lines", "orders-priced"], writes: ["payments"] });
  maker.add("Sink/shop/payments-ledger", { ...numbers, perSecond: 94, backlog: 2 }, {
    reads: ["payments"],
  });
  maker.add("Function/crm/customers-merge", {
    sync: "meshwright/crm",
    perSecond: 4.2,
    backlog: 0,
    exceptions: 2,
    processed: 88_123,
  }, { reads: ["crm-*"], writes: ["customers"] });
  maker.add("Function/crm/customers-score", {
    sync: "meshwright/crm",
    state: "suspended",
    reason: "Paused",
    message: "Its pods are paused",
    replicas: { ready: 0, wanted: 0 },
  }, { reads: ["customers"], writes: ["scores"] });
}

const EXCEPTION = `Traceback (most recent call last):
  File "/pulsar/instances/python-instance/python_instance.py", line 214, in actual_execution
    output_object = self.function_class.process(input_object, context)
  File "/pulsar/enrich.py", line 41, in process
    customer = self.customers[order["customer"]]
KeyError: 'customer'`;

/** MeshSyncs of the shop: one whose last commit went back, one that waits for its window. */
export function shopSyncs(): Record<string, SyncView> {
  return { "meshwright/crm": waitingSync(), "meshwright/shop": quarantinedSync() };
}

function commit(hash: string, subject: string, author: string, minutes: number): CommitView {
  return { id: `main@sha1:${hash.repeat(5)}`, subject, author, at: ago(minutes) };
}

function quarantinedSync(): SyncView {
  const bad = commit("9f3c21ab", "Enrich orders with the customer's name", "Ada Byron", 31);
  const good = commit("51d07e9c", "Price orders in two replicas", "Grace Hopper", 1_490);
  return {
    namespace: "meshwright",
    name: "shop",
    url: "https://git.example/shop/meshes.git",
    path: "meshes/shop",
    state: "failing",
    reason: "Quarantined",
    message:
      "Function shop/orders-enrich did not become ready in 10 minutes; went back to main@sha1:51d07e9c",
    since: ago(12),
    revision: good,
    attempted: bad,
    history: [
      { ...bad, outcome: "Quarantined", triedAt: ago(29) },
      { ...good, outcome: "Healthy", triedAt: ago(1_488) },
      {
        ...commit("c0ffee12", "Read payments from the bank", "Ada Byron", 2_900),
        outcome: "Healthy",
        triedAt: ago(2_890),
      },
      {
        ...commit(
          "7b2e44d1",
          "Route refused orders to a topic of their own",
          "Alan Turing",
          4_400,
        ),
        outcome: "InvalidManifests",
        triedAt: ago(4_399),
      },
      {
        ...commit("0aa1bc34", "First mesh", "Grace Hopper", 9_000),
        outcome: "Healthy",
        triedAt: ago(8_990),
      },
    ],
    quarantine:
      "main@sha1:9f3c21ab went back: Function shop/orders-enrich was not ready in 10 minutes. The next commit is tried again.",
    window: "Applies Monday to Friday from 08:00 to 18:00, Europe/Berlin",
    suspended: false,
    counts: { created: 0, configured: 2, unchanged: 11 },
    nextLook: new Date(NOW_MS + 24_000).toISOString(),
    plan: [
      "~ FunctionMesh shop/orders: spec.functions[1].image 2.13.4 → 2.14.0",
      "~ FunctionMesh shop/orders: spec.functions[1].maxReplicas 2 → 4",
      "= Secret shop/bank-login",
    ],
  };
}

function waitingSync(): SyncView {
  const applied = commit(
    "aa55c3d2",
    "Merge customers by their mail address",
    "Barbara Liskov",
    640,
  );
  return {
    namespace: "meshwright",
    name: "crm",
    url: "https://git.example/crm.git",
    path: "",
    state: "ok",
    reason: "Healthy",
    message: "main@sha1:aa55c3d2 is applied and healthy",
    since: ago(600),
    revision: applied,
    history: [{
      ...applied,
      outcome: "Healthy",
      triedAt: ago(639),
    }],
    held: "Commit main@sha1:d41d8cd9 waits for the window, which opens at 18:00",
    suspended: false,
    counts: { unchanged: 4 },
    nextLook: new Date(NOW_MS + 55_000).toISOString(),
  };
}

/** What is explained of a component of the shop. */
export function explained(view: View, key: string): ExplainView | undefined {
  const found = view.components[key];
  if (found === undefined) return undefined;
  const { message = "", name, namespace, reason = "", since = "", state } = found;
  const isWell = state === "ok";
  return {
    object: `${found.kind} ${namespace}/${name}`,
    isWell,
    reason,
    message: isWell ? message : `${message}; its log says: KeyError: 'customer'`,
    since,
    chain: [
      {
        what: "MeshSync meshwright/shop",
        says: "https://git.example/shop/meshes.git, folder meshes/shop applied main@sha1:51d07e9c",
        isWell,
      },
      {
        what: "File meshes/shop/orders.yaml:31",
        says: "changed last by 9f3c21ab (Ada Byron: Enrich orders)",
      },
      {
        what: `FunctionMesh ${namespace}/${found.mesh ?? "none"}`,
        says: "7 of 8 components ready",
        isWell,
      },
      {
        what: `StatefulSet ${namespace}/${name}`,
        says: `${found.replicas.ready} of ${found.replicas.wanted} pods ready`,
        isWell,
      },
      { what: `Pod ${namespace}/${name}-function-1`, says: "Running, on node worker-3", isWell },
      {
        what: "Container pulsar-function",
        says: isWell ? "ready" : "CrashLoopBackOff, restarted 7 times",
        isWell,
      },
    ],
    downstream: isWell
      ? []
      : ["Function shop/orders-price", "Function shop/orders-audit", "Sink shop/orders-warehouse"],
    backlog: found.backlog ? [{ topic: "orders-valid", count: found.backlog }] : [],
    ...(isWell ? {} : {
      remedy:
        "Read the exception below; a commit that mends it is tried at once, and git revert takes this one back.",
    }),
    unread: [],
    events: isWell ? [] : [{
      object: `Pod ${namespace}/${name}-function-1`,
      reason: "BackOff",
      message: "Back-off restarting failed container pulsar-function",
      at: ago(0.5),
    }],
    history: history(found),
  };
}

function history({ backlog = 0, exceptions = 0, perSecond = 0 }: ComponentView) {
  const chance = seeded(3);
  const minutes = Array.from({ length: 60 }, (_, index) => index);
  const broken = (minute: number) => backlog > 1000 ? Math.max(0, minute - 45) / 14 : 0;
  return {
    at: minutes.map((minute) => Math.round(NOW_MS / 1000) - (59 - minute) * 60),
    perSecond: minutes.map((minute) =>
      minute > 20 && minute < 24
        ? null
        : perSecond * (1 + (backlog > 1000 ? 5 * (1 - broken(minute)) : 0)) * (0.9 + 0.2 * chance())
    ),
    backlog: minutes.map((minute) =>
      Math.round(backlog > 1000 ? backlog * broken(minute) + 20 * chance() : backlog * chance())
    ),
    exceptions: minutes.map((minute) => Math.round(exceptions * broken(minute))),
  };
}
