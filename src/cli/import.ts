import { systemClock, withoutValuesIn } from "#base";
import { type ImportedFile, importedFolder, isPulsarName, REPORT_FILE } from "#import";
import { AdminClient } from "#pulsar_admin";
import { type Flag, type FlagValues, UsageError } from "./flag.ts";
import { text } from "./flags.ts";
import { ClusterReader, type ReadingScope } from "./import_cluster.ts";
import {
  ADMIN_FLAGS,
  httpClient,
  importOptions,
  loginFrom,
  MANIFEST_FLAGS,
  webAddress,
} from "./import_flags.ts";
import { checkFolder, writeFolder } from "./import_folder.ts";
import type { Invocation, Verb } from "./verb.ts";

const SCOPE_FLAGS: readonly Flag[] = [
  text("tenant", "IMPORT_TENANT", "", "NAME", "Tenant in Pulsar; needs --namespace"),
  text("namespace", "IMPORT_NAMESPACE", "", "NAME", "Namespace in Pulsar; needs --tenant"),
  {
    name: "all",
    env: "IMPORT_ALL",
    kind: "boolean",
    default: "false",
    help: "Import all tenants and namespaces",
  },
];

const OUTPUT_FLAGS: readonly Flag[] = [
  text("out", "IMPORT_OUT", "", "FOLDER", "Folder to write; it may not hold anything"),
  {
    name: "overwrite",
    env: "IMPORT_OVERWRITE",
    kind: "boolean",
    default: "false",
    help: "Replace the files of an earlier import in that folder",
  },
  {
    name: "upload-packages",
    env: "IMPORT_UPLOAD_PACKAGES",
    kind: "boolean",
    default: "false",
    help: "Put the code of each component into the package service, where its manifest finds it",
  },
];

/** `meshwright import` */
export const importVerb: Verb = {
  name: "import",
  summary: "Write manifests for what a Pulsar cluster's functions worker runs",
  words: "",
  description: [
    "Reads functions, sources and sinks by the admin API and writes a manifest for each that means the same, and",
    `${REPORT_FILE}: what is to be done before it runs, which Secrets to make, and what a manifest cannot say. No credential is`,
    "written. Packages of Java are looked into for the types of messages, which the API does not tell. Nothing changes in",
    "the cluster, save that --upload-packages adds packages. The same cluster gives the same bytes.",
    "Exit code 0: done; 1: not, or something could not be read or passes no validate (the rest is written); 2: usage.",
  ],
  flags: [...ADMIN_FLAGS, ...SCOPE_FLAGS, ...OUTPUT_FLAGS, ...MANIFEST_FLAGS],
  async run({ flags, output, signal }: Invocation) {
    const url = webAddress(flags, "admin-url");
    const scope = scopeFrom(flags, signal);
    const out = flags.text("out");
    if (out === "") throw new UsageError("Name the folder to write: --out FOLDER");
    const options = importOptions(flags);
    const config = configMap(flags, url);
    await checkFolder(out, flags.boolean("overwrite"));
    using http = await httpClient(flags);
    const login = await loginFrom(flags, http);
    if (login !== undefined && url.protocol === "http:") {
      output.note("warning: --admin-url is no https, so the token goes over the network as it is");
    }
    const client = new AdminClient({
      url,
      clock: systemClock,
      ...(login === undefined ? {} : { login }),
      ...(http === undefined ? {} : { http }),
    });
    const { found, ...read } = await new ClusterReader(client, scope).read();
    // Names are whatever a server says.
    const unread = withoutValuesIn(read.unread, login?.secrets ?? []) as typeof read.unread;
    const folder = importedFolder(found, unread, options);
    const { others } = await writeFolder(out, [...folder.files, ...config]);
    for (const { what, why } of unread) output.note(`${what}: ${why}`);
    for (const name of others) output.note(`${out}/${name} is of no component any more`);
    output.out(`${found.length} imported, ${unread.length} not: read ${out}/${REPORT_FILE}`);
    return folder.isSound ? 0 : 1;
  },
};

function scopeFrom(flags: FlagValues, signal: AbortSignal): ReadingScope {
  const [tenant, namespace] = [flags.text("tenant"), flags.text("namespace")];
  const uploadPackages = flags.boolean("upload-packages");
  const isNamed = tenant !== "" && namespace !== "";
  if (flags.boolean("all") === (tenant !== "" || namespace !== "")) {
    throw new UsageError("Say what to import: --tenant NAME --namespace NAME, or --all");
  }
  if (!isNamed && !flags.boolean("all")) {
    throw new UsageError("Give both --tenant and --namespace, or --all");
  }
  for (const [flag, name] of [["tenant", tenant], ["namespace", namespace]] as const) {
    if (isNamed && !isPulsarName(name)) {
      throw new UsageError(`Cannot use --${flag}: "${name}" is no name in Pulsar`);
    }
  }
  return { uploadPackages, signal, ...(isNamed ? { place: { tenant, namespace } } : {}) };
}

/** The ConfigMap that the manifests name, where it is known what belongs into it. */
function configMap(flags: FlagValues, adminUrl: URL): ImportedFile[] {
  const broker = flags.text("broker-url");
  const isElsewhere = flags.text("web-service-url") !== "";
  if (broker === "") {
    if (isElsewhere) {
      throw new UsageError("Give --broker-url too, where you give --web-service-url");
    }
    return [];
  }
  const url = isElsewhere ? webAddress(flags, "web-service-url") : adminUrl;
  if (!/^pulsar(?:\+ssl)?:\/\/[^\s/@?#]+$/.test(broker)) {
    throw new UsageError("Cannot use --broker-url: it is no address such as pulsar://broker:6650");
  }
  const content = {
    apiVersion: "v1",
    kind: "ConfigMap",
    metadata: { name: flags.text("pulsar-config") },
    data: { webServiceURL: url.href.replace(/\/$/, ""), brokerServiceURL: broker },
  };
  return [{ name: "pulsar-config.yaml", content }];
}
