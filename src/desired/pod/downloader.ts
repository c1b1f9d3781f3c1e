import type { Component } from "#api";
import { downloadScript, downloadService } from "../command/download.ts";
import { baseName } from "../command/runner.ts";
import type { Settings } from "../settings.ts";
import { type Part, someOf } from "../tidy.ts";
import { plain, serviceEnvFrom } from "./env.ts";
import { packageOf } from "./package.ts";
import { DOWNLOAD_PATH, mountsOf, type OwnVolume } from "./volumes.ts";

const DOWNLOADER_IMAGE = "streamnative/pulsarctl:2.10.2.3";

/** The init container that downloads the package, where init containers do that. */
export function downloader(
  component: Component,
  { own, settings }: { readonly own: readonly OwnVolume[]; readonly settings: Settings },
): Part[] {
  const download = packageOf(component, settings);
  if (download === undefined) return [];
  const service = downloadService(component);
  const script = downloadScript(
    download.location,
    `${DOWNLOAD_PATH}/${baseName(download.file)}`,
    { service, tools: { pulsarctl: true, wget: true } },
  );
  return [{
    name: "downloader",
    image: component.spec.downloaderImage || DOWNLOADER_IMAGE,
    imagePullPolicy: "IfNotPresent",
    command: ["sh", "-c", script],
    env: [plain("HOME", "/tmp")],
    envFrom: someOf(serviceEnvFrom(service)),
    volumeMounts: mountsOf("downloader", component, own),
  }];
}
