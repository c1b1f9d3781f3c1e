import type { Notify } from "#api";
import { repositoryPlace } from "#base";
import { type Notice, noticeText } from "#plan";
import { createHmac } from "node:crypto";

/** One call to tell somebody. */
export interface NotifyRequest {
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

/** What a Secret holds for a notification. */
export interface NotifySecret {
  /** Where to call, where the address is a secret itself. */
  readonly address?: string;
  /** What the service knows the caller by, or what a webhook is signed with. */
  readonly token?: string;
}

interface Call {
  readonly notify: Notify;
  readonly notice: Notice;
  readonly secret: NotifySecret;
}

const JSON_TYPE = { "content-type": "application/json" } as const;

/**
 * The call that tells a notice; undefined when there is nothing to say to this service: a commit status needs a commit.
 *
 * @throws {Error} when the address or the token is nowhere to be found
 */
export function notifyRequest(call: Call): NotifyRequest | undefined {
  switch (call.notify.type) {
    case "slack":
      return slackRequest(call);
    case "webhook":
      return webhookRequest(call);
    case "github":
      return githubRequest(call);
    case "gitlab":
      return gitlabRequest(call);
    default:
      return call.notify.type satisfies never;
  }
}

function addressOf({ notify, secret }: Call): string {
  const address = notify.address || secret.address?.trim();
  if (!address) throw new Error("there is no address, neither in spec.notify nor in the Secret");
  return address;
}

function tokenOf({ secret }: Call): string {
  const token = secret.token?.trim();
  if (!token) throw new Error("the Secret holds no token");
  return token;
}

function webhookRequest(call: Call): NotifyRequest {
  const { notice, notify, secret } = call;
  const text = noticeText(notice, notify.template ?? "");
  const body = JSON.stringify({ ...notice, text });
  const key = secret.token?.trim();
  const signature = key ? createHmac("sha256", key).update(body).digest("hex") : undefined;
  return {
    url: addressOf(call),
    headers: {
      ...JSON_TYPE,
      ...(signature === undefined ? {} : { "x-signature-256": `sha256=${signature}` }),
    },
    body,
  };
}

function slackRequest(call: Call): NotifyRequest {
  const text = noticeText(call.notice, call.notify.template ?? "")
    // Otherwise a commit message could make links and call everybody.
    .replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;");
  return { url: addressOf(call), headers: JSON_TYPE, body: JSON.stringify({ text }) };
}

const GITHUB_STATES: Readonly<Partial<Record<Notice["event"], string>>> = {
  Applied: "pending",
  Failed: "failure",
  Healthy: "success",
  Quarantined: "failure",
  Unhealthy: "failure",
};
const GITHUB_TEXT_MAX = 140;

function githubRequest(call: Call): NotifyRequest | undefined {
  const { notice, notify } = call;
  const state = GITHUB_STATES[notice.event];
  const { host, path } = repositoryPlace(`https://${notice.repository}`);
  if (state === undefined || notice.commit === "" || path === "") return undefined;
  const api = notify.address ||
    (host === "github.com" ? "https://api.github.com" : `https://${host}/api/v3`);
  return {
    url: `${api.replace(/\/$/, "")}/repos/${path}/statuses/${notice.commit}`,
    headers: {
      ...JSON_TYPE,
      accept: "application/vnd.github+json",
      authorization: `Bearer ${tokenOf(call)}`,
    },
    body: JSON.stringify({ state, context: contextOf(notice), description: described(call) }),
  };
}

const GITLAB_STATES: Readonly<Partial<Record<Notice["event"], string>>> = {
  Applied: "running",
  Failed: "failed",
  Healthy: "success",
  Quarantined: "failed",
  Unhealthy: "failed",
};

function gitlabRequest(call: Call): NotifyRequest | undefined {
  const { notice, notify } = call;
  const state = GITLAB_STATES[notice.event];
  const { host, path } = repositoryPlace(`https://${notice.repository}`);
  if (state === undefined || notice.commit === "" || path === "") return undefined;
  const api = notify.address || `https://${host}/api/v4`;
  const project = encodeURIComponent(path);
  return {
    url: `${api.replace(/\/$/, "")}/projects/${project}/statuses/${notice.commit}`,
    headers: { ...JSON_TYPE, "private-token": tokenOf(call) },
    body: JSON.stringify({ state, name: contextOf(notice), description: described(call) }),
  };
}

/** One status a MeshSync, so that several may tell about the same commit. */
function contextOf({ namespace, sync }: Notice): string {
  return `meshwright/${namespace}/${sync}`;
}

function described({ notice, notify }: Call): string {
  return noticeText(notice, notify.template || "{{message}}").slice(0, GITHUB_TEXT_MAX);
}
