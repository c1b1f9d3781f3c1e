import { Component } from "preact";
import type { ComponentView, TopicView } from "../../view.ts";
import { StateIcon } from "../icons.tsx";
import { lineText, middleCut } from "../text.ts";
import { countText, isPilingUp, rateText } from "../words.ts";
import type { Place } from "./layout.ts";
import { CARD, PILL } from "./structure.ts";

/** What a card of the graph shows. */
export interface CardProps {
  readonly id: string;
  /** Undefined: it is gone, and its place stays until the graph is laid out again. */
  readonly component: ComponentView | undefined;
  readonly place: Place;
  readonly isOpen: boolean;
  readonly isDimmed: boolean;
  /** Too small for text. */
  readonly isFar: boolean;
  /** Whether the Tab key comes here. */
  readonly isEntry: boolean;
}

/** Draws only what changed: a thousand cards are compared, not drawn. */
abstract class Still<Props extends object> extends Component<Props> {
  override shouldComponentUpdate(next: Props): boolean {
    const names = Object.keys(next) as (keyof Props)[];
    return names.some((name) => next[name] !== this.props[name]);
  }
}

/** A component of the graph. */
export class Card extends Still<CardProps> {
  override render({ component, id, isDimmed, isEntry, isFar, isOpen, place }: CardProps) {
    const state = component?.state ?? "unknown";
    const look = [
      "card",
      `is-${state}`,
      ...(isOpen ? ["is-open"] : []),
      ...(isDimmed ? ["is-dimmed"] : []),
      ...(component === undefined ? ["is-gone"] : []),
    ].join(" ");
    return (
      <g
        class={look}
        transform={`translate(${place.x} ${place.y})`}
        role="button"
        tabIndex={isEntry ? 0 : -1}
        data-id={id}
        aria-label={cardWords(id, component)}
        aria-pressed={isOpen}
      >
        <rect class="card-ground" width={CARD.width} height={CARD.height} rx="7" />
        <path class="card-edge" d={`M7 0H5v${CARD.height}h2a7 7 0 0 1-7-7V7a7 7 0 0 1 7-7z`} />
        {component === undefined
          ? null
          : isFar
          ? <FarFace state={component.state} />
          : <Face component={component} />}
      </g>
    );
  }
}

/** A component in one sentence, for who hears the graph. */
export function cardWords(id: string, component: ComponentView | undefined): string {
  if (component === undefined) return `${lineText(id.slice(2), 200)}: gone`;
  const { backlog, kind, name, namespace, perSecond, reason, replicas, state } = component;
  return lineText(
    [
      `${kind} ${name} in ${namespace}`,
      reason === undefined || state === "ok" ? state : `${state}, ${reason}`,
      `${replicas.ready} of ${replicas.wanted} pods ready`,
      ...(perSecond === undefined ? [] : [`${countText(perSecond)} messages a second`]),
      ...(backlog === undefined ? [] : [`${countText(backlog)} waiting`]),
    ].join(", "),
    400,
  );
}

function FarFace({ state }: Pick<ComponentView, "state">) {
  return <StateIcon state={state} size={40} x={CARD.width / 2 - 20} y={CARD.height / 2 - 20} />;
}

function Face({ component }: { readonly component: ComponentView }) {
  const { backlog, exceptions = 0, kind, name, perSecond, replicas, state } = component;
  const isShort = replicas.ready < replicas.wanted;
  return (
    <g clip-path="url(#card-clip)">
      <StateIcon state={state} size={13} x={13} y={9} />
      <text class="card-kind" x="31" y="19.5">{kind}</text>
      <text class="card-state" x={CARD.width - 12} y="19.5" text-anchor="end">
        {state === "ok" ? exceptions > 0 ? `${countText(exceptions)} exc.` : "" : state}
      </text>
      <text class="card-name" x="13" y="38">{lineText(middleCut(name.slice(0, 300), 24), 60)}</text>
      <text class={isShort ? "card-number is-short" : "card-number"} x="13" y="57">
        {`${replicas.ready}/${replicas.wanted} ${replicas.wanted === 1 ? "pod" : "pods"}`}
      </text>
      <text class="card-number" x="80" y="57">
        {perSecond === undefined ? "" : rateText(perSecond)}
      </text>
      <text
        class={isPilingUp(backlog ?? 0, perSecond) ? "card-number is-waiting" : "card-number"}
        x={CARD.width - 12}
        y="57"
        text-anchor="end"
      >
        {backlog === undefined ? "" : `${countText(backlog)} waiting`}
      </text>
    </g>
  );
}

/** A topic of the graph. */
export class Pill extends Still<{
  readonly topic: TopicView | undefined;
  readonly place: Place;
  readonly isFar: boolean;
}> {
  override render({ isFar, place, topic }: Pill["props"]) {
    const label = lineText(topic?.label ?? "", 300);
    const charsMax = Math.floor((PILL.widthMax - 16) / PILL.perChar);
    return (
      <g
        class={topic === undefined
          ? "pill is-gone"
          : topic.kind === "pattern"
          ? "pill is-pattern"
          : "pill"}
        transform={`translate(${place.x} ${place.y})`}
      >
        <title>{label}</title>
        <rect width={place.width} height={place.height} rx={place.height / 2} />
        {isFar
          ? null
          : (
            <text x={place.width / 2} y="15" text-anchor="middle" clip-path="url(#pill-clip)">
              {middleCut(label, charsMax)}
            </text>
          )}
      </g>
    );
  }
}
