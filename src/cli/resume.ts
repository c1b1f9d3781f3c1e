import { keyOf, keyText } from "#base";
import { CLI_MANAGER, namedSync, openSession, SESSION_FLAGS, syncId } from "./cluster_session.ts";
import { outputFlag } from "./flags.ts";
import type { Verb } from "./verb.ts";

/** `meshwright resume NAME` */
export const resumeVerb: Verb = {
  name: "resume",
  summary: "Have a suspended MeshSync go on",
  words: "NAME",
  description: ["It looks at its repository at once."],
  flags: [...SESSION_FLAGS, outputFlag(["text", "json"])],
  async run({ words, flags, output, signal }) {
    await using session = await openSession({ flags, output });
    const sync = await namedSync(words, session, signal);
    const spec = { suspend: false, suspendReason: null, suspendUntil: null };
    await session.cluster.patch(syncId(keyOf(sync)), { spec }, {
      fieldManager: CLI_MANAGER,
      signal,
    });
    output.out(
      flags.text("output") === "json"
        ? JSON.stringify({ ...keyOf(sync), ...spec })
        : `Resumed MeshSync ${keyText(keyOf(sync))}`,
    );
    return 0;
  },
};
