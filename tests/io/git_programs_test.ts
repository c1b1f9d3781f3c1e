/** Programs that are started from this thread, or from one of their own: for who asks it is the same. */
import { assertEquals, assertRejects } from "@std/assert";
import { GIT_BUDGETS, systemClock } from "#base";
import { gitSource, type Programs, ThreadedPrograms } from "#git";
import { MissingProgramError, OwnPrograms, type ProgramCall } from "../../src/git/program.ts";
import { countedSpawns } from "../support/counted_spawns.ts";
import { eventually } from "../support/eventually.ts";
import { FakeClock } from "../support/fake_clock.ts";
import { temporaryFolder, testRepository } from "../support/git_repository.ts";
import { commandLinesWith } from "../support/processes.ts";

const NEVER = new AbortController().signal;

/** A script that git runs by an alias. */
function script(text: string, more: Partial<ProgramCall> = {}): ProgramCall {
  return {
    program: "git",
    args: ["-c", `alias.run=!${text}`, "run"],
    directory: "/",
    env: { PATH: Deno.env.get("PATH") ?? "" },
    outputBytesMax: 100_000,
    ...more,
  };
}

/** A word that is in the command line of one test's programs only. */
function mark(): string {
  return `sleep 6${Math.floor(Math.random() * 1e9)}`;
}

const WAYS: Readonly<Record<string, () => Programs & Partial<AsyncDisposable>>> = {
  "this thread": () => new OwnPrograms(),
  "a thread of their own": () => new ThreadedPrograms({ clock: systemClock }),
};

/** A test with programs of each way. */
function test(name: string, body: (programs: Programs) => Promise<void>): void {
  for (const [way, programsOf] of Object.entries(WAYS)) {
    Deno.test(`C2: programs from ${way}: ${name}`, async () => {
      const programs = programsOf();
      try {
        await body(programs);
      } finally {
        await programs[Symbol.asyncDispose]?.();
      }
    });
  }
}

test("how one ends and all that it wrote is told, of many at the same time too", async (programs) => {
  const ends = await Promise.all(
    ["one", "two", "three"].map((word, code) =>
      programs.run(script(`echo ${word}; echo bad ${word} >&2; exit ${code}; :`), NEVER)
    ),
  );
  assertEquals(
    ends.map(({ stdout = new Uint8Array(), ...end }) => [new TextDecoder().decode(stdout), end]),
    [
      ["one\n", { isSuccess: true, stderr: "bad one\n", excess: undefined }],
      ["two\n", { isSuccess: false, stderr: "bad two\n", excess: undefined }],
      ["three\n", { isSuccess: false, stderr: "bad three\n", excess: undefined }],
    ],
  );
});

test("it reads a text and bytes, and may end before it read all", async (programs) => {
  const bytes = new Uint8Array([0, 255, 10, 13]);
  for (const stdin of ["ä\n", bytes]) {
    const { stdout } = await programs.run(script("cat", { stdin }), NEVER);
    const expected = typeof stdin === "string" ? new TextEncoder().encode(stdin) : stdin;
    assertEquals(stdout, expected);
  }
  const { isSuccess } = await programs.run(
    script("true", { stdin: new Uint8Array(1_000_000) }),
    NEVER,
  );
  assertEquals(isSuccess, true);
});

test("one that writes more than it may is ended with what it started", async (programs) => {
  const word = mark();
  const { stdout } = await programs.run(script(`${word} & cat /dev/zero; :`), NEVER);
  assertEquals(stdout, undefined);
  await eventually(async () => (await commandLinesWith(word)).length === 0);
});

test("one that takes more memory than it may is ended", async (programs) => {
  const bytes = GIT_BUDGETS.commandMemoryBytes * 1.25;
  const { excess } = await programs.run(
    script(`head -c ${bytes} /dev/zero | tail -c ${bytes} | sleep 600; :`),
    NEVER,
  );
  assertEquals(excess, "of one");
});

