/** Where a cluster of the end-to-end tests comes from. */
export type ClusterChoice = "kind" | "local" | "current";

/** How programs outside of pods reach a broker's two interfaces; pods do it the same way. */
export interface BrokerAccess {
  /** For messages: `pulsar://ADDRESS:6650`, or `pulsar+ssl://…`. */
  readonly serviceUrl: string;
  /** For administration: `http://ADDRESS:8080`, or `https://…`. */
  readonly webUrl: string;
}

/** A broker that asks everybody for a token and checks what its bearer may do. */
export interface SecureBrokerAccess extends BrokerAccess {
  /** The same broker over TLS. */
  readonly tls: BrokerAccess;
  /** The authority of its certificate, PEM. */
  readonly caPem: string;
  /** May do everything. */
  readonly adminToken: string;
  /** Role `functions`: may produce and consume in `public/default`. */
  readonly functionsToken: string;
  /** Role `stranger`: known, and may do nothing. */
  readonly strangerToken: string;
}

/** What the tests are told about the cluster that they run on: the file that `MESHWRIGHT_E2E` names, as JSON. */
export interface E2eSetting {
  readonly cluster: ClusterChoice;
  readonly kubeconfigPath: string;
  readonly kubectlPath: string;
  /** Names of the nodes that run pods, sorted. Broker and toolbox are on the first one. */
  readonly nodes: readonly string[];
  readonly images: { readonly runner: string; readonly program: string };
  /** Where the program is installed. */
  readonly programNamespace: string;
  /** Where brokers and toolbox are. */
  readonly pulsarNamespace: string;
  /** Name of the toolbox's pod. */
  readonly toolboxPod: string;
  /** Git repositories and files over HTTP, for pods. */
  readonly toolboxUrl: string;
  readonly broker: BrokerAccess;
  readonly secureBroker: SecureBrokerAccess;
  /** Where the tests leave what the cluster says about what failed. */
  readonly failureFolder: string;
  /** Where scenarios leave what `kubectl get` and `describe` say in their troubled states, if that is wanted. */
  readonly recordFolder?: string;
}

/** The variable with the path of the setting. */
export const SETTING_VARIABLE = "MESHWRIGHT_E2E";
