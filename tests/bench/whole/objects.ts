/** The Functions that a repository has, and what they become. */
import { parse } from "@std/yaml";
import { DEFAULT_SETTINGS, renderResource } from "#desired";
import type { KubeObject } from "#base";
import { functionText } from "../../support/sync_story.ts";

export const FOLDER = "meshes";
export const FIRST_IMAGE = "example/runner:1";
export const NEXT_IMAGE = "example/runner:2";

/** Name of one of the Functions, counted from 0. */
export function functionName(index: number): string {
  return `f${String(index).padStart(5, "0")}`;
}

/** The file of one of the Functions. */
export function functionFile(index: number, image: string = FIRST_IMAGE): [string, string] {
  const name = functionName(index);
  return [
    `${FOLDER}/${name.slice(0, 4)}/${name}.yaml`,
    functionText(name).replace(FIRST_IMAGE, image),
  ];
}

/** All files, to be committed at once: the Functions, and what stays when they go, as an empty folder deletes nothing. */
export function functionFiles(count: number): Record<string, string> {
  return Object.fromEntries([
    ...Array.from({ length: count }, (_, index) => functionFile(index)),
    [`${FOLDER}/kept.yaml`, "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: kept\n"],
  ]);
}

/** A Function, and its StatefulSet and Service without an owner, as the controller makes them. */
export function objectsOf(index: number, namespace: string): [KubeObject, ...KubeObject[]] {
  const [, text] = functionFile(index);
  const read = parse(text) as KubeObject;
  const object = { ...read, metadata: { ...read.metadata, namespace } };
  const { objects } = renderResource(object, { facts: {}, settings: DEFAULT_SETTINGS });
  return [
    object,
    ...objects.map(({ metadata: { ownerReferences: _owners, ...metadata }, ...rest }) => ({
      ...rest,
      metadata,
    })),
  ];
}
