import { assertEquals, assertThrows } from "@std/assert";
import { brokerAccess } from "../../../src/reconcile/metrics_poll/broker_access.ts";
import { CallProblem } from "../../../src/reconcile/metrics_poll/call_problem.ts";
import { backlogIn } from "../../../src/reconcile/metrics_poll/topic_backlog.ts";
import stats from "./samples/topic_stats.json" with { type: "json" };

const config = { webServiceURL: "http://broker.pulsar:8080/", brokerServiceURL: "pulsar://b:6650" };
const TOKEN = "org.apache.pulsar.client.impl.auth.AuthenticationToken";

function generic(plugin: string, parameters: string) {
  return {
    pulsarConfig: "pulsar",
    authConfig: {
      genericAuth: {
        clientAuthenticationPlugin: plugin,
        clientAuthenticationParameters: parameters,
      },
    },
  };
}

Deno.test("brokerAccess() is the URL of the ConfigMap where nothing else is said", () => {
  const access = brokerAccess({ pulsarConfig: "pulsar" }, { config });
  assertEquals(access, { url: "http://broker.pulsar:8080" });
});

Deno.test("brokerAccess() sends the token that the component has, in each of its forms", () => {
  for (const parameters of ["token:a.b.c", "a.b.c", '{"token":"a.b.c"}', " token:a.b.c\n"]) {
    const access = brokerAccess(generic(TOKEN, parameters), { config });
    assertEquals(access, {
      url: "http://broker.pulsar:8080",
      authorization: "Bearer a.b.c",
    });
  }
});

Deno.test("brokerAccess() takes the Secret where there is no authConfig, which wins", () => {
  const auth = { clientAuthenticationPlugin: TOKEN, clientAuthenticationParameters: "token:s" };
  const both = { ...generic(TOKEN, "token:own"), authSecret: "auth" };
  assertEquals(
    brokerAccess({ pulsarConfig: "pulsar", authSecret: "auth" }, { config, auth }),
    { url: "http://broker.pulsar:8080", authorization: "Bearer s" },
  );
  assertEquals(brokerAccess(both, { config, auth }), {
    url: "http://broker.pulsar:8080",
    authorization: "Bearer own",
  });
});

Deno.test("brokerAccess() speaks Basic for names beyond ASCII too", () => {
  const access = brokerAccess(generic("basic", '{"userId":"é","password":"p"}'), { config });
  assertEquals("authorization" in access && access.authorization, "Basic w6k6cA==");
});

Deno.test("brokerAccess() trusts the authority of the component, where TLS is on", () => {
  const tlsConfig = { enabled: true, certSecretName: "tls", certSecretKey: "ca.crt" };
  const certificate = { "ca.crt": "PEM" };
  const messaging = { pulsarConfig: "pulsar", tlsConfig };
  const https = { webServiceURL: "https://broker:8443" };
  assertEquals(brokerAccess(messaging, { config: https, certificate }), {
    url: "https://broker:8443",
    caPem: "PEM",
  });
  const off = { ...messaging, tlsConfig: { ...tlsConfig, enabled: false } };
  assertEquals(brokerAccess(off, { config: https, certificate }), { url: "https://broker:8443" });
});

Deno.test("brokerAccess() says why a broker cannot be asked, and never with what", () => {
  const secret = "s3cr3t";
  const problem = (...[messaging, data]: Parameters<typeof brokerAccess>) => {
    const access = brokerAccess(messaging, data);
    assertEquals(JSON.stringify(access).includes(secret), false);
    return "problem" in access ? access.problem : undefined;
  };
  const plain = { pulsarConfig: "pulsar" };
  assertEquals(problem(plain, { config: undefined }), "ConfigMap pulsar does not exist");
  for (const webServiceURL of ["", "broker:8080", `ftp://${secret}@x`]) {
    assertEquals(
      problem(plain, { config: { webServiceURL } }),
      "ConfigMap pulsar has no usable webServiceURL",
    );
  }
  assertEquals(
    problem({ ...plain, authSecret: "auth" }, { config }),
    "Secret auth does not exist",
  );
  assertEquals(
    problem(generic(TOKEN, `file:///etc/${secret}`), { config }),
    "the token is given by file:, which only the pod can read",
  );
  assertEquals(
    problem(generic(TOKEN, `token:${secret} x`), { config }),
    "the token cannot be sent",
  );
  assertEquals(
    problem(generic("org.example.Own", secret), { config }),
    "authentication by org.example.Own is not supported",
  );
});

Deno.test("backlogIn() reads what a broker says of a topic", () => {
  assertEquals(backlogIn(stats, "public/default/pfn"), 1);
  assertEquals(backlogIn(stats, "toString"), undefined);
  assertThrows(() => backlogIn("not even an object", "public/default/pfn"), CallProblem);
});
