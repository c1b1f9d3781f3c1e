/**
 * Writes dashboard, rules and runbook from `scripts/monitoring/`. See `HELP`.
 *
 * @module
 */
import { parseArgs } from "@std/cli/parse-args";
import { dirname } from "node:path";
import { progressOnStderr } from "./control_plane/progress.ts";
import { monitoringFiles, RUNBOOK } from "./monitoring/documents.ts";

const HELP = `Write gitops/monitoring/ (dashboard and rules) and docs/alerts.md, the runbook.

Usage: deno task monitoring [--runbook URL --output FOLDER]

  --runbook URL    where people read the runbook, as https://git.example/meshwright/docs/alerts.md: runbook_url of each
                   rule leads there; needs --output, as what stands in this repository names no address
  --output FOLDER  write into this folder, and not into the checkout
`;

const USAGE = 2;

async function main(words: readonly string[]): Promise<number> {
  const unknown: string[] = [];
  const flags = parseArgs([...words], {
    boolean: ["help"],
    string: ["output", "runbook"],
    unknown: (word: string) => {
      unknown.push(word);
      return false;
    },
  });
  if (flags.help) {
    await Deno.stdout.write(new TextEncoder().encode(HELP));
    return 0;
  }
  const { output, runbook } = flags;
  const problem = unknown.length > 0
    ? `unknown argument ${unknown[0]}`
    : runbook !== undefined && !URL.canParse(runbook)
    ? `--runbook: ${runbook} is no address`
    : runbook !== undefined && output === undefined
    ? "--runbook needs --output"
    : undefined;
  if (problem !== undefined) {
    progressOnStderr(`${problem}; see --help`);
    return USAGE;
  }
  const root = output ?? new URL("..", import.meta.url).pathname;
  for (const [path, text] of Object.entries(monitoringFiles(runbook ?? RUNBOOK))) {
    await Deno.mkdir(dirname(`${root}/${path}`), { recursive: true });
    await Deno.writeTextFile(`${root}/${path}`, text);
    progressOnStderr(`Wrote ${path}`);
  }
  return 0;
}

if (import.meta.main) Deno.exit(await main(Deno.args));
