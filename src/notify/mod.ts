/**
 * Tells others what becomes of revisions: any webhook, Slack, commit statuses of GitHub and GitLab. Start at
 * {@linkcode Notifier}; what each service wants to hear is in `request.ts`, the texts are made in `#plan`.
 *
 * @module
 */
export { Notifier, type NotifierOptions } from "./notifier.ts";
export { type NotifyRequest, notifyRequest, type NotifySecret } from "./request.ts";
