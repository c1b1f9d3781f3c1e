import type { MeshSync } from "#api";
import { errorText } from "#base";
import { GitError } from "#git";
import type { Verdict } from "#plan";
import type { Found } from "./revision.ts";
import type { StatusNews } from "./status.ts";
import type { Step } from "./step.ts";

/** Whether a commit may be taken, as far as its signature goes. */
export interface SignatureCheck {
  readonly news: StatusNews;
  /** Why it is held back; absent when it is not. */
  readonly refusal?: Verdict;
}

/** Looks whether somebody signed a commit whom the MeshSync trusts; nothing to do where it does not ask for that. */
export async function signatureCheck(
  { inputs, remote, revision }: Found,
  { sync, ctx }: Step,
): Promise<SignatureCheck> {
  if (inputs.signers === undefined) return { news: signerNews(sync, "") };
  try {
    const { name, key } = await ctx.git.verifyCommit(remote, {
      commit: revision.commit,
      keys: inputs.signers,
      signal: ctx.signal,
    });
    return { news: signerNews(sync, `${name} (${key})`) };
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

function signerNews(sync: MeshSync, signer: string): StatusNews {
  return (sync.status?.signer ?? "") === signer ? {} : { signer };
}
