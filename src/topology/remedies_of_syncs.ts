/**
 * What to do about what this program says of a MeshSync.
 *
 * @module
 */
import type { Remedy } from "./remedy.ts";

/** Of a MeshSync. */
export const SYNC_REMEDIES: readonly Remedy[] = [
  {
    reason: "InvalidManifests",
    means: "A file of the revision cannot be applied; nothing was changed",
    remedy:
      "Correct the files that the message names and commit; meshwright validate finds the same",
  },
  {
    reason: "NothingToApply",
    means: "The folder has no manifest; nothing was changed",
    remedy: "Check spec.path and the patterns: no file is left to apply",
  },
  {
    reason: "PathNotFound",
    means: "The revision does not have the folder; nothing was changed",
    remedy: "Correct spec.path, or commit the folder",
  },
  {
    reason: "RefNotFound",
    means: "The repository does not have the branch, tag or commit",
    remedy: "Correct spec.ref, or push the branch or tag",
  },
  {
    reason: "RepositoryNotFound",
    means: "There is no repository at the address, or none that may be seen",
    remedy: "Correct spec.url, or let the account of spec.secretRef see the repository",
  },
  {
    reason: "AccessDenied",
    means: "The repository wants other credentials",
    remedy: "Put credentials that may read the repository into the Secret of spec.secretRef",
  },
  {
    reason: "SecretNotFound",
    means: "A Secret that the MeshSync refers to is missing",
    remedy: "Create the Secret that the message names, in the namespace of the MeshSync",
  },
  {
    reason: "VariablesNotFound",
    means: "What variables are read from is missing",
    remedy:
      "Create the ConfigMap or Secret of spec.variablesFrom that the message names, in the namespace of the MeshSync",
  },
  {
    reason: "DecryptionKeyNotFound",
    means: "The Secret for encrypted files holds no key",
    remedy: "Put an age identity (AGE-SECRET-KEY-1…) into the Secret that the message names",
  },
  {
    reason: "SignerKeysNotFound",
    means: "The Secret for signatures holds no key",
    remedy: "Put the public keys of the signers into the Secret of spec.verify",
  },
  {
    reason: "HostKeyUnknown",
    means: "The SSH server is not known to be the right one",
    remedy: "Add the host's key to known_hosts in the Secret of spec.secretRef",
  },
  {
    reason: "SignatureRefused",
    means: "The commit or tag is not signed by somebody trusted; nothing was changed",
    remedy: "Sign the commit with a key of spec.verify, or add the signer's key there",
  },
  {
    reason: "NotAGitServer",
    means: "Something else than a Git server answers at the address",
    remedy: "Correct spec.url: what answers there is no Git server",
  },
  {
    reason: "RepositoryMoved",
    means: "The server points to another address, and none is followed with credentials",
    remedy: "Write the address that the message names into spec.url",
  },
  {
    reason: "RepositoryUnreachable",
    means: "Nobody answers at the address",
    remedy: "Check the network between the program and the repository; it tries again",
  },
  {
    reason: "AddressRefused",
    means: "The address is one that users may not have the program call",
    remedy: "Name a repository that is not on the program's own machine or network link",
  },
  {
    reason: "GitTimeout",
    means: "Git took longer than a look may take",
    remedy: "Raise spec.timeout, or make the repository smaller",
  },
  {
    reason: "RevisionTooLarge",
    means: "The revision is larger than one may be",
    remedy: "Give the meshes a folder or repository of their own",
  },
  {
    reason: "ReadingTooLong",
    means: "The files take longer to read than one revision may",
    remedy: "Split the files: reading them takes longer than it may",
  },
  {
    reason: "RefMoved",
    means: "The branch or tag moved while it was fetched",
    remedy:
      "Wait: it is looked at again; where it stays, find who moves the reference all the time",
  },
  {
    reason: "GitFailed",
    means: "Git failed in a way that has no name here",
    remedy: "Look at what git says in the message; it is tried again",
  },
  {
    reason: "OutOfTime",
    means: "A pass took longer than spec.timeout",
    remedy:
      "Raise spec.timeout, give the meshes a repository or folder of their own, or the program more processors",
  },
  {
    reason: "SyncFailed",
    means: "A pass failed in a way that has no name here",
    remedy: "Do what the message says; it is tried again",
  },
  {
    reason: "InvalidAddress",
    means: "An apiVersion or a name can be no part of an address",
    remedy: "Correct the apiVersion or the name that the message shows",
  },
  {
    reason: "ApplyFailed",
    means: "The API server refuses an object",
    remedy:
      "Correct what the API server refuses, as its words say; meshwright diff shows it before",
  },
  {
    reason: "FieldConflict",
    means: "Somebody else declares a field with another value",
    remedy:
      "Let one of them write the field, or annotate the object in Git with gitops.functionmesh.io/force: true",
  },
  {
    reason: "KindNotServed",
    means: "The cluster does not know a kind; the rest is applied",
    remedy:
      "Install the definition of the kind that the message names, or write the version that it names",
  },
  {
    reason: "WaitingForKind",
    means: "The cluster does not know a kind yet; the rest is applied",
    remedy: "Wait until the definition is established, or install it",
  },
  {
    reason: "PruneLimit",
    means: "The revision would delete more than it may unasked; nothing was changed",
    remedy: "Allow this revision by the annotation that the message names, or bring the files back",
  },
  {
    reason: "PruneFailed",
    means: "All is applied, and something that Git dropped cannot be deleted",
    remedy: "Do what the message says: something keeps an object from being deleted",
  },
  {
    reason: "PruneWaits",
    means: "Another MeshSync may take over what Git dropped here",
    remedy: "Wait for the MeshSyncs that the message names",
  },
  {
    reason: "DependencyNotReady",
    means: "A MeshSync that this one depends on is not ready",
    remedy: "Look at the MeshSync that the message names: meshwright explain MeshSync/NAME",
  },
  {
    reason: "DependencyCycle",
    means: "MeshSyncs depend on each other",
    remedy: "Take one spec.dependsOn out of the circle that the message names",
  },
  {
    reason: "WaitingForWindow",
    means: "Nothing is applied outside of the windows",
    remedy: "Wait for the window, or change spec.windows",
  },
  {
    reason: "Superseded",
    means: "A newer commit came while this one was applied",
    remedy: "Wait: a newer commit is applied",
  },
  {
    reason: "Quarantined",
    means: "What a revision changed went back to what was healthy",
    remedy: "Commit a correction: this revision was not healthy and went back",
  },
  {
    reason: "Unhealthy",
    means: "All is applied, and something does not become ready in time",
    remedy: "Look at the first object that the message names: meshwright explain KIND/NAME",
  },
  {
    reason: "Contested",
    means: "Somebody else writes again and again what Git says otherwise",
    remedy:
      "Stop who undoes what Git says, as the message names them, or remove the field from Git",
  },
  {
    reason: "Suspended",
    means: "Nothing is read, applied or deleted, as somebody wanted it",
    remedy: "Go on by meshwright resume NAME",
  },
  {
    reason: "NoServiceAccount",
    means: "What comes from Git is applied with the rights of the program itself",
    remedy: "Create the ServiceAccount that the message names, or name another",
  },
  {
    reason: "DeletionWaits",
    means: "It was deleted, and objects of it are not gone",
    remedy: "Look at the objects that the message names: they keep it",
  },
  {
    reason: "LeftBehind",
    means: "It was deleted, and let go with objects left",
    remedy: "Delete by hand what the message names",
  },
];
