import { assertEquals, assertRejects } from "@std/assert";
import { gitSource, Lanes } from "#git";
import { gitOutcome } from "../../src/git/command.ts";
import { GitProcesses, processLimits } from "../../src/git/processes.ts";
import { countedSpawns } from "../support/counted_spawns.ts";
import { eventually } from "../support/eventually.ts";
import { settled } from "../support/fake_clock.ts";
import { temporaryFolder, testRepository } from "../support/git_repository.ts";
import { hangingServer } from "../support/hanging_server.ts";
import { commandLinesWith } from "../support/processes.ts";

/** Asks for a turn, and says when it has come. */
function asked(processes: GitProcesses, begun: string[]) {
  return (name: string, share: string, signal = new AbortController().signal) => ({
    name,
    running: processes.local({ share, signal }).then((command) => {
      begun.push(name);
      return command;
    }),
  });
}

Deno.test("C2: a share runs as many git commands as there are processors, and another one begins while a hundred wait", async () => {
  const begun: string[] = [];
  const ask = asked(new GitProcesses(processLimits(2)), begun);
  const hostile = Array.from({ length: 100 }, (_, index) => ask(`h${index}`, "hostile"));
  await settled();
  assertEquals(begun, ["h0", "h1"]);
  const healthy = ["a", "b", "c"].map((name) => ask(name, "healthy"));
  await settled();
  assertEquals(begun.splice(0), ["h0", "h1", "a", "b"]);
  const third = [ask("x", "third"), ask("y", "third")];
  (await healthy[0]?.running)?.[Symbol.dispose]();
  await settled();
  (await hostile[0]?.running)?.[Symbol.dispose]();
  await settled();
  assertEquals(begun.splice(0), ["x", "c"], "who has the fewest, then who was served longest ago");
  (await third[0]?.running)?.[Symbol.dispose]();
  await settled();
  assertEquals(begun.splice(0), ["y"]);
  for (const { running } of [...third, ...healthy, ...hostile]) {
    (await running)[Symbol.dispose]();
    await settled();
  }
  assertEquals(begun, hostile.slice(2).map(({ name }) => name));
});

Deno.test("GitProcesses: who began first goes first, so that what is begun ends", async () => {
  const begun: string[] = [];
  const ask = asked(new GitProcesses({ local: 1, localOfShare: 1 }), begun);
  const [first, second, third] = [1, 2, 3].map(() => new AbortController().signal);
  const end = async ({ running }: ReturnType<typeof ask>) => {
    (await running)[Symbol.dispose]();
    await settled();
  };
  const first1 = ask("first 1", "a", first);
  const [second1, third1] = [ask("second 1", "a", second), ask("third 1", "a", third)];
  const first2 = ask("first 2", "a", first);
  await end(first1);
  await end(first2);
  const second2 = ask("second 2", "a", second);
  await end(second1);
  await end(second2);
  await end(third1);
  assertEquals(begun, ["first 1", "first 2", "second 1", "second 2", "third 1"]);
});

Deno.test("GitProcesses: a share's only command lets others go first less than its further ones do", async () => {
  const processes = new GitProcesses({ local: 4, localOfShare: 4 });
  using first = await processes.local({ share: "a" });
  const more = [await processes.local({ share: "a" }), processes.remote({ share: "a" })];
  using other = await processes.local({ share: "b" });
  const niceness = [first, ...more, other].map((command) => command.niceness);
  assertEquals(niceness, [5, 15, 15, 5]);
  for (const command of more) command[Symbol.dispose]();
  using next = processes.remote({ share: "a" });
  assertEquals(next.niceness, 15, "the first still runs");
});

/** A `git` that writes its priority and the folder that it works for once, and goes on when it is told to. */
async function waitingGit(folder: string): Promise<Record<string, string>> {
  const path = Deno.env.get("PATH") ?? "";
  const script = `#!/bin/sh
while [ ! -e ${folder}/go ]; do
  read -r stat < /proc/$$/stat
  echo "\${stat#*) }" | cut -d' ' -f4,17 > ${folder}/next.$$
  mv ${folder}/next.$$ ${folder}/seen.$$
  sleep 0.02
done
PATH='${path}' exec git "$@"
`;
  await Deno.mkdir(`${folder}/bin`);
  await Deno.writeTextFile(`${folder}/bin/git`, script, { mode: 0o755 });
  return { PATH: `${folder}/bin:${path}` };
}

