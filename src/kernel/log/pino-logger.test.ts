import assert from "node:assert/strict";
import { test } from "node:test";
import { pinoLogger } from "./pino-logger.ts";

test("the stack of a logged error and of its cause is told as `stackOf` gives it; what is no error stays", () => {
  const lines: string[] = [];
  const logger = pinoLogger({
    level: "info",
    destination: { write: (line: string) => lines.push(line) },
    stackOf: (stack) => stack.replaceAll(/file:\/\/\S+/g, "PLACE"),
  });

  logger.error("it-failed", { error: new Error("one", { cause: new Error("two") }) });
  logger.child("part").error("it-failed", { error: "no error" });

  const [first, second] = lines.map((line) => JSON.parse(line));
  assert.match(
    first.error.stack,
    /^Error: one\n +at .*PLACE[^]*caused by: Error: two\n +at .*PLACE/,
  );
  assert.doesNotMatch(first.error.stack, /file:/);
  assert.equal(second.error, "no error");
});
