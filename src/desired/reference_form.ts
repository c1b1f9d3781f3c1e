import type { DefaultedComponent } from "#api";
import { isPlainObject, type KubeObject } from "#base";
import { scopeOptions } from "./command/download.ts";
import { filePath, runnerOf } from "./command/runner.ts";
import { runnerContainerName, selectorLabels } from "./names.ts";
import { DOWNLOADER_VOLUME, downloadMount, type OwnVolume, ownVolumes } from "./pod/volumes.ts";
import type { Settings } from "./settings.ts";
import { type Part, someOf, tidyObject } from "./tidy.ts";

/**
 * The objects of a component with the five faults that the reference operator's have, for comparisons with it only: an
 * API server refuses each of the first four, and pulsarctl the last.
 *
 * - The Service's version reads `core/v1`.
 * - `pod.labels` and configured labels replace those that the StatefulSet selects by (W-23).
 * - A Secret that crypto settings name twice is a volume twice, and a mount twice.
 * - With init containers, a generic function that needs no download mounts a volume that is not there.
 * - An OAuth2 scope with blanks is several words.
 */
export function referenceForm(
  objects: readonly KubeObject[],
  component: DefaultedComponent,
  settings: Settings,
): KubeObject[] {
  return objects.map((object) => {
    if (object.kind === "Service") return { ...object, apiVersion: "core/v1" };
    return object.kind === "StatefulSet" ? faulty(object, component, settings) : object;
  });
}

function faulty(object: KubeObject, component: DefaultedComponent, settings: Settings): KubeObject {
  const own = ownVolumes(component, settings);
  const again = own.filter(({ name, shared }, index) =>
    shared !== true && own.findIndex((other) => other.name === name) < index
  );
  const mounts = [...repeatedMounts(own), ...danglingMount(component, settings)];
  const name = runnerContainerName(component);
  return tidyObject(changed(object, ["spec", "template"], (template) => {
    const labeled = changed(template, ["metadata", "labels"], (labels) => ({
      ...labels,
      ...settings.resourceLabels,
      ...component.spec.pod?.labels,
    }));
    return changed(labeled, ["spec"], (spec) => ({
      ...spec,
      affinity: relabeled(spec["affinity"], component, settings),
      containers: listOf(spec["containers"]).map((container) =>
        withSplitScopes(
          container["name"] === name && mounts.length > 0
            ? { ...container, volumeMounts: [...listOf(container["volumeMounts"]), ...mounts] }
            : container,
          component,
        )
      ),
      initContainers: someOf(
        listOf(spec["initContainers"]).map((container) => withSplitScopes(container, component)),
      ),
      ...(again.length === 0 ? {} : {
        volumes: [
          ...listOf(spec["volumes"]),
          ...again.map(({ name, source }) => ({ name, ...source })),
        ],
      }),
    }));
  }));
}

/** A container whose script hands each word of a scope over by itself. */
function withSplitScopes(container: Part, { spec }: DefaultedComponent): Part {
  const { command } = container;
  const options = [spec.pulsar, spec.pulsarPackageService].flatMap((messaging) => {
    const found = scopeOptions(messaging?.authConfig?.oauth2Config?.scope);
    return found === undefined ? [] : [found];
  });
  if (!Array.isArray(command) || options.length === 0) return container;
  const split = (text: string) =>
    options.reduce((script, [exact, apart]) => script.replaceAll(exact, () => apart), text);
  return {
    ...container,
    command: command.map((text) => typeof text === "string" ? split(text) : text),
  };
}

/** Mounts of the runner at a path that an earlier one has. */
function repeatedMounts(own: readonly OwnVolume[]): Part[] {
  const all = own.flatMap(({ name, mounts }): Part[] =>
    mounts.runner ? [{ name, ...mounts.runner }] : []
  );
  const paths = all.map((mount) => mount["mountPath"]);
  return all.filter((mount, index) => paths.indexOf(mount["mountPath"]) < index);
}

function danglingMount(component: DefaultedComponent, settings: Settings): Part[] {
  const runner = runnerOf(component);
  const dangles = settings.enableInitContainers && runner?.runtime === "generic" &&
    runner.file !== "" && runner.location === "";
  return dangles
    ? [{ name: DOWNLOADER_VOLUME, ...downloadMount(filePath(runner.file, settings)) }]
    : [];
}

/** The default anti-affinity looks for the pod's labels, so it has the replaced ones too. */
function relabeled(affinity: unknown, component: DefaultedComponent, settings: Settings): unknown {
  const pod = component.spec.pod ?? {};
  if (
    !settings.addDefaultAffinity || pod.disableDefaultAffinity === true || !isPlainObject(affinity)
  ) {
    return affinity;
  }
  const matchLabels = { ...selectorLabels(component), ...settings.resourceLabels, ...pod.labels };
  const preferred = "preferredDuringSchedulingIgnoredDuringExecution";
  return changed(affinity, ["podAntiAffinity"], (anti) => ({
    ...anti,
    [preferred]: listOf(anti[preferred]).map((term, index, all) =>
      index < all.length - 1 ? term : changed(
        term,
        ["podAffinityTerm", "labelSelector"],
        (selector) => ({ ...selector, matchLabels }),
      )
    ),
  }));
}

/** A copy of an object in which the object at a path is another one. */
function changed(object: Part, path: readonly string[], change: (part: Part) => Part): Part {
  const [name, ...rest] = path;
  if (name === undefined) return change(object);
  const member = object[name];
  return { ...object, [name]: changed(isPlainObject(member) ? member : {}, rest, change) };
}

function listOf(value: unknown): readonly Part[] {
  return Array.isArray(value) ? value.filter(isPlainObject) : [];
}
