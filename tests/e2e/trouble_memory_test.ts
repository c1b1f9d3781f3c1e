import { pythonFunction } from "./support/components.ts";
import { troubleTest } from "./support/trouble.ts";

const HUNGRY = `from pulsar import Function
kept = []
while True:
    kept.append(bytearray(8 << 20))

class Hungry(Function):
    def process(self, input, context):
        return input
`;

troubleTest({
  slug: "memory",
  name: "a function that needs more memory than it may have",
  objects: () => [{
    apiVersion: "v1",
    kind: "ConfigMap",
    metadata: { name: "hungry" },
    data: { "hungry.py": HUNGRY },
  }],
  spec: (story) => ({
    ...pythonFunction(story.image, { input: story.topic("in"), output: story.topic("out") }),
    className: "hungry.Hungry",
    python: { py: "/functions/hungry.py" },
    pod: {
      terminationGracePeriodSeconds: 10,
      volumes: [{ name: "functions", configMap: { name: "hungry" } }],
    },
    volumeMounts: [{ name: "functions", mountPath: "/functions" }],
  }),
  // Where containerd misses the kernel's word the reason is `Error`, and the exit code is all that tells.
  shown: /^terminated (OOMKilled|Error)$/m,
  says:
    /^False (CrashLoopBackOff|OOMKilled|Error): 0\/1 pods ready: .*exit code 137 \((OOMKilled|SIGKILL: it outgrew)/,
});
