import settings from "../deno.json" with { type: "json" };

/** The version of this program, as `deno.json` states it. */
export const VERSION: string = settings.version;
