import { component, javaFunction, PULSAR_CONFIG } from "./support/components.ts";
import { assertCross, numbered } from "./support/messages.ts";
import { e2eTest } from "./support/story.ts";
import { Toolbox } from "./support/toolbox.ts";

e2eTest("tls", "a function talks to the broker over TLS and checks its name", async (story) => {
  const { secureBroker } = story.setting;
  const topics = { input: story.topic("in"), output: story.topic("out") };
  await story.cluster.apply([{
    apiVersion: "v1",
    kind: "Secret",
    metadata: { name: "broker-ca", namespace: story.namespace },
    stringData: { "ca.crt": secureBroker.caPem },
  }]);
  const spec = {
    ...javaFunction(story.image, topics),
    pulsar: {
      pulsarConfig: PULSAR_CONFIG,
      tlsConfig: {
        enabled: true,
        allowInsecure: false,
        hostnameVerification: true,
        certSecretName: "broker-ca",
        certSecretKey: "ca.crt",
      },
      authConfig: {
        genericAuth: {
          clientAuthenticationPlugin: "org.apache.pulsar.client.impl.auth.AuthenticationToken",
          clientAuthenticationParameters: `token:${secureBroker.functionsToken}`,
        },
      },
    },
  };
  await story.start({
    // Nothing but the encrypted ports is known to the function.
    pulsar: story.pulsarConfig(secureBroker.tls),
    exclaim: component("Function", "exclaim", { spec }),
  });
  await using toolbox = new Toolbox(story.setting, {
    ...secureBroker.tls,
    token: secureBroker.adminToken,
    checksCertificate: true,
  });
  await assertCross({ toolbox }, { ...topics, texts: numbered("message", 10) });
});
