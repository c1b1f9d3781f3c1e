import type { MeshSyncSpec, Receiver } from "#api";
import { isPlainObject, repositoryPlace } from "#base";

/** What a call says that changed. */
export interface Push {
  /** Addresses of the repository, as the service knows them; none: the call does not say. */
  readonly urls: readonly string[];
  /** Full names, e.g. `refs/heads/main`; none: the call does not say. */
  readonly refs: readonly string[];
  readonly defaultBranch: string | undefined;
}

/** Anything may have changed. */
const ANYTHING: Push = { urls: [], refs: [], defaultBranch: undefined };

const EVENT_HEADERS: Readonly<Record<Receiver["type"], string | undefined>> = {
  bitbucket: "x-event-key",
  generic: undefined,
  gitea: "x-gitea-event",
  github: "x-github-event",
  gitlab: "x-gitlab-event",
};

/** Events that mean new commits, or a ref that is new, moved or gone. */
const PUSHES: ReadonlySet<string> = new Set([
  "create",
  "delete",
  "push",
  "release",
  "repo:push",
  "repo:refs_changed",
  "Push Hook",
  "Tag Push Hook",
]);

/**
 * What a genuine call says that was pushed; undefined for a call that is about something else (a ping, a comment).
 *
 * @throws {SyntaxError} when the body is no JSON
 */
export function pushOf(
  type: Receiver["type"],
  { headers, text }: { readonly headers: Headers; readonly text: string },
): Push | undefined {
  const header = EVENT_HEADERS[type];
  // A generic caller only says "look".
  if (header === undefined) return ANYTHING;
  if (!PUSHES.has(headers.get(header) ?? "")) return undefined;
  const body = fields(JSON.parse(text));
  const repository = fields(body["repository"]);
  const project = fields(body["project"]);
  const links = fields(repository["links"]);
  const clones = Array.isArray(links["clone"]) ? links["clone"].map(fields) : [];
  const urls = [
    repository["clone_url"],
    repository["ssh_url"],
    repository["html_url"],
    project["git_http_url"],
    project["git_ssh_url"],
    fields(links["html"])["href"],
    ...clones.map((clone) => clone["href"]),
  ];
  return {
    urls: texts(urls),
    refs: refsOf(body),
    defaultBranch: texts([repository["default_branch"], project["default_branch"]])[0],
  };
}

function refsOf(body: Record<string, unknown>): string[] {
  const { ref, ref_type: refType } = body;
  // GitHub and Gitea say `main` and `branch` when a ref is made or deleted.
  if (typeof ref === "string" && !ref.startsWith("refs/")) {
    return [`refs/${refType === "tag" ? "tags" : "heads"}/${ref}`];
  }
  const pushed = fields(body["push"])["changes"];
  const cloud = (Array.isArray(pushed) ? pushed : []).flatMap((change) => {
    const { type, name } = fields(fields(change)["new"] ?? fields(change)["old"]);
    return texts([name]).map((text) => `refs/${type === "tag" ? "tags" : "heads"}/${text}`);
  });
  const changes = body["changes"];
  const server = (Array.isArray(changes) ? changes : []).map((change) =>
    fields(fields(change)["ref"])["id"]
  );
  return texts([ref, ...cloud, ...server]);
}

/**
 * Whether a push is about what a MeshSync follows: its repository, however the address is written, and its branch or
 * tag. What a call leaves open matches.
 */
export function concerns(push: Push, spec: MeshSyncSpec): boolean {
  const own = repositoryPlace(spec.url);
  const isRepository = push.urls.length === 0 ||
    push.urls.map(repositoryPlace).some((place) =>
      place.host === own.host && place.path.toLowerCase() === own.path.toLowerCase()
    );
  return isRepository &&
    (push.refs.length === 0 || push.refs.some((ref) => isFollowed(ref, push, spec)));
}

function isFollowed(pushed: string, { defaultBranch }: Push, spec: MeshSyncSpec): boolean {
  const { branch, commit, semver, tag } = spec.ref ?? {};
  if (commit) return false;
  if (tag) return pushed === `refs/tags/${tag}`;
  if (semver) return pushed.startsWith("refs/tags/");
  const followed = branch || defaultBranch;
  return followed === undefined
    ? pushed.startsWith("refs/heads/")
    : pushed === `refs/heads/${followed}`;
}

function fields(value: unknown): Record<string, unknown> {
  return isPlainObject(value) ? value : {};
}

function texts(values: readonly unknown[]): string[] {
  return values.filter((value): value is string => typeof value === "string" && value !== "");
}
