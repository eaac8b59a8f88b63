import { readFileSync } from "node:fs";
import path from "node:path";

// The last lines of `npm test`: what failed, and the sum of the totals at the end of each run's TAP. A run that has no
// totals has died. Exit status 1 where something failed.

const failure = /^not ok \d+ - ((?!.*# (?:SKIP|TODO)).*)\n(?:  .*\n)*?  location: '(.*)'$/gm;
const total = { passed: 0, failed: 0, skipped: 0 };
for (const file of process.argv.slice(2)) {
  const text = readFileSync(file, "utf8");
  const end = text.trimEnd().split("\n").slice(-8).join("\n");
  const count = (name: string) => /^# NAME (\d+)$/m.source.replace("NAME", name);
  const read = (name: string) => Number(new RegExp(count(name), "m").exec(end)?.[1] ?? Number.NaN);
  const [pass, fail, cancelled] = [read("pass"), read("fail"), read("cancelled")];
  if (Number.isNaN(pass)) {
    process.stdout.write(`The run ${path.basename(file)} did not come to its end\n`);
    total.failed += 1;
    continue;
  }
  for (const [, name, location] of text.matchAll(failure)) {
    process.stdout.write(`failed: ${name} (${path.basename(file)}, ${location})\n`);
  }
  total.passed += pass;
  total.failed += fail + cancelled;
  total.skipped += read("skipped") + read("todo");
}
process.stdout.write(`${total.passed} passed, ${total.failed} failed, ${total.skipped} skipped\n`);
if (total.failed > 0) process.exitCode = 1;
