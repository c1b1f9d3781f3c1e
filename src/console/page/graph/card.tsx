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
        tabindex={isEntry ? 0 : -1}
        data-id={id}
        {...(isFar || component === undefined
          ? { "aria-label": cardWords(id, component) }
          // Its texts are its name already.
          : { "aria-description": cardWords(id, component) })}
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

/** A component in one sentence, for who hears the graph and for who sees it from afar. */
export function cardWords(id: string, component: ComponentView | undefined): string {
  if (component === undefined) return `${lineText(id.slice(2), 200)}: gone`;
  const { kind, name, namespace, reason, state } = component;
  const how = state === "ok" || reason === undefined ? state : `${state}, ${lineText(reason, 60)}`;
  return `${kind} ${lineText(name, 200)} in ${lineText(namespace, 80)}, ${how}`;
}

/** The texts of a card, in the order in which they are read. */
function faceTexts(component: ComponentView) {
  const { backlog, exceptions = 0, kind, name, perSecond, replicas, state } = component;
  const trouble = exceptions > 0 ? `${countText(exceptions)} exc.` : "";
  return {
    kind,
    state: state === "ok" ? trouble : state,
    name: lineText(middleCut(name.slice(0, 300), NAME_CHARS_MAX), 60),
    pods: podsText(replicas),
    rate: perSecond === undefined ? "" : rateText(perSecond),
    backlog: backlog === undefined ? "" : `${countText(backlog)} waiting`,
  };
}

const NAME_CHARS_MAX = 24;

function FarFace({ state }: Pick<ComponentView, "state">) {
  return <StateIcon state={state} size={40} x={CARD.width / 2 - 20} y={CARD.height / 2 - 20} />;
}

function Face({ component }: { readonly component: ComponentView }) {
  const { backlog = 0, perSecond, replicas, state } = component;
  const texts = faceTexts(component);
  const isShort = replicas.ready < replicas.wanted;
  const isMuch = isPilingUp(backlog, perSecond);
  const right = CARD.width - 12;
  return (
    <g clip-path="url(#card-clip)">
      <StateIcon state={state} size={13} x={13} y={9} />
      <Words class="card-kind" x={31} y={19.5}>{texts.kind}</Words>
      <Words class="card-state" x={right} y={19.5} isAtEnd>{texts.state}</Words>
      <Words class="card-name" x={13} y={38}>{texts.name}</Words>
      <Words class={`card-number${isShort ? " is-short" : ""}`} x={13} y={57}>{texts.pods}</Words>
      <Words class="card-number" x={76} y={57}>{texts.rate}</Words>
      <Words class={`card-number${isMuch ? " is-waiting" : ""}`} x={right} y={57} isAtEnd>
        {texts.backlog}
      </Words>
    </g>
  );
}

/** A text of the card, with a space behind it for who reads them in a row. */
function Words(
  { children, class: look, isAtEnd = false, x, y }: {
    readonly class: string;
    readonly x: number;
    readonly y: number;
    readonly isAtEnd?: boolean;
    readonly children: string;
  },
) {
  if (children === "") return null;
  return (
    <>
      <text class={look} x={x} y={y} text-anchor={isAtEnd ? "end" : "start"}>{children}</text>
      {" "}
    </>
  );
}

function podsText({ ready, wanted }: ComponentView["replicas"]): string {
  if (wanted === 0 && ready === 0) return "no pods";
  const numbers = `${countText(ready)}/${countText(wanted)}`;
  return numbers.length > 4 ? numbers : `${numbers} ${wanted === 1 ? "pod" : "pods"}`;
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
