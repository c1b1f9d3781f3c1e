/** The commands of the runners, really run by a shell, with values that would break careless ones. */
import { assertEquals } from "@std/assert";
import type { DefaultedComponent } from "#api";
import {
  cleanupJob,
  DEFAULT_SETTINGS,
  desiredChildren,
  functionDetails,
  type Settings,
} from "#desired";
import { after, ENV, runContainer } from "../support/container_run.ts";
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
      scope: value,
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
        ...["--scope", value],
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
        scope: value,
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
  const answers = [
    ["Subscription not found", 1, 0],
    ["Reason: HTTP 404", 1, 0],
    ["Reason: 500 of topic t404", 1, 1],
    ["sh: pulsar-admin: not found", 127, 1],
  ] as const;
  for (const [answer, ended, code] of answers) {
    const failing = String(script).replace(
      "/pulsar/bin/pulsar-admin",
      `failing() { echo '${answer}' >&2; return ${ended}; }; failing`,
    );
    const output = await new Deno.Command(String(shell), { args: [String(flag), failing] })
      .output();
    assertEquals(output.code, code);
    assertEquals(new TextDecoder().decode(output.stdout).trim(), answer);
  }
});
