import { type Browser, type BrowserContext, chromium, type Page } from "playwright-core";
import { progressOnStderr } from "../../../scripts/control_plane/progress.ts";
import { chromiumProgram } from "../../../scripts/stage/chromium_program.ts";

/** Nothing but the page asks anybody for anything. */
const FLAGS: readonly string[] = [
  "--no-sandbox",
  "--disable-gpu",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
  "--force-color-profile=srgb",
  "--font-render-hinting=none",
];

/** How the page is looked at. */
export interface Looking {
  readonly width?: number;
  readonly height?: number;
  readonly theme?: "light" | "dark";
  readonly isPhone?: boolean;
}

/**
 * Starts a Chromium of this machine; on Debian, as root, a missing one is installed.
 *
 * @throws {Error} that names what to install
 */
export async function startChromium(): Promise<Browser> {
  const executablePath = await chromiumProgram({ progress: progressOnStderr });
  return await chromium.launch({ executablePath, args: [...FLAGS], headless: true });
}

/** A browser window of its own, with nothing from others. */
export async function openWindow(
  browser: Browser,
  { height = 800, isPhone = false, theme = "light", width = 1280 }: Looking = {},
): Promise<BrowserContext> {
  return await browser.newContext({
    viewport: isPhone ? { width: 390, height: 844 } : { width, height },
    colorScheme: theme,
    reducedMotion: "reduce",
    locale: "en-GB",
    timezoneId: "UTC",
    ...(isPhone ? { hasTouch: true, isMobile: true, deviceScaleFactor: 2 } : {}),
  });
}

/** Runs in the page. */
const REPORT_VIOLATIONS = `addEventListener("securitypolicyviolation", (event) => {
  reportError(new Error("policy: " + event.violatedDirective + " " + event.blockedURI));
});`;

/** Notes whatever a page reports that it should not: violations of its policy, errors, requests to elsewhere. */
export async function watched(page: Page, origin: string): Promise<readonly string[]> {
  const found: string[] = [];
  page.on("pageerror", (error) => found.push(`error: ${error.message}`));
  page.on("console", (message) => {
    // What a test refuses the browser tells by itself.
    const isRefusal = message.text().startsWith("Failed to load resource");
    if (message.type() === "error" && !isRefusal) found.push(`console: ${message.text()}`);
  });
  page.on("dialog", async (dialog) => {
    found.push(`dialog: ${dialog.message()}`);
    await dialog.dismiss();
  });
  page.on("request", (request) => {
    const url = request.url();
    if (!url.startsWith(`${origin}/`) && !url.startsWith("data:")) found.push(`request: ${url}`);
  });
  await page.addInitScript(REPORT_VIOLATIONS);
  return found;
}
