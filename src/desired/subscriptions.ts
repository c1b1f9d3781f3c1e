import type { DefaultedComponent } from "#api";
import { inputSpecs, subscriptionType } from "./details_topics.ts";

/** How a component reads one of its inputs. */
export interface Subscription {
  /** A topic's name; a regular expression of names where `isPattern` says so. */
  readonly topic: string;
  readonly isPattern: boolean;
  readonly name: string;
}

/** Whether each topic or partition has one reader at a time, so that more pods than these have nothing to do. */
export function keepsOrder(component: DefaultedComponent): boolean {
  return component.kind !== "Source" && subscriptionType(component.spec) === "FAILOVER";
}

/** The subscriptions of a Function or Sink, sorted by topic. A Source has none that a person asks about. */
export function subscriptionsOf(component: DefaultedComponent): Subscription[] {
  if (component.kind === "Source") return [];
  const { spec } = component;
  const name = spec.subscriptionName || `${spec.tenant}/${spec.namespace}/${spec.name}`;
  return [...inputSpecs(spec.input) ?? []].map(([topic, consumer]) => ({
    topic,
    isPattern: consumer["isRegexPattern"] === true,
    name,
  }));
}
