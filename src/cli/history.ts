import { systemClock } from "#base";
import { namedSync, openSession, SESSION_FLAGS } from "./cluster_session.ts";
import { outputFlag } from "./flags.ts";
import { ageText, shortRevision, table } from "./table.ts";
import type { Verb } from "./verb.ts";

/** `meshwright history NAME` */
export const historyVerb: Verb = {
  name: "history",
  summary: "Show the last revisions of a MeshSync and what became of them",
  words: "NAME",
  description: ["Newest first. -o json prints one line for each revision."],
  flags: [...SESSION_FLAGS, outputFlag(["text", "json"])],
  async run({ words, flags, output, signal }) {
    await using session = await openSession({ flags, output });
    const { history = [] } = (await namedSync(words, session, signal)).status ?? {};
    if (flags.text("output") === "json") {
      history.forEach((entry) => output.out(JSON.stringify(entry)));
      return 0;
    }
    const nowMs = systemClock.now();
    const rows = history.map((entry) => [
      shortRevision(entry.revision),
      entry.result,
      ageText(entry.attemptedAt, nowMs),
      secondsBetween(entry.attemptedAt, entry.healthyAt),
      entry.author ?? "",
      entry.subject ?? "",
    ]);
    table(["REVISION", "RESULT", "AGE", "HEALTHY AFTER", "AUTHOR", "SUBJECT"], rows)
      .forEach((line) => output.out(line));
    return 0;
  },
};

function secondsBetween(from: string, to: string | undefined): string {
  return to === undefined ? "" : `${Math.round((Date.parse(to) - Date.parse(from)) / 1000)}s`;
}
