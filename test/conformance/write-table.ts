import { writeFileSync } from "node:fs";
import path from "node:path";
import { run } from "node:test";
import { catalogue } from "./catalogue.ts";
import { markdown, type Outcome } from "./table.ts";

// Runs the suite and writes docs/conformance.md from what the test runner says of each test.

const folder = import.meta.dirname;
const outcomes = new Map<string, Outcome>();
const notes: string[] = [];

const events = run({
  files: ["commands.test.ts", "endpoints.test.ts"].map((file) => path.join(folder, file)),
  concurrency: 2,
  timeout: 600_000,
});
for await (const { type, data } of events) {
  if (type === "test:diagnostic" && /^(database|official client|V3 API): /.test(data.message)) {
    notes.push(data.message);
  }
  if (type === "test:pass") {
    outcomes.set(data.name, skipReason(data.skip) ?? { result: "passed", reason: "" });
  }
  if (type === "test:fail") outcomes.set(data.name, failure(data.details.error));
}
writeFileSync(
  path.join(folder, "../../docs/conformance.md"),
  markdown({ outcomes, notes: notes.toSorted(), catalogue }),
);
const failed = [...outcomes].filter(
  ([, { result }]) => result === "failed" || result === "not there",
);
for (const [name, { reason }] of failed) process.stderr.write(`${name}: ${reason}\n`);
process.stderr.write(`${outcomes.size} tests, ${failed.length} failed\n`);
process.exitCode = failed.length === 0 ? 0 : 1;

function skipReason(skip: string | boolean | undefined): Outcome | undefined {
  if (skip === undefined || skip === false) return undefined;
  return { result: "skipped", reason: skip === true ? "" : skip };
}

function failure(error: Error): Outcome {
  const text = String(error.cause instanceof Error ? error.cause.message : error.message);
  return {
    result: text.includes("Unknown request") ? "not there" : "failed",
    reason: text.split("\n").slice(0, 3).join(" ").slice(0, 200),
  };
}
