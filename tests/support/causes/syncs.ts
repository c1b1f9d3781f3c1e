/** Causes of MeshSyncs, each with what makes it: one repository, a folder for each. */
import type { KubeObject } from "#base";
import { FAIL } from "../control_plane.ts";
import { ran } from "../programs.ts";
import { temporaryFolder } from "../git_repository.ts";
import { configMapText, functionText } from "../sync_story.ts";
import type { CauseStage, MadeCause } from "./stage.ts";

const CLOSED = [{ kind: "deny", schedule: "* * * * *", duration: "24h" }];

const MISMATCH = `apiVersion: apps/v1
kind: Deployment
metadata: {name: web}
spec:
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: other}}
    spec: {containers: [{name: main, image: "example/web:1"}]}
`;

const pods = (fail: string) => `  pod:\n    annotations:\n      ${FAIL}: ${fail}\n`;

/** What the first commit holds. */
const BEFORE: Readonly<Record<string, string>> = {
  "any/a.yaml": configMapText("any", "1"),
  "broken/a.yaml": "apiVersion: v1\nkind: ConfigMap\nmetadata: {}\n",
  "empty/README.md": "nothing to apply\n",
  "large/a.yaml": `${"#".repeat(1_000_000)}\n`.repeat(70),
  "refused/web.yaml": MISMATCH,
  "conflicting/a.yaml": configMapText("contested", "from git"),
  "kindless/a.yaml": "apiVersion: nowhere.example/v1\nkind: Thing\nmetadata: {name: a}\n",
  "sick/f.yaml": functionText("sick", pods("CrashLoopBackOff")),
  "slow/f.yaml": functionText("slow", pods("ContainerCreating")),
  "returning/f.yaml": functionText("returning"),
  "braked/a.yaml": ["b1", "b2", "b3", "b4"].map((name) => configMapText(name, "1")).join("---\n"),
  "pruning/a.yaml": ["kept", "audited"].map((name) => configMapText(name, "1")).join("---\n"),
  "giving/a.yaml": ["stays", "moves"].map((name) => configMapText(name, "1")).join("---\n"),
  "taking/a.yaml": configMapText("takes", "1"),
  "leaving/a.yaml": configMapText("leaves", "1").replace(
    "  name: leaves\n",
    "  name: leaves\n  finalizers: [meshwright.test/held]\n",
  ),
};

/** What the second one changes. */
const AFTER: Readonly<Record<string, string>> = {
  "returning/f.yaml": functionText("returning", pods("CrashLoopBackOff")),
  "braked/a.yaml": configMapText("b1", "1"),
  "pruning/a.yaml": configMapText("kept", "1"),
  "giving/a.yaml": configMapText("stays", "1"),
  "taking/a.yaml": ["takes", "moves"].map((name) => configMapText(name, "1")).join("---\n"),
};

/** MeshSyncs that are healthy before the second commit, and what they say of themselves. */
const TWICE: Readonly<Record<string, Record<string, unknown>>> = {
  returning: { onUnhealthy: "rollback", settleTime: "0s", healthTimeout: "5s" },
  braked: { pruneLimit: { objects: 1, percent: 1 } },
  giving: {},
  taking: {},
  leaving: {},
};

/** Makes both commits, and has all see the second one that are to. */
export async function prepareSyncs({ loop, story }: CauseStage): Promise<void> {
  await loop.repository.commit(BEFORE);
  for (const [name, spec] of Object.entries(TWICE)) await loop.sync(name, spec);
  // Under another address: nobody of the first could take over what it drops.
  await loop.sync("pruning", { url: `${loop.server.url}/work` });
  for (const name of [...Object.keys(TWICE), "pruning"]) await loop.isReady(name, /^True Healthy/);
  await loop.repository.commit(AFTER);
  await loop.sync("taking", { windows: CLOSED });
  await loop.isReady("taking", /^False WaitingForWindow/);
  for (const name of ["returning", "braked", "pruning", "giving"]) await loop.look(name);
  await story.kubectl("delete", "msync/leaving", "--wait=false");
}

