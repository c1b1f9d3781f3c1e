/**
 * Markers in what `import` logs in with: a token, a key file of OAuth2, a TLS key; with clusters and issuers that repeat them
 * in every spelling. Then all that it prints and writes is looked through (H3).
 */
import { assert, assertEquals } from "@std/assert";
import { folderWith, meshwright } from "../support/cli.ts";
import { type AdminAnswer, fakePulsarAdmin } from "../support/fake_pulsar_admin.ts";
import { leaksIn, secretSpellings, spelledParts } from "../support/secret_spellings.ts";

const MARKERS = {
  token: "MARKTOKENpulsar-0a1b2c3d",
  client: "MARKCLIENTsecret-9f8e",
  access: "MARKACCESStoken-77aa",
  tls: "MARKTLSKEYline-5d4c3b",
};
const VALUES = Object.values(MARKERS);
const PARTS = [...spelledParts(VALUES), "MARK"];
const PLACE = ["--tenant", "shop", "--namespace", "eu"];
const LIST = "/admin/v3/functions/shop/eu";
const KEY =
  `-----BEGIN PRIVATE KEY-----\n${MARKERS.tls}\n-----END PRIVATE KEY-----\n${MARKERS.tls}`;

/** How a cluster says no to somebody of whom it knows these values, in ways that repeat them. */
function refusalsOf(values: readonly string[]): Readonly<Record<string, AdminAnswer>> {
  const text = values.join(" ");
  const [name = ""] = values;
  const bytes = new Uint8Array([0xff, ...new TextEncoder().encode(text)]);
  const to = (location: string) => () => new Response(null, { status: 307, headers: { location } });
  return {
    // One at a time, as a reason is cut.
    ...Object.fromEntries(
      values.flatMap((value) => [...secretSpellings(value)]).map(([spelling, quoted], index) => [
        `${index}: ${spelling}`,
        () => Response.json({ reason: `who is ${quoted}?` }, { status: 401 }),
      ]),
    ),
    "no JSON": () => new Response(text),
    "half a JSON": () => new Response(`["${text}`),
    "no UTF-8": () => new Response(bytes),
    "names": () => Response.json(values.flatMap((value) => [`${value}/../x`, `${value} y`])),
    "elsewhere": to(`http://${name}.example/`),
    "nowhere": to(`http://[${name}`),
  };
}

/** Files of who logs in, well and badly. */
const FILES = {
  "token": MARKERS.token,
  "spaced-token": `${MARKERS.token} ${MARKERS.access}`,
  "key.json": JSON.stringify({ client_id: "me", client_secret: MARKERS.client }),
  "cut.json": `{"client_id":"me","client_secret":"${MARKERS.client}`,
  "other.json": JSON.stringify({ client_secret: MARKERS.client }),
  "tls.key": KEY,
};

type Answers = Readonly<Record<string, AdminAnswer>>;

/** An import that somebody logs in for; answers all that comes out of it. */
async function saidOf(
  answers: Answers,
  { issuer = {}, login }: { readonly issuer?: Answers; readonly login: readonly string[] },
): Promise<string[]> {
  await using admin = fakePulsarAdmin({}, answers);
  await using tokens = fakePulsarAdmin({}, issuer);
  await using folder = await folderWith(FILES);
  const args = login.map((word) =>
    word.replace("FOLDER", folder.path).replace("ISSUER", tokens.url)
  );
  const out = `${folder.path}/out`;
  const { code, notes, out: printed } = await meshwright(
    ["import", "--admin-url", admin.url, "--out", out, ...PLACE, ...args],
  );
  assert(code > 0, `${login.join(" ")}: ${notes.join("\n")}`);
  return [...notes, ...printed, ...await textsOf(out)];
}

async function textsOf(folder: string): Promise<string[]> {
  try {
    const names = await Array.fromAsync(Deno.readDir(folder), ({ name }) => name);
    return [...names, ...await Promise.all(names.map((n) => Deno.readTextFile(`${folder}/${n}`)))];
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return [];
    throw error;
  }
}

const OAUTH2 = ["--oauth2-issuer-url", "ISSUER", "--oauth2-key-file", "FOLDER/key.json"];
const CONFIGURATION = "GET /.well-known/openid-configuration";
const GOOD_ISSUER: Answers = {
  [CONFIGURATION]: (request) =>
    Response.json({ token_endpoint: new URL("/token", request.url).href }),
  "POST /token": () => Response.json({ access_token: MARKERS.access }),
};

Deno.test("no credential of import comes out, whatever a cluster answers (H3)", async () => {
  const logins = [
    { login: ["--token-file", "FOLDER/token"], values: [MARKERS.token] },
    { login: OAUTH2, values: [MARKERS.client, MARKERS.access] },
  ];
  for (const { login, values } of logins) {
    for (const [name, answer] of Object.entries(refusalsOf(values))) {
      const said = await saidOf({ [`GET ${LIST}`]: answer }, { login, issuer: GOOD_ISSUER });
      assertEquals(leaksIn(said, PARTS), [], name);
      assert(said.length > 0);
    }
  }
});

Deno.test("no credential of import comes out of an issuer's odd answers (H3)", async () => {
  const tell = `${MARKERS.client} ${MARKERS.access}`;
  const odd: readonly AdminAnswer[] = [
    () => new Response(tell),
    () => new Response(`{"access_token":"${MARKERS.access}`),
    () => new Response(tell, { status: 401, statusText: MARKERS.client }),
    () => Response.json({ access_token: `${MARKERS.access} ${MARKERS.client}` }),
    () => Response.json([MARKERS.access]),
    () => new Response(null, { status: 302, headers: { location: `http://${MARKERS.client}/` } }),
  ];
  const endpoints = ["http://MARK", `http://${MARKERS.client}.example/`, `${MARKERS.client}:/x`];
  const issuers: readonly Answers[] = [
    ...odd.map((answer) => ({ ...GOOD_ISSUER, "POST /token": answer })),
    ...odd.map((answer) => ({ ...GOOD_ISSUER, [CONFIGURATION]: answer })),
    ...endpoints.map((endpoint) => ({
      [CONFIGURATION]: () => Response.json({ token_endpoint: endpoint }),
    })),
  ];
  for (const issuer of issuers) {
    const said = await saidOf({}, { login: OAUTH2, issuer });
    assertEquals(leaksIn(said, PARTS), [], said.join("\n"));
    assert(said.length > 0);
  }
});

Deno.test("no credential of import comes out of a file that holds none, or a broken one (H3)", async () => {
  const issuer = ["--oauth2-issuer-url", "ISSUER"];
  const logins: readonly (readonly string[])[] = [
    ["--token-file", "FOLDER/spaced-token"],
    ["--token-file", "FOLDER/tls.key"],
    ...["cut.json", "other.json", "token", "tls.key"].map((name) => [
      ...[...issuer, "--oauth2-key-file", `FOLDER/${name}`],
    ]),
    ["--tls-cert", "FOLDER/tls.key", "--tls-key", "FOLDER/tls.key"],
    ["--tls-cert", "FOLDER/token", "--tls-key", "FOLDER/tls.key"],
    ["--tls-trust-cert", "FOLDER/tls.key"],
    ["--tls-key", "FOLDER/tls.key"],
  ];
  for (const login of logins) {
    const said = await saidOf({}, { login });
    assertEquals(leaksIn(said, PARTS), [], `${login.join(" ")}: ${said.join("\n")}`);
    assert(said.length > 0);
  }
});
