import { type E2eSetting, SETTING_VARIABLE } from "../../../scripts/e2e/setting.ts";
import { TargetCluster } from "../../../scripts/e2e/target_cluster.ts";

export type { BrokerAccess, E2eSetting } from "../../../scripts/e2e/setting.ts";

/** The cluster of this run. @throws {Error} outside of `deno task e2e` */
export function e2eSetting(): E2eSetting {
  const path = Deno.env.get(SETTING_VARIABLE);
  if (path === undefined) throw new Error("Cannot find the cluster: run this by `deno task e2e`");
  return JSON.parse(Deno.readTextFileSync(path));
}

/** kubectl on the cluster of this run. */
export function e2eCluster(setting: E2eSetting): TargetCluster {
  const { cluster: choice, kubeconfigPath, kubectlPath, nodes } = setting;
  return new TargetCluster({ choice, kubeconfigPath, kubectlPath, nodes });
}
