import { Type } from "@sinclair/typebox";
import { BacklogScalingSchema } from "./backlog_scaling.ts";
import { GenericSchema, GoSchema, JavaSchema, PythonSchema } from "./language.ts";
import { messagingSchema } from "./messaging.ts";
import { PodPolicySchema } from "./pod_policy.ts";
import {
  choice,
  embedded,
  flag,
  freeForm,
  int32,
  list,
  map,
  optional,
  quantities,
  text,
  type Value,
} from "./schema.ts";

/** Schema of {@linkcode Resources}. */
export const ResourcesSchema = Type.Object({
  limits: optional(quantities("Most that the container may use")),
  requests: optional(quantities("What the container is promised")),
  claims: optional(list("core/v1 ResourceClaim", embedded("ResourceClaim"))),
}, { description: "Resources of the runner container" });

/** Schema of {@linkcode Stateful}. */
export const StatefulSchema = Type.Object({
  pulsar: optional(
    Type.Object({
      serviceUrl: text("URL of the state store"),
      javaProvider: optional(
        Type.Object({
          className: text("Class of the provider"),
          config: optional(freeForm("Its configuration; not read")),
        }, { description: "State store provider of Java functions" }),
      ),
    }),
  ),
}, { description: "State store" });

/** Schema of {@linkcode BatchSource}. */
export const BatchSourceSchema = Type.Object({
  discoveryTriggererClassName: text("Class that triggers a discovery"),
  discoveryTriggererConfig: optional(freeForm("Its configuration")),
}, { description: "Makes the source a batch source" });

/** Schema of {@linkcode SecretReference}. */
export const SecretReferenceSchema = Type.Object({
  path: optional(text("Name of the Secret")),
  key: optional(text("Key in it")),
});

/** The members that Function, Source and Sink specs share. */
export const SHARED_MEMBERS = {
  name: optional(text("Name in Pulsar (default: the resource's)")),
  className: optional(text("Class of the function, source or sink")),
  tenant: optional(text("Pulsar tenant (default public)")),
  namespace: optional(text("Pulsar namespace (default default)")),
  clusterName: optional(text("Pulsar cluster (default kubernetes)")),
  replicas: optional(int32("Number of pods (default: minReplicas)", { minimum: 0 })),
  minReplicas: optional(int32("Least pods when autoscaled", { minimum: 0, default: 1 })),
  maxReplicas: optional(int32("Most pods; turns autoscaling on")),
  showPreciseParallelism: optional(flag("Tell the instance the true parallelism")),
  image: optional(text("Image of the runner (default: by runtime)")),
  imagePullPolicy: optional(text("Pull policy of the runner (default IfNotPresent)")),
  imageHasPulsarctl: optional(flag("The image has pulsarctl")),
  imageHasGet: optional(flag("The image has wget")),
  downloaderImage: optional(text("Image of the downloader")),
  cleanupImage: optional(text("Image of the clean-up job")),
  filebeatImage: optional(text("Image of the log sidecar")),
  logTopic: optional(text("Topic that gets the logs")),
  logTopicAgent: optional(choice("Who sends the logs", ["runtime", "sidecar"])),
  resources: optional(ResourcesSchema),
  secretsMap: optional(map("Secrets by environment variable", SecretReferenceSchema)),
  volumeMounts: optional(
    list("core/v1 VolumeMount of the runner", embedded("VolumeMount")),
  ),
  processingGuarantee: optional(
    choice("Delivery semantics (default atleast_once)", [
      "atleast_once",
      "atmost_once",
      "effectively_once",
      "manual",
    ]),
  ),
  runtimeFlags: optional(text("Flags handed to the runtime")),
  pod: optional(PodPolicySchema),
  pulsar: optional(messagingSchema("The Pulsar cluster")),
  pulsarPackageService: optional(
    messagingSchema("The Pulsar cluster that holds packages (default: pulsar)"),
  ),
  java: optional(JavaSchema),
  python: optional(PythonSchema),
  golang: optional(GoSchema),
  genericRuntime: optional(GenericSchema),
  statefulConfig: optional(StatefulSchema),
};

/** What is delivered, and how often, for kinds that read topics (Function and Sink). */
export const READING_MEMBERS = {
  backlogScaling: optional(BacklogScalingSchema),
  timeout: optional(int32("Milliseconds before an unacknowledged message comes again")),
  autoAck: optional(flag("Acknowledge by itself (default true)")),
  maxMessageRetry: optional(int32("Retries of a message; without end when 0 or less")),
  deadLetterTopic: optional(text("Topic of messages given up")),
  retainOrdering: optional(flag("Keep the order")),
  retainKeyOrdering: optional(flag("Keep the order by key")),
  subscriptionName: optional(text("Subscription (default: tenant/namespace/name)")),
  subscriptionPosition: optional(
    choice("Where a new subscription begins (default earliest)", ["latest", "earliest"]),
  ),
  cleanupSubscription: optional(flag("Delete the subscription with the resource")),
};

/** `spec.resources`. */
export type Resources = Value<typeof ResourcesSchema>;
/** `spec.statefulConfig`. */
export type Stateful = Value<typeof StatefulSchema>;
/** `spec.batchSourceConfig`. */
export type BatchSource = Value<typeof BatchSourceSchema>;
/** A value of `spec.secretsMap`. */
export type SecretReference = Value<typeof SecretReferenceSchema>;
