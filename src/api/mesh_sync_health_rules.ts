import type { Problem } from "#base";
import { closest } from "./closest.ts";
import type { MeshSyncSpec } from "./mesh_sync.ts";
import { NOTICE_FIELDS, type Notify } from "./mesh_sync_health.ts";
import { templateParts } from "./notice_template.ts";
import { at, quoted, when } from "./rule.ts";

/** Who calls and who is told: Secrets that are named, addresses that can be called, templates that can be filled. */
export function noticeProblems(spec: MeshSyncSpec): Problem[] {
  return [
    ...when(
      spec.receiver?.secretRef.name === "",
      at("receiver.secretRef.name", "is empty; name the Secret"),
    ),
    ...(spec.notify ?? []).flatMap((notify, index) => notifyProblems(notify, `notify[${index}]`)),
  ];
}

function notifyProblems(notify: Notify, path: string): Problem[] {
  const { address, secretRef, template, type } = notify;
  const isStatus = type === "github" || type === "gitlab";
  return [
    ...when(
      secretRef?.name === "",
      at(`${path}.secretRef.name`, "is empty; name the Secret"),
    ),
    ...when(
      isStatus && secretRef === undefined,
      at(`${path}.secretRef`, `is missing; name a Secret with a token of ${type}`),
    ),
    ...when(
      !isStatus && !address && secretRef === undefined,
      at(`${path}.address`, "is missing; give it, or a Secret that holds it as address"),
    ),
    ...when(
      Boolean(address) && !isCallable(address ?? ""),
      // Not repeated: it may hold a password.
      at(`${path}.address`, "is no address to call; give https://… without user and password"),
    ),
    ...templateProblems(template ?? "", `${path}.template`),
  ];
}

function isCallable(address: string): boolean {
  const url = URL.parse(address);
  return url !== null && /^https?:$/.test(url.protocol) && url.username === "" &&
    url.password === "";
}

function templateProblems(template: string, path: string): Problem[] {
  const fields: readonly string[] = NOTICE_FIELDS;
  return templateParts(template).flatMap((part) => {
    if (part.type === "text" || fields.includes(part.name)) return [];
    const near = closest(part.name, NOTICE_FIELDS);
    const remedy = near === undefined
      ? `the fields are ${NOTICE_FIELDS.join(", ")}`
      : `did you mean {{${near}}}?`;
    return [at(path, `${quoted(part.text)} names no field; ${remedy}`)];
  });
}
