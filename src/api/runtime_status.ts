import { Type } from "@sinclair/typebox";
import { choice, int32, int64, list, optional, text, time, type Value } from "./schema.ts";

/** Schema of {@linkcode InstanceException}. */
const InstanceExceptionSchema = Type.Object({
  origin: choice("Whose code failed", ["user", "system", "source", "sink"]),
  time: optional(time("When it happened last")),
  message: text("What it says, shortened"),
});

/** Schema of {@linkcode RunningInstance}. */
const RunningInstanceSchema = Type.Object({
  ordinal: int32("Number of the instance"),
  received: optional(int64("Messages, or records of a source, received since its start")),
  processed: optional(int64("Of these processed successfully; written, by sources and sinks")),
  userExceptions: optional(int64("Times that the function failed")),
  systemExceptions: optional(int64("Times that what surrounds it failed")),
  sourceExceptions: optional(int64("Times that a source failed; past 10 it stops counting")),
  sinkExceptions: optional(int64("Times that a sink failed; past 10 it stops counting")),
  averageLatencyMs: optional(
    Type.Number({ description: "Milliseconds that a message takes in the function, on average" }),
  ),
  lastInvocation: optional(time("When it took a message last")),
  exceptions: optional(
    list("The last different exceptions, newest first", InstanceExceptionSchema),
  ),
  failure: optional(text("What the instance died of, in its own words")),
  problem: optional(text("Why the instance could not be asked")),
});

/** Schema of {@linkcode SubscriptionBacklog}. */
const SubscriptionBacklogSchema = Type.Object({
  topic: text("Topic that is read"),
  name: text("Name of the subscription"),
  backlog: int64("Messages that are not acknowledged yet"),
});

/** Schema of {@linkcode RuntimeStatus}. */
export const RuntimeStatusSchema = Type.Object({
  received: optional(int64("Sum of all instances that answered")),
  processed: optional(int64("Sum of all instances that answered")),
  exceptions: optional(int64("Exceptions of all kinds, of all instances that answered")),
  backlog: optional(int64("Messages that no instance has acknowledged yet, of all subscriptions")),
  instances: optional(list("What the running instances say, by ordinal", RunningInstanceSchema)),
  subscriptions: optional(list("Backlog by topic", SubscriptionBacklogSchema)),
  problem: optional(text("Why no instance could be asked")),
  backlogProblem: optional(text("Why the backlog, or a part of it, is not known")),
}, {
  description: "What instances and broker say of the messages; asked now and then. Numbers of an " +
    "instance count from its start",
});

/** One exception of an instance. */
export type InstanceException = Value<typeof InstanceExceptionSchema>;
/** What one running instance says. */
export type RunningInstance = Value<typeof RunningInstanceSchema>;
/** Backlog of one subscription on one topic. */
export type SubscriptionBacklog = Value<typeof SubscriptionBacklogSchema>;
/** `status.runtime` of a Function, Source or Sink. */
export type RuntimeStatus = Value<typeof RuntimeStatusSchema>;

/** The newest exception of any instance. */
export function newestException(runtime: RuntimeStatus | undefined): InstanceException | undefined {
  const all = (runtime?.instances ?? []).flatMap(({ exceptions = [] }) => exceptions);
  return all.toSorted((one, other) => (other.time ?? "").localeCompare(one.time ?? ""))[0];
}
