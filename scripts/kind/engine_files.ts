/** What a Docker engine of one's own is told: the text of its files. No effects here. */

/** Where an engine has its files. */
export interface EngineSite {
  /** For its socket and all that goes with it; short. */
  readonly folder: string;
  /** What it keeps of images and containers. */
  readonly dataFolder: string;
  /** The cgroup that its containers are in, from the root of each hierarchy. */
  readonly cgroup: string;
  /** Containers have networks, by rules of iptables; without, they have none but the machine's. */
  readonly hasNetworks: boolean;
}

/** The number of CAP_SYS_RESOURCE in sets of capabilities (capability.h of Linux). */
const SYS_RESOURCE_BIT = 24n;

/** What `DOCKER_HOST` is to be. */
export function engineAddress({ folder }: Pick<EngineSite, "folder">): string {
  return `unix://${folder}/docker.sock`;
}

/** The runtime that leaves out a capability. */
export function runtimePath({ folder }: Pick<EngineSite, "folder">): string {
  return `${folder}/runc`;
}

/** What decides how an engine has to be told. */
export interface EngineTraits {
  /** Whether its runtime is the one of {@linkcode runtimePath}. */
  readonly wrapped: boolean;
  /** What `dockerd --version` says. */
  readonly version: string;
}

/** The engine's configuration. */
export function engineJson(site: EngineSite, { wrapped, version }: EngineTraits): string {
  const { folder, dataFolder, cgroup, hasNetworks } = site;
  const value = {
    "data-root": dataFolder,
    "exec-root": `${folder}/run`,
    pidfile: `${folder}/docker.pid`,
    hosts: [engineAddress(site)],
    "cgroup-parent": cgroup,
    // No systemd takes care of groups here.
    "exec-opts": ["native.cgroupdriver=cgroupfs"],
    // This version puts a key into /etc/docker, which nothing here needs; later ones do not know the setting.
    ...(/version 20\./.test(version) ? { "deprecated-key-path": `${folder}/key.json` } : {}),
    ...(hasNetworks ? {} : { bridge: "none", iptables: false }),
    ...(wrapped
      ? { runtimes: { bounded: { path: runtimePath(site) } }, "default-runtime": "bounded" }
      : {}),
  };
  return `${JSON.stringify(value, null, 2)}\n`;
}

/**
 * Whether no process of this machine may have CAP_SYS_RESOURCE, by the text of `/proc/self/status`. Docker asks for every
 * capability for privileged containers, and fails where one cannot be had.
 */
export function lacksSysResource(status: string): boolean {
  const [, bounding] = /^CapBnd:\s*([0-9a-f]+)$/m.exec(status) ?? [];
  if (bounding === undefined) return false;
  return (BigInt(`0x${bounding}`) >> SYS_RESOURCE_BIT & 1n) === 0n;
}

/**
 * A runtime like another one, save that no container asks for CAP_SYS_RESOURCE: the configuration of a container and that of
 * a process in it are files that are named on the command line.
 */
export function runtimeScript(runc: string): string {
  return `#!/bin/sh
set -eu
before=
for word in "$@"; do
  case "$before" in
    --bundle | -b) asked="$word/config.json" ;;
    --process | -p) asked="$word" ;;
    *) asked= ;;
  esac
  if [ -n "$asked" ]; then
    sed -i 's/"CAP_SYS_RESOURCE",//g; s/,"CAP_SYS_RESOURCE"//g' "$asked"
  fi
  before="$word"
done
exec ${runc} "$@"
`;
}
