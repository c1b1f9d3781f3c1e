import { assertEquals, assertMatch } from "@std/assert";
import { testCluster } from "../support/control_plane.ts";
import { isWrite, syncStory } from "../support/sync_story.ts";

const cluster = testCluster();

/** Objects whose quantities, durations, base64 and defaults the API server stores in another spelling. */
const SPELLINGS = `apiVersion: apps/v1
kind: Deployment
metadata:
  name: web
spec:
  replicas: 0
  selector:
    matchLabels: { app: web }
  template:
    metadata:
      labels: { app: web }
    spec:
      containers:
        - name: web
          image: example/web:1
          ports: [{ containerPort: 80, protocol: TCP }]
          resources:
            requests: { cpu: 1000m, memory: 1024Ki }
            limits: { cpu: "2.0", memory: 0.5Gi }
      volumes:
        - name: scratch
          emptyDir: { sizeLimit: 1000Mi }
---
apiVersion: v1
kind: ResourceQuota
metadata:
  name: share
spec:
  hard: { requests.cpu: "1000m", requests.memory: 1024Mi }
---
apiVersion: v1
kind: Secret
metadata:
  name: login
data:
  word: "aGVsbG8="
stringData:
  other: text
`;

for (const mode of ["correct", "report", "ignore"]) {
  Deno.test(`what an API server stores in another spelling is no drift and no write, in mode ${mode}`, async () => {
    await using story = await syncStory(cluster);
    await story.repository.commit({ "meshes/all.yaml": SPELLINGS });
    await story.sync({ drift: { mode } });
    await story.pass();
    assertMatch(await story.ready(), /^True Healthy/);
    for (const restart of [false, true, false]) {
      if (restart) story.restart();
      story.requests();
      await story.pass();
      const writes = story.requests().filter(isWrite);
      assertEquals(writes, []);
      assertEquals((await story.status()).drifted ?? [], []);
      assertMatch(await story.ready(), /^True Healthy/);
    }
    assertEquals(story.events.filter(({ reason }) => reason.startsWith("Drift")), []);
  });
}
