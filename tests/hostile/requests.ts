/** Gives hostile requests to every port of the program, over connections that stay open. */
import { type RawCaller, rawCaller } from "../support/raw_caller.ts";
import { type OpenPorts, PORT_NAMES } from "./ports.ts";

/** Connections that are left open, half of what they began unsaid: more than all ports have places. */
const LEFT_OPEN = 1_700;

/** Ports of another process, and who is connected to them. */
export class HostilePorts implements AsyncDisposable {
  readonly #ports: OpenPorts["ports"];
  readonly #callers = new Set<RawCaller>();
  readonly #saying = new Set<Promise<void>>();
  #turn = 0;

  constructor(ports: OpenPorts["ports"]) {
    this.#ports = ports;
  }

  /** Says a text to each port in turn, and leaves the connection open. Meanwhile everybody else is answered. */
  async say(text: string): Promise<void> {
    const name = PORT_NAMES[this.#turn++ % PORT_NAMES.length] ?? "receiver";
    const place = this.#ports[name];
    const caller = await rawCaller(place.port, place);
    this.#callers.add(caller);
    const saying = caller.say(text).catch(throwUnlessCut);
    this.#saying.add(saying);
    saying.finally(() => this.#saying.delete(saying));
    const [oldest] = this.#callers;
    if (this.#callers.size > LEFT_OPEN && oldest !== undefined) this.#close(oldest);
    if (this.#turn % 20 === 0) await this.#askHealth();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const caller of this.#callers) this.#close(caller);
    await Promise.all(this.#saying);
  }

  #close(caller: RawCaller): void {
    this.#callers.delete(caller);
    caller[Symbol.dispose]();
  }

  async #askHealth(): Promise<void> {
    const { port } = this.#ports["metrics and health"];
    const response = await fetch(`http://127.0.0.1:${port}/healthz`, {
      headers: { connection: "close" },
    });
    const text = await response.text();
    if (text !== "ok\n") throw new Error(`Cannot see health: ${response.status} ${text}`);
  }
}

/** Who is hostile is cut short. */
function throwUnlessCut(error: unknown): void {
  const kinds = [
    ...[Deno.errors.BrokenPipe, Deno.errors.ConnectionReset, Deno.errors.Interrupted],
    ...[Deno.errors.BadResource, Deno.errors.NotConnected, Deno.errors.UnexpectedEof],
  ];
  if (!kinds.some((kind) => error instanceof kind)) throw error;
}
