/**
 * The commands of the runners, really run by a shell: stand-ins of the programs write down what reaches them. Paths below
 * /pulsar and /usr/share are moved into a temporary folder; the kubelet's part, which reads a command before the shell,
 * is done by {@linkcode expanded}, a translation of Kubernetes' own rules.
 */
import { assertEquals } from "@std/assert";
import type { DefaultedComponent } from "#api";
import {
  cleanupJob,
  DEFAULT_SETTINGS,
  desiredChildren,
  functionDetails,
  type Settings,
} from "#desired";
import { aFunction, aSink, aSource, at, ofKind } from "../unit/desired/fixtures.ts";

/** What no shell and no kubelet may take for anything but text. */
const NASTY = [
  `it's "quoted" \`touch PWNED\` $(touch PWNED) \${HOME} $HOME`,
  "$(POD_NAME) $$(POD_NAME) $$ $ \\ \\n !x # ~ * ? [a] {b,c} ; & | < > %s %(x)s",
  "line one\nline two\ttabbed; touch PWNED",
  "-n",
  "ünïcode ☃ 𝒳",
  "'",
  "''$'('",
];

const ENV = {
  POD_NAME: "orders-function-7",
  webServiceURL: "http://broker:8080",
  brokerServiceURL: "pulsar://broker:6650",
  clientAuthenticationPlugin: "from secret",
  clientAuthenticationParameters: `token:it's * $HOME`,
  tlsTrustCertsFilePath: "/certs with blanks/ca.pem",
};

/** `$(NAME)` and `$$` as Kubernetes reads them in a command (third_party/forked/golang/expansion). */
function expanded(text: string, env: Readonly<Record<string, string>>): string {
  let result = "";
  for (let index = 0; index < text.length; index++) {
    const next = text[index + 1];
    const close = text.indexOf(")", index + 2);
    if (text[index] !== "$" || next === undefined) result += text[index];
    else if (next === "$") result += text[index++];
    else if (next === "(" && close >= 0) {
      const name = text.slice(index + 2, close);
      result += Object.hasOwn(env, name) ? env[name] : `$(${name})`;
      index = close;
    } else result += `$${text[++index]}`;
  }
  return result;
}

/** One call of a stand-in: its name and its arguments. */
type Call = readonly string[];

interface Run {
  readonly calls: readonly Call[];
  readonly code: number;
  readonly errors: string;
  /** A file that the script wrote, by its path in the container. */
  readonly file: (path: string) => Promise<string>;
}

