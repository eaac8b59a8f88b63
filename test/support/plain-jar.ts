import assert from "node:assert/strict";
import path from "node:path";
import { runCli } from "./test-platform.ts";

/** Builds the jar of `fixtures/plain-jar` in a folder, as a person does before `cf push -p`. */
export async function plainJar(folder: string): Promise<string> {
  const cwd = path.resolve(import.meta.dirname, "../fixtures/plain-jar");
  const classes = path.join(folder, "classes");
  const jar = path.join(folder, "plain.jar");
  const options = { cwd, env: {}, timeoutMs: 120_000 };
  const compiled = await runCli("javac", ["-d", classes, "Main.java"], options);
  assert.equal(compiled.status, 0, compiled.stderr);
  const packed = await runCli(
    "jar",
    ["--create", "--file", jar, "--main-class", "org.example.Main", "-C", classes, "."],
    options,
  );
  assert.equal(packed.status, 0, packed.stderr);
  return jar;
}
