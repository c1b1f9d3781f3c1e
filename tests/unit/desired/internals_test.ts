import { assertEquals } from "@std/assert";
import type { DefaultedComponent } from "#api";
import { DEFAULT_SETTINGS, desiredChildren } from "#desired";
import { aFunction, aSource } from "./fixtures.ts";

const rendered = (component: DefaultedComponent) =>
  desiredChildren(component, {}, DEFAULT_SETTINGS);

Deno.test("desiredChildren() makes the same of a window function with stored internals (W-4)", () => {
  const windowConfig = { windowLengthCount: 10 };
  const clean = aFunction({ windowConfig, funcConfig: { a: 1 } });
  const leaked = aFunction({
    windowConfig: { ...windowConfig, actualWindowFunctionClassName: "old" } as typeof windowConfig,
    funcConfig: { a: 1, __WINDOWCONFIGS__: { windowLengthCount: 3 } },
  });
  assertEquals(rendered(leaked), rendered(clean));
  // The window may be taken out of the resource later: what was stored must not bring it back.
  const without = aFunction({ funcConfig: { __WINDOWCONFIGS__: {} } });
  assertEquals(rendered(without), rendered(aFunction({})));
});

Deno.test("desiredChildren() makes the same of a batch source with stored internals (W-4)", () => {
  const batchSourceConfig = { discoveryTriggererClassName: "org.example.Cron" };
  const internals = { __BATCHSOURCECONFIGS__: "{}", __BATCHSOURCECLASSNAME__: "org.example.Old" };
  const clean = aSource({ batchSourceConfig, sourceConfig: { a: 1 } });
  const leaked = aSource({ batchSourceConfig, sourceConfig: { a: 1, ...internals } });
  assertEquals(rendered(leaked), rendered(clean));
  assertEquals(
    rendered(aSource({ sourceConfig: { a: 1, ...internals } })),
    rendered(aSource({ sourceConfig: { a: 1 } })),
  );
});

Deno.test("desiredChildren() adds its anti-affinity once, however often it was stored (W-4)", () => {
  const own = antiAffinity(rendered(aFunction({})));
  assertEquals(own.length, 1);
  const other = { weight: 1, podAffinityTerm: { topologyKey: "zone" } };
  const affinity = {
    podAntiAffinity: {
      preferredDuringSchedulingIgnoredDuringExecution: [other, ...own, ...own],
    },
  };
  const leaked = aFunction({ pod: { affinity } } as Parameters<typeof aFunction>[0]);
  assertEquals(antiAffinity(rendered(leaked)), [other, ...own]);
});

interface WithTerms {
  readonly kind: string;
  readonly spec?: {
    readonly template: {
      readonly spec: {
        readonly affinity: {
          readonly podAntiAffinity: {
            readonly preferredDuringSchedulingIgnoredDuringExecution: readonly unknown[];
          };
        };
      };
    };
  };
}

function antiAffinity(objects: readonly unknown[]): readonly unknown[] {
  const found = (objects as readonly WithTerms[]).find(({ kind }) => kind === "StatefulSet");
  return found?.spec?.template.spec.affinity.podAntiAffinity
    .preferredDuringSchedulingIgnoredDuringExecution ?? [];
}
