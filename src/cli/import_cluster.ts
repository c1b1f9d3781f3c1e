import { IMPORT_BUDGETS, isPlainObject } from "#base";
import {
  classTypes,
  type FoundComponent,
  type FoundPackage,
  isPulsarName,
  shown,
  type Unread,
  ZipArchive,
} from "#import";
import { type AdminClient, AdminError } from "#pulsar_admin";

/** What of a cluster is to be read. */
export interface ReadingScope {
  /** All tenants and namespaces when left out. */
  readonly place?: { readonly tenant: string; readonly namespace: string };
  /** Whether packages are put into the package service. */
  readonly uploadPackages: boolean;
  readonly signal: AbortSignal;
}

/** What was read. */
export interface ClusterReading {
  readonly found: readonly FoundComponent[];
  readonly unread: readonly Unread[];
}

interface Place {
  readonly tenant: string;
  readonly namespace: string;
}

const PATHS = [["Function", "functions"], ["Source", "sources"], ["Sink", "sinks"]] as const;
const ADMIN = { worker: ["admin", "v3"], broker: ["admin", "v2"] } as const;
const VERSION_LENGTH = 12;

/** Reads one cluster, a request at a time. */
export class ClusterReader {
  readonly #client: AdminClient;
  readonly #scope: ReadingScope;
  readonly #found: FoundComponent[] = [];
  readonly #unread: Unread[] = [];

  constructor(client: AdminClient, scope: ReadingScope) {
    this.#client = client;
    this.#scope = scope;
  }

  /**
   * Every function, source and sink of the scope. One that cannot be read does not keep the others.
   *
   * @throws {AdminError} when it is not known what there is
   */
  async read(): Promise<ClusterReading> {
    const { place } = this.#scope;
    for (const one of place === undefined ? await this.#places() : [place]) {
      for (const [kind, path] of PATHS) await this.#readKind(kind, { path, ...one });
    }
    return { found: this.#found, unread: this.#unread };
  }

  async #places(): Promise<Place[]> {
    const { signal } = this.#scope;
    const places: Place[] = [];
    const tenants = await this.#client.names([...ADMIN.broker, "tenants"], signal);
    for (const tenant of this.#proper(tenants.sort(), "tenant ")) {
      const path = [...ADMIN.broker, "namespaces", tenant];
      const full = await this.#client.names(path, signal);
      const names = full.sort().map((name) =>
        name.startsWith(`${tenant}/`) ? name.slice(tenant.length + 1) : name
      );
      const proper = this.#proper(names, `namespace ${tenant}/`);
      places.push(...proper.map((namespace) => ({ tenant, namespace })));
    }
    return places;
  }

