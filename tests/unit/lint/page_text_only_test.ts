import { assertEquals } from "@std/assert";
import page from "../../../scripts/lint_page.ts";

function findings(path: string, source: string): string[] {
  return Deno.lint.runPlugin(page, `/code/${path}`, source).map(({ message }) => message);
}

Deno.test("page/text-only reports whatever makes markup, code or a style attribute of a text", () => {
  const sources = [
    "place.innerHTML = text;",
    'place["innerHTML"] = text;',
    "place.outerHTML = text;",
    "place.insertAdjacentHTML('beforeend', text);",
    "document.write(text);",
    "new DOMParser();",
    "eval(text);",
    "new Function(text);",
    "const a = { dangerouslySetInnerHTML: { __html: text } };",
    "const a = <p dangerouslySetInnerHTML={text} />;",
    "const a = <iframe srcdoc={text} />;",
    "const a = <img src={text} />;",
    'const a = <p style="color: red" />;',
    "const a = <a href={text}>x</a>;",
  ];
  for (const source of sources) {
    assertEquals(findings("src/console/page/x.tsx", source).length > 0, true, source);
  }
});

Deno.test("page/text-only lets texts be texts and addresses be made, and looks nowhere else", () => {
  const fine = '<a href={addressOf(to)} title={text}>{lineText(text)}</a>; <a href="#main">x</a>;';
  assertEquals(findings("src/console/page/x.tsx", fine), []);
  for (const path of ["src/console/server.ts", "tests/browser/x_test.ts"]) {
    assertEquals(findings(path, "place.innerHTML = text; Deno.stdout.write(text);"), []);
  }
});