/** How the git programs that wait now let others go first, and which sessions they are in. */
async function waitingGits(folder: string): Promise<{ nice: string; sessions: Set<string> }> {
  const nice: number[] = [];
  const sessions = new Set<string>();
  for await (const { name } of Deno.readDir(folder)) {
    if (!name.startsWith("seen.")) continue;
    const [session = "", own] = (await Deno.readTextFile(`${folder}/${name}`)).trim().split(" ");
    sessions.add(session);
    nice.push(Number(own));
  }
  return { nice: String(nice.sort((a, b) => a - b)), sessions };
}

async function ownSession(): Promise<string> {
  const stat = await Deno.readTextFile("/proc/self/stat");
  return stat.slice(stat.lastIndexOf(")") + 2).split(" ")[3] ?? "";
}

Deno.test("C2: git programs of one namespace are few at a time and let others go first, a hundred remotes or not", async () => {
  await using repository = await testRepository();
  await using folder = await temporaryFolder();
  await repository.commit({ "a.yaml": "a: 1\n" });
  const lanes = new Lanes({ fast: 8, fastOfShare: 2, besides: 0, patienceMs: 600_000 });
  const source = gitSource({
    cacheDirectory: `${folder.path}/cache`,
    environment: await waitingGit(folder.path),
    lanes,
  });
  const look = (share: string, index: number) =>
    source.resolveRef(
      { url: `file://${repository.directory}`, fileAllowed: true, account: `${share}${index}` },
      { branch: "main" },
      { share },
    );
  const hostile = Array.from({ length: 100 }, (_, index) => look("hostile", index));
  await eventually(async () => (await waitingGits(folder.path)).nice === "5,15");
  const healthy = look("healthy", 0);
  await eventually(async () => (await waitingGits(folder.path)).nice === "5,5,15");
  // Who starts a program in a session of its own is copied first, and its main thread waits for that.
  const { sessions } = await waitingGits(folder.path);
  assertEquals([...sessions], [await ownSession()]);
  await Deno.writeTextFile(`${folder.path}/go`, "");
  const commits = await Promise.all([healthy, ...hostile]);
  assertEquals(new Set(commits.map(({ commit }) => commit)).size, 1);
});

Deno.test("C2: of many git programs that begin at the same time one is started in each turn, as that holds the main thread", async () => {
  using spawns = countedSpawns();
  const work = Array.from({ length: 24 }, () =>
    gitOutcome({
      args: ["--version"],
      action: "Cannot say a version",
      directory: "/",
      env: { PATH: Deno.env.get("PATH") ?? "" },
      config: [],
      timeoutMs: 600_000,
      outputBytesMax: 1_000,
    }));
  let [before, most] = [0, 0];
  while (spawns.count < work.length) {
    await new Promise((resolve) => setTimeout(resolve, 0));
    [most, before] = [Math.max(most, spawns.count - before), spawns.count];
  }
  const outcomes = await Promise.all(work);
  assertEquals(outcomes.every(({ isSuccess }) => isSuccess), true);
  // Two where a timer came due just after a turn had begun.
  assertEquals(most <= 2, true, `${most} in one turn`);
});

Deno.test("a git command that is given up before its turn starts no program", async () => {
  using spawns = countedSpawns();
  const stop = new AbortController();
  const running = gitOutcome({
    args: ["--version"],
    action: "Cannot say a version",
    directory: "/",
    env: {},
    config: [],
    timeoutMs: 600_000,
    outputBytesMax: 1_000,
    signal: stop.signal,
  });
  stop.abort(new Error("enough"));
  await assertRejects(() => running, Error, "enough");
  assertEquals(spawns.count, 0);
});

Deno.test("a git command that is given up takes the transport along that it started", async () => {
  await using server = hangingServer();
  await using folder = await temporaryFolder();
  const source = gitSource({ cacheDirectory: `${folder.path}/cache` });
  const stop = new AbortController();
  const look = source.resolveRef({ url: server.url }, { branch: "main" }, { signal: stop.signal });
  await eventually(async () => (await commandLinesWith(server.url)).length > 2);
  stop.abort(new Error("enough"));
  await assertRejects(() => look, Error, "enough");
  await eventually(async () => (await commandLinesWith(server.url)).length === 0);
});
