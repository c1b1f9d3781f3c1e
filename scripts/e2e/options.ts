import { parseArgs } from "@std/cli/parse-args";
import type { ClusterChoice } from "./setting.ts";

/** What a run is asked to do. */
export interface E2eOptions {
  readonly help: boolean;
  readonly cluster: ClusterChoice | undefined;
  /** Parts of names of test files; empty for all. */
  readonly only: readonly string[];
  /** Leave the cluster when the tests are through. */
  readonly keep: boolean;
  /** Run on the cluster that another run keeps. */
  readonly reuse: boolean;
  /** Test files at the same time. */
  readonly jobs: number;
  /** Where what kubectl says about troubled states goes; absolute. */
  readonly recordFolder: string | undefined;
  /** Where what is known about failed tests goes; absolute. */
  readonly failureFolder: string;
  /** A command in place of the tests. */
  readonly shell: string | undefined;
  /** Image of the nodes of a kind cluster, where one is named. */
  readonly nodeImage: string | undefined;
  /** Whether the program's image is what `docker build` makes. */
  readonly dockerBuild: boolean;
  /** Images for a cluster that gets its images from a registry. */
  readonly runnerImage: string | undefined;
  readonly programImage: string | undefined;
}

const CLUSTERS: readonly ClusterChoice[] = ["current", "kind", "local"];
const DEFAULT_JOBS = 3;

/** Reads the words after `deno task e2e`.
 *
 * @throws {SyntaxError} for unknown or contradictory ones
 *
 * @example
 * ```ts
 * import { assertEquals, assertThrows } from "@std/assert";
 * import { e2eOptions } from "./options.ts";
 * const options = e2eOptions(["--cluster", "local", "--only", "java,scale"], "/work");
 * assertEquals(options.only, ["java", "scale"]);
 * assertEquals(options.failureFolder, "/work/dist/e2e-failure");
 * assertThrows(() => e2eOptions(["--cluster", "moon"], "/work"), SyntaxError);
 * assertThrows(() => e2eOptions(["--klaster=local"], "/work"), SyntaxError);
 * ```
 */
export function e2eOptions(words: readonly string[], directory: string): E2eOptions {
  const flags = parseArgs([...words], {
    boolean: ["docker-build", "help", "keep", "reuse"],
    string: [
      "cluster",
      "failures",
      "jobs",
      "node-image",
      "only",
      "program-image",
      "record",
      "runner-image",
      "shell",
    ],
    collect: ["only"],
    unknown: (word: string) => {
      throw new SyntaxError(`unknown word ${word}`);
    },
  });
  const absolute = (path: string) => path.startsWith("/") ? path : `${directory}/${path}`;
  const cluster = CLUSTERS.find((name) => name === flags.cluster);
  if (flags.cluster !== undefined && cluster === undefined) {
    throw new SyntaxError(`--cluster is one of ${CLUSTERS.join(", ")}`);
  }
  const jobs = Number(flags.jobs ?? DEFAULT_JOBS);
  if (!Number.isInteger(jobs) || jobs < 1) throw new SyntaxError("--jobs is a number from 1");
  const options: E2eOptions = {
    help: flags.help,
    cluster,
    only: flags.only.flatMap((names: string) => names.split(",")),
    keep: flags.keep,
    reuse: flags.reuse,
    jobs,
    recordFolder: flags.record === undefined ? undefined : absolute(flags.record),
    failureFolder: absolute(flags.failures ?? "dist/e2e-failure"),
    shell: flags.shell,
    nodeImage: flags["node-image"],
    dockerBuild: flags["docker-build"],
    runnerImage: flags["runner-image"],
    programImage: flags["program-image"],
  };
  if (options.nodeImage === "") throw new SyntaxError("--node-image needs the name of an image");
  if (options.dockerBuild && cluster !== "kind") {
    throw new SyntaxError("--docker-build goes with --cluster kind");
  }
  const named = options.runnerImage !== undefined && options.programImage !== undefined;
  if (cluster === "current" && !options.reuse && !named) {
    throw new SyntaxError("--cluster current takes --runner-image and --program-image");
  }
  return options;
}
