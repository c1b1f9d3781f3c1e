/**
 * What should be there: a Function, Source or Sink, with what was read about its surroundings, becomes the StatefulSet,
 * Service and autoscalers that run it; a FunctionMesh becomes its components. Pure: objects are values, made from values.
 *
 * Start with `children.ts`. Each object has one file; `pod/` holds the parts of a pod, `command/` the scripts that start
 * the instances, `details*.ts` what an instance is told about itself. The objects, names and words of the commands are
 * those of the reference operator, so that running pods can be taken over; how values are quoted is not:
 * no value of a resource is ever read by a shell as anything but itself.
 *
 * @module
 */
export * from "./backend_facts.ts";
export * from "./children.ts";
export { javaOptions } from "./command/java.ts";
export * from "./cleanup_job.ts";
export * from "./command/shell.ts";
export { functionDetails } from "./details.ts";
export * from "./internals.ts";
export { goJson, protoJson } from "./json_text.ts";
export * from "./mesh_children.ts";
export * from "./names.ts";
export { GRPC_PORT } from "./ports.ts";
export * from "./reference_form.ts";
export * from "./render.ts";
export * from "./pod_accounts.ts";
export * from "./settings.ts";
export * from "./subscriptions.ts";
