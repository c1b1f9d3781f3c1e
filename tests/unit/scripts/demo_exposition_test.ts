import { assertEquals } from "@std/assert";
import { apiRequests, samples } from "../../../scripts/demo/exposition.ts";
import { metricLines } from "../../../scripts/demo/measures.ts";

const TEXT = `# HELP mesh_api_requests_total Requests.
# TYPE mesh_api_requests_total counter
mesh_api_requests_total{verb="watch",kind="Pod",code="200"} 3
mesh_api_requests_total{verb="get",kind="Pod",code="404"} 2
mesh_api_requests_total{verb="apply",kind="Service",code="201"} 4
mesh_api_requests_total{verb="patch",kind="Function",code="409"} 1

mesh_pruned_total 1
function_mesh_reconcile_count{type="function",name="a",namespace="shop"} 1
function_mesh_reconcile_count{type="function",name="b",namespace="shop"} 2
function_mesh_reconcile_count{type="function",name="c",namespace="shop"} 3
function_mesh_reconcile_count{type="function",name="d",namespace="shop"} 4
function_mesh_reconcile_latency_bucket{le="+Inf",type="function"} 4
`;

Deno.test("apiRequests() tells reads from writes, refused ones included", () => {
  assertEquals(apiRequests(samples(TEXT)), { reads: 5, writes: 5 });
});

Deno.test("metricLines() shows lines as they are served and counts the rest", () => {
  assertEquals(metricLines(samples(TEXT)), [
    'function_mesh_reconcile_count{type="function",name="a",namespace="shop"} 1',
    'function_mesh_reconcile_count{type="function",name="b",namespace="shop"} 2',
    'function_mesh_reconcile_count{type="function",name="c",namespace="shop"} 3',
    "  and 1 more like these",
    "mesh_pruned_total 1",
  ]);
});

Deno.test("samples() reads numbers and quoted labels, and nothing else", () => {
  const [first, second, ...rest] = samples(
    'a{p="x,\\"y\\"",q="2"} 3\nb 1.5e-7\n\n# TYPE c counter\n',
  );
  assertEquals(first?.labels, { p: 'x,\\"y\\"', q: "2" });
  assertEquals([first?.value, second?.value, rest], [3, 1.5e-7, []]);
});
