import type { ComponentChildren } from "preact";
import type {
  ComponentView,
  EventView,
  ExplainView,
  FindingView,
  HistoryView,
  InstanceView,
} from "../view.ts";
import { Chart } from "./chart.tsx";
import { Block, When } from "./foreign.tsx";
import { PlainIcon, StateIcon } from "./icons.tsx";
import { lineText } from "./text.ts";
import { countText, plural, rateText } from "./words.ts";

/** More rows of a section are told as a number. */
const ROWS_MAX = 40;

function Section(
  { children, title }: { readonly title: string; readonly children: ComponentChildren },
) {
  return (
    <section class="panel-section">
      <h2>{title}</h2>
      {children}
    </section>
  );
}

/** From the commit to the container: where it goes wrong, and who waits for it. */
export function Steps({ explained }: { readonly explained: ExplainView | undefined }) {
  if (explained === undefined) return null;
  const { backlog, chain, downstream, unread } = explained;
  return (
    <Section title="From commit to container">
      <ol class="steps">
        {chain.slice(0, ROWS_MAX).map(({ isWell, says, what }, index) => (
          <li key={index} class={isWell === false ? "is-failing" : ""}>
            {isWell === undefined ? <PlainIcon /> : <StateIcon state={isWell ? "ok" : "failing"} />}
            <span>
              <strong class="foreign">{lineText(what, 200)}</strong>
              <span class="foreign">{lineText(says, 700)}</span>
            </span>
          </li>
        ))}
      </ol>
      {backlog.length === 0 ? null : (
        <p>
          Waiting to be read:{" "}
          {backlog.slice(0, 8).map(({ count, topic }) =>
            `${countText(count)} on ${lineText(topic, 120)}`
          ).join(", ")}
        </p>
      )}
      {downstream.length === 0 ? null : (
        <p class="foreign">
          Waits for what it writes:{" "}
          {downstream.slice(0, 8).map((one) => lineText(one, 160)).join(", ")}
          {downstream.length > 8 ? ` and ${downstream.length - 8} more` : ""}
        </p>
      )}
      {unread.length === 0 ? null : (
        <p class="quiet foreign">
          Not read: {unread.slice(0, 8).map((one) => lineText(one, 200)).join("; ")}
        </p>
      )}
    </Section>
  );
}

/** What is odd between a component and others. */
export function Findings({ findings }: { readonly findings: readonly FindingView[] }) {
  if (findings.length === 0) return null;
  return (
    <Section title="What is odd">
      <ul class="rows">
        {findings.slice(0, ROWS_MAX).map(({ code, message, remedy, severity }, index) => (
          <li key={index}>
            <StateIcon state={severity === "warning" ? "failing" : "unknown"} />
            <span>
              <strong>{lineText(code, 80)}</strong>
              <span class="foreign">{lineText(message, 600)}</span>
              <span class="quiet foreign">{lineText(remedy, 600)}</span>
            </span>
          </li>
        ))}
      </ul>
    </Section>
  );
}

/** Numbers of the last hour. */
export function Charts({ history }: { readonly history: HistoryView | undefined }) {
  if (history === undefined || history.at.length < 2) return null;
  const { at, backlog, exceptions, perSecond } = history;
  const hasAny = [backlog, exceptions, perSecond].some((one) =>
    one.some((value) => value !== null)
  );
  if (!hasAny) return null;
  return (
    <Section title="Last hour">
      <Chart name="Throughput" at={at} values={perSecond} textOf={rateText} />
      <Chart name="Waiting" at={at} values={backlog} textOf={countText} />
      <Chart name="Exceptions" at={at} values={exceptions} textOf={countText} />
    </Section>
  );
}

/** The pods of a component. */
export function Instances({ instances }: { readonly instances: readonly InstanceView[] }) {
  if (instances.length === 0) return null;
  const left = instances.length - ROWS_MAX;
  return (
    <Section title={plural(instances.length, "instance")}>
      <ul class="rows">
        {instances.slice(0, ROWS_MAX).map(({ pod, ready, restarts = 0, text = "" }) => (
          <li key={pod}>
            <StateIcon state={ready ? "ok" : "failing"} />
            <span>
              <strong class="foreign">{lineText(pod, 120)}</strong>
              <span class="foreign">
                {text === "" ? ready ? "ready" : "not ready" : lineText(text, 400)}
                {restarts > 0 ? `, restarted ${restarts === 1 ? "once" : `${restarts} times`}` : ""}
              </span>
            </span>
          </li>
        ))}
      </ul>
      {left > 0 ? <p class="quiet">and {plural(left, "more instance", "more instances")}</p> : null}
    </Section>
  );
}

/** The newest exception, and how many there were. */
export function Exceptions(
  { component: { exceptions = 0, lastException } }: { readonly component: ComponentView },
) {
  if (exceptions === 0 && lastException === undefined) return null;
  return (
    <Section title={exceptions === 0 ? "Last exception" : plural(exceptions, "exception")}>
      {lastException === undefined ? <p class="quiet">Nobody kept what the last one said.</p> : (
        <>
          {lastException.at === undefined ? null : (
            <p class="quiet">
              <When at={lastException.at} />
            </p>
          )}
          <Block text={lastException.text} />
        </>
      )}
    </Section>
  );
}

/** Warnings of Kubernetes, newest first. */
export function Events({ events }: { readonly events: readonly EventView[] }) {
  if (events.length === 0) return null;
  return (
    <Section title={plural(events.length, "warning")}>
      <ul class="rows">
        {events.slice(0, ROWS_MAX).map(({ at, message, object, reason }, index) => (
          <li key={index}>
            <StateIcon state="failing" />
            <span>
              <strong>
                {lineText(reason, 80)}
                <span class="quiet">
                  {" "}
                  <When at={at} />
                </span>
              </strong>
              <span class="foreign">{lineText(message, 600)}</span>
              <span class="quiet foreign">{lineText(object, 200)}</span>
            </span>
          </li>
        ))}
      </ul>
    </Section>
  );
}

/** What else is known, and where it belongs. */
export function Facts(
  { children, component }: {
    readonly component: ComponentView;
    readonly children: ComponentChildren;
  },
) {
  const { backlog, image, language, perSecond, processed, replicas, scaling } = component;
  const facts: readonly (readonly [string, string | undefined])[] = [
    ["Pods", `${replicas.ready} of ${replicas.wanted} ready`],
    ["Throughput", perSecond === undefined ? undefined : rateText(perSecond)],
    ["Waiting", backlog === undefined ? undefined : countText(backlog)],
    ["Processed", processed === undefined ? undefined : countText(processed)],
    ["Scaling", scaling],
    ["Language", language],
    ["Image", image],
  ];
  return (
    <Section title="Facts">
      <dl class="facts">
        {facts.map(([name, value]) =>
          value === undefined ? null : (
            <>
              <dt>{name}</dt>
              <dd class="foreign">{lineText(value, 500)}</dd>
            </>
          )
        )}
        {children}
      </dl>
    </Section>
  );
}
