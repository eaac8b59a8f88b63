import assert from "node:assert/strict";
import { test } from "node:test";
import { Slots } from "./slots.ts";

const never = new AbortController().signal;

test("no more than so many work at once, the rest in their order", async () => {
  const slots = new Slots(2);
  const ends = [0, 1, 2, 3].map(() => Promise.withResolvers<void>());
  const begun: number[] = [];
  const all = Promise.all(
    ends.map(({ promise }, at) =>
      slots.use(never, async () => {
        begun.push(at);
        await promise;
      }),
    ),
  );
  await Promise.resolve();
  assert.deepEqual(begun, [0, 1]);

  for (const { resolve } of ends) resolve();
  await all;

  assert.deepEqual(begun, [0, 1, 2, 3]);
});

test("one that gives up waiting leaves its place in line to the next", async () => {
  const slots = new Slots(1);
  const first = Promise.withResolvers<void>();
  const stop = new AbortController();
  const busy = slots.use(never, () => first.promise);
  const given = slots.use(stop.signal, async () => "never");
  const next = slots.use(never, async () => "next");

  stop.abort(new Error("enough"));
  await assert.rejects(given, /enough/);
  first.resolve();

  await busy;
  assert.equal(await next, "next");
});

test("a slot is given back where the work fails", async () => {
  const slots = new Slots(1);

  await assert.rejects(
    slots.use(never, async () => {
      throw new Error("failed");
    }),
  );

  assert.equal(await slots.use(never, async () => "free"), "free");
});
