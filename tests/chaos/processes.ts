/** The life of a place: a first commit, changes, one that is sick, prunes and the end; killed at every write of it. */
import type { Content } from "./content.ts";
import type { Chapter } from "./guarantee.ts";
import { chapterOfLives, committed, type Stage } from "./lives.ts";
import { SYNC } from "./place.ts";

const FIRST: Content = {
  configs: { a: "1", b: "1" },
  functions: { f: { cpu: "100m", cleanup: true }, g: { cpu: "100m" } },
};
const CHANGED: Content = {
  configs: { a: "2", b: "1", c: "1" },
  functions: { ...FIRST.functions, f: { cpu: "200m", cleanup: true } },
};
const SICK: Content = {
  configs: { ...CHANGED.configs, b: "2" },
  functions: { ...CHANGED.functions, g: { cpu: "150m", sick: true } },
};
/** What goes back is what changed: all of it in one commit. */
const WENT_BACK = CHANGED;
const RETURNED: Content = {
  configs: SICK.configs,
  functions: { ...CHANGED.functions, g: { cpu: "200m" } },
};
const PRUNED: Content = { configs: { a: "2", c: "1" }, functions: RETURNED.functions };
const WITHOUT_SUBSCRIPTION: Content = { ...PRUNED, functions: { g: { cpu: "200m" } } };

/** Long enough for the slowest machine to have pods ready; a sick commit gets less. */
const PATIENT = { onUnhealthy: "rollback", healthTimeout: "10m", settleTime: "0s" };
const IMPATIENT = { ...PATIENT, healthTimeout: "5s" };

const AS_GIT =
  "the cluster is as Git says, nothing is left, made anew or asked, the status is true";

const STAGES: readonly Stage[] = [
  {
    name: "processes/first-apply",
    claim: AS_GIT,
    act: async (place) => {
      await place.commit(FIRST);
      await place.sync(PATIENT);
    },
  },
  { name: "processes/change", claim: AS_GIT, act: (place) => committed(place, CHANGED) },
  {
    name: "processes/quarantine",
    claim: "a sick commit goes back although it was its own process that died",
    act: async (place) => {
      await place.sync(IMPATIENT);
      await committed(place, SICK);
    },
    rest: { ready: /^False Quarantined: Applied/, content: WENT_BACK },
  },
  {
    name: "processes/return",
    claim: "the commit that mends it ends the quarantine",
    act: async (place) => {
      await place.sync(PATIENT);
      await committed(place, RETURNED);
    },
  },
  { name: "processes/prune", claim: AS_GIT, act: (place) => committed(place, PRUNED) },
  {
    name: "processes/clean-up",
    claim: "the subscription of a pruned Function is removed, and then the Function",
    act: (place) => committed(place, WITHOUT_SUBSCRIPTION),
  },
  {
    name: "processes/deletion",
    claim: "a deleted MeshSync leaves nothing behind",
    act: (place) => place.api.remove({ kind: "MeshSync", name: SYNC, namespace: place.namespace }),
    rest: { isGone: true },
  },
];

/** See the module. */
export const PROCESSES: Chapter = chapterOfLives({ stages: STAGES, together: 5 });
