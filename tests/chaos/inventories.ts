/**
 * An inventory that grows over what a status holds, changes and shrinks again, killed at every write of it: parts, status
 * and the end of former parts.
 */
import type { Content } from "./content.ts";
import type { Chapter } from "./guarantee.ts";
import { chapterOfLives, committed, type Stage } from "./lives.ts";

/** A status holds 1,500 entries. */
const BELOW = 1_490;
const ABOVE = 1_510;

/** So many ConfigMaps of one value; the first few have names of their own. */
function many(count: number, named = ""): Content {
  const names = Array.from({ length: count }, (_, index) => `${index < 5 ? named : ""}c${index}`);
  return { configs: Object.fromEntries(names.map((name) => [name, "1"])), functions: {} };
}

const CLAIM = "no object is forgotten, pruned by mistake or left, and no part is left";

const STAGES: readonly Stage[] = [
  {
    name: "processes/inventory-split",
    claim: CLAIM,
    act: (place) => committed(place, many(ABOVE)),
  },
  {
    name: "processes/inventory-parts",
    claim: CLAIM,
    act: (place) => committed(place, many(ABOVE, "other-")),
  },
  {
    name: "processes/inventory-joined",
    claim: CLAIM,
    act: (place) => committed(place, many(BELOW)),
  },
];

/** See the module. */
export const INVENTORIES: Chapter = chapterOfLives({
  stages: STAGES,
  together: "again",
  begin: async (place) => {
    await place.commit(many(BELOW));
    await place.sync({ healthTimeout: "10m" });
  },
  isMeant: ({ path }) => /\/configmaps\/meshsync-|\/meshsyncs\//.test(path),
});
