import { RESOURCES } from "#api";
import { closestString } from "@std/text";
import { idText, printableJson, systemClock } from "#base";
import { type Explanation, explanation } from "#topology";
import { openSession, SESSION_FLAGS } from "./cluster_session.ts";
import { explanationLines } from "./explain_text.ts";
import { observedFacts } from "./explain_facts.ts";
import { type Flag, UsageError } from "./flag.ts";
import { outputFlag } from "./flags.ts";
import type { Verb } from "./verb.ts";

const KINDS = RESOURCES.filter(({ kind }) => kind !== "BackendConfig");

const CHECKOUT_FLAG: Flag = {
  name: "checkout",
  env: "MESHWRIGHT_CHECKOUT",
  kind: "text",
  default: ".",
  value: "FOLDER",
  help:
    "A working copy of the repository, to tell the line of a resource and the commit that changed it",
};

/** `meshwright explain KIND/NAME` */
export const explainVerb: Verb = {
  name: "explain",
  summary: "Say whether one resource works, and if not why, since when and what to do",
  words: "KIND/NAME",
  description: [
    "KIND is Function, Source, Sink, FunctionMesh or MeshSync, as kubectl takes it (fn/orders). One screen: the first",
    "cause in one sentence, the way from the commit to the container, who waits for it downstream and how much has",
    "piled up, and what to do. Reads the resource, its mesh and MeshSync, StatefulSet, pods, warning events, the end",
    "of a failed container's log, and the components of the namespace; what you may not read is said and left out.",
    "In a working copy that has the applied commit it also tells the line in Git, and which commit changed the file last.",
    "Exit code 0 when it works, 1 when it does not or nobody has looked at it.",
  ],
  flags: [CHECKOUT_FLAG, ...SESSION_FLAGS, outputFlag(["text", "json"])],
  async run({ flags, output, signal, words }) {
    const [word = "", ...rest] = words;
    if (word === "" || rest.length > 0) {
      throw new UsageError("Name one resource: explain Function/NAME");
    }
    const { name, type } = namedResource(word);
    await using session = await openSession({ flags, output });
    const { namespace } = session;
    const object = await session.cluster.get(type, { namespace, name }, signal);
    if (object === undefined) {
      const id = idText({ kind: type.kind, namespace, name });
      throw new Error(`Cannot find ${id}: it does not exist`);
    }
    const checkout = flags.text("checkout");
    const told = explanation(await observedFacts(object, { ...session, checkout, signal }));
    print(told, flags.text("output"), output.out);
    return told.isWell === true ? 0 : 1;
  },
};

function print(told: Explanation, format: string, out: (line: string) => void): void {
  if (format === "json") out(printableJson(told));
  else explanationLines(told, systemClock.now()).forEach((line) => out(line));
}

/** The kind and name that a word means, the kind by any name that kubectl takes. */
function namedResource(word: string) {
  const slash = word.indexOf("/");
  const [kind, name] = [word.slice(0, slash).toLowerCase(), word.slice(slash + 1)];
  if (slash < 1 || name === "") {
    throw new UsageError(`Cannot make sense of "${word}": say KIND/NAME, e.g. Function/orders`);
  }
  const type = KINDS.find(({ kind: own, plural, shortNames, singular }) =>
    [own.toLowerCase(), plural, singular, ...shortNames].includes(kind)
  );
  if (type === undefined) {
    const near = closestString(kind, KINDS.map(({ singular }) => singular));
    throw new UsageError(`Cannot explain "${kind}": did you mean ${near}/${name}?`);
  }
  return { name, type };
}
