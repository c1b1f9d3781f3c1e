/** An event of a `text/event-stream`. */
export interface StreamEvent {
  readonly name: string;
  readonly data: string;
}

/** Takes a `text/event-stream` apart as it comes, in pieces that end anywhere. */
export class EventParser {
  #rest = "";
  #name = "";
  #data: string[] = [];

  /** The events that a piece completes. Comments, as heartbeats, complete none. */
  push(piece: string): StreamEvent[] {
    const lines = (this.#rest + piece).split("\n");
    this.#rest = lines.pop() ?? "";
    return lines.flatMap((line) => this.#line(line.replace(/\r$/, "")));
  }

  #line(line: string): StreamEvent[] {
    if (line === "") return this.#end();
    const colon = line.indexOf(":");
    const field = colon < 0 ? line : line.slice(0, colon);
    const value = colon < 0 ? "" : line.slice(colon + (line[colon + 1] === " " ? 2 : 1));
    if (field === "event") this.#name = value;
    else if (field === "data") this.#data.push(value);
    return [];
  }

  #end(): StreamEvent[] {
    const event = { name: this.#name || "message", data: this.#data.join("\n") };
    const isThere = this.#data.length > 0;
    this.#name = "";
    this.#data = [];
    return isThere ? [event] : [];
  }
}
