import { assertEquals, assertRejects } from "@std/assert";
import { CallProblem } from "../../../src/reconcile/metrics_poll/call_problem.ts";
import { topicsAnswer } from "../../../src/reconcile/scaling/topic_numbers.ts";

const NAME = "public/default/orders";
const orders = { topic: "orders", isPattern: false, name: NAME };

function stats(backlog: number, arrived: number, name = NAME): unknown {
  return { msgInCounter: arrived, subscriptions: { [name]: { msgBacklog: backlog } } };
}

/** A broker that has these paths, without what follows the question mark. */
function broker(paths: Readonly<Record<string, unknown>>) {
  return (path: string) => Promise.resolve(paths[path.slice(0, (path + "?").indexOf("?"))]);
}

Deno.test("topicsAnswer() reads what waits and what came, and who subscribed", async () => {
  const path = "/persistent/public/default/orders/stats";
  assertEquals(await topicsAnswer([orders], broker({ [path]: stats(3, 70) })), {
    topics: [{ topic: "orders", backlog: 3, arrived: 70 }],
  });
  assertEquals(await topicsAnswer([orders], broker({ [path]: stats(3, 70, "other") })), {
    topics: [],
    hindrance: `orders has no subscription ${NAME} yet`,
    isUnread: true,
  });
  assertEquals(await topicsAnswer([orders], broker({})), {
    topics: [],
    hindrance: "there is no topic orders yet",
    isUnread: true,
  });
});

Deno.test("topicsAnswer() takes nothing for numbers that are none of a topic", async () => {
  const path = "/persistent/public/default/orders/stats";
  const waiting = (msgBacklog: unknown) => ({ subscriptions: { [NAME]: { msgBacklog } } });
  const foreign = [{}, [], "x", 7, null, { subscriptions: [] }, { status: "ok" }];
  const counts = [undefined, "3", Infinity, 1e300, null, {}].map(waiting);
  for (const answer of [...foreign, ...counts, { partitions: { p: {} } }]) {
    await assertRejects(
      () => topicsAnswer([orders], broker({ [path]: answer })),
      CallProblem,
      "it answers what are no stats of a topic",
    );
  }
  const counted = { ...waiting(3), msgInCounter: Infinity };
  assertEquals(await topicsAnswer([orders], broker({ [path]: counted })), {
    topics: [{ topic: "orders", backlog: 3 }],
  });
});

Deno.test("topicsAnswer() has each partition by itself, by number", async () => {
  const part = (index: number) => `persistent://public/default/orders-partition-${index}`;
  const partitions = Object.fromEntries([10, 2, 0].map((index) => [part(index), stats(index, 50)]));
  const path = "/persistent/public/default/orders/partitioned-stats";
  const answer = await topicsAnswer([orders], broker({ [path]: { partitions } }));
  assertEquals(answer, {
    topics: [0, 2, 10].map((index) => ({ topic: part(index), backlog: index, arrived: 50 })),
  });
});

Deno.test("topicsAnswer() says of what is not stored, and of a pattern, that nobody would see it", async () => {
  const loose = { ...orders, topic: "non-persistent://public/default/orders" };
  assertEquals(await topicsAnswer([loose], broker({})), {
    topics: [],
    hindrance: "non-persistent://public/default/orders is not stored",
  });
  const pattern = { ...orders, topic: "persistent://public/default/o.*", isPattern: true };
  const paths = {
    "/persistent/public/default": ["persistent://public/default/o1"],
    "/persistent/public/default/o1/stats": stats(4, 9),
  };
  assertEquals(await topicsAnswer([pattern], broker(paths)), {
    topics: [{ topic: "persistent://public/default/o1", backlog: 4, arrived: 9 }],
    hindrance: "only a pod finds topics that persistent://public/default/o.* matches from now on",
  });
});

Deno.test("topicsAnswer() knows nothing as a whole where it does not know a part", async () => {
  assertEquals(await topicsAnswer([], broker({})), "it reads no topic");
  const many = Array.from({ length: 101 }, (_, index) => ({ ...orders, topic: `t${index}` }));
  assertEquals(await topicsAnswer(many, broker({})), "it reads more than 100 topics");
  await assertRejects(
    () => topicsAnswer([orders], () => Promise.reject(new Error("silent"))),
    Error,
    "silent",
  );
});