/** A cause that the spec of a MeshSync makes. */
function simple(
  reason: string,
  folder: string,
  [says, remedy, spec = {}]: readonly [
    RegExp,
    RegExp,
    (Record<string, unknown> | ((stage: CauseStage) => Record<string, unknown>))?,
  ],
): MadeCause {
  const name = `sync-${reason.toLowerCase()}`;
  const make = (stage: CauseStage) =>
    stage.loop.sync(name, {
      path: folder,
      ...(typeof spec === "function" ? spec(stage) : spec),
    });
  return { reason, name: `msync/${name}`, make, says, remedy };
}

/** What the second commit, or the deletion, made. */
function prepared(
  reason: string,
  name: string,
  [says, remedy]: readonly [RegExp, RegExp],
): MadeCause {
  return { reason, name: `msync/${name}`, make: () => Promise.resolve(), says, remedy };
}

/** All of them. */
export const SYNC_CAUSES: readonly MadeCause[] = [
  prepared("Quarantined", "returning", [/Applied/, /Commit a correction/]),
  prepared("PruneLimit", "braked", [/it deletes 3 of 4 objects/, /annotation that the message/]),
  prepared("PruneFailed", "pruning", [/audited/, /keeps an object from being deleted/]),
  prepared("PruneWaits", "giving", [/may take them over/, /Wait for the MeshSyncs/]),
  prepared("DeletionWaits", "leaving", [/leaves/, /objects that the message names/]),
  prepared("WaitingForWindow", "taking", [/spec\.windows/, /change spec\.windows/]),
  ...waitingCauses(),
  ...contentCauses(),
  ...remoteCauses(),
  ...secretCauses(),
  addressCause(),
];

function waitingCauses(): MadeCause[] {
  return [
    simple("Suspended", "any", [/Suspended/, /meshwright resume/, { suspend: true }]),
    simple("DependencyNotReady", "any", [/does not exist/, /explain MeshSync\/NAME/, {
      dependsOn: [{ name: "nobody" }],
    }]),
    {
      ...simple("DependencyCycle", "any", [/depend on each other/, /out of the circle/]),
      make: async ({ loop }) => {
        await loop.sync("cycle", { path: "any", dependsOn: [{ name: "sync-dependencycycle" }] });
        await loop.sync("sync-dependencycycle", { path: "any", dependsOn: [{ name: "cycle" }] });
      },
    },
    simple("Progressing", "slow", [/Applied/, /is at work on it/, { healthTimeout: "1h" }]),
    simple("Unhealthy", "sick", [/Function .*sick/, /explain KIND\/NAME/, {
      healthTimeout: "2s",
    }]),
    {
      ...simple("WaitingForKind", "kindless", [
        /nowhere\.example\/v1 Thing/,
        /or install it|Install the definition/,
      ]),
      later: "KindNotServed",
    },
    simple("InvalidSpec", "any", [/Europe\/Atlantis/, /Correct the fields/, {
      windows: [{
        kind: "deny",
        schedule: "0 8 * * *",
        duration: "8h",
        timeZone: "Europe/Atlantis",
      }],
    }]),
  ];
}

function contentCauses(): MadeCause[] {
  return [
    simple("InvalidManifests", "broken", [/broken\/a\.yaml/, /meshwright validate finds/]),
    simple("NothingToApply", "empty", [/holds no manifests/, /Check spec\.path/]),
    simple("PathNotFound", "nowhere", [/no folder nowhere/, /commit the folder/]),
    simple("RefNotFound", "any", [/gone/, /push the branch or tag/, { ref: { branch: "gone" } }]),
    simple("ApplyFailed", "refused", [/refused\/web\.yaml/, /meshwright diff shows it/]),
    {
      ...simple("FieldConflict", "conflicting", [/"helm"/, /gitops\.functionmesh\.io\/force/]),
      make: async ({ loop }) => {
        const object: KubeObject = {
          apiVersion: "v1",
          kind: "ConfigMap",
          metadata: { namespace: loop.namespace, name: "contested" },
          data: { value: "from helm" },
        };
        await loop.parts.cluster.apply(object, { fieldManager: "helm" });
        await loop.sync("sync-fieldconflict", { path: "conflicting" });
      },
    },
  ];
}

