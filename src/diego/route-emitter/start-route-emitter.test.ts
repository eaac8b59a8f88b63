import assert from "node:assert/strict";
import { after, test } from "node:test";
import type { ActualLrp } from "#diego/models/actual-lrp.ts";
import type { DesiredLrp } from "#diego/models/desired-lrp.ts";
import type { LrpEvent } from "#diego/models/event.ts";
import { claimedBy, desiredLrpRequest, runningOn } from "#diego/models/model-builders.ts";
import { FakeClock } from "#kernel/clock/fake-clock.ts";
import { RecordingLogger } from "#kernel/log/recording-logger.ts";
import type { RouteRegistration, RouterClient } from "#router/client.ts";
import { startRouteEmitter, type RouteEmitterBbs } from "./start-route-emitter.ts";

/** A BBS of which the test says what it lists and what it tells. */
class ScriptedBbs implements RouteEmitterBbs {
  desired: DesiredLrp[] = [];
  actual: ActualLrp[] = [];
  isDown = false;
  subscriptions = 0;
  listings = 0;
  #deliver: ((event: LrpEvent | undefined) => void) | undefined;
  /** A listing is answered once this resolves. */
  gate: Promise<void> = Promise.resolve();

  async domains(): Promise<string[]> {
    return ["cf-apps"];
  }
  async actualLrps(): Promise<ActualLrp[]> {
    if (this.isDown) throw new Error("down");
    const listed = this.actual;
    await this.gate;
    return listed;
  }
  async desiredLrps({ processGuids = [] }: { readonly processGuids?: readonly string[] } = {}) {
    return this.desired.filter(({ processGuid }) => processGuids.includes(processGuid));
  }
  async desiredLrpSchedulingInfos() {
    this.listings += 1;
    return this.desired.map((lrp) => ({ ...lrp, rootFs: "preloaded:cflinuxfs4" }));
  }
  async subscribeToLrpEvents(signal: AbortSignal): Promise<AsyncIterable<LrpEvent>> {
    if (this.isDown) throw new Error("down");
    this.subscriptions += 1;
    const queue: (LrpEvent | undefined)[] = [];
    let wake = Promise.withResolvers<void>();
    this.#deliver = (event) => {
      queue.push(event);
      wake.resolve();
    };
    signal.addEventListener("abort", () => this.#deliver?.(undefined));
    return (async function* () {
      for (;;) {
        while (queue.length === 0) await wake.promise;
        wake = Promise.withResolvers<void>();
        const event = queue.shift();
        if (event === undefined) return;
        yield event;
      }
    })();
  }

  tell(event: LrpEvent): void {
    this.#deliver?.(event);
  }
  hangUp(): void {
    this.#deliver?.(undefined);
  }
}

/** Knows what a router would know, and how often it was told. */
class KnowingRouter implements RouterClient {
  readonly routes = new Set<string>();
  /** Of an instance, as last told. */
  readonly tags = new Map<string, RouteRegistration["tags"]>();
  contacts = 0;
  isDown = false;

  async register(messages: readonly RouteRegistration[]): Promise<void> {
    if (this.isDown) throw new Error("down");
    this.contacts += 1;
    for (const pair of pairs(messages)) this.routes.add(pair);
    for (const message of messages) this.tags.set(message.private_instance_id, message.tags);
  }
  async unregister(messages: readonly RouteRegistration[]): Promise<void> {
    if (this.isDown) throw new Error("down");
    for (const pair of pairs(messages)) this.routes.delete(pair);
  }
}

function pairs(messages: readonly RouteRegistration[]): string[] {
  return messages.flatMap((m) => m.uris.map((uri) => `${uri} ${m.private_instance_id}`));
}

function desired(over: Partial<DesiredLrp> = {}): DesiredLrp {
  return {
    ...desiredLrpRequest({ instances: 2 }),
    modificationTag: { epoch: "desired", index: 0 },
    ...over,
  };
}

function start(bbs = new ScriptedBbs()) {
  const clock = new FakeClock();
  const router = new KnowingRouter();
  const logger = new RecordingLogger();
  const starting = startRouteEmitter({}, { clock, logger, bbs, router });
  after(async () => (await starting)[Symbol.asyncDispose]());
  return { bbs, clock, router, logger, starting };
}

/** Lets all that does not wait for the clock happen; the condition may never depend on how long that takes. */
async function eventually(what: string, check: () => boolean): Promise<void> {
  for (let i = 0; i < 1_000; i += 1) {
    if (check()) return;
    await new Promise<void>((resolve) => setImmediate(resolve));
  }
  assert.fail(`This did not come about: ${what}`);
}

const routeOfA = "web.apps.localhost instance-a";
const routeOfB = "web.apps.localhost instance-b";

test("what runs already is registered at start", async () => {
  const bbs = new ScriptedBbs();
  bbs.desired = [desired()];
  bbs.actual = [runningOn("a"), claimedBy("b", { index: 1 })];

  const { router } = start(bbs);

  await eventually("the route", () => router.routes.has(routeOfA));
  assert.equal(router.routes.size, 1);
});

test("an instance is registered at once when it runs, without any time passing", async () => {
  const { bbs, router } = start();
  bbs.desired = [desired()];
  await eventually("a subscription", () => bbs.subscriptions === 1 && bbs.listings >= 2);

  bbs.tell({ kind: "desired_lrp_created", desiredLrp: desired() });
  bbs.tell({
    kind: "actual_lrp_instance_changed",
    before: claimedBy("a"),
    after: runningOn("a"),
  });

  await eventually("the route", () => router.routes.has(routeOfA));
  bbs.tell({ kind: "actual_lrp_instance_removed", actualLrp: runningOn("a") });
  await eventually("no route", () => router.routes.size === 0);
});

