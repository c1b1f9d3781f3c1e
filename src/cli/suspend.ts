import { durationMs } from "#api";
import { keyOf, keyText, systemClock, timestamp } from "#base";
import { CLI_MANAGER, namedSync, openSession, SESSION_FLAGS, syncId } from "./cluster_session.ts";
import { type Flag, UsageError } from "./flag.ts";
import { outputFlag, text } from "./flags.ts";
import type { Verb } from "./verb.ts";

const SUSPEND_FLAGS: readonly Flag[] = [
  text("reason", "SUSPEND_REASON", "", "TEXT", "Why, for whoever finds it suspended"),
  text(
    "until",
    "SUSPEND_UNTIL",
    "",
    "TIME",
    "When it goes on by itself: 2026-01-31T18:00:00Z, or from now, e.g. 2h",
  ),
];

/** `meshwright suspend NAME` */
export const suspendVerb: Verb = {
  name: "suspend",
  summary: "Have a MeshSync do nothing for now",
  words: "NAME",
  description: ["What runs goes on running; what somebody changes is not put right."],
  flags: [...SUSPEND_FLAGS, ...SESSION_FLAGS, outputFlag(["text", "json"])],
  async run({ words, flags, output, signal }) {
    const until = untilFrom(flags.text("until"));
    const reason = flags.text("reason");
    await using session = await openSession({ flags, output });
    const sync = await namedSync(words, session, signal);
    const spec = { suspend: true, suspendReason: reason || null, suspendUntil: until || null };
    await session.cluster.patch(syncId(keyOf(sync)), { spec }, {
      fieldManager: CLI_MANAGER,
      signal,
    });
    output.out(
      flags.text("output") === "json"
        ? JSON.stringify({ ...keyOf(sync), ...spec })
        : `Suspended MeshSync ${keyText(keyOf(sync))}${until === "" ? "" : ` until ${until}`}`,
    );
    return 0;
  },
};

/** A time, given as one or as a duration from now. */
function untilFrom(words: string): string {
  if (words === "") return "";
  const afterMs = durationMs(words);
  const timeMs = afterMs === undefined ? Date.parse(words) : systemClock.now() + afterMs;
  if (Number.isNaN(timeMs)) {
    throw new UsageError(`Cannot read --until: "${words}" is no time such as 2026-01-31T18:00:00Z`);
  }
  if (timeMs <= systemClock.now()) {
    throw new UsageError(`Cannot suspend until ${words}: that is over`);
  }
  return timestamp(timeMs);
}
