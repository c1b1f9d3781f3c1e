/**
 * What changed in a version: its section of a changelog.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { changelogSection } from "./notes.ts";
 * const text = "# Changelog\n\n## 0.2.0 - 2026-12-01\n\n- More\n\n## 0.1.0\n\n- First\n";
 * assertEquals(changelogSection(text, "0.2.0"), "- More");
 * assertEquals(changelogSection(text, "0.1.0"), "- First");
 * assertEquals(changelogSection(text, "0.3.0"), undefined);
 * ```
 */
export function changelogSection(changelog: string, version: string): string | undefined {
  const lines = changelog.split("\n");
  const start = lines.findIndex((line) => /^## /.test(line) && line.split(" ")[1] === version);
  if (start < 0) return undefined;
  const length = lines.slice(start + 1).findIndex((line) => /^## /.test(line));
  const section = lines.slice(start + 1, length < 0 ? undefined : start + 1 + length);
  return section.join("\n").trim();
}

/** What a release is made of, of which people read the rest. */
export interface Commit {
  readonly id: string;
  readonly subject: string;
}

/** The notes of a release: the section of the changelog, or what the commits say where it has none. */
export function releaseNotes(
  version: string,
  sources: { readonly changelog: string; readonly commits: readonly Commit[] },
): string {
  const section = changelogSection(sources.changelog, version) ??
    sources.commits.map(({ id, subject }) => `- ${subject} (${id})`).join("\n");
  return `# Meshwright ${version}\n\n${section}\n`;
}