const renamed = (name: string, index: number) =>
  desired({
    metricTags: { process_id: { static: "process-guid" }, app_name: { static: name } },
    modificationTag: { epoch: "desired", index },
  });

test("the router knows an instance's process and app at once, after a rename and after a listing", async () => {
  const { bbs, clock, router } = start();
  await eventually("a subscription", () => bbs.subscriptions === 1 && bbs.listings >= 2);
  const tags = (app_name: string) => ({
    component: "route-emitter",
    process_id: "process-guid",
    app_name,
  });
  const bare = { ...runningOn("a"), metricTags: {} };

  bbs.tell({ kind: "desired_lrp_created", desiredLrp: renamed("old", 0) });
  bbs.tell({ kind: "actual_lrp_instance_changed", before: claimedBy("a"), after: bare });
  await eventually("the instance", () => router.tags.has("instance-a"));
  assert.deepEqual(router.tags.get("instance-a"), tags("old"));

  bbs.tell({
    kind: "desired_lrp_changed",
    before: renamed("old", 0),
    after: renamed("new", 1),
  });
  await eventually("the new name", () => router.tags.get("instance-a")?.["app_name"] === "new");

  bbs.desired = [renamed("new", 1)];
  bbs.actual = [runningOn("a"), runningOn("b", { index: 1 })];
  router.tags.clear();
  await clock.advance(60_000);
  await eventually("both instances", () => router.tags.size === 2);
  assert.deepEqual(Object.fromEntries(router.tags), {
    "instance-a": tags("new"),
    "instance-b": tags("new"),
  });
});

test("what runs already is registered at start with the tags of its definition", async () => {
  const bbs = new ScriptedBbs();
  bbs.desired = [renamed("web", 3)];
  bbs.actual = [runningOn("a")];

  const { router } = start(bbs);

  await eventually("the route", () => router.routes.has(routeOfA));
  assert.equal(router.tags.get("instance-a")?.["app_name"], "web");
});

test("an event that comes while a listing is on its way is not lost to it", async () => {
  const bbs = new ScriptedBbs();
  bbs.desired = [desired()];
  const first = Promise.withResolvers<void>();
  const second = Promise.withResolvers<void>();
  bbs.gate = first.promise;
  after(() => second.resolve());
  const { router } = start(bbs);
  await eventually("a listing on its way", () => bbs.listings === 1 && bbs.subscriptions === 1);
  bbs.gate = second.promise;

  bbs.tell({ kind: "actual_lrp_instance_created", actualLrp: runningOn("b") });
  bbs.actual = [runningOn("b")];
  first.resolve();

  await eventually("the route", () => router.routes.has(routeOfB));
});

test("all routes are registered again every 20 s, and an empty table tells that the emitter lives", async () => {
  const { bbs, clock, router } = start();
  await eventually("the first contact", () => router.contacts >= 1 && bbs.listings >= 2);
  await clock.sleeping(2);
  const before = router.contacts;

  await clock.advance(20_000);
  await eventually("the next contact", () => router.contacts > before);

  bbs.desired = [desired()];
  bbs.actual = [runningOn("a")];
  await clock.advance(40_000);
  await eventually("the route, by the listing", () => router.routes.has(routeOfA));
  router.routes.clear();
  await clock.advance(20_000);
  await eventually("the route, again", () => router.routes.has(routeOfA));
});

test("a router that was away is told what it has missed, both ways", async () => {
  const { bbs, clock, router } = start();
  bbs.desired = [desired()];
  bbs.actual = [runningOn("a")];
  await eventually("the route", () => router.routes.has(routeOfA));
  await eventually("listings are over", () => bbs.listings >= 2);
  router.isDown = true;
  bbs.tell({ kind: "actual_lrp_instance_removed", actualLrp: runningOn("a") });
  bbs.tell({ kind: "actual_lrp_instance_created", actualLrp: runningOn("b", { index: 1 }) });
  await clock.sleeping(2);

  router.isDown = false;
  await clock.advance(25_000);

  await eventually("both", () => router.routes.has(routeOfB) && !router.routes.has(routeOfA));
});

test("a subscription that ends is made again, and what happened meanwhile is listed", async () => {
  const { bbs, clock, router } = start();
  await eventually("a subscription", () => bbs.subscriptions === 1 && bbs.listings >= 2);

  bbs.hangUp();
  bbs.desired = [desired()];
  bbs.actual = [runningOn("a")];
  await clock.sleeping(3);
  await clock.advance(1_000);

  await eventually("another subscription", () => bbs.subscriptions === 2);
  await eventually("the route", () => router.routes.has(routeOfA));
});

test("a BBS that cannot be reached takes no route away", async () => {
  const { bbs, clock, router } = start();
  bbs.desired = [desired()];
  bbs.actual = [runningOn("a")];
  await eventually("the route", () => router.routes.has(routeOfA));
  await eventually("a subscription", () => bbs.subscriptions === 1 && bbs.listings >= 2);

  bbs.isDown = true;
  bbs.hangUp();
  await clock.sleeping(3);
  for (let i = 0; i < 10; i += 1) await clock.advance(20_000);

  assert.ok(router.routes.has(routeOfA));
});

test("stopping ends every loop", async () => {
  const { bbs, starting, router } = start();
  await eventually("a subscription", () => bbs.subscriptions === 1);

  const emitter = await starting;
  await emitter[Symbol.asyncDispose]();
  const { contacts } = router;
  bbs.tell({ kind: "actual_lrp_instance_created", actualLrp: runningOn("a") });

  assert.equal(router.contacts, contacts);
});
