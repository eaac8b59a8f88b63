import assert from "node:assert/strict";
import { test } from "node:test";
import { RecordingLogger } from "#kernel/log/recording-logger.ts";
import { OperationQueue } from "./operation-queue.ts";

test("operations of one guid never overlap, and the newest that waits is the one that runs", async () => {
  const queue = new OperationQueue(new RecordingLogger());
  const first = Promise.withResolvers<void>();
  const begun: string[] = [];
  const operation = (name: string, until?: Promise<void>) => async () => {
    begun.push(name);
    await until;
  };

  queue.push("guid", operation("first", first.promise));
  await Promise.resolve();
  await Promise.resolve();
  queue.push("guid", operation("second"));
  queue.push("guid", operation("third"));
  assert.deepEqual(begun, ["first"]);
  first.resolve();
  await queue.idle();

  assert.deepEqual(begun, ["first", "third"]);
});

test("other guids do not wait", async () => {
  const queue = new OperationQueue(new RecordingLogger());
  const slow = Promise.withResolvers<void>();
  const other = Promise.withResolvers<void>();
  queue.push("slow", () => slow.promise);
  queue.push("other", async () => other.resolve());

  await other.promise;
  slow.resolve();
  await queue.idle();
});

test("a failure is logged and keeps nothing up", async () => {
  const logger = new RecordingLogger();
  const queue = new OperationQueue(logger);
  queue.push("guid", async () => {
    throw new Error("the BBS is away");
  });
  await queue.idle();

  const again = Promise.withResolvers<void>();
  queue.push("guid", async () => again.resolve());

  await again.promise;
  assert.equal(logger.lines[0]?.event, "operation-failed");
});

test("a disposed queue lets what runs end, and starts nothing more", async () => {
  const queue = new OperationQueue(new RecordingLogger());
  const end = Promise.withResolvers<void>();
  const begun: string[] = [];
  queue.push("guid", async () => {
    begun.push("running");
    await end.promise;
  });
  await Promise.resolve();
  await Promise.resolve();
  queue.push("guid", async () => void begun.push("waiting"));

  const disposed = queue[Symbol.asyncDispose]();
  queue.push("late", async () => void begun.push("late"));
  end.resolve();
  await disposed;

  assert.deepEqual(begun, ["running"]);
});
