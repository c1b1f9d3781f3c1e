/** A caller who speaks HTTP by hand: half requests, slow bodies. */
export interface RawCaller extends Disposable {
  say(text: string): Promise<void>;
  /** One piece of what the other side says; empty when it closed. */
  hear(): Promise<string>;
  /** What is heard until the other side closes. */
  rest(): Promise<string>;
}

/** Connects to a port of this machine, with TLS where there is an authority to trust. */
export async function rawCaller(
  port: number,
  { caCerts }: { readonly caCerts?: readonly string[] } = {},
): Promise<RawCaller> {
  const address = { hostname: "127.0.0.1", port };
  const conn = caCerts === undefined
    ? await Deno.connect(address)
    : await Deno.connectTls({ ...address, caCerts: [...caCerts] });
  const chunk = new Uint8Array(16_384);
  const hear = async () => {
    try {
      const length = await conn.read(chunk);
      return new TextDecoder().decode(chunk.subarray(0, length ?? 0));
    } catch (error) {
      // A reset is an end too.
      const isEnd = error instanceof Deno.errors.ConnectionReset ||
        error instanceof Deno.errors.UnexpectedEof;
      if (!isEnd) throw error;
      return "";
    }
  };
  return {
    say: async (text) => {
      const bytes = new TextEncoder().encode(text);
      for (let sent = 0; sent < bytes.length;) sent += await conn.write(bytes.subarray(sent));
    },
    hear,
    async rest() {
      let text = "";
      for (let more = await hear(); more !== ""; more = await hear()) text += more;
      return text;
    },
    [Symbol.dispose]: () => conn.close(),
  };
}
