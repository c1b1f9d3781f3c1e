import { type FunctionSpec, parsePackageUrl } from "#api";
import type { Members } from "./members.ts";
import { shown } from "./notes.ts";
import { isSecretText } from "./credentials.ts";
import type { SpecContext } from "./shared_spec.ts";
import { given } from "./topic_specs.ts";

/** Where packages are put in the container: a folder in which runners may write. */
const FOLDER = "/pulsar/tmp";

type Runtime = Pick<FunctionSpec, "java" | "python" | "golang">;

/** The code of a Function. */
export function functionRuntime(
  config: Members,
  context: SpecContext,
  spec: Pick<FunctionSpec, "className" | "runtimeFlags">,
): Runtime {
  const named = config.choice("runtime", ["JAVA", "PYTHON", "GO"]);
  const paths = { JAVA: config.text("jar"), PYTHON: config.text("py"), GO: config.text("go") };
  const runtime = named ?? (paths.PYTHON ? "PYTHON" : paths.GO ? "GO" : "JAVA");
  const builtin = config.text("functionType");
  const path = paths[runtime] ?? (builtin === undefined ? undefined : `builtin://${builtin}`);
  const { isArchive } = context.found;
  switch (runtime) {
    case "JAVA":
      return { java: javaRuntime(context, spec, { path, ending: "jar" }) };
    case "PYTHON": {
      const [module = ""] = (spec.className ?? "").split(".");
      const name = /^\w+$/.test(module) ? module : context.resource;
      const file = `${FOLDER}/${name}.${isArchive === true ? "zip" : "py"}`;
      const pyLocation = locationOf(context, { path, file });
      if (isArchive === undefined) {
        context.notes.remark(
          "python.py",
          "ends with .py: let it end with .zip or .whl if it is one",
        );
      }
      return { python: given({ py: file, pyLocation }) as { py: string } };
    }
    case "GO": {
      const file = `${FOLDER}/${context.resource}`;
      const goLocation = locationOf(context, { path, file });
      return { golang: given({ go: file, goLocation }) as { go: string } };
    }
  }
}

/** Code on a JVM: a Java function's, or a connector's. */
export function javaRuntime(
  context: SpecContext,
  { runtimeFlags }: Pick<FunctionSpec, "runtimeFlags">,
  { ending, path }: { readonly path: string | undefined; readonly ending: "jar" | "nar" },
): NonNullable<FunctionSpec["java"]> {
  const file = `${FOLDER}/${context.resource}.${ending}`;
  return given({
    jar: file,
    jarLocation: locationOf(context, { path, file }),
    javaOpts: runtimeFlags === undefined ? undefined : javaOptions(runtimeFlags),
  }) as NonNullable<FunctionSpec["java"]>;
}

/** The worker hands flags to the JVM; here that has a member of its own, after flags that choose a collector already. */
function javaOptions(flags: string): readonly string[] {
  const isAnother = flags.split(/\s/).some((flag) =>
    flag.startsWith("-XX:+Use") && flag.endsWith("GC") && flag !== "-XX:+UseG1GC"
  );
  // A JVM that is told two of them does not start.
  return isAnother ? ["-XX:-UseG1GC", flags] : [flags];
}

/** Where the package is downloaded from; a task where nobody knows. */
function locationOf(
  { found, kind, notes }: SpecContext,
  { file, path }: { readonly path: string | undefined; readonly file: string },
): string | undefined {
  if (found.location !== undefined) return found.location;
  const isUsable = path !== undefined && parsePackageUrl(path) !== undefined && !isSecretText(path);
  if (isUsable) return path;
  const said = path === undefined || isSecretText(path) ? "" : ` (\`${shown(path)}\`)`;
  const why = found.trouble === undefined ? "" : `: ${found.trouble}`;
  notes.task(
    kind === "Function" ? "package" : "archive",
    `the code${said} is on the worker only${why}: build an image that holds it as ${file} and name it in ` +
      "spec.image, or give its URL as location; --upload-packages does that where the worker gives the package away",
  );
  return undefined;
}
