import { NOTICE_FIELDS, type NoticeEvent, templateParts } from "#api";

/** Something to tell about a revision of a MeshSync: texts that are fit for strangers. */
export interface Notice {
  readonly event: NoticeEvent;
  readonly namespace: string;
  readonly sync: string;
  readonly revision: string;
  /** The full hash; empty when the revision is not known. */
  readonly commit: string;
  /** First line of the commit's message. */
  readonly subject: string;
  readonly author: string;
  readonly reason: string;
  readonly message: string;
  /** Host and path of the repository, never with credentials. */
  readonly repository: string;
  /** The folder in it. */
  readonly path: string;
}

const DEFAULT_TEMPLATE = "{{event}} {{namespace}}/{{sync}}: {{message}}";

/**
 * A notice in words. Only the fields of a notice can be named, and what they hold is not looked into again, so that
 * neither a template nor a commit message can bring out anything else.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { noticeText } from "#plan";
 * const notice = { event: "Healthy", namespace: "ops", sync: "shop", revision: "main@sha1:3f", commit: "3f",
 *   subject: "{{message}}", author: "Ada", reason: "Healthy", message: "2 of 2 ready",
 *   repository: "git.example/shop", path: "." } as const;
 * assertEquals(noticeText(notice, ""), "Healthy ops/shop: 2 of 2 ready");
 * assertEquals(noticeText(notice, "{{ subject }} by {{author}}"), "{{message}} by Ada");
 * ```
 */
export function noticeText(notice: Notice, template: string): string {
  const fields: readonly string[] = NOTICE_FIELDS;
  return templateParts(template || DEFAULT_TEMPLATE).map((part) => {
    if (part.type === "text") return part.text;
    return fields.includes(part.name) ? notice[part.name as keyof Notice] : "";
  }).join("");
}