  /** Names that can be names; the others are lines of the report. */
  #proper(names: readonly string[], what: string): string[] {
    for (const name of names.filter((name) => !isPulsarName(name))) {
      this.#unread.push({ what: `${what}${shown(name)}`, why: "is no name in Pulsar" });
    }
    return names.filter(isPulsarName);
  }

  async #readKind(
    kind: FoundComponent["kind"],
    { namespace, path, tenant }: Place & { readonly path: string },
  ): Promise<void> {
    const base = [...ADMIN.worker, path, tenant, namespace];
    const names = await this.#client.names(base, this.#scope.signal);
    const proper = this.#proper([...new Set(names)].sort(), `${kind} ${tenant}/${namespace}/`);
    for (const name of proper) {
      if (this.#found.length >= IMPORT_BUDGETS.components) {
        throw new AdminError(
          `there are more than ${IMPORT_BUDGETS.components} components: import a namespace at a time`,
        );
      }
      const id = { tenant, namespace, name };
      try {
        this.#found.push(await this.#component(kind, id, [...base, name]));
      } catch (error) {
        if (!(error instanceof AdminError)) throw error;
        this.#unread.push({ what: `${kind} ${tenant}/${namespace}/${name}`, why: error.message });
      }
    }
  }

  async #component(
    kind: FoundComponent["kind"],
    id: Place & { readonly name: string },
    path: readonly string[],
  ): Promise<FoundComponent> {
    const { signal } = this.#scope;
    const config = await this.#client.json(path, signal);
    if (!isPlainObject(config)) {
      throw new AdminError("is answered with something that is no object");
    }
    const others = (["tenant", "namespace", "name"] as const).filter((member) =>
      config[member] !== undefined && config[member] !== id[member]
    );
    if (others.length > 0) throw new AdminError(`the answer is about another ${others.join(", ")}`);
    const state = await this.#state(path);
    return {
      kind,
      ...id,
      config,
      package: await this.#package(kind, { ...id, config }),
      ...(state === undefined ? {} : { state }),
    };
  }

  async #state(path: readonly string[]): Promise<FoundComponent["state"]> {
    try {
      return runState(await this.#client.json([...path, "status"], this.#scope.signal));
    } catch (error) {
      if (!(error instanceof AdminError)) throw error;
      return { trouble: error.message };
    }
  }

  /** The code: looked at where the types of a Java class are not known otherwise, or where it is to be moved. */
  async #package(
    kind: FoundComponent["kind"],
    { config, ...id }: Place & { readonly name: string; readonly config: Record<string, unknown> },
  ): Promise<FoundPackage> {
    const { signal, uploadPackages } = this.#scope;
    const isJava = kind !== "Function" || (config["runtime"] ?? "JAVA") === "JAVA";
    if (!isJava && !uploadPackages) return {};
    // Connectors are handed out here as well.
    const path = [...ADMIN.worker, "functions", id.tenant, id.namespace, id.name, "download"];
    try {
      const bytes = await this.#client.download(path, signal);
      if (bytes.length === 0) {
        return { trouble: "the worker hands out nothing, as Pulsar does for what is built in" };
      }
      const archive = ZipArchive.of(bytes);
      const types = isJava && archive !== undefined
        ? await this.#types(archive, config)
        : undefined;
      const location = uploadPackages ? await this.#upload(kind, { ...id, bytes }) : undefined;
      return {
        isArchive: archive !== undefined,
        ...(types === undefined ? {} : { types }),
        ...(location === undefined ? {} : { location }),
      };
    } catch (error) {
      if (!(error instanceof AdminError)) throw error;
      return { trouble: error.message };
    }
  }

  async #types(archive: ZipArchive, config: Readonly<Record<string, unknown>>) {
    const window = config["windowConfig"];
    const actual = isPlainObject(window) ? window["actualWindowFunctionClassName"] : undefined;
    const className = actual ?? config["className"];
    if (typeof className !== "string") return undefined;
    const isWindow = isPlainObject(window);
    return await classTypes(archive, className, { isWindow, signal: this.#scope.signal });
  }

  /** Puts a package where manifests find it. Its version is what it holds, so that it is sent once. */
  async #upload(
    kind: FoundComponent["kind"],
    { bytes, name, namespace, tenant }: Place & {
      readonly name: string;
      readonly bytes: Uint8Array<ArrayBuffer>;
    },
  ): Promise<string> {
    const { signal } = this.#scope;
    const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", bytes)).toHex();
    const version = `import-${digest.slice(0, VERSION_LENGTH)}`;
    const type = kind.toLowerCase();
    const path = [...ADMIN.worker, "packages", type, tenant, namespace, name, version];
    if (!await this.#client.isThere([...path, "metadata"], signal)) {
      const form = new FormData();
      const metadata = { description: "moved by meshwright import", contact: "", properties: {} };
      form.set("metadata", new Blob([JSON.stringify(metadata)], { type: "application/json" }));
      form.set("file", new Blob([bytes], { type: "application/octet-stream" }), "package");
      await this.#client.send(path, form, signal);
    }
    return `${type}://${tenant}/${namespace}/${name}@${version}`;
  }
}

/** Whether any instance runs; undefined where nobody says. */
function runState(status: unknown): FoundComponent["state"] {
  const instances = isPlainObject(status) ? status["instances"] : undefined;
  if (!Array.isArray(instances) || instances.length === 0) return undefined;
  const states = instances.map((one: unknown) =>
    isPlainObject(one) && isPlainObject(one["status"]) ? one["status"]["running"] : undefined
  );
  if (states.includes(true)) return "running";
  return states.every((state) => state === false) ? "stopped" : undefined;
}
