/** What a Git server may answer that wants nobody well. */
import { joinedBytes } from "#base";

/** A question to a Git server, as its answer depends on it. */
export interface GitQuestion {
  readonly method: string;
  readonly body: Uint8Array | null;
}

/** An answer in place of Git's; undefined where Git is to answer. */
export type GitAnswer = (question: GitQuestion) => Response | undefined;

const ADVERTISEMENT = "application/x-git-upload-pack-advertisement";
const RESULT = "application/x-git-upload-pack-result";

const encoder = new TextEncoder();

/** A hostile answer, and what the program has to say about it. */
export interface HostileAnswer {
  readonly answer: GitAnswer;
  readonly says: RegExp;
}

/** Hostile answers by what they are. Those without end go on for as long as somebody listens. */
export async function hostileAnswers(): Promise<Readonly<Record<string, HostileAnswer>>> {
  const blob = await packedBlob();
  const says = (pattern: RegExp, answer: GitAnswer): HostileAnswer => ({ answer, says: pattern });
  return {
    "a page": says(/web page/, () => answered("<html>log in</html>", "text/html")),
    "who are you": says(/no access/, () => {
      return new Response(null, { status: 401, headers: { "www-authenticate": "Basic realm=x" } });
    }),
    "go elsewhere": says(/redirects/, () => elsewhere("http://127.0.0.1:1/other.git")),
    "go in circles": says(/redirects/, () => elsewhere("/work/.git")),
    "no protocol": says(/Cannot look/, () => answered(random(60_000), ADVERTISEMENT)),
    "an endless line": says(/memory/, () => {
      return endless({ again: encoder.encode("x".repeat(32_000)) }, ADVERTISEMENT);
    }),
    "refs without end": says(/memory/, () => endless({ again: refs() }, ADVERTISEMENT)),
    "a byte a second": says(/no answer in|spec\.timeout/, () => {
      return endless({ again: encoder.encode("0"), everyMs: 1_000 }, ADVERTISEMENT);
    }),
    "messages without end": says(/no answer in|spec\.timeout/, (question) => {
      const again = band(2, encoder.encode("still counting objects\n".repeat(1_000)));
      return isFetch(question)
        ? endless({ first: packet("packfile\n"), again }, RESULT)
        : undefined;
    }),
    "a pack without end": says(/more than 512 MiB/, (question) => {
      const first = joinedBytes([packet("packfile\n"), band(1, packHeader())]);
      return isFetch(question) ? endless({ first, again: band(1, blob) }, RESULT) : undefined;
    }),
  };
}

function answered(body: string | Uint8Array<ArrayBuffer>, type: string): Response {
  return new Response(body, { headers: { "content-type": type } });
}

function elsewhere(location: string): Response {
  return new Response(null, { status: 302, headers: { location } });
}

/** The same bytes again and again. */
function endless(
  { again, everyMs = 0, first }: {
    readonly first?: Uint8Array<ArrayBuffer>;
    readonly again: Uint8Array<ArrayBuffer>;
    readonly everyMs?: number;
  },
  type: string,
): Response {
  const body = new ReadableStream<Uint8Array<ArrayBuffer>>({
    start: (controller) => {
      if (first !== undefined) controller.enqueue(first);
    },
    pull: async (controller) => {
      if (everyMs > 0) await new Promise((resolve) => setTimeout(resolve, everyMs));
      controller.enqueue(again.slice());
    },
  });
  return new Response(body, { headers: { "content-type": type } });
}

/** Refs were asked for before; with more than a page of haves, a question is compressed. */
function isFetch({ body, method }: GitQuestion): boolean {
  return method === "POST" && !new TextDecoder().decode(body ?? undefined).includes("ls-refs");
}

function refs(): Uint8Array<ArrayBuffer> {
  const ref = packet(`${"a".repeat(40)} refs/heads/another-branch\n`);
  return joinedBytes(Array.from({ length: 500 }, () => ref));
}

/** A line of Git's protocol: its length in four digits, and the line. */
function packet(content: string | Uint8Array): Uint8Array<ArrayBuffer> {
  const bytes = typeof content === "string" ? encoder.encode(content) : content;
  return joinedBytes([encoder.encode((bytes.length + 4).toString(16).padStart(4, "0")), bytes]);
}

/** The most that a packet of a band carries. */
const BAND_BYTES = 65_515;

/** Bytes in one of the bands of an answer: 1 is the pack, 2 are messages for people. */
function band(number: number, bytes: Uint8Array): Uint8Array<ArrayBuffer> {
  const packets: Uint8Array[] = [];
  for (let at = 0; at < bytes.length; at += BAND_BYTES) {
    packets.push(packet(joinedBytes([Uint8Array.of(number), bytes.subarray(at, at + BAND_BYTES)])));
  }
  return joinedBytes(packets);
}

/** Of a pack with a hundred thousand objects. */
function packHeader(): Uint8Array<ArrayBuffer> {
  return joinedBytes([encoder.encode("PACK"), Uint8Array.of(0, 0, 0, 2, 0, 1, 0x86, 0xa0)]);
}

const BLOB_BYTES = 1024 * 1024;
const BLOB_TYPE = 3;

/** A file of a mebibyte as a pack holds it: type and size in groups of bits, and the content, which gets no smaller. */
async function packedBlob(): Promise<Uint8Array<ArrayBuffer>> {
  const header = [BLOB_TYPE << 4 | BLOB_BYTES & 0xf];
  for (let rest = BLOB_BYTES >> 4; rest > 0; rest >>= 7) {
    header[header.length - 1] = (header.at(-1) ?? 0) | 0x80;
    header.push(rest & 0x7f);
  }
  const compressed = new Blob([random(BLOB_BYTES)]).stream().pipeThrough(
    new CompressionStream("deflate"),
  );
  return joinedBytes([Uint8Array.from(header), await new Response(compressed).bytes()]);
}

function random(length: number): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(length);
  // So many at once.
  for (let at = 0; at < length; at += 65_536) {
    crypto.getRandomValues(bytes.subarray(at, at + 65_536));
  }
  return bytes;
}
