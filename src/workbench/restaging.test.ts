import assert from "node:assert/strict";
import { test } from "node:test";
import { Failure } from "#cli/failure.ts";
import { restageOnChange, type Restaged } from "./restaging.ts";

/** Folders whose content a test sets, and stagings that it ends. */
class Workshop {
  content = "one";
  readonly events: string[] = [];
  readonly #end = new AbortController();
  #changed = Promise.withResolvers<void>();
  #expected: { readonly event: string; readonly resolve: () => void }[] = [];
  #finish: (() => void) | undefined;
  readonly #running: Promise<unknown>;

  constructor() {
    this.#running = restageOnChange(
      {
        content: async () => {
          if (this.content === "") throw new Failure("there is nothing");
          return this.content;
        },
        stage: async (signal) => await this.#stage(signal),
        changed: async (signal) => {
          signal.throwIfAborted();
          await Promise.race([this.#changed.promise, aborted(signal)]);
          this.#changed = Promise.withResolvers<void>();
        },
        say: (what) => this.#say(textOf(what)),
      },
      this.#end.signal,
    ).catch((error: unknown) => error);
  }

  change(content: string): void {
    this.content = content;
    this.#changed.resolve();
  }

  finish(): void {
    this.#finish?.();
  }

  async until(event: string): Promise<void> {
    if (this.events.at(-1) === event) return;
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#expected.push({ event, resolve });
    await promise;
  }

  async end(): Promise<unknown> {
    this.#end.abort(new Error("interrupted"));
    return await this.#running;
  }

  async #stage(signal: AbortSignal): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#finish = resolve;
    this.#say(`begin ${this.content}`);
    try {
      await Promise.race([promise, aborted(signal)]);
    } catch (error) {
      this.#say("cancelled");
      throw error;
    }
  }

  #say(event: string): void {
    this.events.push(event);
    const met = this.#expected.filter((each) => each.event === event);
    this.#expected = this.#expected.filter((each) => each.event !== event);
    for (const { resolve } of met) resolve();
  }
}

function textOf(what: Restaged): string {
  return what.kind === "broken" ? what.reason : what.kind;
}

async function aborted(signal: AbortSignal): Promise<never> {
  const { promise, reject } = Promise.withResolvers<never>();
  if (signal.aborted) throw signal.reason;
  signal.addEventListener("abort", () => reject(signal.reason), { once: true });
  return await promise;
}

test("restageOnChange() stages once, and again for other content alone", async () => {
  const shop = new Workshop();
  await shop.until("begin one");
  shop.finish();
  await shop.until("waiting");
  shop.change("one");
  shop.change("two");
  await shop.until("begin two");
  shop.finish();
  await shop.until("waiting");

  assert.match(String(await shop.end()), /interrupted/);
  assert.deepEqual(shop.events, ["begin one", "waiting", "changed", "begin two", "waiting"]);
});

test("a staging whose content is no longer there is cancelled, and content that comes back is staged", async () => {
  const shop = new Workshop();
  await shop.until("begin one");
  shop.change("two");
  await shop.until("cancelled");
  shop.change("one");
  await shop.until("changed");
  await shop.until(`begin ${shop.content}`);
  shop.finish();
  await shop.until("waiting");

  await shop.end();
  assert.deepEqual(shop.events.slice(-2), ["begin one", "waiting"]);
});

test("folders in no state to be staged are waited for, and do not end a staging that runs", async () => {
  const shop = new Workshop();
  await shop.until("begin one");
  shop.change("");
  await shop.until("there is nothing");
  shop.finish();
  await shop.until("waiting");
  shop.change("three");
  await shop.until("begin three");

  assert.match(String(await shop.end()), /interrupted/);
  assert.equal(shop.events.at(-1), "cancelled");
});