/** Runs the command of a container and answers what its programs were called with. */
async function runContainer(
  container: unknown,
  check: (run: Run) => Promise<void> | void,
): Promise<void> {
  const folder = await Deno.makeTempDir();
  try {
    const programs = [
      "java",
      "python",
      "pulsarctl",
      "pulsar_rust_instance",
      "wget",
      "chmod",
      "pulsar/bin/pulsar-admin",
    ];
    await Deno.mkdir(`${folder}/pulsar/bin`, { recursive: true });
    await Deno.mkdir(`${folder}/pulsar/lib`);
    await Deno.mkdir(`${folder}/pulsar/instances/python-instance`, { recursive: true });
    await Deno.mkdir(`${folder}/work`);
    await Deno.writeTextFile(
      `${folder}/pulsar/instances/python-instance/log.py`,
      "  Log.setLevel(1)\n",
    );
    await Deno.writeTextFile(`${folder}/pulsar/lib/org.yaml-snakeyaml-2.0.jar`, "");
    for (const name of programs) await standIn(folder, name);
    await standIn(folder, "pulsar/go-func");
    const [shell, ...args] = at(container, "command") as string[];
    const moved = args.map((text) =>
      expanded(text, ENV).replaceAll(
        /\/pulsar\/(?=bin|lib|conf|instances|go-func)/g,
        `${folder}/pulsar/`,
      )
    );
    const output = await new Deno.Command(shell ?? "", {
      args: moved,
      cwd: `${folder}/work`,
      clearEnv: true,
      env: {
        ...ENV,
        CALLS: `${folder}/calls`,
        PATH: `${folder}:/usr/bin:/bin`,
        HOME: "/home/wrong",
      },
    }).output();
    const left: string[] = [];
    for await (const entry of Deno.readDir(`${folder}/work`)) left.push(entry.name);
    assertEquals(left.filter((name) => name !== "logs"), [], "a value was run as a command");
    await check({
      calls: await callsIn(`${folder}/calls`, folder),
      code: output.code,
      errors: new TextDecoder().decode(output.stderr),
      file: (path) => Deno.readTextFile(`${folder}${path}`),
    });
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

/** A program that writes its name and arguments down, each ended by a zero byte, and a record by one more. */
async function standIn(folder: string, name: string): Promise<void> {
  const script =
    `#!/bin/sh\nprintf '%s\\0' "\${0##*/}" "$@" >> "$CALLS"\nprintf '\\0' >> "$CALLS"\n`;
  await Deno.writeTextFile(`${folder}/${name}`, script, { mode: 0o755 });
}

async function callsIn(path: string, folder: string): Promise<Call[]> {
  const calls: string[][] = [];
  let call: string[] = [];
  // Arguments are never empty here, so an empty field ends a record.
  for (const field of (await Deno.readTextFile(path)).split("\0")) {
    if (field !== "") call.push(field.replaceAll(folder, ""));
    else if (call.length > 0) {
      calls.push(call);
      call = [];
    }
  }
  return calls;
}

function containerOf(
  component: DefaultedComponent,
  name: string,
  settings: Settings = DEFAULT_SETTINGS,
): unknown {
  const pod = at(
    ofKind(desiredChildren(component, {}, settings), "StatefulSet"),
    "spec",
    "template",
    "spec",
  );
  return at(pod, "containers", name) ?? at(pod, "initContainers", name);
}

/** The argument after an option. */
function after(call: Call | undefined, option: string): string | undefined {
  const index = call?.indexOf(option) ?? -1;
  return index < 0 ? undefined : call?.[index + 1];
}

for (const value of NASTY) {
  const shown = JSON.stringify(value);

  Deno.test(`a Java function gets every value exactly: ${shown}`, async () => {
    const component = aFunction({
      name: value,
      className: value,
      clusterName: value,
      funcConfig: { value },
      java: {
        jar: value,
        javaOpts: [`-Dvalue=${value}`],
        entryClass: value,
        extraDependenciesDir: value,
      },
      pulsar: {
        pulsarConfig: "p",
        authConfig: {
          genericAuth: { clientAuthenticationPlugin: value, clientAuthenticationParameters: value },
        },
        tlsConfig: { enabled: true, certSecretName: "ca", certSecretKey: value },
      },
      statefulConfig: { pulsar: { serviceUrl: value, javaProvider: { className: value } } },
    });
    await runContainer(containerOf(component, "pulsar-function"), ({ calls, code, errors }) => {
      assertEquals([code, errors], [0, ""]);
      const java = calls.at(-1);
      assertEquals(java?.[0], "java");
      assertEquals(java?.includes(`-Dvalue=${value}`), true);
      assertEquals(java?.includes(`-Dpulsar.function.log.file=${value}-7`), true);
      assertEquals(
        after(java, "-cp")?.endsWith(`:/pulsar/lib/org.yaml-snakeyaml-2.0.jar:${value}/*`),
        true,
      );
      assertEquals(java?.[(java?.indexOf("--jar") ?? 0) - 1], value);
      for (
        const option of [
          "--jar",
          "--cluster_name",
          "--client_auth_plugin",
          "--client_auth_params",
          "--state_storage_serviceurl",
          "--state_storage_impl_class",
        ]
      ) {
        assertEquals(after(java, option), value, option);
      }
      assertEquals(after(java, "--tls_trust_cert_path"), `/etc/tls/pulsar-functions/${value}`);
      assertEquals(after(java, "--function_id"), "7-uid-1");
      const details = JSON.parse(after(java, "--function_details") ?? "");
      assertEquals([details.name, details.className, JSON.parse(details.userConfig).value], [
        value,
        value,
        value,
      ]);
    });
  });

  Deno.test(`a download gets every value exactly: ${shown}`, async () => {
    const oauth2Config = {
      audience: value,
      issuerUrl: value,
      keySecretName: "s",
      keySecretKey: value,
    };
    const source = (imageHasPulsarctl: boolean) =>
      aSource({
        imageHasPulsarctl,
        java: { jar: value, jarLocation: `source://${value}` },
        pulsar: { pulsarConfig: "p", authConfig: { oauth2Config } },
      });
    await runContainer(containerOf(source(true), "pulsar-source"), ({ calls, errors }) => {
      assertEquals(errors, "");
      assertEquals(calls[0], [
        ...["pulsarctl", "context", "set", "downloader", "--admin-service-url", ENV.webServiceURL],
        ...["--issuer-endpoint", value, "--audience", value, "--key-file", `/etc/oauth2/${value}`],
      ]);
      assertEquals(calls[2], [
        "pulsarctl",
        "packages",
        "download",
        `source://${value}`,
        "--path",
        value,
      ]);
    });
    await runContainer(containerOf(source(false), "pulsar-source"), ({ calls }) => {
      assertEquals(calls[0]?.[0], "pulsar-admin");
      const key = `/etc/oauth2/${value}`;
      assertEquals(JSON.parse(after(calls[0], "--auth-params") ?? ""), {
        credentials_url: `file://${key}`,
        privateKey: key,
        private_key: key,
        issuerUrl: value,
        issuer_url: value,
        audience: value,
        scope: "",
      });
      assertEquals(calls[0]?.slice(-5), [
        "packages",
        "download",
        `source://${value}`,
        "--path",
        value,
      ]);
    });
  });

  Deno.test(`a Python function gets every value exactly: ${shown}`, async () => {
    const component = aFunction({
      name: value,
      python: {
        py: value,
        pyLocation: `http://host/${value}`,
        log: { level: "warn", rotatePolicy: "SizedPolicyWith10MB" },
      },
      imageHasGet: true,
    });
    await runContainer(
      containerOf(component, "pulsar-function"),
      async ({ calls, errors, file }) => {
        assertEquals(errors, "");
        assertEquals(calls[0], ["wget", `http://host/${value}`, "-O", value]);
        assertEquals(after(calls[1], "--py"), value);
        assertEquals(after(calls[1], "--logging_file"), `${value}-7.log`);
        assertEquals(JSON.parse(after(calls[1], "--function_details") ?? "").name, value);
        const config = await file("/pulsar/conf/python-log/python_instance_logging.ini");
        assertEquals(/^level=/m.test(config) && !/^level=(?!WARNING$)/m.test(config), true);
        assertEquals(
          await file("/pulsar/instances/python-instance/log.py"),
          "#  Log.setLevel(1)\n",
        );
      },
    );
  });

  Deno.test(`a Go function gets its configuration exactly: ${shown}`, async () => {
    const component = aFunction({
      name: value,
      golang: { go: "/pulsar/go-func" },
      funcConfig: { value },
      subscriptionName: value,
    });
    await runContainer(containerOf(component, "pulsar-function"), ({ calls, errors }) => {
      assertEquals(errors, "");
      assertEquals(calls[0], ["chmod", "+x", "/pulsar/go-func"]);
      assertEquals(calls[1]?.slice(0, 2), ["go-func", "-instance-conf"]);
      const config = JSON.parse(calls[1]?.[2] ?? "");
      assertEquals([config.name, config.subscriptionName, JSON.parse(config.userConfig).value], [
        value,
        value,
        value,
      ]);
      assertEquals([config.instanceID, config.funcID, config.pulsarServiceURL], [
        7,
        "7-uid-1",
        ENV.brokerServiceURL,
      ]);
    });
  });

  Deno.test(`a generic function gets every value exactly: ${shown}`, async () => {
    const component = aFunction({
      name: value,
      genericRuntime: { functionFile: value, language: value },
    });
    await runContainer(containerOf(component, "pulsar-function"), ({ calls, errors }) => {
      assertEquals(errors, "");
      assertEquals(calls[0]?.slice(0, 5), [
        "pulsar_rust_instance",
        "--function_file",
        value,
        "--language",
        value,
      ]);
      assertEquals(after(calls[0], "--function_details"), functionDetails(component));
    });
  });

  Deno.test(`a clean-up gets every value exactly: ${shown}`, async () => {
    const component = aSink({
      cleanupSubscription: true,
      subscriptionName: value,
      input: { topics: [`persistent://a/b/${value}`] },
    });
    const job = cleanupJob(component, {}, DEFAULT_SETTINGS);
    await runContainer(
      at(job, "spec", "template", "spec", "containers", 0),
      ({ calls, code, errors }) => {
        assertEquals([code, errors], [0, ""]);
        assertEquals(calls.map((call) => call.slice(3)), [[
          "topics",
          "unsubscribe",
          "-s",
          value,
          `persistent://a/b/${value}`,
        ]]);
      },
    );
  });
}

Deno.test("a variable of the container stays one argument, whatever its Secret holds", async () => {
  const component = aSink({ pulsar: { pulsarConfig: "p", authSecret: "a", tlsSecret: "t" } });
  await runContainer(containerOf(component, "pulsar-sink"), ({ calls }) => {
    const java = calls.at(-1);
    assertEquals(after(java, "--client_auth_plugin"), ENV.clientAuthenticationPlugin);
    assertEquals(after(java, "--client_auth_params"), ENV.clientAuthenticationParameters);
    assertEquals(after(java, "--tls_trust_cert_path"), ENV.tlsTrustCertsFilePath);
    assertEquals(after(java, "--tls_allow_insecure"), "false");
  });
});

Deno.test("a Java runner's log configuration reaches its file with nothing expanded", async () => {
  for (const javaLog4JConfigFileType of ["xml", "yaml"] as const) {
    const component = aSink({
      java: {
        jar: "a",
        log: { level: "debug", rotatePolicy: "TimedPolicyWithDaily", javaLog4JConfigFileType },
      },
    });
    await runContainer(containerOf(component, "pulsar-sink"), async ({ file }) => {
      const config = await file(
        `/pulsar/conf/java-log/java_instance_log4j.${javaLog4JConfigFileType}`,
      );
      for (
        const text of [
          "${sys:pulsar.log.level}",
          "${sys:pulsar.function.log.file}-%d{yyyy-MM-dd}-%i.log.gz",
          "0 0 0 * * ?",
        ]
      ) {
        assertEquals(config.includes(text), true, text);
      }
    });
  }
});

Deno.test("a clean-up succeeds when there is nothing to remove, and fails on any other failure", async () => {
  const component = aSink({ cleanupSubscription: true, input: { topics: ["persistent://a/b/c"] } });
  const container = at(
    cleanupJob(component, {}, DEFAULT_SETTINGS),
    "spec",
    "template",
    "spec",
    "containers",
    0,
  );
  const [shell, flag, script] = at(container, "command") as string[];
  for (const [answer, code] of [["Subscription not found", 0], ["Reason: 500", 1]] as const) {
    const failing = String(script).replace(
      "/pulsar/bin/pulsar-admin",
      `failing() { echo '${answer}' >&2; return 1; }; failing`,
    );
    const output = await new Deno.Command(String(shell), { args: [String(flag), failing] })
      .output();
    assertEquals(output.code, code);
    assertEquals(new TextDecoder().decode(output.stdout).trim(), answer);
  }
});
