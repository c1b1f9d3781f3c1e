import { GITOPS_ACCOUNT, type Installation, PROGRAM } from "./installation.ts";

/**
 * What each account of an installation is worth, in plain words, as comments of YAML: who applies it should know whom it
 * trusts with what.
 */
export function worthText(installation: Installation): string {
  return [...programWorth(installation), ...gitOpsWorth(installation), ...podWorth(installation)]
    .map((line) => `# ${line}`.trimEnd()).join("\n");
}

function places({ watchedNamespace }: Installation): string {
  return watchedNamespace === undefined ? "all namespaces" : `namespace ${watchedNamespace}`;
}

function programWorth(installation: Installation): string[] {
  const { namespace } = installation;
  return [
    "What each account is worth (docs/security.md says more):",
    "",
    `${PROGRAM}: builds StatefulSets, Services, autoscalers and Jobs in ${
      places(installation)
    }, and`,
    "  may read a Secret there by its name. Who makes pods can use every ServiceAccount beside them: it",
    `  is worth the strongest one there, and so is whoever can make pods in ${namespace}.`,
  ];
}

const RIGHTS: Readonly<Record<Installation["gitOpsRights"], string>> = {
  none: "nothing",
  "mesh-only": "our kinds, Namespaces, ConfigMaps and Secrets",
  "cluster-admin": "anything, this installation included",
};

function gitOpsWorth(installation: Installation): string[] {
  const { defaultServiceAccount, gitOpsRights, namespace, singleTenant } = installation;
  const who = singleTenant
    ? "MeshSyncs of all namespaces that name no account (--single-tenant)"
    : `MeshSyncs in ${namespace} that name no account`;
  return [
    `${GITOPS_ACCOUNT}: as which ${who} act.`,
    `  It may write ${RIGHTS[gitOpsRights]} (--gitops-rights ${gitOpsRights}),`,
    "  and so may whoever writes these MeshSyncs, or to their repositories.",
    ...(singleTenant ? [] : [
      `Other MeshSyncs act as "${defaultServiceAccount}" of their namespace, or as the account that they name,`,
      "  in that namespace only, once somebody lets the program do so. For a cluster of one team:",
      "  install --single-tenant.",
    ]),
  ];
}

function podWorth({ podServiceAccounts }: Installation): string[] {
  return [
    "Whoever may create a Function, Source, Sink or FunctionMesh runs pods as " +
    (podServiceAccounts === "" ? "any ServiceAccount of its" : "these ServiceAccounts of its"),
    podServiceAccounts === ""
      ? "  namespace, as with Function Mesh; install --pod-service-accounts closes that."
      : `  namespace: ${podServiceAccounts}, and default (--pod-service-accounts).`,
  ];
}
