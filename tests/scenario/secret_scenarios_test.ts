/** Passwords in variables and settings of components: no refusal of an API server brings them into a status, event or error. */
import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { errorText, type KubeObject } from "#base";
import { ControllerWorld } from "../support/controller_world.ts";
import { functionId, SHOP } from "../support/controller_world_facts.ts";
import { functionObject } from "../support/objects.ts";
import {
  leaksIn,
  numberSpellings,
  secretSpellings,
  spelledParts,
} from "../support/secret_spellings.ts";

const ORDERS = functionId("orders");
const VARIABLE = 'MARKENV"in<side>&x';
const SETTING = "MARKSETTING-77/word";
const LOGIN = "token:MARKLOGIN/0a1b2c+3d";
const PIN = 81_726_354;

/** A part of each marker in each spelling. */
const PARTS: readonly string[] = [
  ...[VARIABLE, SETTING].flatMap((value) =>
    [...secretSpellings(value)].filter(([name]) => name !== "a nested struct")
      .map(([, spelling]) => spelling.slice(2, 10))
  ),
  ...[String(PIN), "8.1726354", "4df0b92"],
];

/** A Function whose variables and settings hold passwords, in a world that can be asked what was said of it. */
function plantedWorld(spec: Record<string, unknown> = {}) {
  const world = new ControllerWorld();
  const env = [{ name: "PASSWORD", value: VARIABLE }, { name: "PIN", value: String(PIN) }];
  const object = functionObject("orders", {
    funcConfig: { password: SETTING, pin: PIN },
    pod: { env },
    ...spec,
  });
  world.createNow({ ...object, metadata: { name: "orders", namespace: SHOP } });
  return world;
}

function leaks(texts: Readonly<Record<string, string>>): string[] {
  return Object.entries(texts).flatMap(([from, text]) =>
    PARTS.filter((part) => text.includes(part)).map((part) => `${from}: ${part} in ${text}`)
  );
}

/** Every way to refuse, with words that repeat something. */
function refusals(spellings: readonly string[]): readonly (readonly [number, string])[] {
  const all = spellings.join(" ");
  return [
    ...spellings.map((quoted) =>
      [422, `X "a" is invalid: spec: Invalid value: ${quoted}: field is immutable`] as const
    ),
    [400, `admission webhook "p.example.com" denied the request: ${all}`],
    [403, `x.apps "a" is forbidden: policy says ${all}`],
    [500, `failed to create typed patch object: .spec: expected string, got ${all}`],
    [409, `Apply failed with 1 conflict: using ${all}`],
  ];
}

Deno.test("no password comes out of a component, whatever an API server quotes of its children (H3)", async () => {
  // Settings are part of a child's command: what is quoted of them is in the command as well.
  const spellings = [...secretSpellings(VARIABLE).values(), ...numberSpellings(PIN).values()];
  for (const [status, message] of refusals(spellings)) {
    const world = plantedWorld();
    let count = 0;
    world.refuse = ({ kind, verb }) =>
      verb === "apply" && kind === "StatefulSet" && ++count > 0 ? { status, message } : undefined;
    const ends = [await world.pass("Function", "orders"), await world.pass("Function", "orders")];
    assert(count > 0);
    const found = leaks({
      status: JSON.stringify(world.object(ORDERS)?.status),
      events: world.events.join("\n"),
      errors: ends.map(({ error }) => errorText(error)).join("\n"),
    });
    assertEquals(found, [], message);
    assertStringIncludes(world.ready(ORDERS), "***");
  }
});

Deno.test("no password comes out of a mesh, whatever an API server quotes of its components (H3)", async () => {
  const values = [VARIABLE, SETTING].flatMap((value) => [...secretSpellings(value).values()]);
  for (const [status, message] of refusals([...values, ...numberSpellings(PIN).values()])) {
    const world = new ControllerWorld();
    const { spec } = functionObject("orders", {
      name: "orders",
      funcConfig: { password: SETTING, pin: PIN },
      pod: { env: [{ name: "PASSWORD", value: VARIABLE }] },
    });
    const mesh = {
      apiVersion: "compute.functionmesh.io/v1alpha1",
      kind: "FunctionMesh",
      metadata: { name: "shop", namespace: SHOP },
      spec: { functions: [spec] },
    };
    world.createNow(mesh);
    let count = 0;
    world.refuse = ({ kind, verb }) =>
      verb === "apply" && kind === "Function" && ++count > 0 ? { status, message } : undefined;
    const { error } = await world.pass("FunctionMesh", "shop");
    assert(count > 0);
    const live = world.object({ ...ORDERS, kind: "FunctionMesh", name: "shop" });
    const found = leaks({
      status: JSON.stringify(live?.status),
      events: world.events.join("\n"),
      errors: errorText(error),
    });
    assertEquals(found, [], message);
  }
});

/** A component and a mesh with secrets in all places of theirs, and what to ask for each. */
function plantedOwners(): readonly (readonly ["Function" | "FunctionMesh", KubeObject])[] {
  const genericAuth = {
    clientAuthenticationPlugin: "token",
    clientAuthenticationParameters: LOGIN,
  };
  const { apiVersion, spec } = functionObject("orders", {
    name: "orders",
    funcConfig: { password: SETTING, pin: PIN },
    pod: { env: [{ name: "PASSWORD", value: VARIABLE }] },
    pulsar: { pulsarConfig: "pulsar", authConfig: { genericAuth } },
  });
  const metadata = { name: "orders", namespace: SHOP };
  return [
    ["Function", { apiVersion, kind: "Function", metadata, spec } as KubeObject],
    ["FunctionMesh", {
      ...{ apiVersion, kind: "FunctionMesh", metadata },
      spec: { functions: [spec] },
    }],
  ];
}

Deno.test("no password comes out of the status of a component or a mesh that an API server refuses, quoting it (H3)", async () => {
  const values = [VARIABLE, SETTING, LOGIN].flatMap((one) => [...secretSpellings(one).values()]);
  const parts = [...PARTS, ...spelledParts([LOGIN])];
  for (const [kind, object] of plantedOwners()) {
    for (const [status, message] of refusals([...values, ...numberSpellings(PIN).values()])) {
      const world = new ControllerWorld();
      world.createNow(object);
      let count = 0;
      world.refuse = (ask) =>
        ask.verb === "patch" && ask.kind === kind && ++count > 0 ? { status, message } : undefined;
      const { error } = await world.pass(kind, "orders");
      assert(count > 0 && error !== undefined, `${kind}: ${status}`);
      assertEquals(leaksIn([errorText(error), ...world.events], parts), [], `${kind}: ${message}`);
    }
  }
});
