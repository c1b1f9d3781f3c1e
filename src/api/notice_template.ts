/** A part of a notification's template: text as it stands, or a field that is filled in. */
export type TemplatePart =
  | { readonly type: "text"; readonly text: string }
  | { readonly type: "field"; readonly name: string; readonly text: string };

/**
 * The parts of a template, in order: `{{name}}` is a field, everything else is text.
 *
 * Reads each character once, however many braces stay open: templates come from whoever may write a MeshSync.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { templateParts } from "#api";
 * assertEquals(templateParts("{{ sync }} is {{"), [
 *   { type: "field", name: "sync", text: "{{ sync }}" },
 *   { type: "text", text: " is {{" },
 * ]);
 * ```
 */
export function templateParts(template: string): TemplatePart[] {
  const parts: TemplatePart[] = [];
  let position = 0;
  while (position < template.length) {
    const opened = template.indexOf("{{", position);
    const closed = opened < 0 ? -1 : template.indexOf("}}", opened + 2);
    const end = closed < 0 ? template.length : opened;
    if (end > position) parts.push({ type: "text", text: template.slice(position, end) });
    if (closed < 0) break;
    const text = template.slice(opened, closed + 2);
    parts.push({ type: "field", name: text.slice(2, -2).trim(), text });
    position = closed + 2;
  }
  return parts;
}
