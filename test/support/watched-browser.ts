import { existsSync } from "node:fs";
import { chromium, type Browser, type BrowserContext, type Page } from "playwright-core";

const chromiumPath =
  process.env["CHROMIUM"] ??
  ["/usr/bin/chromium", "/usr/bin/chromium-browser"].find((file) => existsSync(file));

/** Why the tests in a browser are skipped; false where one is there. */
export const withoutBrowser: string | false =
  chromiumPath === undefined
    ? "there is no Chromium: scripts/setup --for-tests installs it, or CHROMIUM names one"
    : false;

const flags = [
  "--no-sandbox",
  "--disable-gpu",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
];

/** A real browser that notes whatever a page complains of, and whatever it asks of any other host. */
export class WatchedBrowser implements AsyncDisposable {
  readonly #browser: Browser;
  readonly #origins: ReadonlySet<string>;
  /** Errors in the console, exceptions, requests to other origins. */
  readonly complaints: string[] = [];

  private constructor(browser: Browser, origins: readonly string[]) {
    this.#browser = browser;
    this.#origins = new Set(origins);
  }

  static async open(origins: readonly string[]): Promise<WatchedBrowser> {
    const browser = await chromium.launch({
      ...(chromiumPath === undefined ? {} : { executablePath: chromiumPath }),
      args: flags,
    });
    return new WatchedBrowser(browser, origins);
  }

  /** A page of a person of his own: no cookie and no storage is shared. */
  async newPerson(options: { readonly width?: number } = {}): Promise<Page> {
    const context = await this.#browser.newContext({
      viewport: { width: options.width ?? 1280, height: 900 },
    });
    context.setDefaultTimeout(20_000);
    this.#watch(context);
    return await context.newPage();
  }

  #watch(context: BrowserContext): void {
    context.on("request", (request) => {
      const { origin, protocol } = new URL(request.url());
      const isOwn = protocol === "blob:" || this.#origins.has(origin);
      if (!isOwn) this.complaints.push(`asks ${request.url()}`);
    });
    context.on("console", (message) => {
      if (message.type() !== "error") return;
      // Chromium reports every answer of 400 and more as an error: those that a test provokes are no fault of the page.
      if (/^Failed to load resource: .* status of 404/.test(message.text())) return;
      this.complaints.push(message.text());
    });
    context.on("weberror", (error) => this.complaints.push(String(error.error())));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#browser.close();
  }
}
