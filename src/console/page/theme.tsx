import { useLayoutEffect, useState } from "preact/hooks";

const THEMES = ["system", "light", "dark"] as const;
type Theme = (typeof THEMES)[number];

const NAMES: Readonly<Record<Theme, string>> = {
  system: "As the system",
  light: "Light",
  dark: "Dark",
};
const SIGNS: Readonly<Record<Theme, string>> = { system: "◐", light: "○", dark: "●" };
const STORE = "meshwright-theme";

/** Chooses light or dark. The choice stays in the browser. */
export function ThemeSwitch() {
  const [theme, setTheme] = useState<Theme>(storedTheme);
  useLayoutEffect(() => {
    document.documentElement.setAttribute("data-theme", theme);
    try {
      localStorage.setItem(STORE, theme);
    } catch {
      // A browser that keeps nothing follows the choice until the page is left.
    }
    dispatchEvent(new Event(THEME_CHANGE));
  }, [theme]);
  const next = THEMES[(THEMES.indexOf(theme) + 1) % THEMES.length] ?? "system";
  return (
    <button
      type="button"
      class="button theme"
      aria-label={`Colours: ${NAMES[theme].toLowerCase()}. Switch to ${NAMES[next].toLowerCase()}`}
      title={`Colours: ${NAMES[theme].toLowerCase()}`}
      onClick={() => setTheme(next)}
    >
      <span aria-hidden="true">{SIGNS[theme]}</span>
    </button>
  );
}

/** Told when colours change: what is drawn with them is drawn anew. */
export const THEME_CHANGE = "meshwright-theme-change";

function storedTheme(): Theme {
  try {
    return THEMES.find((theme) => theme === localStorage.getItem(STORE)) ?? "system";
  } catch {
    return "system";
  }
}
