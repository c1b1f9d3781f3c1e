import { buildOfCheckout } from "../compile/bundle.ts";
import { runProgram } from "../compile/program.ts";
import type { Commit } from "./notes.ts";

/** What decides whether a checkout can be released. */
export interface CheckoutState {
  /** With `+changes` where the work tree differs from it. */
  readonly commit: string;
  readonly date: string;
  /** Tags of versions on this commit. */
  readonly tagsHere: readonly string[];
  /** Tags of versions anywhere. */
  readonly tags: readonly string[];
  /** Newest first, since the last release. */
  readonly commits: readonly Commit[];
}

/** Looks at the checkout. @throws {Error} where git fails */
export async function checkoutState(): Promise<CheckoutState> {
  const { commit, date } = await buildOfCheckout();
  const tags = lines(await runProgram("git", ["tag", "--list", "v*"]));
  const tagsHere = lines(await runProgram("git", ["tag", "--list", "v*", "--points-at", "HEAD"]));
  const reached = lines(
    await runProgram("git", ["tag", "--list", "v*", "--merged", "HEAD", "--sort=-creatordate"]),
  );
  const last = reached.find((tag) => !tagsHere.includes(tag));
  const range = last === undefined ? "HEAD" : `${last}..HEAD`;
  const log = await runProgram("git", ["log", "--format=%h %s", "--abbrev=12", range]);
  const commits = lines(log).map((line) => {
    const [id = "", ...words] = line.split(" ");
    return { id, subject: words.join(" ") };
  });
  return { commit, date, tags, tagsHere, commits };
}

/** Why this cannot be released as a version; empty when it can. */
export function releaseProblems(state: CheckoutState, version: string): string[] {
  const problems: string[] = [];
  const tag = `v${version}`;
  if (state.commit.endsWith("+changes")) {
    problems.push("the checkout differs from its commit: commit or remove the changes");
  }
  if (state.tags.includes(tag) && !state.tagsHere.includes(tag)) {
    problems.push(`${tag} is another commit: raise the version in deno.json`);
  }
  if (state.tagsHere.length > 0 && !state.tagsHere.includes(tag)) {
    problems.push(`this commit is ${state.tagsHere.join(", ")}, and deno.json says ${version}`);
  }
  return problems;
}

function lines(text: string): string[] {
  return text.split("\n").filter((line) => line !== "");
}
