import { durationMs, parsePackageUrl, parseTopicName, topicText } from "#api";
import { gitTransport } from "#base";
import { assertEquals } from "@std/assert";

Deno.test("parsePackageUrl() takes what the reference takes", () => {
  const taken = [
    "function://public/default/fn@v1",
    "function://public/default/fn",
    "Sink://a/b/c",
    "source:////@",
    "http://example.org/a.jar",
    "HTTPS://example.org/a.jar",
    "http://",
  ];
  for (const url of taken) assertEquals(parsePackageUrl(url) !== undefined, true, url);
});

Deno.test("parsePackageUrl() refuses what the reference refuses", () => {
  const refused = [
    "",
    "public/default/fn",
    "file:///a.jar",
    "function://a/b",
    "function://a/b/c/d",
    "function://a/b/c@1@2",
    "function://a/b/c://d",
    "ftp://a/b/c",
    "function:/a/b/c",
  ];
  for (const url of refused) assertEquals(parsePackageUrl(url), undefined, url);
});

Deno.test("parseTopicName() completes short names", () => {
  const full = (text: string) => {
    const topic = parseTopicName(text);
    return topic === undefined ? undefined : topicText(topic);
  };
  assertEquals(full("t"), "persistent://public/default/t");
  assertEquals(full("a/b/t"), "persistent://a/b/t");
  assertEquals(full("non-persistent://a/b/t/with/slashes"), "non-persistent://a/b/t/with/slashes");
  assertEquals(full("persistent://a=b/n.s:-_/.*"), "persistent://a=b/n.s:-_/.*");
});

Deno.test("parseTopicName() refuses what names no topic", () => {
  const refused = [
    "",
    "a/b",
    "a/b/c/d",
    "kafka://a/b/c",
    "persistent://a/b",
    "persistent://a/b/",
    "persistent:///b/c",
    "persistent://a b/c/d",
    "persistent://ä/c/d",
    "//t",
  ];
  for (const text of refused) assertEquals(parseTopicName(text), undefined, text);
});

Deno.test("durationMs() refuses what Go would not read", () => {
  assertEquals(["", "5", "m", "-1m", "1 m", "1d", "1m "].map(durationMs), Array(7).fill(undefined));
});

Deno.test("gitTransport() refuses what git could take for an option or a helper", () => {
  const refused = [
    "",
    "--upload-pack=touch /tmp/x",
    "-oProxyCommand=x",
    "ext::sh -c id",
    "ssh://-oProxyCommand=x/repo",
    "ssh://git@-oProxyCommand=x/repo",
    "-x@host:repo",
    "git@-x:repo",
    "git@host::repo",
    "https://",
    "https://example.org/a b",
    "https://example.org/a\nb",
    "/srv/repo",
    "ftp://example.org/repo",
  ];
  for (const url of refused) assertEquals(gitTransport(url), undefined, JSON.stringify(url));
});

Deno.test("gitTransport() tells how a repository is reached", () => {
  const taken = {
    "https://user:word@example.org:8443/a.git": "https",
    "http://127.0.0.1:3000/a": "http",
    "ssh://git@example.org:22/a.git": "ssh",
    "git@example.org:shop/a.git": "ssh",
    "file:///srv/a": "file",
  } as const;
  for (const [url, transport] of Object.entries(taken)) assertEquals(gitTransport(url), transport);
});
