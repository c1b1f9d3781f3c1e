import { assertEquals } from "@std/assert";
import { diagram, dot, mermaid, pictureRows, svg, topologyPicture } from "#topology";
import { layout } from "../../../src/topology/layout.ts";
import { component, mesh, through, topologyOf } from "./components_for_tests.ts";

const HOSTILE = 'x"]; click c0 "javascript:alert(1)" `</script><img onerror=a> \u001b[2J\\n #x -->';

Deno.test("mermaid() and dot() have a box for each component and topic, grouped by mesh, with what waits", () => {
  const status = {
    readyReplicas: 0,
    conditions: [{ type: "Ready", status: "False", reason: "OOMKilled", message: "" }],
    runtime: { backlog: 3, subscriptions: [{ topic: "in", name: "s", backlog: 3 }] },
  };
  const shown = diagram(topologyOf(
    component("a", { ...through("in", "out"), subscriptionName: "s" }, { status }),
    mesh("m", [{ name: "b", ...through("out") }]),
    component("p", { input: { topicPattern: "ou.*" } }),
  ));
  assertEquals(mermaid(shown), [
    "flowchart LR",
    '  c0["a<br/>Function ○ 0/1<br/>not ready: OOMKilled<br/>3 waiting"]',
    '  c2["p<br/>Function 1 pod"]',
    '  t0(["in"])',
    '  t1(["out"])',
    '  t2{{"ou.*"}}',
    '  subgraph m1["FunctionMesh m"]',
    '    c1["m-b<br/>Function 1 pod"]',
    "  end",
    '  t0 -->|"s, 3 waiting"| c0',
    "  c0 --> t1",
    "  t1 --> c1",
    "  t2 --> c2",
    "  t1 -.-> t2",
    "  classDef notReady stroke:#cf222e,stroke-width:3px",
    "  class c0 notReady",
  ]);
  assertEquals(
    dot(shown).filter((line) => line.includes("subgraph") || line.startsWith("  c0 [")),
    [
      '  c0 [shape=box, label="a\\nFunction ○ 0/1\\nnot ready: OOMKilled\\n3 waiting", color="#cf222e"];',
      "  subgraph cluster_1 {",
    ],
  );
});

Deno.test("no text of a resource means anything in a graph, whatever the format", () => {
  const whole = topologyOf(
    component(HOSTILE, { ...through(HOSTILE, "out"), subscriptionName: HOSTILE }),
    mesh(HOSTILE, [{ name: HOSTILE, ...through("out") }]),
  );
  const shown = diagram(whole);
  const chart = mermaid(shown).join("\n");
  for (const sign of ["<img", "</script", "`", "\u001b", 'click c0 "', "#x"]) {
    assertEquals(chart.includes(sign), false, sign);
  }
  assertEquals(chart.split("\n").filter((line) => / --> | -->\|/.test(line)).length, 3);
  const picture = svg(shown).join("\n");
  assertEquals(picture.match(/<(img|script|\/script)/), null);
  assertEquals(picture.includes("\u001b"), false);
  for (const line of dot(shown)) {
    assertEquals((line.replaceAll(/\\./g, "").match(/"/g) ?? []).length % 2, 0, line);
  }
  const text = topologyPicture(pictureRows(whole)).join("\n");
  assertEquals(text.includes("\u001b"), false);
});

Deno.test("layout() puts each box right of what leads to it, ends for circles, and overlaps nothing", () => {
  const shown = diagram(topologyOf(
    component("a", through("1", "2")),
    component("b", through("2", "3")),
    component("c", through("3", "1")),
    component("d", through("2", "4")),
    component("e", through("0", "1")),
  ));
  const { height, placed, width } = layout(shown);
  assertEquals(placed.size, shown.nodes.length);
  const boxes = [...placed.values()];
  for (const box of boxes) {
    assertEquals(box.x + box.width <= width && box.y + box.height <= height, true);
    for (const other of boxes) {
      const apart = box === other || box.x + box.width <= other.x ||
        other.x + other.width <= box.x || box.y + box.height <= other.y ||
        other.y + other.height <= box.y;
      assertEquals(apart, true);
    }
  }
  const backwards = shown.links.filter(({ from, to }) =>
    (placed.get(from)?.x ?? 0) >= (placed.get(to)?.x ?? 0)
  );
  assertEquals(backwards.length, 1);
});

Deno.test("svg() draws thousands of components", () => {
  const many = Array.from(
    { length: 2_000 },
    (_, at) => component(`f${at}`, through(`t${at}`, `t${at + 1}`)),
  );
  assertEquals(svg(diagram(topologyOf(...many))).length > 8_000, true);
});