test("one that is given up is ended with what it started", async (programs) => {
  const [word, stop] = [mark(), new AbortController()];
  const running = programs.run(script(`${word}; :`), stop.signal);
  await eventually(async () => (await commandLinesWith(word)).length > 1);
  stop.abort(new Error("enough"));
  assertEquals((await running).isSuccess, false);
  await eventually(async () => (await commandLinesWith(word)).length === 0);
});

test("what is given up before its turn is not started", async (programs) => {
  const word = mark();
  const given = AbortSignal.abort(new Error("enough"));
  await assertRejects(() => programs.run(script(`${word}; :`), given), Error, "enough");
  const stop = new AbortController();
  const running = programs.run(script(`${word}; :`), stop.signal);
  stop.abort(new Error("too late"));
  await assertRejects(() => running, Error, "too late");
  assertEquals(await commandLinesWith(word), []);
});

test("that it is not installed is told, and nothing else is broken by that", async (programs) => {
  const missing = script("true", { env: { PATH: "/nowhere" } });
  await assertRejects(
    () => programs.run(missing, NEVER),
    MissingProgramError,
    "the program git is not installed",
  );
  await assertRejects(() => programs.run(script("true", { directory: "/nowhere" }), NEVER));
  assertEquals((await programs.run(script("true"), NEVER)).isSuccess, true);
});

Deno.test("C2: a source whose programs have a thread of their own starts none in this one", async () => {
  await using repository = await testRepository();
  await using folder = await temporaryFolder();
  await repository.commit({ "mesh/a.yaml": "a: 1\n", "mesh/b.yaml": "b: ä\n" });
  await using programs = new ThreadedPrograms({ clock: systemClock });
  using spawns = countedSpawns();
  const source = gitSource({ cacheDirectory: `${folder.path}/cache`, programs });
  const remote = { url: `file://${repository.directory}`, fileAllowed: true };
  const resolved = await source.resolveRef(remote, { branch: "main" });
  const { tree = "" } = await source.fetchRevision(remote, resolved, { path: "mesh" });
  const entries = await source.listTree(remote, tree);
  const files = await source.readFiles(remote, { tree, entries });
  assertEquals(files.map(({ text }) => text), ["a: 1\n", "b: ä\n"]);
  assertEquals(spawns.count, 0);
});

Deno.test("ThreadedPrograms: the thread ends when nobody needs it for a while, and comes again", async () => {
  const clock = new FakeClock();
  await using programs = new ThreadedPrograms({ clock });
  assertEquals(programs.isAwake, false);
  await programs.run(script("true"), NEVER);
  const [word, stop] = [mark(), new AbortController()];
  const running = programs.run(script(`${word}; :`), stop.signal);
  await eventually(async () => (await commandLinesWith(word)).length > 1);
  await clock.advance(10 * GIT_BUDGETS.threadIdleMs);
  assertEquals(programs.isAwake, true, "something runs");
  stop.abort();
  await running;
  await clock.advance(GIT_BUDGETS.threadIdleMs - 1);
  assertEquals(programs.isAwake, true);
  await clock.advance(1);
  assertEquals(programs.isAwake, false);
  assertEquals((await programs.run(script("true"), NEVER)).isSuccess, true);
});

Deno.test("ThreadedPrograms: whoever ends them ends what runs", async () => {
  const word = mark();
  const programs = new ThreadedPrograms({ clock: systemClock });
  const running = programs.run(script(`${word}; :`), NEVER);
  await eventually(async () => (await commandLinesWith(word)).length > 1);
  await programs[Symbol.asyncDispose]();
  assertEquals((await running).isSuccess, false);
  await eventually(async () => (await commandLinesWith(word)).length === 0);
});

Deno.test("ThreadedPrograms: a thread that ends is told to who waits for it, and the next program gets another", async () => {
  const worker = "data:text/javascript,onmessage = () => { throw new Error('out of order'); }";
  await using programs = new ThreadedPrograms({ clock: systemClock, worker });
  for (const _ of ["the first", "another"]) {
    await assertRejects(
      () => programs.run(script("true"), NEVER),
      Error,
      "the thread that starts programs ended: Uncaught Error: out of order",
    );
    assertEquals(programs.isAwake, false);
  }
});
