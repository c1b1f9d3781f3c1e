import { assertEquals } from "@std/assert";
import type { KubeObject } from "#base";
import { type ClusterClient, EventRecorder } from "#kube";
import { FakeClock } from "../support/fake_clock.ts";

interface Told extends KubeObject {
  readonly reason: string;
}

/** A server that answers nothing until it is let. */
function slowServer() {
  const gate = Promise.withResolvers<void>();
  const told: string[] = [];
  const cluster = {
    create: async (event: Told) => {
      await gate.promise;
      told.push(event.reason);
      return event;
    },
  } as unknown as ClusterClient;
  return { cluster, told, go: gate.resolve };
}

function about(name: string): KubeObject {
  return { apiVersion: "v1", kind: "ConfigMap", metadata: { namespace: "shop", name } };
}

Deno.test("EventRecorder keeps what 5,000 new objects tell while the server is slow, and of what is too much warnings", async () => {
  const { cluster, go, told } = slowServer();
  const clock = new FakeClock();
  const options = { cluster, clock, component: "meshwright", instance: "test-1" };
  await using recorder = new EventRecorder(options);
  const tell = (name: string, type: "Normal" | "Warning", reason: string) =>
    recorder.record(about(name), { type, reason, message: "what happened" });
  for (let index = 0; index < 5_000; index++) tell(`a${index}`, "Normal", "Created");
  assertEquals(recorder.dropped, 0);
  tell("late", "Normal", "Updated");
  assertEquals(recorder.dropped, 1);
  for (let index = 0; index < 3; index++) tell(`b${index}`, "Warning", "Refused");
  assertEquals(recorder.dropped, 4);
  go();
  await recorder.flush();
  const count = (reason: string) => told.filter((one) => one === reason).length;
  assertEquals(["Created", "Updated", "Refused"].map(count), [4_997, 0, 3]);
});
