import { chmodSync, cpSync, mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { type CommandResult, runCommand } from "#kernel/process/run-command.ts";

/** No account of any machine; a number is all that the kernel wants. */
const userId = "12345";

const root = path.resolve(import.meta.dirname, "../../../../..");
/** All that the runtime imports. */
const copied = [
  "package.json",
  "src/kernel",
  "src/diego/cell/runtime",
  ...["zod", "yauzl", "pend"].map((name) => `node_modules/${name}`),
];

/** Why an ordinary user cannot have containers here, or false. */
export async function reasonToSkip(): Promise<string | false> {
  if (!(await succeedsAsUser("crun", ["--version"]))) return "crun is not installed";
  const unshare = ["--user", "--map-root-user", "--mount", "true"];
  if (await succeedsAsUser("unshare", unshare)) return false;
  return "the kernel gives an ordinary user no namespaces here";
}

/** Runs tests as an ordinary user in a copy of the sources, which may lie where such a user cannot look. */
export async function runTestsAsUser(files: readonly string[]): Promise<CommandResult> {
  const copy = mkdtempSync(path.join(tmpdir(), "rivera-as-user-"));
  try {
    chmodSync(copy, 0o755);
    for (const name of copied) {
      mkdirSync(path.dirname(path.join(copy, name)), { recursive: true });
      cpSync(path.join(root, name), path.join(copy, name), { recursive: true, dereference: true });
    }
    const node = path.join(copy, "node");
    cpSync(process.execPath, node);
    const readable = await runCommand("chmod", ["-R", "a+rX", copy]);
    if (readable.status !== 0) return readable;
    const copies = files.map((file) => path.join(copy, path.relative(root, file)));
    return await runCommand("setpriv", [...asUser, node, "--test", ...copies], {
      cwd: copy,
      timeoutMs: 240_000,
    });
  } finally {
    rmSync(copy, { recursive: true, force: true });
  }
}

const asUser = ["--reuid", userId, "--regid", userId, "--clear-groups", "--"];

async function succeedsAsUser(command: string, args: readonly string[]): Promise<boolean> {
  return (await runCommand("setpriv", [...asUser, command, ...args])).status === 0;
}
