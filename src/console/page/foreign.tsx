import { useState } from "preact/hooks";
import { useNow } from "./browser.ts";
import { blockText } from "./text.ts";
import { whenText } from "./words.ts";

/** A foreign text of several lines, as an exception: bounded, and as it is. */
export function Block({ text }: { readonly text: string }) {
  const [isLong, setLong] = useState(false);
  const shown = blockText(text);
  const lines = shown.text.split("\n");
  const isCut = !isLong && lines.length > 12;
  return (
    <div class="block">
      <pre class="foreign" tabIndex={0} role="group" aria-label="Text of the exception">
        {isCut ? lines.slice(0, 12).join("\n") : shown.text}
      </pre>
      {isCut
        ? (
          <button type="button" class="button" onClick={() => setLong(true)}>
            {lines.length - 12} more lines
          </button>
        )
        : null}
      {shown.leftOut === 0
        ? null
        : <p class="quiet">{shown.leftOut.toLocaleString("en-US")} more characters are left out.
        </p>}
    </div>
  );
}

/** When something was, as it is read; the exact time where somebody points. */
export function When({ at }: { readonly at: string | undefined }) {
  const now = useNow(10_000);
  const words = whenText(at, now);
  if (at === undefined || words === "") return null;
  return (
    <time dateTime={new Date(at).toISOString()} title={new Date(at).toLocaleString()}>{words}</time>
  );
}
