import { entryOf, type Part } from "./tidy.ts";

/**
 * A protobuf message for its JSON form: members with their default value (empty text, 0, false, empty list) are left
 * out. A message in it that is set stays, even when it is empty.
 */
export function message(members: Part): Part {
  return Object.fromEntries(Object.entries(members).filter(([, value]) => !isDefault(value)));
}

function isDefault(value: unknown): boolean {
  return value === undefined || value === null || value === "" || value === 0 || value === false ||
    (Array.isArray(value) && value.length === 0);
}

/** The enum name of a word; "" (the default value) for a word that is none. */
export function known(names: Readonly<Record<string, string>>, value: string | undefined): string {
  return entryOf(names, value) ?? "";
}