function remoteCauses(): MadeCause[] {
  return [
    simple("RepositoryNotFound", "any", [/none\/\.git/, /Correct spec\.url/, ({ loop }) => ({
      url: `${loop.server.url}/none/.git`,
    })]),
    simple("RepositoryUnreachable", "any", [/cannot be reached/, /Check the network/, {
      url: "http://127.0.0.1:1/a.git",
    }]),
    simple("AddressRefused", "any", [/link-local/, /own machine or network link/, {
      url: "http://169.254.169.254/a.git",
    }]),
    simple("NotAGitServer", "any", [/html/, /no Git server/, ({ odd }) => ({
      url: `${odd.url}/html/a.git`,
    })]),
    simple("RepositoryMoved", "any", [
      /redirects to http:\/\/elsewhere\.example/,
      /into spec\.url/,
      ({ odd }) => ({ url: `${odd.url}/moved.git` }),
    ]),
    simple("RevisionTooLarge", "large", [/more than/, /folder or repository of their own/]),
    simple("OutOfTime", "any", [/within 3 s/, /Raise spec\.timeout/, ({ silent }) => ({
      url: `${silent.url}/a.git`,
      timeout: "3s",
    })]),
  ];
}

function addressCause(): MadeCause {
  return simple("InvalidAddress", "any", [/Cannot ask for name "a%2Fb"/, /Correct the apiVersion/, {
    variablesFrom: [{ kind: "ConfigMap", name: "a%2Fb" }],
  }]);
}

function secretCauses(): MadeCause[] {
  const withSecret = (
    cause: MadeCause,
    spec: Record<string, unknown>,
    stringData: Readonly<Record<string, string>>,
  ): MadeCause => {
    const name = cause.name.slice("msync/".length);
    return {
      ...cause,
      make: async ({ loop, story }) => {
        const secret = { apiVersion: "v1", kind: "Secret", metadata: { name } };
        await story.apply({ ...secret, stringData });
        await loop.sync(name, { path: "any", ...spec });
      },
    };
  };
  const refused = simple("SignatureRefused", "any", [/is not signed/, /Sign the commit/]);
  const named = (reason: string) => ({ secretRef: { name: `sync-${reason.toLowerCase()}` } });
  return [
    simple("AccessDenied", "any", [/Secret .*does not exist/, /Put credentials/, {
      secretRef: { name: "nobody" },
    }]),
    simple("SecretNotFound", "any", [/Secret .*nobody.*does not exist/, /Create the Secret/, {
      decryption: { secretRef: { name: "nobody" } },
    }]),
    simple("VariablesNotFound", "any", [/ConfigMap .*nobody/, /spec\.variablesFrom/, {
      variablesFrom: [{ kind: "ConfigMap", name: "nobody" }],
    }]),
    withSecret(
      simple("DecryptionKeyNotFound", "any", [/no member holds an age identity/, /AGE-SECRET/]),
      { decryption: named("DecryptionKeyNotFound") },
      { other: "no key" },
    ),
    withSecret(
      simple("SignerKeysNotFound", "any", [/is no armored GPG public key/, /public keys of the/]),
      { verify: named("SignerKeysNotFound") },
      { other: "no key" },
    ),
    {
      ...refused,
      make: async (stage) => {
        const stringData = { key: await publicKey() };
        const verify = named("SignatureRefused");
        await withSecret(refused, { verify }, stringData).make(stage);
      },
    },
  ];
}

async function publicKey(): Promise<string> {
  await using folder = await temporaryFolder();
  const path = `${folder.path}/key`;
  await ran("ssh-keygen", ["-q", "-t", "ed25519", "-N", "", "-C", "test", "-f", path]);
  return await Deno.readTextFile(`${path}.pub`);
}
