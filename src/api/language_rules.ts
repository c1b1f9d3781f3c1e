import type { Problem } from "#base";
import type { Component } from "./component.ts";
import type { FunctionSpec } from "./function.ts";
import { parsePackageUrl } from "./package_url.ts";
import { at, when } from "./rule.ts";

type Spec = Component["spec"];

const CHOICES = "java, python, golang or genericRuntime";

/** Which runtimes a Function names: one, with what it needs. */
export function functionRuntimeProblems(spec: FunctionSpec): Problem[] {
  const named = [spec.java, spec.python, spec.golang].filter((runtime) => runtime !== undefined);
  return [
    ...when(
      named.length === 0 && spec.genericRuntime === undefined,
      { path: "spec", message: `names no runtime; give one of ${CHOICES}` },
    ),
    ...when(
      named.length > 1,
      { path: "spec", message: "names more than one runtime; keep one of java, python and golang" },
    ),
    ...runtimeProblems(spec),
    ...goTopicProblems(spec),
  ];
}

/** What a connector needs to run: Java, and what Java needs. */
export function connectorRuntimeProblems(spec: Spec, kind: "Source" | "Sink"): Problem[] {
  return [
    ...when(
      spec.java === undefined,
      at("java", `is missing; a ${kind} runs on Java, name its archive in java.jar`),
    ),
    ...classNameProblems(spec.java !== undefined, spec),
    ...fileProblems(spec.java?.jar, "java.jar"),
    ...locationProblems(spec.java?.jarLocation, "java.jarLocation"),
  ];
}

/** What the reference lets pass although it cannot be meant (W-39). */
export function runtimeWarnings(spec: Spec): Problem[] {
  const generic = spec.genericRuntime;
  const other = spec.java ?? spec.python ?? spec.golang;
  return [
    ...when(
      generic !== undefined && other !== undefined,
      at("genericRuntime", "has no effect beside another runtime; remove one of them"),
    ),
    ...locationProblems(generic?.functionFileLocation, "genericRuntime.functionFileLocation"),
  ];
}

function runtimeProblems(spec: FunctionSpec): Problem[] {
  return [
    ...classNameProblems(spec.java !== undefined || spec.python !== undefined, spec),
    ...fileProblems(spec.java?.jar, "java.jar"),
    ...locationProblems(spec.java?.jarLocation, "java.jarLocation"),
    ...fileProblems(spec.python?.py, "python.py"),
    ...locationProblems(spec.python?.pyLocation, "python.pyLocation"),
    ...fileProblems(spec.golang?.go, "golang.go"),
    ...locationProblems(spec.golang?.goLocation, "golang.goLocation"),
  ];
}

/** The Go runner reads the first plain topic and nothing else; without one the reference crashes (W-2). */
function goTopicProblems(spec: FunctionSpec): Problem[] {
  const runsGo = spec.golang !== undefined && spec.java === undefined && spec.python === undefined;
  const topics = spec.input?.topics ?? [];
  return [
    ...when(
      runsGo && topics.length === 0,
      at("input.topics", "names no topic; the Go runner reads plain topics only, give one"),
    ),
  ];
}

function classNameProblems(needed: boolean, spec: Spec): readonly Problem[] {
  return when(
    needed && !spec.className,
    at("className", "is missing; name the class to run"),
  );
}

function fileProblems(file: string | undefined, member: string): readonly Problem[] {
  return when(file === "", at(member, "is empty; give the path of the file in the container"));
}

function locationProblems(location: string | undefined, member: string): readonly Problem[] {
  return when(
    location !== undefined && location !== "" && parsePackageUrl(location) === undefined,
    at(
      member,
      "is no package; use function://, source:// or sink:// with tenant/namespace/name@version, " +
        "or http:// or https://, or leave it empty when the image holds the file",
    ),
  );
}
