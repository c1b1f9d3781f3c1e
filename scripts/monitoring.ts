// deno-lint-ignore-file no-console -- a program of the command line
/**
 * Writes `gitops/monitoring/` (dashboard and rules) and `docs/alerts.md` from `scripts/monitoring/`.
 *
 * @module
 */
import { monitoringFiles } from "./monitoring/documents.ts";

if (import.meta.main) {
  const root = new URL("../", import.meta.url);
  await Deno.mkdir(new URL("gitops/monitoring/", root), { recursive: true });
  for (const [path, text] of Object.entries(monitoringFiles())) {
    await Deno.writeTextFile(new URL(path, root), text);
    console.log(`Wrote ${path}`);
  }
}
