import { assertEquals } from "@std/assert";
import { component, pythonFunction } from "./support/components.ts";
import { assertCross, numbered } from "./support/messages.ts";
import { e2eTest } from "./support/story.ts";

// The runner of the generic runtime is in no public package. This stand-in takes its command line and hands the file
// to Pulsar's own Python instance: it proves the command line, not that runner.
const STAND_IN = `#!/usr/bin/env python3
import os, sys
given = dict(zip(sys.argv[1::2], sys.argv[2::2]))
file, language = given.pop("--function_file"), given.pop("--language")
if language != "python":
    sys.exit(f"this stand-in runs no {language}")
logging = ["--logging_directory", "/pulsar/logs", "--logging_file", "generic",
           "--logging_config_file", "/pulsar/conf/functions-logging/console_logging_config.ini"]
rest = [word for pair in given.items() for word in pair]
main = "/pulsar/instances/python-instance/python_instance_main.py"
os.execvp("python3", ["python3", main, "--py", file, *logging, *rest])
`;

e2eTest(
  "generic",
  "a function of the generic runtime (stand-in) gets its command line",
  async (story) => {
    const [input, output] = [story.topic("in"), story.topic("out")];
    const { python: _python, ...rest } = pythonFunction(story.image, { input, output });
    const path = "/usr/local/bin/pulsar_rust_instance";
    const spec = {
      ...rest,
      genericRuntime: {
        functionFile: "/pulsar/examples/python-examples/exclamation_function.py",
        language: "python",
      },
      pod: {
        terminationGracePeriodSeconds: 10,
        volumes: [{ name: "stand-in", configMap: { name: "stand-in", defaultMode: 0o755 } }],
      },
      volumeMounts: [{ name: "stand-in", mountPath: path, subPath: "run" }],
    };
    await story.start({
      "stand-in": {
        apiVersion: "v1",
        kind: "ConfigMap",
        metadata: { name: "stand-in" },
        data: { run: STAND_IN },
      },
      exclaim: component("Function", "exclaim", { spec }),
    });
    const messages = await assertCross(story, { input, output, texts: numbered("message", 10) });
    assertEquals(messages.length, 10);
  },
);
