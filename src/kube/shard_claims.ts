import type { Wish } from "./lease_record.ts";

/** One shard as a replica sees it. */
export interface ShardView {
  readonly index: number;
  /** Whether this replica leads it, or is about to end that. */
  readonly own: "leading" | "ending" | undefined;
  /** Who else leads it; empty where it is free. */
  readonly holder: string;
  /** Into how many shards that one divides the work. */
  readonly shards: number;
  /** Whether that one is at home there. */
  readonly isAtHome: boolean;
  /** For how long it has been seen free. */
  readonly freeMs: number;
  readonly wish: Wish | undefined;
}

/** What a replica is, and what it sees. */
export interface ShardSight {
  readonly identity: string;
  /** The shard that is its first choice; undefined: none is. */
  readonly home: number | undefined;
  readonly count: number;
  /** So much longer one waits for each shard that it leads already. */
  readonly stepMs: number;
  /** All of them, in order. */
  readonly views: readonly ShardView[];
}

/** What a replica does about what it sees. */
export interface ShardClaims {
  /** What it ends to lead. */
  readonly giveBack: readonly number[];
  /** What it tries to take, until it has got one. */
  readonly take: readonly number[];
  /** Where it says that it wants to lead. */
  readonly wish: { readonly index: number; readonly isHome: boolean } | undefined;
  /** Who leads, and divides the work otherwise: nothing is to be done before nobody does. */
  readonly otherwise: string | undefined;
}

const NOTHING: ShardClaims = { giveBack: [], take: [], wish: undefined, otherwise: undefined };

/**
 * What a replica does about the shards.
 *
 * # Guarantees
 * - Its home it takes as soon as that is free; others the sooner the fewer it leads, so that those of a replica that is
 *   gone go to who has least to do.
 * - Who is at home in a shard, or leads two fewer than somebody else, wishes for one and is given it: each time that makes
 *   the difference smaller, so that it comes to rest.
 * - Where somebody divides the work otherwise, it leads nothing.
 */
export function shardClaims(sight: ShardSight): ShardClaims {
  const { count, views } = sight;
  const other = views.find(({ holder, own, shards }) =>
    own === undefined && holder !== "" && shards !== count
  );
  if (other !== undefined) {
    return { ...NOTHING, giveBack: leading(views), otherwise: `${other.holder}: ${other.shards}` };
  }
  return { ...NOTHING, giveBack: giveBack(sight), take: take(sight), wish: wish(sight) };
}

function leading(views: readonly ShardView[]): number[] {
  return views.filter(({ own }) => own === "leading").map(({ index }) => index);
}

/** How many shards somebody else leads. */
function countOf(holder: string, views: readonly ShardView[]): number {
  return views.filter((view) => view.own === undefined && view.holder === holder).length;
}

/** One at a time: the next wish is looked at when that one is fulfilled. */
function giveBack({ home, identity, views }: ShardSight): number[] {
  if (views.some(({ own }) => own === "ending")) return [];
  const own = leading(views);
  const wished = views.find(({ index, own: state, wish }) => {
    if (state !== "leading" || wish === undefined || wish.by === identity || index === home) {
      return false;
    }
    return wish.isHome || own.length >= countOf(wish.by, views) + 2;
  });
  return wished === undefined ? [] : [wished.index];
}

function take({ home, identity, stepMs, views }: ShardSight): number[] {
  const own = views.filter((view) => view.own !== undefined).length;
  const free = views.filter(({ holder, own }) => own === undefined && holder === "");
  const isTime = ({ freeMs, index, wish }: ShardView) => {
    if (index === home) return true;
    // What is given back to somebody is left to that one for a while.
    const isWished = wish !== undefined && wish.by !== identity;
    return freeMs >= (own + (isWished ? 1 : 0)) * stepMs;
  };
  return free.filter(isTime).map(({ index }) => index)
    .sort((a, b) => Number(b === home) - Number(a === home) || a - b);
}

function wish({ home, identity, views }: ShardSight): ShardClaims["wish"] {
  const others = views.filter(({ holder, own }) => own === undefined && holder !== "");
  const ofHome = others.find(({ index }) => index === home);
  if (ofHome !== undefined && !ofHome.isAtHome) return { index: ofHome.index, isHome: true };
  const isFree = views.some(({ holder, own }) => own === undefined && holder === "");
  if (isFree || views.some(({ own }) => own === "ending")) return undefined;
  const enough = leading(views).length + 2;
  const wished =
    others.filter(({ holder, isAtHome, wish }) =>
      !isAtHome && countOf(holder, views) >= enough &&
      (wish === undefined || wish.by === identity)
    ).sort((a, b) =>
      Number(b.wish !== undefined) - Number(a.wish !== undefined) ||
      countOf(b.holder, views) - countOf(a.holder, views) || a.index - b.index
    )[0];
  return wished === undefined ? undefined : { index: wished.index, isHome: false };
}
