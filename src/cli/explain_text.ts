import type { Explanation } from "#topology";
import { ageText, table } from "./table.ts";

const DOWNSTREAM_MAX = 12;

/** An explanation for people: one screen. */
export function explanationLines(told: Explanation, nowMs: number): string[] {
  const { backlog, chain, downstream, isWell, message, object, reason, remedy, since, unread } =
    told;
  const word = isWell === undefined ? "not known" : isWell ? "works" : "does not work";
  const age = since === undefined ? "" : `, for ${ageText(since, nowMs)} (since ${since})`;
  const rows = chain.map(({ isWell, says, what }) => [
    isWell === undefined ? " ?" : isWell ? " ✓" : " ✗",
    what,
    says,
  ]);
  const more = downstream.length - DOWNSTREAM_MAX;
  return [
    `${object}: ${word}${age}`,
    `${reason}: ${message}`,
    ...section("From commit to container", table(["  ", "", ""], rows).slice(1)),
    ...section("What has piled up", backlog.map(({ count, topic }) => `${count} on ${topic}`)),
    ...section("Who waits for what it writes", [
      ...downstream.slice(0, DOWNSTREAM_MAX),
      ...(more > 0 ? [`and ${more} more`] : []),
    ]),
    ...section("What to do", remedy === undefined ? [] : [remedy]),
    ...section("What could not be read", unread),
  ];
}

function section(title: string, lines: readonly string[]): string[] {
  return lines.length === 0 ? [] : ["", title, ...lines.map((line) => `  ${line}`)];
}
