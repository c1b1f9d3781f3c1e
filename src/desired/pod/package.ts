import type { Component } from "#api";
import { runnerOf } from "../command/runner.ts";
import type { Settings } from "../settings.ts";

/** What the downloader fetches. */
export interface Package {
  readonly file: string;
  readonly location: string;
}

/** The package for the downloader, where there is one: all runtimes, generic ones included. */
export function packageOf(component: Component, settings: Settings): Package | undefined {
  const runner = runnerOf(component);
  if (!settings.enableInitContainers || runner === undefined || runner.location === "") {
    return undefined;
  }
  return { file: runner.file, location: runner.location };
}
