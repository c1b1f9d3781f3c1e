import type { MeshSync } from "#api";
import { errorText } from "#base";
import { GitError, type Revision, type SignedObject, type Signer } from "#git";
import type { Verdict } from "#plan";
import type { Found } from "./revision.ts";
import type { StatusNews } from "./status.ts";
import type { Step } from "./step.ts";

/** Whether a commit may be taken, as far as signatures go. */
export interface SignatureCheck {
  readonly news: StatusNews;
  /** Why it is held back; absent when it is not. */
  readonly refusal?: Verdict;
}

/**
 * Looks whether somebody signed a commit, or the tag that leads to it, whom the MeshSync trusts; nothing to do where it
 * does not ask for that.
 */
export async function signatureCheck(
  { inputs, remote, revision }: Found,
  { sync, ctx }: Step,
): Promise<SignatureCheck> {
  const { signers } = inputs;
  if (signers === undefined) return { news: signerNews(sync, "") };
  const found: string[] = [];
  try {
    for (const object of signedObjects(sync, revision)) {
      const call = { object, keys: signers, signal: ctx.signal };
      const signer = signerText(await ctx.git.verifySigner(remote, call));
      found.push(object.type === "tag" ? `tag: ${signer}` : signer);
    }
    return { news: signerNews(sync, found.join(", ")) };
  } catch (error) {
    if (!(error instanceof GitError) || error.kind !== "unverified") throw error;
    const refusal = {
      ready: false,
      reconciling: false,
      stalled: true,
      reason: "SignatureRefused",
      message: `${errorText(error)}; nothing was changed`,
    };
    return { news: signerNews(sync, ""), refusal };
  }
}

/** What has to be signed, as `spec.verify.mode` says. */
function signedObjects(sync: MeshSync, revision: Revision): SignedObject[] {
  const mode = sync.spec.verify?.mode ?? "commit";
  const { commit, name, tagObject } = revision;
  const ofCommit: SignedObject = { type: "commit", hash: commit };
  if (mode === "commit") return [ofCommit];
  if (tagObject === undefined) {
    const message = `Cannot trust tag ${name}: it is a lightweight tag, which cannot be signed`;
    throw new GitError("unverified", message);
  }
  const ofTag: SignedObject = { type: "tag", hash: tagObject, name, commit };
  return mode === "tag" ? [ofTag] : [ofTag, ofCommit];
}

function signerText({ key, name }: Signer): string {
  return `${name} (${key})`;
}

function signerNews(sync: MeshSync, signer: string): StatusNews {
  return (sync.status?.signer ?? "") === signer ? {} : { signer };
}
