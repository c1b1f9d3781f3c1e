import { assertEquals } from "@std/assert";
import { isSecretText } from "../../../src/import/credentials.ts";

const AMAZONS = `AKIA${"ABCD".repeat(4)}`;
const GITHUBS = `ghp_${"a1".repeat(10)}`;

Deno.test("isSecretText() finds credentials in texts, however they are written", () => {
  for (
    const text of [
      "user=a;password=b",
      "Password : 'b'",
      '{"token": "b"}',
      "AccountName=a;AccountKey=b==",
      "api_key=b",
      "-----BEGIN RSA PRIVATE KEY-----\nb",
      `key ${AMAZONS}, say`,
      `x-${AMAZONS}`,
      `https://host/${GITHUBS}/a`,
      "xoxb-1",
    ]
  ) assertEquals(isSecretText(text), true, text);
});

Deno.test("isSecretText() leaves texts that only speak of credentials", () => {
  for (
    const text of [
      "",
      "password=",
      "the token is in a Secret",
      "tokens:a",
      "tokenizer=standard",
      `${AMAZONS}X`,
      "ghp_short",
      "-----BEGIN CERTIFICATE-----",
      "persistent://public/default/secret",
    ]
  ) assertEquals(isSecretText(text), false, text);
});

Deno.test("isSecretText() takes as long as its text is: a megabyte of separators", () => {
  assertEquals(isSecretText("= :".repeat(350_000)), false);
  assertEquals(isSecretText("-----BEGIN ".repeat(100_000)), false);
});
