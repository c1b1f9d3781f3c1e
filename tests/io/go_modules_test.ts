// Programs in Go that are built of Kubernetes' libraries are built of the same versions of them, and of what these are built
// of: the compiler does each package once a machine. Where versions differ, each program takes minutes more.
import { assert, assertEquals } from "@std/assert";

const CONTROL_PLANE = "scripts/control_plane/module";
const OTHERS = [
  "scripts/kind/coredns",
  "scripts/monitoring/promtool_module",
  "scripts/operator/helm_module",
];

/** What may differ: Kubernetes' libraries are not built of it, so that it costs seconds. */
const APART: readonly string[] = [
  "github.com/Masterminds/semver/v3",
  "github.com/coredns/caddy",
  "github.com/fsnotify/fsnotify",
  "github.com/golang-jwt/jwt/v5",
  "github.com/prometheus/common",
  "go.opentelemetry.io/contrib/instrumentation/net/http/otelhttp",
  "golang.org/x/exp",
];

Deno.test("programs of Kubernetes' libraries are built of the versions that the control plane is built of", async () => {
  const known = await versionsOf(CONTROL_PLANE);
  const differing: string[] = [];
  for (const module of OTHERS) {
    const versions = await versionsOf(module);
    assert(versions.has("k8s.io/client-go"), module);
    for (const [name, version] of versions) {
      const expected = known.get(name) ?? version;
      if (version !== expected && !APART.includes(name)) {
        differing.push(`${module}: ${name} ${version} where the control plane has ${expected}`);
      }
    }
  }
  assertEquals(differing, []);
});

/** Versions of the modules that a `go.mod` names, as they are used. */
async function versionsOf(module: string): Promise<ReadonlyMap<string, string>> {
  const text = await Deno.readTextFile(new URL(`../../${module}/go.mod`, import.meta.url));
  const versions = new Map<string, string>();
  for (const [, name = "", version = ""] of text.matchAll(/^(?:\t|require )(\S+) (v\S+)/gm)) {
    versions.set(name, version);
  }
  for (const [, name = "", version = ""] of text.matchAll(/^\t(\S+) => \S+ (v\S+)$/gm)) {
    versions.set(name, version);
  }
  return versions;
}
